"""A sheet of images or of windows of numbers with their classes, by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.draw.style import FRAME_EDGE
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written

if TYPE_CHECKING:
    import numpy as np

COLUMNS = 8
LONGEST_NAME = 16
WINDOWS_IN_A_ROW, NAMED_COLUMNS = 4, 8


def plot_samples(
    images: np.ndarray, titles: Sequence[str], to_file: str | Path, *, title: str | None = None, dpi: float = 144
) -> Path:
    """Draw images in rows of eight, each with its title above it, pixels as they are (not smoothed).

    Args:
        images: uint8 (N, H, W, 1 or 3).
        titles: one per image.
        to_file: .png, .svg or .pdf.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    return written(path, lambda target: save(_figure(images, titles, title), target, dpi))


def plot_windows(
    windows: np.ndarray, titles: Sequence[str], columns: Sequence[str], to_file: str | Path, *, title: str | None = None
) -> Path:
    """Draw windows of numbers over time in rows of four, a line for each column, all on one scale.

    Args:
        windows: (N, T, F), N at least 1.
        titles: one per window.
        columns: the F names; the first eight stand in the legend, the others are drawn in grey.
        to_file: .png, .svg or .pdf.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    return written(path, lambda target: save(_lines(windows, titles, columns, title), target, 144))


def _lines(windows: np.ndarray, titles: Sequence[str], columns: Sequence[str], title: str | None) -> Any:
    from matplotlib.figure import Figure

    wide = min(WINDOWS_IN_A_ROW, len(windows))
    rows = -(-len(windows) // wide)
    figure = Figure(figsize=(2.4 * max(2, wide), 1.5 * rows + 0.9), facecolor="white", layout="constrained")
    axes = figure.subplots(rows, wide, squeeze=False, sharex=True, sharey=True)
    for ax in axes.ravel()[len(windows) :]:
        ax.set_axis_off()
    for ax, window, name in zip(axes.ravel(), windows, titles, strict=False):
        lines = ax.plot(range(1, len(window) + 1), window, linewidth=0.9)
        for line in lines[NAMED_COLUMNS:]:
            line.set(color=FRAME_EDGE, zorder=1)
        ax.set_title(_short(name), fontsize=9, pad=3)
        ax.tick_params(labelsize=7)
    figure.supxlabel("step", fontsize=9)
    names = [_short(name) for name in columns[:NAMED_COLUMNS]]
    names += [f"{len(columns) - NAMED_COLUMNS} more"] if len(columns) > NAMED_COLUMNS else []
    figure.legend(lines[: len(names)], names, loc="outside right upper", fontsize=8, frameon=False)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _figure(images: np.ndarray, titles: Sequence[str], title: str | None) -> Any:
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(images))
    rows = -(-len(images) // columns)
    form = images.shape[1] / images.shape[2]
    figure = Figure(
        figsize=(1.25 * columns, (1.15 * form + 0.3) * rows + (0.4 if title else 0)),
        facecolor="white",
        layout="constrained",
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, image, name in zip(axes, images, titles, strict=False):
        grey = image.shape[-1] == 1
        ax.imshow(
            image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=255, interpolation="nearest"
        )
        ax.set_title(_short(name), fontsize=8, pad=3)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
