"""Two models side by side: what is equal is a grey bar across both, what differs is marked by sign and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.draw.layout import LABEL_GAP, Layout, edge
from zoo.draw.page import MARGIN, legend, tooltip
from zoo.draw.shapes import Box, Circle, Drawing, Line, Mark, Text
from zoo.draw.style import INK, MUTED, NAME, SMALL, TITLE, text_width
from zoo.graph.diff import SIGNS, Diff, Row, alike, diff_models
from zoo.graph.items import Blocks, Item, Unit
from zoo.graph.repeats import repeated
from zoo.io.figures import check_dpi, check_suffix, written
from zoo.io.formats import short

if TYPE_CHECKING:
    import keras

    from zoo.graph.read import Graph

FORMATS = {".svg": "vector graphic", ".png": "picture at any dpi", ".txt": "plain text"}
BETWEEN = 40.0  # from the one model to the other
HALO = 3.5
GAP = LABEL_GAP + 6.0  # between two boxes, whose halos take a part
BAR = 22.0
LISTED = 40  # differences below the picture; the text has them all
# kind -> (halo, sign)
MARKED = {"added": ("#bbf7d0", "#15803d"), "removed": ("#fecaca", "#b91c1c"), "changed": ("#fde68a", "#b45309")}


def plot_diff(before: keras.Model, after: keras.Model, to_file: str | Path, *, dpi: float = 144) -> Diff:
    """Draw what differs between two models into `to_file` (.svg, .png or .txt), and return it.

    Raises:
        ZooError: an unknown suffix, a dpi out of range, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    found = diff_models(before, after)
    written(path, lambda target: _write(found, target, dpi))
    return found


def _write(found: Diff, path: Path, dpi: float) -> None:
    from zoo.draw.png import write_png
    from zoo.draw.svg import svg_text

    if path.suffix == ".txt":
        path.write_text(found.text(), encoding="utf-8")
    elif path.suffix == ".png":
        write_png(diff_page(found), path, dpi)
    else:
        path.write_text(svg_text(diff_page(found)), encoding="utf-8")


def diff_page(found: Diff) -> Drawing:
    """The drawing: title, both models, the legend, the list."""
    layouts = Layout(prefix="before-", label_gap=GAP), Layout(prefix="after-", label_gap=GAP)
    strips = [_strip(kind, rows, layouts) for kind, rows in alike(found.rows)]
    sides = [[part for _, parts in strips for part in parts[k : k + 1] if part] for k in (0, 1)]
    heads = [_facts(found.before), _facts(found.after)]
    left, inner_left, inner_right, right = (
        max([LEAST_HALF, *(getattr(part, way) + HALO for part in sides[k])])
        for k, way in ((0, "left"), (0, "right"), (1, "left"), (1, "right"))
    )
    spines = left, left + inner_left + BETWEEN + inner_right
    starts = 0.0, spines[1] - inner_right
    ends = (x + text_width(facts, SMALL) for x, (_, facts) in zip(starts, heads, strict=True))
    width = max(spines[1] + right, text_width(found.title, NAME, True), *ends)
    marks: list[Mark] = [Text(0, 14, found.title, NAME, (0, width), True, "start")]
    y = 14.0
    for line in found.totals():
        y += 15
        marks.append(Text(0, y, line, SMALL + 1, (0, width), False, "start", MUTED))
    y += 26
    for (name, facts), x in zip(heads, starts, strict=True):
        marks.append(Text(x, y, name, TITLE + 2, (x, width), True, "start"))
        marks.append(Text(x, y + 13, facts, SMALL, (x, width), False, "start", MUTED))
    y += 26
    body, y = _body(strips, spines, y, spines[1] + right)
    marks += body
    refs = {ref: tooltip(item) for layout in layouts for ref, item in layout.items.items()}
    foot, height = _foot(found, width, y + 16)
    drawn = (mark.moved(MARGIN, MARGIN) for mark in (*marks, *foot))
    return Drawing(round(width + 2 * MARGIN), round(height + 2 * MARGIN), tuple(drawn), found.title, refs)


LEAST_HALF = 90.0  # of a column, on each side of its spine


def _facts(graph: Graph) -> tuple[str, str]:
    macs = f" · {short(graph.macs)} multiply-adds" if graph.macs else ""
    return graph.name, f"{short(graph.params)} parameters{macs}"


def _strip(kind: str, rows: Sequence[Row], layouts: tuple[Layout, Layout]):
    """A bar for a run of equal rows, or the two fragments of a run that differs alike, with their marks."""
    if kind == "equal":
        return rows, ()
    parts = []
    for side, layout in zip(("before", "after"), layouts, strict=True):
        items = tuple(getattr(row, side) for row in rows)
        if items[0] is None:
            parts.append(None)
            continue
        item = repeated(items, 1, len(items)) if len(items) > 1 else items[0]
        known = set(layout.items)
        part = layout.item(item, "trunk")
        parts.append(_marked(part, item, rows[0], side, {r: i for r, i in layout.items.items() if r not in known}))
    return rows, tuple(parts)


