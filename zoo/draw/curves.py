"""Curves of training and confusion matrices, by matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written

Rows = Sequence[Mapping[str, float]]  # history.csv: epoch, loss, accuracy, val_loss, ..., learning_rate, seconds
NOT_METRICS = {"epoch", "learning_rate", "seconds"}
MOST_METRICS = 3
MOST_DOTS = 30  # epochs up to which each is a dot
SPIKE = 20.0  # times the loss of the first epoch: from here on the axis is logarithmic
RESUMED = "#c026d3"
WIDTH = 7.0  # inches
COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")


@dataclass(frozen=True)
class Curves:
    """One colour of the picture: the runs of one config (its seeds)."""

    name: str
    runs: tuple[Rows, ...]
    colour: str


def plot_curves(
    histories: Rows | Mapping[str, Rows | Sequence[Rows]],
    to_file: str | Path,
    *,
    best_epoch: int | Mapping[str, int] | None = None,
    resumed: Sequence[int] = (),
    dpi: float = 144,
    title: str | None = None,
    width: float = WIDTH,
) -> Path:
    """Draw loss and metrics over the epochs, with validation, and the learning rate beneath.

    Args:
        histories: the rows of one run's history.csv; or {label: rows} to lay several runs over each other; a
            label with a list of histories shows their mean with the band from the least to the greatest.
        to_file: .png, .svg or .pdf.
        best_epoch: the epoch to mark; by default that of a single run's best validation accuracy (or loss). Of
            several runs {label: epoch}, each marked by a ring; a band of seeds has none of its own.
        resumed: the epochs after which an interrupted training went on, marked too.
        width: inches; the narrower, the larger the words beside the curves.

    Raises:
        ZooError: no epoch to draw, an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    curves = _curves(histories)
    if not any(run for curve in curves for run in curve.runs):
        raise ZooError("there is no finished epoch to draw", "a history with at least one row", "train first")
    if best_epoch is None and len(curves) == 1 and len(curves[0].runs) == 1:
        best_epoch = _best(curves[0].runs[0])
    best = best_epoch if isinstance(best_epoch, Mapping) else {} if best_epoch is None else {curves[0].name: best_epoch}
    return written(path, lambda target: save(_curves_figure(curves, best, title, width, resumed), target, dpi))


