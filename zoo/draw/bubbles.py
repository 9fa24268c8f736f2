"""The well-known picture: accuracy over operations, a bubble's area for the parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.draw.curves import COLOURS
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written

LARGEST = 2600.0  # square points of the largest bubble
SPREAD = 8.0  # from the least operations to the most: beyond it the axis is logarithmic
SIZE = 8.5  # points of a label


@dataclass(frozen=True)
class Bubble:
    """One model; those of one family have one colour, those whose accuracy the paper does not print are hollow."""

    name: str
    macs: int
    percent: float
    parameters: int
    family: str
    by_paper: bool


def plot_bubbles(bubbles: Sequence[Bubble], data: str, to_file: str | Path, *, dpi: float = 144) -> Path:
    """Draw the bubbles, tested on `data`, into a .png, .svg or .pdf.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    return written(path, lambda target: save(bubbles_figure(bubbles, data), target, dpi))


def bubbles_figure(bubbles: Sequence[Bubble], data: str) -> Any:
    """The matplotlib figure, its labels placed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 6.0), dpi=100, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    unit = LARGEST / max(b.parameters for b in bubbles)
    families = list(dict.fromkeys(b.family for b in bubbles))
    for b in sorted(bubbles, key=lambda b: -b.parameters):  # small ones on top
        colour = COLOURS[families.index(b.family) % len(COLOURS)]
        ax.scatter(
            [b.macs],
            [b.percent],
            s=b.parameters * unit,
            facecolor=colour if b.by_paper else "none",
            edgecolor=colour,
            alpha=0.55 if b.by_paper else 0.9,
            linewidth=1.2,
        )
        ax.plot([b.macs], [b.percent], ".", color=colour, markersize=3)
    _axes(ax, bubbles, data)
    _key(ax, bubbles, unit)
    figure.draw_without_rendering()  # from here on places in the picture are known
    figure.set_layout_engine("none")
    _label(ax, bubbles, unit)
    return figure


def _axes(ax: Any, bubbles: Sequence[Bubble], data: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    macs, percents = [b.macs for b in bubbles], [b.percent for b in bubbles]
    low, high = min(macs), max(macs)
    if high > SPREAD * low:
        ax.set_xscale("log")
        room = (high / low) ** 0.12
        ax.set_xlim(low / room, high * room)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 500 * low else (1,)))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        room = 0.16 * (high - low) or 0.5 * high
        ax.set_xlim(max(low - room, 0), high + room)
        ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _operations(value)))
    room = 0.16 * (max(percents) - min(percents)) or 2.0
    ax.set_ylim(min(percents) - room, max(percents) + room)
    scale = " (logarithmic)" if ax.get_xscale() == "log" else ""
    ax.set_xlabel(f"multiply-adds for one input{scale}")
    ax.set_ylabel(f"top-1 accuracy on {data}, %")
    ax.grid(True, color="#e4e4e7", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _operations(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g}"


def _key(ax: Any, bubbles: Sequence[Bubble], unit: float) -> None:
    """Above the axes: what an area means, and whose accuracies these are."""
    most = max(b.parameters for b in bubbles) / 4  # so that the key stays small
    step = 10 ** math.floor(math.log10(max(most, 10)))
    sizes = [size for size in (step / 10, step / 2, step, 2 * step, 5 * step) if size <= most][-3:] or [step]
    handles = [
        ax.scatter(
            [],
            [],
            s=size * unit,
            facecolor="#a1a1aa",
            edgecolor="#52525b",
            alpha=0.6,
            label=_operations(size) + (" parameters" if size == sizes[-1] else ""),
        )
        for size in sizes
    ]
    if any(b.by_paper for b in bubbles):
        handles.append(
            ax.scatter([], [], s=60, facecolor="#52525b", edgecolor="#52525b", alpha=0.55, label="the paper's figure")
        )
    if not all(b.by_paper for b in bubbles):
        handles.append(
            ax.scatter([], [], s=60, facecolor="none", edgecolor="#52525b", linewidth=1.2, label="of published weights")
        )
    ax.figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        handletextpad=0.9,
        columnspacing=1.8,
        borderpad=0.8,
        handleheight=2.4,
        handlelength=2.6,
    )


# Labels: each takes the free place nearest to its bubble


def _label(ax: Any, bubbles: Sequence[Bubble], unit: float) -> None:
    from matplotlib.text import Text

    figure = ax.figure
    pixel = figure.dpi / 72
    renderer = figure.canvas.get_renderer()
    discs = {
        b.name: (*ax.transData.transform((b.macs, b.percent)), math.sqrt(b.parameters * unit) / 2 * pixel)
        for b in bubbles
    }
    frame = ax.get_window_extent()
    taken: list[tuple[float, float, float, float]] = []
    for b in sorted(bubbles, key=lambda b: -_crowd(discs, b.name)):
        x, y, radius = discs[b.name]
        probe = Text(0, 0, b.name, fontsize=SIZE, figure=figure).get_window_extent(renderer)
        places = [
            _place(x, y, radius + gap * pixel, turn, probe.width, probe.height)
            for gap in (4, 10, 18, 28, 40, 54, 72)
            for turn in range(16)
        ]
        inside = [p for p in places if p[0] >= frame.x0 and p[2] <= frame.x1 and p[1] >= frame.y0 and p[3] <= frame.y1]
        best = min(inside or places, key=lambda p: _badness(p, (x, y, radius), taken, list(discs.values())))
        taken.append(best)
        others = [disc for name, disc in discs.items() if name != b.name]
        doubtful = any(_apart(best, disc) < max(_apart(best, discs[b.name]), 0) for disc in others)
        _write(ax, b.name, (x, y), best, line=doubtful or _apart(best, discs[b.name]) > 12 * pixel)


def _crowd(discs: dict[str, tuple[float, float, float]], name: str) -> float:
    x, y, _ = discs[name]
    return sum(1 / (1 + math.hypot(x - u, y - v)) for u, v, _ in discs.values())


def _place(x: float, y: float, away: float, turn: int, width: float, height: float):
    """The box of a label whose nearest edge lies `away` from the centre, in sixteenths of a turn."""
    angle = turn * math.pi / 8
    cos, sin = math.cos(angle), math.sin(angle)
    cx, cy = x + cos * (away + width / 2), y + sin * (away + height / 2)
    return (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)


def _badness(box, own, taken, discs) -> float:
    """Other labels must not be touched, other bubbles should not, and near is better than far."""
    apart = _apart(box, own)
    rivals = sum(disc != own and _apart(box, disc) < max(apart, 0) + 4 for disc in discs)  # it might seem to be theirs
    crossed = sum(_shared(box, (t[0] - 3, t[1] - 2, t[2] + 3, t[3] + 2)) for t in taken)
    covered = sum(_shared(box, (u - r, v - r, u + r, v + r)) for u, v, r in discs)
    centres = sum(box[0] - 4 <= u <= box[2] + 4 and box[1] - 4 <= v <= box[3] + 4 for u, v, _ in discs)
    return 1000 * crossed + 0.15 * covered + 400 * centres + 60 * rivals + 3 * max(apart, 0)


def _apart(box, disc) -> float:
    """From the edge of a disc to the nearest point of a box; below 0 where they touch."""
    x, y, radius = disc
    return math.hypot(max(box[0] - x, 0, x - box[2]), max(box[1] - y, 0, y - box[3])) - radius


def _shared(a, b) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _write(ax: Any, name: str, at, box, *, line: bool) -> None:
    """The name in its box; where it stands apart, or nearer to another, a line says whose it is."""
    pixel = ax.figure.dpi / 72
    centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    offset = ((centre[0] - at[0]) / pixel, (centre[1] - at[1]) / pixel)
    pale = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.65}
    ax.annotate(
        name,
        ax.transData.inverted().transform(at),
        xytext=offset,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=SIZE,
        color="#18181b",
        annotation_clip=False,
        bbox=pale,
    )
    if line:
        near = (min(max(at[0], box[0]), box[2]), min(max(at[1], box[1]), box[3]))
        ends = ax.transData.inverted().transform([at, near])
        ax.plot(ends[:, 0], ends[:, 1], color="#52525b", linewidth=0.7, scalex=False, scaley=False)
