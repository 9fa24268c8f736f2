"""Fragments to a page: columns that suit an A4 sheet, auxiliary heads beside their column, title and legend."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from zoo.draw.layout import FORK, LABEL_GAP, Fragment, Layout, edge
from zoo.draw.shapes import Box, Drawing, Line, Mark, Text
from zoo.draw.style import COLOURS, INK, MUTED, NAME, SMALL, text_width
from zoo.graph.items import Blocks, Group, Item, Parallel, Unit, item_nodes, item_params, item_units
from zoo.graph.words import KINDS
from zoo.io.formats import shape_text

SHEET = (718.0, 1047.0)  # A4 less margins of 10 mm, in pixels of 1/96 inch
MARGIN = 16.0
GUTTER = 28.0
LANE_GAP = 16.0  # between a column and the side heads beside it
TURN = 12.0  # the way of a line around the end of a column
MOST_COLUMNS = 4


@dataclass(frozen=True)
class Column:
    """Fragments under each other on one spine, with the side heads in a lane on the right."""

    left: float
    right: float
    trunk: float  # where the spine ends
    height: float
    marks: tuple[Mark, ...]


def page(blocks: Blocks, title: str | None = None) -> tuple[Drawing, dict[str, Item]]:
    """The drawing of a model and, for each ref in it, the item it shows."""
    usual = _usual_notes(blocks)
    layout = Layout(usual)
    parts = [layout.item(item, "trunk") for item in blocks.items]
    sides = [(at, layout.group(side, leads_on=False)) for at, side in blocks.sides]
    body = _best(parts, blocks, sides)
    name = title or blocks.graph.name
    marks, width, top = _heading(blocks, name, body.left + body.right)
    keys, keys_height = legend(blocks, usual, width)
    shift = MARGIN + (width - body.left - body.right) / 2 + body.left
    drawn = [mark.moved(shift, top) for mark in body.marks]
    foot = top + body.height + 14
    drawn += [mark.moved(MARGIN, foot) for mark in keys]
    refs = {ref: tooltip(item) for ref, item in layout.items.items()}
    height = foot + keys_height + MARGIN
    return Drawing(round(width + 2 * MARGIN), round(height), (*marks, *drawn), name, refs), layout.items


def _best(parts: list[Fragment], blocks: Blocks, sides: list[tuple[int, Fragment]]) -> Column:
    """The columns that print largest on the sheet; of equals the fewest."""
    found: list[tuple[float, Column]] = []
    held = frozenset(at for at, _ in sides)
    heights = tuple(part.height + LABEL_GAP for part in parts)
    cuts = [_breaks(heights, count, held) for count in range(1, min(MOST_COLUMNS, len(parts)) + 1)]
    if sides:  # a column without side heads is narrower, which may be worth more than columns of equal height
        cuts += [[0, stop, len(parts)] for stop in range(1, len(parts)) if stop - 1 not in held]
    for stops in cuts:
        body = _columns(parts, blocks, sides, stops)
        scale = min(SHEET[0] / (body.left + body.right + 2 * MARGIN), SHEET[1] / (body.height + 130), 1.0)
        found.append((scale, body))
    return max(found, key=lambda pair: round(pair[0], 2))[1]


def _breaks(heights: tuple[float, ...], count: int, held: frozenset[int]) -> list[int]:
    """Where to begin each column so that the highest is as low as can be; never just after a side head's item."""

    @cache
    def best(start: int, columns: int) -> tuple[float, tuple[int, ...]]:
        if columns == 1:
            return sum(heights[start:]), ()
        options = []
        for stop in range(start + 1, len(heights) - columns + 2):
            rest, breaks = best(stop, columns - 1)
            penalty = 1e6 if stop - 1 in held else 0.0
            options.append((max(sum(heights[start:stop]), rest) + penalty, (stop, *breaks)))
        return min(options)

    return [0, *best(0, count)[1], len(heights)]


def _columns(parts: list[Fragment], blocks: Blocks, sides: list[tuple[int, Fragment]], stops: list[int]) -> Column:
    marks: list[Mark] = []
    x = height = 0.0
    before: tuple[float, float, float] | None = None  # of the column before: spine, its end, the way under it
    lead = LABEL_GAP + TURN if len(stops) > 2 else 0.0  # room above for the line that comes from the left
    for start, stop in pairwise(stops):
        column = _column(parts[start:stop], blocks.items[start:stop], start, sides)
        if before is not None:
            x += GUTTER
            rail = x - GUTTER / 2
        spine = x + column.left
        marks += [mark.moved(spine, lead) for mark in column.marks]
        if before is not None:
            old, bottom, under = before
            way = ((old, bottom), (old, under), (rail, under), (rail, 6.0), (spine, 6.0), (spine, lead))
            marks.append(Line(way))
            words = shape_text(blocks.items[start - 1].shape)
            room = (spine + 5, spine + 5 + text_width(words, SMALL))
            marks.append(Text(spine + 5, lead - 9, words, SMALL, room, False, "start", MUTED))
        end = lead + column.height + (TURN if stop < stops[-1] else 0.0)
        before = (spine, lead + column.trunk, end)
        height = max(height, end)
        x = spine + column.right
    return Column(0.0, x, height, height, tuple(marks))