def plot_confusion(
    matrix: Sequence[Sequence[int]],
    class_names: Sequence[str],
    to_file: str | Path,
    *,
    dpi: float = 144,
    title: str | None = None,
) -> Path:
    """Draw a confusion matrix: rows are the true classes, columns the predicted ones, colours shares of a row.

    Raises:
        ZooError: the matrix is not square or does not fit the names, an unknown suffix, an unwritable folder.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    sizes = {len(row) for row in matrix} | {len(matrix)}
    if sizes != {len(class_names)}:
        raise ZooError(
            f"a confusion matrix of {len(matrix)} rows does not fit {len(class_names)} class names",
            "one row and one column for each class",
        )
    return written(path, lambda target: save(_confusion_figure(matrix, class_names, title), target, dpi))


def _curves(histories: Any) -> list[Curves]:
    named = histories.items() if isinstance(histories, Mapping) else [("", histories)]
    curves = []
    for k, (name, rows) in enumerate(named):
        runs = tuple(rows) if rows and not isinstance(rows[0], Mapping) else (rows,)
        curves.append(Curves(name, runs, COLOURS[k % len(COLOURS)]))
    return curves


def _best(rows: Rows) -> int | None:
    for key, choose in (("val_accuracy", max), ("val_loss", min)):
        scored = [row for row in rows if row.get(key) is not None and row[key] == row[key]]
        if scored:
            return int(choose(scored, key=lambda row: row[key])["epoch"])
    return None


def _metrics(curves: list[Curves]) -> list[str]:
    keys = dict.fromkeys(key for curve in curves for run in curve.runs for row in run for key in row)
    plain = [key for key in keys if key not in NOT_METRICS and not key.startswith("val_") and key != "loss"]
    return ["loss", *plain[:MOST_METRICS]]


def _curves_figure(
    curves: list[Curves],
    best: Mapping[str, int],
    title: str | None,
    width: float = WIDTH,
    resumed: Sequence[int] = (),
) -> Any:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    metrics = _metrics(curves)
    rates = any("learning_rate" in row for curve in curves for run in curve.runs for row in run)
    heights = [3.0] * len(metrics) + ([1.1] if rates else [])
    height = 0.9 + 0.44 * sum(heights) * (1 + width / WIDTH)
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    marker = "o" if max(len(run) for curve in curves for run in curve.runs) <= MOST_DOTS else None
    for ax, metric in zip(axes, metrics, strict=False):
        for curve in curves:
            _draw(ax, curve, metric, "--", marker)
            _draw(ax, curve, f"val_{metric}", "-", marker)
        ax.set_ylabel(metric.replace("_", " "))
        if metric == "loss" and _has_spikes(curves):
            ax.set_yscale("log")
            ax.set_ylabel("loss (logarithmic)")
    if rates:
        for curve in curves:
            _draw(axes[-1], curve, "learning_rate", "-", marker)
        axes[-1].set_ylabel("learning rate")
        axes[-1].ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
    for ax in axes:
        ax.grid(True, color="#e4e4e7", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
        for epoch in best.values() if len(curves) == 1 else ():
            ax.axvline(epoch, color="#52525b", linewidth=1, linestyle=":")
        for epoch in resumed:
            ax.axvline(epoch + 0.5, color=RESUMED, linewidth=1, linestyle=(0, (6, 3)))
        ax.margins(y=0.08)
    epochs = [int(row["epoch"]) for curve in curves for run in curve.runs for row in run]
    axes[-1].set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for curve in curves:
        if curve.name in best and len(curve.runs) == 1:
            _mark_best(axes, metrics, curve, best[curve.name], in_figures=len(curves) == 1)
    _say_what_is_missing(axes, metrics, curves)
    _key(axes[0], curves, best, resumed)
    if title:
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure


def _draw(ax: Any, curve: Curves, key: str, style: str, marker: str | None) -> None:
    """A line per run; the mean with a band where a label has several."""
    lines = [
        {
            int(row["epoch"]): value if math.isfinite(value) else math.nan
            for row in run
            if (value := row.get(key)) is not None
        }
        for run in curve.runs
    ]
    lines = [line for line in lines if line]
    if not lines:
        return
    epochs = sorted(set.intersection(*(set(line) for line in lines)) or set(lines[0]))
    values = [[line[epoch] for line in lines if epoch in line] for epoch in epochs]
    mean = [sum(column) / len(column) for column in values]
    ax.plot(
        epochs,
        mean,
        style,
        color=curve.colour,
        marker=marker,
        markersize=3,
        linewidth=1.5,
        alpha=0.65 if style == "--" else 1.0,
    )
    if len(lines) > 1:
        low, high = [min(column) for column in values], [max(column) for column in values]
        ax.fill_between(epochs, low, high, color=curve.colour, alpha=0.15, linewidth=0)


def _mark_best(axes: Any, metrics: list[str], curve: Curves, best_epoch: int, *, in_figures: bool) -> None:
    """A ring on each validation curve at the best epoch, with its value where it stands alone."""
    row = next((row for row in curve.runs[0] if int(row["epoch"]) == best_epoch), {})
    for ax, metric in zip(axes, metrics, strict=False):
        value = row.get(f"val_{metric}", row.get(metric))
        if value is None:
            continue
        ax.plot([best_epoch], [value], "o", color=curve.colour, markersize=9, fillstyle="none", markeredgewidth=1.6)
        if not in_figures:
            continue
        low, high = ax.get_ylim()
        left, right = ax.get_xlim()
        beside = best_epoch > left + 0.7 * (right - left)
        under = value > (low + high) / 2
        ax.annotate(
            f"{value:.4g}",
            (best_epoch, value),
            xytext=(-9 if beside else 9, -15 if under else 9),
            textcoords="offset points",
            ha="right" if beside else "left",
            fontsize=9,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )


def _has_spikes(curves: list[Curves]) -> bool:
    """Whether a loss leaps so far above its beginning that it would press all others to the ground."""
    lines = [
        [row[key] for row in run if row.get(key) is not None and math.isfinite(row[key])]
        for curve in curves
        for run in curve.runs
        for key in ("loss", "val_loss")
    ]
    lines = [line for line in lines if line]
    return all(min(line) > 0 for line in lines) and any(max(line) > SPIKE * line[0] for line in lines)


def _say_what_is_missing(axes: Any, metrics: list[str], curves: list[Curves]) -> None:
    rows = [row for curve in curves for run in curve.runs for row in run]
    for ax, metric in zip(axes, metrics, strict=False):
        values = ((row["epoch"], row.get(key)) for row in rows for key in (metric, f"val_{metric}"))
        epochs = sorted({int(epoch) for epoch, value in values if value is not None and not math.isfinite(value)})
        if epochs:
            which = f"{len(epochs)} epochs, {epochs[0]} to {epochs[-1]}" if len(epochs) > 1 else f"epoch {epochs[0]}"
            ax.text(
                0.99,
                0.97,
                f"not a finite number in {which}",
                transform=ax.transAxes,
                ha="right",
                va="top",
                fontsize=9,
                color="#b91c1c",
            )


def _key(ax: Any, curves: list[Curves], best: Mapping[str, int], resumed: Sequence[int]) -> None:
    from matplotlib.lines import Line2D

    first = curves[0].colour if len(curves) == 1 else "#3f3f46"
    has_val = any(key.startswith("val_") for curve in curves for run in curve.runs for row in run for key in row)
    handles = [Line2D([], [], color=first, linestyle="--", alpha=0.65, label="training")]
    if has_val:
        handles.append(Line2D([], [], color=first, label="validation"))
    if best and len(curves) == 1:
        label = f"best epoch ({next(iter(best.values()))})"
        handles.append(Line2D([], [], color="#52525b", linestyle=":", label=label))
    elif best:
        handles.append(
            Line2D([], [], color=first, linestyle="", marker="o", markersize=8, fillstyle="none", label="best epoch")
        )
    if resumed:
        times = f" ({len(resumed)} times)" if len(resumed) > 1 else ""
        handles.append(Line2D([], [], color=RESUMED, linestyle=(0, (6, 3)), label=f"resumed{times}"))
    if len(curves) > 1 or len(curves[0].runs) > 1:
        for curve in curves:
            seeds = f" ({len(curve.runs)} runs: mean, range)" if len(curve.runs) > 1 else ""
            handles.append(Line2D([], [], color=curve.colour, linewidth=3, label=f"{_cut(curve.name)}{seeds}"))
    room = ax.figure.get_figwidth() - 0.8  # inches
    fitting = (n for n in range(min(4, len(handles)), 1, -1) if _key_width(handles, n) <= room)
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.2,
        ncols=next(fitting, 1),
        frameon=False,
        fontsize=9,
    )


def _key_width(handles: list[Any], columns: int) -> float:
    """Inches that the key takes in so many columns: a line and a label of 9 points in each."""
    import numpy as np

    parts = np.array_split([len(handle.get_label()) for handle in handles], columns)  # as matplotlib fills them
    return sum(0.45 + 0.072 * max(part) for part in parts)


def _cut(name: str, most: int = 56) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


MOST_NUMBERS = 25  # classes up to which every cell carries its count
MOST_NAMES = 50  # classes up to which every one is named; of more every second, third, ... is


def _confusion_figure(matrix: Any, class_names: Sequence[str], title: str | None) -> Any:
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    count = len(class_names)
    shares = [[cell / (sum(row) or 1) for cell in row] for row in matrix]
    longest = max(len(str(name)) for name in class_names)
    side = max(3.2, 0.5 * count) if count <= MOST_NUMBERS else 8.5
    figure = Figure(
        figsize=(side + 1.5 + 0.07 * min(longest, 24), side + 1.0 + 0.05 * min(longest, 24)),
        facecolor="white",
        layout="constrained",
    )
    ax = figure.subplots()
    # of many classes the errors are spread thin: the square root of a share keeps them visible without numbers
    image = ax.imshow(shares, cmap="Blues", norm=PowerNorm(1.0 if count <= MOST_NUMBERS else 0.5, 0.0, 1.0))
    names = [str(name) if len(str(name)) <= 24 else f"{str(name)[:23]}…" for name in class_names]
    named = range(0, count, math.ceil(count / MOST_NAMES))
    size = 9 if count <= MOST_NUMBERS else 7
    upright = 0.08 * longest < side / len(named)  # 9 points are at most 0.08 inch wide
    ax.set_xticks(named, names[:: named.step], fontsize=size, rotation=0 if upright else 90)
    ax.set_yticks(named, names[:: named.step], fontsize=size)
    if count <= MOST_NUMBERS:
        for y, row in enumerate(matrix):
            for x, value in enumerate(row):
                if value:
                    dark = shares[y][x] > 0.55
                    text = f"{int(value)}"
                    ax.text(
                        x,
                        y,
                        text,
                        ha="center",
                        va="center",
                        fontsize=9 if len(text) <= 4 else 7,
                        color="white" if dark else "#18181b",
                    )
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    ax.set_title(title or _accuracy(matrix), fontsize=11)
    bar = figure.colorbar(image, ax=ax, shrink=0.8, pad=0.02)
    bar.set_label("share of the true class", fontsize=9)
    bar.outline.set_visible(False)
    return figure


def _accuracy(matrix: Any) -> str:
    total = sum(sum(row) for row in matrix)
    right = sum(row[k] for k, row in enumerate(matrix))
    return f"{int(right):,} of {int(total):,} right ({right / (total or 1):.2%})"
