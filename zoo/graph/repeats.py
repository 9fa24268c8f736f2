"""Groups and repeats: frames around the paper's blocks, equal ones in a row written once, titles from names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from zoo.graph.items import Group, Item, Parallel, Unit, item_units


def framed(title: str, items: tuple[Item, ...], repeat: int = 1) -> Group:
    """A frame around `items`, equal to another frame with equal items."""
    return Group(title, items, items[-1].shape, ("group", tuple(item.signature for item in items)), repeat)


def grouped(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Frame every parallel region, and every depthwise convolution with the pointwise one after it."""
    frames: list[Item] = []
    for item in items:
        last = frames[-1] if frames else None
        if isinstance(item, Parallel):
            frames.append(framed(title_of((item,)) or _unnamed(item), (item,)))
        elif _is_pointwise(item) and isinstance(last, Unit) and last.title.find(" depthwise") > 0:
            frames[-1] = framed(title_of((last, item)) or f"{last.name} … {item.name}", (last, item))
        else:
            frames.append(item)
    return tuple(frames)


def _unnamed(region: Parallel) -> str:
    return "residual block" if region.join is not None and region.join.title == "+" else "branches"


def _is_pointwise(item: Item) -> bool:
    return isinstance(item, Unit) and item.title.startswith("1×1 conv")


def folded(items: tuple[Item, ...], least: int) -> tuple[Item, ...]:
    """Write runs of equal items (or of equal sequences of items) once, with how often they stand there."""
    made: list[Item] = []
    start = 0
    signatures = [item.signature for item in items]
    while start < len(items):
        longest = max((len(items) - start) // 2, 1)
        count, period = max((_run(signatures, start, period), period) for period in range(1, longest + 1))
        if count < least:
            made.append(items[start])
            start += 1
            continue
        run = items[start : start + count * period]
        made.append(repeated(run, period, count))
        start += count * period
    return tuple(made)


def _run(signatures: list[tuple], start: int, period: int) -> int:
    first = signatures[start : start + period]
    count = 1
    while signatures[start + count * period : start + (count + 1) * period] == first:
        count += 1
    return count


def repeated(run: tuple[Item, ...], period: int, count: int) -> Item:
    """`count` equal sequences of `period` items as one."""
    first, last = run[0], run[-period]
    if period > 1:
        names = [title_of(run[:period]) or _label(first), title_of(run[-period:]) or _label(last)]
        return framed(" … ".join(dict.fromkeys(names)), run[:period], count)
    names = " … ".join(dict.fromkeys((_label(first), _label(last))))
    if isinstance(first, Unit):
        return replace(first, name=names, repeat=count)
    if isinstance(first, Group):
        return replace(first, title=names, repeat=count)
    return framed(names, (first,), count)


def _label(item: Item) -> str:
    if isinstance(item, Unit):
        return item.name
    return item.title if isinstance(item, Group) else title_of((item,))


def title_of(items: Iterable[Item]) -> str:
    """What the names of the layers have in common, word by word: `inception_3a`, `conv2_1`, `block4`."""
    heads = [unit for item in items for unit in item_units(item)]
    named = [unit for unit in heads if unit.named] or heads
    common = re.split(r"[_.]", named[0].name) if named else []
    for unit in named[1:]:
        words = re.split(r"[_.]", unit.name)
        common = [word for word in common if word in words]
    return "_".join(common) or next((u.name for u in reversed(named) if u.kind == "join" and u.named), "")