def _column(parts: list[Fragment], items: tuple[Item, ...], start: int, sides) -> Column:
    marks: list[Mark] = []
    left = max(part.left for part in parts)
    right = max(part.right for part in parts)
    held = {at for at, _ in sides}
    y, bottoms = 0.0, {}
    for k, (part, item) in enumerate(zip(parts, items, strict=True)):
        marks += part.at(0, y)
        y += part.height
        bottoms[start + k] = y
        if k + 1 < len(parts):
            gap = LABEL_GAP + (FORK if start + k in held else 0.0)
            marks += edge(y, y + gap, item.shape)
            right = max(right, 6 + text_width(shape_text(item.shape), SMALL))
            y += gap
    height, lane, lane_right = y, 0.0, right
    for at, side in sides:
        if at not in bottoms:
            continue
        fork = bottoms[at] + FORK
        x, top = right + LANE_GAP + side.left, max(fork + LABEL_GAP, lane)
        marks.append(Line(((0, fork), (x, fork), (x, top))))
        marks += side.at(x, top)
        lane, lane_right = top + side.height + LABEL_GAP, max(lane_right, x + side.right)
        height = max(height, top + side.height)
    return Column(left, lane_right, y, height, tuple(marks))


def _heading(blocks: Blocks, name: str, body_width: float) -> tuple[list[Mark], float, float]:
    """Name and totals above the body; gives the marks, the width of the page's content and where the body begins."""
    graph = blocks.graph
    facts = [f"{graph.params:,} parameters"]
    if graph.trainable != graph.params:
        facts.append(f"{graph.trainable:,} trainable")
    if graph.macs:
        facts.append(f"{graph.macs:,} multiply-adds")
    lines = _wrapped(facts, max(body_width, 300.0), SMALL + 1)
    width = max(body_width, text_width(name, NAME, True), *(text_width(line, SMALL + 1) for line in lines))
    width = max([width, *(text_width(sign, SMALL) for sign in _signs(blocks))])
    room = (MARGIN, MARGIN + width)
    marks: list[Mark] = [Text(MARGIN, MARGIN + 14, name, NAME, room, True, "start")]
    y = MARGIN + 14
    for line in lines:
        y += 15
        marks.append(Text(MARGIN, y, line, SMALL + 1, room, False, "start", MUTED))
    return marks, width, y + 16


def _wrapped(words: list[str], width: float, size: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} · {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def legend(blocks: Blocks, usual: dict[str, str], width: float) -> tuple[list[Mark], float]:
    """The kinds that occur, as coloured keys, and what the short signs mean."""
    kinds = {unit.kind for item in (*blocks.items, *(side for _, side in blocks.sides)) for unit in item_units(item)}
    marks: list[Mark] = []
    x, y = 0.0, 0.0
    for kind, words in KINDS.items():
        if kind not in kinds or kind == "join":
            continue
        if kind in usual:
            words += f" (unless stated, with {usual[kind].replace(' · ', ', ')})"
        step = 18 + text_width(words, SMALL) + 12
        if x and x + step - 12 > width:
            x, y = 0.0, y + 16
        marks.append(Box(x, y, 13.0, 10.0, *COLOURS[kind], radius=2.0))
        marks.append(Text(x + 18, y + 8.5, words, SMALL, (x + 18, width), False, "start", INK))
        x += step
    y += 16
    for line in _wrapped(_signs(blocks), width, SMALL):
        marks.append(Text(0, y + 8.5, line, SMALL, (0, width), False, "start", MUTED))
        y += 13
    return marks, y


def _signs(blocks: Blocks) -> list[str]:
    items = (*blocks.items, *(side for _, side in blocks.sides))
    units = [unit for item in items for unit in item_units(item)]
    signs = []
    if any(", /" in unit.title for unit in units):
        signs.append("/2: stride 2")
    if any(item.repeat > 1 for item in (*items, *units)):
        signs.append("×3: three times in a row")
    if any(unit.params for unit in units):
        signs.append("last figure in a box: its parameters")
        signs.append("K, M: thousand, million")
    if any("BN" in unit.note for unit in units):
        signs.append("BN: batch normalization")
    return signs


def _usual_notes(blocks: Blocks) -> dict[str, str]:
    """What most small boxes of a kind add to their title: the legend says it once."""
    found: dict[str, Counter[str]] = {}
    for item in blocks.items:
        for region in _regions(item):
            if len(region.branches) > 2:
                for unit in item_units(region):
                    found.setdefault(unit.kind, Counter())[unit.note] += 1
    usual = {kind: notes.most_common(1)[0][0] for kind, notes in found.items()}
    return {kind: note for kind, note in usual.items() if note and kind != "join"}


def _regions(item: Item) -> list[Parallel]:
    if isinstance(item, Group):
        return [region for part in item.items for region in _regions(part)]
    return [item] if isinstance(item, Parallel) else []


def tooltip(item: Item) -> str:
    """What a pointer on an item is told."""
    name = item.title if isinstance(item, Group) else item.name if isinstance(item, Unit) else ""
    facts = [name, shape_text(item.shape), f"{item_params(item):,} parameters" if item_params(item) else ""]
    if not isinstance(item, Parallel) and item.repeat > 1:
        facts.append(f"{item.repeat} times")
    facts.append("layers: " + ", ".join(item_nodes(item)))
    return "; ".join(fact for fact in facts if fact)
