"""Blocks to fragments: each item of a diagram becomes boxes, texts and lines around a vertical spine.

A fragment's own coordinates have the spine at x = 0 and its top at y = 0. It is entered at (0, 0) and left at
(x, height) for every x of `outs`: at 0, but for the branches that run on into an outer join.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zoo.draw.shapes import Box, Circle, Line, Mark, Text
from zoo.draw.style import (
    BADGE_FILL,
    BADGE_INK,
    COLOURS,
    FRAME_EDGE,
    FRAME_FILL,
    HEADER_FILL,
    HEADING,
    INK,
    MUTED,
    SMALL,
    TITLE,
    text_width,
)
from zoo.graph.items import Group, Item, Parallel, Unit, item_params
from zoo.io.formats import shape_text, short

LINE, SMALL_LINE = 13.0, 11.6  # from one line of text in a box to the next
PAD, SMALL_PAD = 8.0, 4.0  # beside the text in a box
ABOVE, SMALL_ABOVE = 6.0, 4.0  # above and below the lines of a box, together
GAP, LABEL_GAP, SMALL_GAP = 9.0, 18.0, 7.5  # between two boxes, without and with a shape on the edge, small ones
FORK, MERGE = 5.0, 10.0  # from the fork down to its rail, from the rail to the join
BRANCH_GAP = 7.0
HEADER = 18.0
STACK = 3.0  # how far a folded box's shadow stands out
BRANCH_SIZES = (12.5, 10.0)  # of the text in small boxes, since a page of many branches is printed smaller
LEAST = 150.0  # width of a box of the trunk


@dataclass(frozen=True)
class Fragment:
    left: float  # extent to the left of the spine, positive
    right: float
    height: float
    marks: tuple[Mark, ...]
    outs: tuple[float, ...] = (0.0,)

    @property
    def width(self) -> float:
        return self.left + self.right

    def at(self, x: float, y: float) -> tuple[Mark, ...]:
        return tuple(mark.moved(x, y) for mark in self.marks)


class Layout:
    """Places items; keeps the numbering of the refs that tie a box to the layers it stands for."""

    def __init__(self, usual: dict[str, str] | None = None, prefix: str = "", label_gap: float = LABEL_GAP) -> None:
        self.items: dict[str, Item] = {}
        self.prefix = prefix  # of the refs
        self.label_gap = label_gap  # within a block
        self.usual = usual or {}  # kind -> the note that the legend carries for small boxes

    def ref(self, item: Item) -> str:
        """The id of an item in the picture: the layer's or block's name, so that `model.svg#conv2_1` points at it."""
        title = item.title.partition(" … ")[0] if isinstance(item, Group) else item.name
        base = name = self.prefix + (re.sub(r"[^\w.-]", "_", title) or "block")
        while name in self.items:
            name = f"{base}-{len(self.items)}"
        self.items[name] = item
        return name

    def item(self, item: Item, look: str = "inner") -> Fragment:
        """One item. `look` of a box: "trunk" (named), "inner" (in a named frame) or "small" (a branch of many)."""
        if isinstance(item, Group):
            return self.group(item)
        if isinstance(item, Parallel):
            return self.parallel(item, look)
        return self.unit(item, look)

    def sequence(self, items: Sequence[Item], labelled: bool, look: str = "inner") -> Fragment:
        """Items under each other, with the shape on each edge between them if `labelled`."""
        marks: list[Mark] = []
        y = left = right = 0.0
        outs: tuple[float, ...] = (0.0,)
        for k, item in enumerate(items):
            if k:
                gap = self.label_gap if labelled else SMALL_GAP if look == "small" else GAP
                marks += edge(y, y + gap, items[k - 1].shape if labelled else None)
                y += gap
                if labelled:
                    right = max(right, 6 + text_width(shape_text(items[k - 1].shape), SMALL))
            part = self.item(item, look)
            marks += part.at(0, y)
            left, right, y, outs = max(left, part.left), max(right, part.right), y + part.height, part.outs
        return Fragment(left, right, y, tuple(marks), outs)

    def unit(self, unit: Unit, look: str = "inner") -> Fragment:
        """A box with two lines: name and title where it stands alone, title only inside a named frame."""
        first, second = self._lines(unit, look)
        pad = SMALL_PAD if look == "small" else PAD
        big, size = BRANCH_SIZES if look == "small" else (TITLE, SMALL)
        width = max(text_width(first, big, True), text_width(second, size)) + 2 * pad
        width = max(width, LEAST) if look == "trunk" else width
        line = SMALL_LINE if look == "small" else LINE
        height = (line * 2 if second else line) + (SMALL_ABOVE if look == "small" else ABOVE)
        ref = self.ref(unit)
        marks = _stack(-width / 2, 0, width, height, *COLOURS[unit.kind], unit.repeat, ref)
        room = (-width / 2, width / 2)
        marks.append(Text(0, line + 0.5, first, big, room, True, ref=ref))
        if second:
            marks.append(Text(0, 2 * line, second, size, room, colour=MUTED, ref=ref))
        right = width / 2
        if unit.repeat > 1:
            badge, badge_width = _badge(unit.repeat, width / 2 + 2 * STACK + 4, (height - 16) / 2, ref)
            marks += badge
            right += 2 * STACK + 4 + badge_width
            marks.append(Line(((0, height), (0, height + 2 * STACK)), arrow=False))
            height += 2 * STACK
        return Fragment(width / 2, right, height, tuple(marks))

    def _lines(self, unit: Unit, look: str) -> tuple[str, str]:
        """The two lines of a box: what it is, and what else it does and holds."""
        count = _params(unit.params, unit.repeat)
        if look == "small":
            first, _, rest = unit.title.partition(", ")
            if unit.kind == "pool" and "×" in first:  # "3×3 avg pool" is wider than the convolutions beside it
                size, first = first.split(" ", 1)
                rest = ", ".join(filter(None, (size, rest)))
            usual = self.usual.get(unit.kind, "")
            note = "" if unit.note == usual else unit.note or "linear"
            return first, _dots(rest, note, count)
        if look == "inner" or not unit.named or unit.kind == "input":
            return unit.title, _dots(unit.note, count)
        return unit.name, _dots(unit.title, unit.note, count)

    def parallel(self, region: Parallel, look: str = "inner") -> Fragment:
        """Branches between a fork and a join: beside the spine for a shortcut, spread out for a concatenation."""
        shortcut = region.join is not None and region.join.title in ("+", "×", "-")
        labelled = len(region.branches) <= 2 and shortcut
        look = "small" if look == "small" or len(region.branches) > 2 else "inner"
        parts = [self.sequence(branch, labelled, look) for branch in region.branches]
        places = _beside(parts) if shortcut else _spread(parts)
        left = max(part.left - x for part, x in zip(parts, places, strict=True))
        right = max(part.right + x for part, x in zip(parts, places, strict=True))
        gap = SMALL_GAP if look == "small" else GAP
        top = FORK + gap
        bottom = top + max(part.height for part in parts)
        marks: list[Mark] = [] if 0.0 in places else [Line(((0, 0), (0, FORK)), arrow=False)]
        ends: list[tuple[float, float]] = []  # where each branch stops, to be led to the join
        for branch, part, x in zip(region.branches, parts, places, strict=True):
            slack = bottom - top - part.height
            y = top + (slack / 2 if shortcut else slack)
            outer = x in (min(places), max(places))
            way = ((0, 0), (0, y)) if not x else ((0, FORK), (x, FORK), (x, y)) if outer else ((x, FORK), (x, y))
            if part.height:
                marks += [Line(way), *part.at(x, y)]
                ends += [(x + out, y + part.height) for out in part.outs]
            else:  # the identity: it stops at the rail and is drawn in one line with its way into the join
                marks.append(Line(way[:2], arrow=False))
                ends.append((x, FORK))
            if shortcut and x and (word := shortcut_word(branch)):
                marks.append(_said(word, x, (ends[-1][1] + bottom + MERGE) / 2))
                right = max(right, marks[-1].left + marks[-1].width)
        if region.join is None:
            marks += [Line(((x, y), (x, bottom)), arrow=False) for x, y in ends if y < bottom]
            return Fragment(left, right, bottom, tuple(marks), tuple(x for x, _ in ends))
        if shortcut:
            return self._add(region.join, marks, ends, bottom, left, right)
        return self._bar(region.join, marks, ends, bottom, left, right)

    def _add(self, join: Unit, marks: list[Mark], ends, bottom: float, left: float, right: float) -> Fragment:
        """The circle of a residual addition, entered from above by the main branch, from the side by others."""
        ref, radius = self.ref(join), 8.0
        y = bottom + MERGE + radius
        for x, end in ends:
            into = ((x, end), (0, y - radius)) if x == 0 else ((x, end), (x, y), (radius, y))
            marks.append(Line(into))
        fill, colour = COLOURS["join"]
        marks.append(Circle(0, y, radius, fill, colour, ref))
        marks.append(Text(0, y + 4.6, join.title, 13.0, (-radius, radius), True, ref=ref))
        note = join.note
        if note:
            width = text_width(note, SMALL)
            room = (-radius - 5 - width, -radius)
            marks.append(Text(-radius - 5, y + 3.2, note, SMALL, room, False, "end", MUTED, ref))
            left = max(left, radius + 5 + width)
        return Fragment(left, right, y + radius, tuple(marks))

    def _bar(self, join: Unit, marks: list[Mark], ends, bottom: float, left: float, right: float) -> Fragment:
        """The bar of a concatenation, into which every branch runs straight down."""
        ref = self.ref(join)
        words = _dots(join.title, join.note, _params(join.params))
        half = max(left, right, text_width(words, SMALL) / 2 + PAD)
        top, height = bottom + SMALL_GAP, 14.0
        marks += [Line(((x, end), (x, top))) for x, end in ends]
        marks.append(Box(-half, top, 2 * half, height, *COLOURS[join.kind], radius=3.0, ref=ref))
        marks.append(Text(0, top + 10.3, words, SMALL, (-half, half), colour=INK, ref=ref))
        return Fragment(half, half, top + height, tuple(marks))

    def group(self, group: Group, leads_on: bool = True) -> Fragment:
        """A frame: a header with title, parameters and how often it stands there, the content below."""
        ref = self.ref(group)
        labelled = not any(isinstance(item, Parallel) for item in group.items) and len(group.items) > 1
        content = self.sequence(group.items, labelled)
        forked = isinstance(group.items[0], Parallel)
        top = HEADER + (0.0 if forked else GAP)
        count = _params(item_params(group))
        badge_width = _badge_width(group.repeat) + 6 if group.repeat > 1 else 0.0
        needed = text_width(group.title, HEADING, True) + text_width(count, SMALL) + badge_width + 3 * PAD + 6
        left, right = content.left + PAD, content.right + PAD
        if left + right < needed:  # a frame around a shortcut grows to the right, where the shortcut is
            left = needed / 2 if left == right else left
            right = needed - left
        height = top + content.height + GAP - 3
        marks = _stack(-left, 0, left + right, height, FRAME_FILL, FRAME_EDGE, group.repeat, ref)
        marks.append(Box(-left, 0, left + right, HEADER, HEADER_FILL, FRAME_EDGE, ref=ref))
        room = (-left, right)
        marks.append(Text(-left + PAD, 14.0, group.title, HEADING, room, True, "start", ref=ref))
        marks.append(Text(right - PAD - badge_width, 13.5, count, SMALL, room, False, "end", MUTED, ref))
        if group.repeat > 1:
            marks += _badge(group.repeat, right - badge_width + 2, 2.0, ref)[0]
        if not forked:
            marks.append(Line(((0, HEADER), (0, top))))
        marks += content.at(0, top)
        shadow = 2 * STACK if group.repeat > 1 else 0.0
        if leads_on:
            marks.append(Line(((0, top + content.height), (0, height + shadow)), arrow=False))
        return Fragment(left, right + shadow, height + shadow, tuple(marks))


def shortcut_word(branch: Sequence[Item]) -> str:
    """How the papers call a branch beside the main one: nothing on it, or a 1×1 convolution."""
    if not branch:
        return "identity"
    projects = len(branch) == 1 and isinstance(branch[0], Unit) and branch[0].title.startswith("1×1 conv")
    return "projection" if projects else ""


def _said(words: str, x: float, y: float) -> Text:
    """A remark on the right of a line that runs down."""
    return Text(x + 5, y + 3, words, SMALL, (x + 5, x + 5 + text_width(words, SMALL)), False, "start", MUTED)


def edge(y0: float, y1: float, shape=None) -> list[Mark]:
    """An arrow down the spine, with the shape of what flows there on its right."""
    marks: list[Mark] = [Line(((0, y0), (0, y1)))]
    if shape:  # low enough to clear a line that forks off at the top
        words = shape_text(shape)
        room = (5.0, 5.0 + text_width(words, SMALL))
        marks.append(Text(5.0, y1 - 8.5, words, SMALL, room, False, "start", MUTED))
    return marks


def _dots(*words: str) -> str:
    return " · ".join(word for word in words if word)


def _params(count: int, repeat: int = 1) -> str:
    return "" if not count else short(count) if repeat == 1 else f"{repeat} × {short(count)}"


def _stack(x, y, w, h, fill, edge_colour, repeat: int, ref: str) -> list[Mark]:
    """A box; with two more peeping out behind it where it stands for several."""
    behind = (2 * STACK, STACK) if repeat > 1 else ()
    marks: list[Mark] = [Box(x + d, y + d, w, h, fill, edge_colour, ref=ref) for d in behind]
    return [*marks, Box(x, y, w, h, fill, edge_colour, ref=ref)]


def _badge_width(repeat: int) -> float:
    return text_width(f"×{repeat}", TITLE, True) + 10


def _badge(repeat: int, x: float, y: float, ref: str) -> tuple[list[Mark], float]:
    width = _badge_width(repeat)
    text = Text(x + width / 2, y + 12, f"×{repeat}", TITLE, (x, x + width), True, colour=BADGE_INK, ref=ref)
    return [Box(x, y, width, 16.0, BADGE_FILL, BADGE_FILL, 8.0, ref), text], width


def _beside(parts: list[Fragment]) -> list[float]:
    """The first branch on the spine, the shortcuts to its right."""
    places, right = [0.0], parts[0].right
    for part in parts[1:]:
        places.append(right + BRANCH_GAP + max(part.left, 4.0))
        right = places[-1] + max(part.right, 4.0)
    return places


def _spread(parts: list[Fragment]) -> list[float]:
    """Branches from left to right, their middle on the spine."""
    widths = [(max(part.left, 8.0), max(part.right, 8.0)) for part in parts]
    total = sum(a + b for a, b in widths) + BRANCH_GAP * (len(parts) - 1)
    places, x = [], -total / 2
    for a, b in widths:
        places.append(x + a)
        x += a + b + BRANCH_GAP
    return places