def _marked(part, item: Item, row: Row, side: str, refs: dict[str, Item]):
    """The fragment with a halo and a sign on every box that differs, or on the whole of it."""
    kinds = _kinds(row, side)
    halos, signs = [], []
    for ref, shown in refs.items():
        if row.kind in ("added", "removed"):
            kind = row.kind if shown is item else None
        else:
            kind = kinds.get(shown.nodes[0]) if isinstance(shown, Unit) else None
        if kind is None:
            continue
        places = [_extent(mark) for mark in part.marks if mark.ref == ref and isinstance(mark, Box | Circle)]
        x0, y0 = (min(place[k] for place in places) for k in (0, 1))
        x1, y1 = (max(place[k] for place in places) for k in (2, 3))
        light, dark = MARKED[kind]
        box = Box(x0 - HALO, y0 - HALO, x1 - x0 + 2 * HALO, y1 - y0 + 2 * HALO, light, dark, 7.0)
        halos.append(box)
        circle = any(isinstance(mark, Circle) and mark.ref == ref for mark in part.marks)
        x0, y0 = (x1 + 4, y0 - 3) if circle else (x0, y0)  # on the left of a circle stands its activation
        signs += [Box(x0 - 9, y0 - 7, 14, 14, dark, dark, 7.0)]
        room = (x0 - 9, x0 + 5)
        signs.append(Text(x0 - 2, y0 + 4, SIGNS[kind], TITLE, room, True, colour="#ffffff"))
    frame = next((ref for ref, shown in refs.items() if shown is item and not isinstance(item, Unit)), None)
    inside = next((k for k, mark in enumerate(part.marks) if mark.ref != frame), 0)  # under the lines, over the frame
    if row.kind != "changed":
        inside = 0
    return replace(part, marks=(*part.marks[:inside], *halos, *part.marks[inside:], *signs))


def _extent(mark: Box | Circle) -> tuple[float, float, float, float]:
    if isinstance(mark, Box):
        return mark.x, mark.y, mark.x + mark.w, mark.y + mark.h
    return mark.x - mark.r, mark.y - mark.r, mark.x + mark.r, mark.y + mark.r


def _kinds(row: Row, side: str) -> dict[str, str]:
    """first node of a box -> added, removed or changed, for the boxes of this side of a changed row."""
    return {change.nodes[side == "after"]: change.kind for change in row.changes if change.kind in MARKED}


def _body(strips, spines: tuple[float, float], y: float, width: float) -> tuple[list[Mark], float]:
    marks: list[Mark] = []
    edges: list[Mark] = []  # over the halos
    shapes = [None, None]  # of what flows down each spine
    ends = [max(n for n, (_, parts) in enumerate(strips) if not parts or parts[k]) for k in (0, 1)]
    for number, (rows, parts) in enumerate(strips):
        gap = GAP
        for k in (0, 1):
            into = not parts or parts[k] is not None
            if shapes[k] is not None and number <= ends[k]:
                down = edge(y, y + gap, shapes[k])
                drawn = down if into else [Line(((0, y), (0, y + gap)), arrow=False)]
                edges += [mark.moved(spines[k], 0) for mark in drawn]
        y += gap if any(shape is not None for shape in shapes) else 0.0
        bottoms: list[float | None] = [y, y]
        if not parts:
            marks += _bar(rows, y, width)
            bottoms = [y + BAR, y + BAR]
        for k, part in enumerate(parts):
            if part is not None:
                marks += part.at(spines[k], y)
                bottoms[k] = y + part.height
            elif shapes[k] is None:
                bottoms[k] = None  # nothing has flown there yet
        end = max(bottom for bottom in bottoms if bottom is not None)
        for k, bottom in enumerate(bottoms):
            if bottom is not None and bottom < end and number < ends[k]:
                edges.append(Line(((spines[k], bottom), (spines[k], end)), False))
        for k, side in enumerate(("before", "after")):
            item = getattr(rows[-1], side)
            shapes[k] = shapes[k] if item is None else item.shape
        y = end
    return [*marks, *edges], y


def _bar(rows: Sequence[Row], y: float, width: float) -> list[Mark]:
    names = [_title(row.after) for row in rows]
    words = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}: {len(names)} blocks"
    text = Text(width / 2, y + 15, f"{words}, equal", SMALL + 1, (0, width), colour=MUTED)
    return [Box(0, y, width, BAR, "#f4f4f5", "#d4d4d8"), text]


def _title(item: Item) -> str:
    return item.name if isinstance(item, Unit) else getattr(item, "title", "branches")


def _foot(found: Diff, width: float, y: float) -> tuple[list[Mark], float]:
    marks: list[Mark] = []
    if not found.changes:
        return marks, y
    x = 0.0
    for kind in SIGNS:
        light, dark = MARKED[kind]
        marks.append(Box(x, y, 13, 10, light, dark, 2.0))
        marks.append(Text(x + 18, y + 8.5, f"{SIGNS[kind]} {kind}", SMALL, (x + 18, width), False, "start", INK))
        x += 90
    shown = (item for row in found.rows if row.kind != "equal" for item in (row.before, row.after))
    keys, tall = legend(Blocks(found.after, tuple(item for item in shown if item is not None), ()), {}, width)
    marks += [mark.moved(0, y + 16) for mark in keys]
    y += 16 + tall + 10
    lines = found.lines()
    for layer, what in lines[:LISTED]:
        for k, line in enumerate(_wrapped(f"{layer}: {what}", width)):
            marks.append(Text(12.0 * bool(k), y + 9, line, SMALL, (0, width), False, "start", INK))
            y += 13
    if len(lines) > LISTED:
        more = f"and {len(lines) - LISTED} more, which the text lists"
        marks.append(Text(0, y + 9, more, SMALL, (0, width), False, "start", MUTED))
        y += 13
    return marks, y


def _wrapped(words: str, width: float) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip() if lines[-1] else word
        if not lines[-1] or text_width(longer, SMALL) <= width - 12:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
