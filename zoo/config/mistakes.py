"""A mistake in a config: where it stands, what it is, how to mend it; and the nearest key to a mistyped one."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from zoo.errors import nearest

Path = tuple[str | int, ...]


def at(key: str) -> Path:
    """The path of a dotted key."""
    return tuple(key.split("."))


@dataclass(frozen=True)
class Problem:
    """One mistake. `path` is where (`("train", "epochs")`); `meant` is the key the user probably meant."""

    path: Path
    what: str
    expected: str = ""
    mend: str = ""
    at_key: bool = False  # point at the key and not at its value
    meant: Path = ()

    def below(self, prefix: Path) -> Problem:
        """The same mistake seen from further up."""
        return replace(self, path=prefix + self.path)

    def __str__(self) -> str:
        said = [self.what] + ([f"expected {self.expected}"] if self.expected else [])
        text = "; ".join(said + ([self.mend] if self.mend else []))
        return f"{dotted(self.path)}: {text}" if self.path else text


class Problems(ValueError):
    """Several mistakes found by one validator; their paths are relative to the validated value."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


def dotted(path: Path) -> str:
    """`("train", "metrics", 0)` -> `train.metrics[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """A value as it would stand in YAML, cut at 60 characters."""
    if isinstance(value, str):
        text = f"'{value}'"
    elif isinstance(value, dict):
        text = "a mapping"
    else:
        try:
            text = json.dumps(value)
        except (TypeError, ValueError):
            text = f"a Python {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def wrong(path: Path, expected: str, value: Any, mend: str = "") -> Problem:
    """A value of the wrong kind: `expected a positive integer, got 'ten'`."""
    return Problem(path, f"expected {expected}, got {shown(value)}", mend=mend)


def unknown_key(path: Path, keys: Iterable[Path]) -> Problem:
    """An unknown key, with the nearest known one of any block."""
    keys = list(keys)
    parent, leaf = path[:-1], str(path[-1])
    siblings = [str(k[-1]) for k in keys if k[:-1] == parent]

    def near(key: Path) -> tuple[bool, int]:
        return key[:1] != path[:1], len(key)

    elsewhere = sorted((k for k in keys if k[-1] == leaf), key=near)
    close = nearest(leaf, siblings)
    if elsewhere:
        meant = elsewhere[0]
    elif close is not None:
        meant = (*parent, close)
    else:
        leaves = {str(k[-1]): k for k in sorted(keys, key=near, reverse=True)}
        far = difflib.get_close_matches(leaf, leaves, n=1, cutoff=0.75)
        meant = leaves[far[0]] if far else ()
    mend = f"did you mean {dotted(meant)}?" if meant else f"choose from {', '.join(siblings)}" if siblings else ""
    return Problem(path, "unknown key", mend=mend, at_key=True, meant=meant)
