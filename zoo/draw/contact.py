"""A contact sheet of mistakes, by matplotlib: each picture with what it is and what it was taken for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written

if TYPE_CHECKING:
    import numpy as np


COLUMNS = 6
SIDE = 1.5  # inches
LONGEST = 22  # characters of a line under a picture
RED, GREY = "#b91c1c", "#52525b"


@dataclass(frozen=True)
class Mistake:
    """An item whose likeliest class is not its own.

    Attributes:
        index: its place in the split, from 0.
        item: its place in the source's own order, as in splits.json.
        name: its file below the data's folder; None where items are no files.
        true: the name of its class.
        predicted: the name of the likeliest class.
        probability: of the predicted class.
        true_probability: of the true class.
        image: uint8 (H, W, C) as the net saw it; None for a text or a window of numbers.
        text: the words as the net read them, or the range of each column of numbers; None for an image.
    """

    index: int
    item: int
    name: str | None
    true: str
    predicted: str
    probability: float
    true_probability: float
    image: np.ndarray | None = None
    text: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pixels, as JSON."""
        return {key: value for key, value in asdict(self).items() if key != "image"}


def plot_mistakes(
    mistakes: Sequence[Mistake], to_file: str | Path, *, title: str | None = None, dpi: float = 144
) -> Path:
    """Draw mistakes in rows of six, under each the true class, the predicted one and its probability.

    Args:
        mistakes: of an image run, from `zoo.runs.confusion`.
        to_file: .png, .svg or .pdf.

    Raises:
        ZooError: no mistakes to draw, texts, an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    if not mistakes or mistakes[0].image is None:
        what = "these mistakes are texts" if mistakes else "there is no mistake to draw"
        raise ZooError(what, "at least one image")
    return written(path, lambda target: save(_figure(mistakes, title), target, dpi))


def _figure(mistakes: Sequence[Mistake], title: str | None) -> Any:
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(mistakes))
    rows = -(-len(mistakes) // columns)
    high = SIDE * mistakes[0].image.shape[0] / mistakes[0].image.shape[1]
    figure = Figure(
        figsize=(max(SIDE * columns, 3.6), (high + 0.5) * rows + (0.4 if title else 0.05)),
        facecolor="white",
        layout="constrained",
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
        ax.set_anchor("N")
    for ax, mistake in zip(axes, mistakes, strict=False):
        show(ax, mistake.image)
        lines = (
            (f"true: {mistake.true}", "#18181b"),
            (f"predicted: {mistake.predicted}", RED),
            (f"{mistake.probability:.1%}, {mistake.name or f'#{mistake.index}'}", GREY),
        )
        for k, (words, colour) in enumerate(lines):
            ax.annotate(
                cut(words, LONGEST),
                (0.5, 0),
                (0, -2 - 9.5 * k),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7.5,
                color=colour,
                parse_math=False,
            )
    if title:
        figure.suptitle(title, fontsize=11, parse_math=False)
    return figure


def show(ax: Any, image: Any) -> None:
    """An image of uint8 (H, W, 1 or 3), pixels as they are while they are few."""
    grey = image.shape[-1] == 1
    ax.imshow(
        image[..., 0] if grey else image,
        cmap="gray" if grey else None,
        vmin=0,
        vmax=255,
        interpolation="nearest" if max(image.shape) <= 64 else "antialiased",
    )


def cut(words: str, longest: int) -> str:
    """At most so many characters; of a file's path the end is kept, of other words the beginning."""
    if len(words) <= longest:
        return words
    return f"…{words[1 - longest :]}" if "/" in words else f"{words[: longest - 1]}…"
