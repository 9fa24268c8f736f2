"""A drawing as SVG: selectable text, one group and tooltip for each block, the same bytes for the same drawing."""

from __future__ import annotations

from html import escape
from itertools import groupby

from zoo.draw.shapes import Box, Circle, Drawing, Line, Mark, Text
from zoo.draw.style import FONTS

CORNER = 4.0
ARROW = (6.0, 2.6)  # length and half width of an arrow's head

_STYLE = f"""
  text {{ font-family: {FONTS}; white-space: pre }}
  g:target rect, g:target circle {{ stroke-width: 3 }}
"""


def svg_text(drawing: Drawing, link: str | None = None) -> str:
    """The SVG document; with `link` ("#{ref}-layers") every block is a link."""
    width, height = f"{drawing.width:g}", f"{drawing.height:g}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img" aria-label="{escape(drawing.title)}">',
        f"<title>{escape(drawing.title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    seen: set[str] = set()
    for ref, marks in groupby(drawing.marks, key=lambda mark: mark.ref):
        body = "".join(_mark(mark) for mark in marks)
        if not ref:
            lines.append(body)
            continue
        ident = "" if ref in seen else f' id="{ref}"'
        tip = "" if ref in seen else f"<title>{escape(drawing.refs.get(ref, ref))}</title>"
        seen.add(ref)
        group = f'<g{ident} class="block">{tip}{body}</g>'
        lines.append(f'<a href="{escape(link.format(ref=ref))}">{group}</a>' if link else group)
    return "\n".join([*lines, "</svg>", ""])


def arrow_head(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """The triangle at the end of a line made of horizontal and vertical parts."""
    (x0, y0), (x1, y1) = points[-2:]
    length, half = ARROW
    if abs(x1 - x0) > abs(y1 - y0):
        back = x1 - length if x1 > x0 else x1 + length
        return (x1, y1), (back, y1 - half), (back, y1 + half)
    back = y1 - length if y1 > y0 else y1 + length
    return (x1, y1), (x1 - half, back), (x1 + half, back)


def corners(points: tuple[tuple[float, float], ...]) -> list[tuple[tuple[float, float], ...]]:
    """For each inner point of a line: where its rounding begins, the point, where it ends."""
    found = []
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, after = max(abs(bx - ax), abs(by - ay)), max(abs(cx - bx), abs(cy - by))
        r = min(CORNER, before / 2, after / 2)
        start = (bx - _sign(bx - ax) * r, by - _sign(by - ay) * r)
        end = (bx + _sign(cx - bx) * r, by + _sign(cy - by) * r)
        found.append((start, (bx, by), end))
    return found


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _mark(mark: Mark) -> str:
    if isinstance(mark, Box):
        return (
            f'<rect x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.w)}" height="{_n(mark.h)}"'
            f' rx="{_n(mark.radius)}" fill="{mark.fill}" stroke="{mark.edge}"/>'
        )
    if isinstance(mark, Circle):
        return f'<circle cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.r)}" fill="{mark.fill}" stroke="{mark.edge}"/>'
    return _line(mark) if isinstance(mark, Line) else _text(mark)


def _line(line: Line) -> str:
    path = [f"M{_n(line.points[0][0])} {_n(line.points[0][1])}"]
    for start, bend, end in corners(line.points):
        path.append(f"L{_n(start[0])} {_n(start[1])}Q{_n(bend[0])} {_n(bend[1])} {_n(end[0])} {_n(end[1])}")
    path.append(f"L{_n(line.points[-1][0])} {_n(line.points[-1][1])}")
    drawn = f'<path d="{"".join(path)}" fill="none" stroke="{line.colour}"/>'
    if line.arrow:
        head = " ".join(f"{_n(x)},{_n(y)}" for x, y in arrow_head(line.points))
        drawn += f'<polygon points="{head}" fill="{line.colour}"/>'
    return drawn


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="bold"' if text.bold else ""
    place = f'x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" fill="{text.colour}"'
    return f"<text {place}{weight}{anchor}>{escape(text.words, quote=False)}</text>"


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
