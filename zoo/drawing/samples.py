"""A sheet of images with their classes, by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.drawing.curves import FORMATS, _save
from zoo.drawing.picture import check_dpi, check_suffix, written

if TYPE_CHECKING:
    import numpy as np

COLUMNS = 8
LONGEST_NAME = 16


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
    return written(path, lambda target: _save(_figure(images, titles, title), target, dpi))


def _figure(images: np.ndarray, titles: Sequence[str], title: str | None) -> Any:
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(images))
    rows = -(-len(images) // columns)
    form = images.shape[1] / images.shape[2]
    figure = Figure(figsize=(1.25 * columns, (1.15 * form + 0.3) * rows + (0.4 if title else 0)),
                    facecolor="white", layout="constrained")  # fmt: skip
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, image, name in zip(axes, images, titles, strict=False):
        grey = image.shape[-1] == 1
        ax.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=255,
                  interpolation="nearest")  # fmt: skip
        ax.set_title(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…", fontsize=8, pad=3)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure
