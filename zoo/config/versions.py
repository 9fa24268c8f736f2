"""What older configs meant: keys that came later, and defaults that have changed since, each with its value of then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# A key that came after format 1, and the value at which it gives the behaviour from before it existed. At that value
# (frozen here, whatever the key's default becomes) a digest leaves the key out, and so old digests stay as they are.
SINCE: dict[str, Any] = {"model.weights_source": None, "data.crop": 0.875, "data.channel_order": "rgb"}

# A default that has changed: in which format of the run folder it was last in force, and what it was. A folder of that
# format or an older one means this value where it does not name the key.
CHANGED: dict[str, tuple[int, Any]] = {}


def older(written_by: int) -> Iterator[tuple[str, Any]]:
    """(key, value) where a config of a run folder of that format means another value than today's default."""
    if written_by == 1:
        yield from SINCE.items()
    for key, (last, value) in CHANGED.items():
        if written_by <= last:
            yield key, value


def without_later_keys(plain: dict[str, Any]) -> None:
    """Take out of a config's plain values, in place, the later keys that change nothing."""
    for key, value in SINCE.items():
        *blocks, last = key.split(".")
        node: Any = plain
        for block in blocks:
            node = node.get(block) if isinstance(node, dict) else None
        if isinstance(node, dict) and last in node and node[last] == value:
            del node[last]
