"""A drawing as PNG: the marks of the SVG, painted by matplotlib, at any number of dots per inch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.draw.shapes import Box, Circle, Drawing, Line, Mark, Text
from zoo.draw.svg import arrow_head, corners

PIXELS = 96.0  # the SVG's pixels per inch
POINTS = 72.0 / PIXELS
_ALIGN = {"start": "left", "middle": "center", "end": "right"}


def write_png(drawing: Drawing, path: Path, dpi: float) -> None:
    """Paint `drawing` into `path`; a pixel of the SVG is 1/96 inch."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(drawing.width / PIXELS, drawing.height / PIXELS), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for order, mark in enumerate(drawing.marks):
        _paint(axes, mark, order)
    with rc_context({"text.hinting": "no_hinting", "path.snap": False}):
        figure.savefig(path, format="png", dpi=dpi, metadata={"Software": None, "Title": drawing.title})


def _paint(axes: Any, mark: Mark, order: int) -> None:
    from matplotlib.patches import Circle as Disc
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon

    if isinstance(mark, Box):
        r = min(mark.radius, mark.h / 2)
        axes.add_patch(
            FancyBboxPatch(
                (mark.x + r, mark.y + r),
                mark.w - 2 * r,
                mark.h - 2 * r,
                boxstyle=f"round,pad={r},rounding_size={r}",
                facecolor=mark.fill,
                edgecolor=mark.edge,
                linewidth=POINTS,
                zorder=order,
            )
        )
    elif isinstance(mark, Circle):
        axes.add_patch(
            Disc((mark.x, mark.y), mark.r, facecolor=mark.fill, edgecolor=mark.edge, linewidth=POINTS, zorder=order)
        )
    elif isinstance(mark, Line):
        axes.add_patch(PathPatch(_path(mark), facecolor="none", edgecolor=mark.colour, linewidth=POINTS, zorder=order))
        if mark.arrow:
            axes.add_patch(Polygon(arrow_head(mark.points), closed=True, facecolor=mark.colour, zorder=order))
    else:
        _write(axes, mark, order)


def _path(line: Line) -> Any:
    from matplotlib.path import Path as Curve

    points, codes = [line.points[0]], [Curve.MOVETO]
    for start, bend, end in corners(line.points):
        points += [start, bend, end]
        codes += [Curve.LINETO, Curve.CURVE3, Curve.CURVE3]
    return Curve([*points, line.points[-1]], [*codes, Curve.LINETO])


def _write(axes: Any, text: Text, order: int) -> None:
    axes.text(
        text.x,
        text.y,
        text.words,
        fontsize=text.size * POINTS,
        fontfamily="DejaVu Sans",
        fontweight="bold" if text.bold else "normal",
        color=text.colour,
        ha=_ALIGN[text.anchor],
        va="baseline",
        zorder=order,
        parse_math=False,
    )
