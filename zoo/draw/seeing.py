"""What a net of images sees, by matplotlib: heat over a photo, the first filters, the maps of a layer."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.draw.contact import cut, show
from zoo.draw.style import INK, MUTED
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written
from zoo.io.formats import shape_text

if TYPE_CHECKING:
    import numpy as np


MOST_TILES = 64  # of filters or maps in one picture
MOST_COLUMNS = 8
TOP = 5  # classes beside a photo
FINE = 256  # values along the longer side of an overlay, at least
STRENGTH = 0.85  # opacity where the heat is greatest
ACCENT, PALE = "#b91c1c", "#a1a1aa"


Window = tuple[float, float, float, float]  # top, left, height, width of what the net sees, in a photo's pixels


@dataclass(frozen=True)
class Filters:
    """The weights of the first layer with a kernel over the image.

    Attributes:
        layer: its name.
        kernels: float32 (h, w, C, n), n filters; of a dense layer on the pixels h and w are the image's.
    """

    layer: str
    kernels: np.ndarray

    def _repr_png_(self) -> bytes:
        return png_of(filters_figure(self))


@dataclass(frozen=True)
class Maps:
    """What a layer makes of one image.

    Attributes:
        layer: its name.
        maps: float32 (h, w, n).
        image: as it was given to the model, (H, W, C).
    """

    layer: str
    maps: np.ndarray
    image: np.ndarray

    def _repr_png_(self) -> bytes:
        return png_of(maps_figure(self))


@dataclass(frozen=True)
class Heat:
    """Where in a photo the evidence for a class lies, by Grad-CAM.

    Attributes:
        input: the file, or "array".
        photo: uint8 (H, W, 3) at its own resolution.
        heat: float32 (h, w), not below 0, on the grid of the layer's maps; all 0 where nothing speaks for the class.
        window: top, left, height, width of what the net saw, in the photo's pixels.
        layer: whose maps.
        class_name: the class explained.
        probabilities: of all classes, by falling order.
    """

    input: str
    photo: np.ndarray
    heat: np.ndarray
    window: Window
    layer: str
    class_name: str
    probabilities: dict[str, float]

    def on_photo(self, scale: int = 1) -> np.ndarray:
        """The heat between the positions of the grid interpolated, its largest value 1.

        Args:
            scale: how many values for a pixel's side.

        Returns:
            float32 (scale H, scale W), NaN where the net did not see the photo.
        """
        import numpy as np

        height, width = (side * scale for side in self.photo.shape[:2])
        top, left, tall, wide = (side * scale for side in self.window)
        rows, seen_rows = _places(height, top, tall, self.heat.shape[0])
        columns, seen_columns = _places(width, left, wide, self.heat.shape[1])
        out = _between(_between(self.heat / (self.heat.max() or 1), rows).T, columns).T
        return np.where(seen_rows[:, None] & seen_columns, out, np.nan).astype("float32")

    def to_dict(self) -> dict[str, Any]:
        """Everything but the photo, as JSON."""
        return {
            "input": self.input,
            "label": next(iter(self.probabilities)),
            "probability": next(iter(self.probabilities.values())),
            "class": self.class_name,
            "layer": self.layer,
            "window": [float(side) for side in self.window],
            "heat": self.heat.tolist(),
            "probabilities": self.probabilities,
        }

    def _repr_png_(self) -> bytes:
        return png_of(heats_figure([self]))


def plot_heats(heats: Sequence[Heat], to_file: str | Path, *, dpi: float = 144) -> Path:
    """Draw photos, each with the heat of a class over it and its likeliest classes.

    Args:
        heats: from `zoo.analysis.explain.opening.explain`.
        to_file: .png, .svg or .pdf.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    return _written(to_file, lambda: heats_figure(heats), dpi)


def plot_filters(filters: Filters, to_file: str | Path, *, dpi: float = 144) -> Path:
    """Draw the first filters, from `zoo.analysis.explain.maps.filters`, as `plot_heats`."""
    return _written(to_file, lambda: filters_figure(filters), dpi)


def plot_maps(maps: Maps, to_file: str | Path, *, dpi: float = 144) -> Path:
    """Draw the maps of a layer, from `zoo.analysis.explain.maps.feature_maps`, as `plot_heats`."""
    return _written(to_file, lambda: maps_figure(maps), dpi)


def _written(to_file: str | Path, figure: Any, dpi: float) -> Path:
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    return written(path, lambda target: save(figure(), target, dpi))


def png_of(figure: Any, dpi: float = 100) -> bytes:
    """A figure as PNG, for notebooks."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=dpi, metadata={"Software": None})
    return target.getvalue()


def heats_figure(heats: Sequence[Heat]) -> Any:
    """A row for each photo: as it is, with the heat over it in grey, its likeliest classes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.75 * len(heats)), facecolor="white", layout="constrained")
    axes = figure.subplots(len(heats), 3, squeeze=False, width_ratios=(1, 1.06, 0.9))
    for (left, middle, right), heat in zip(axes, heats, strict=True):
        left.set_anchor("N")
        left.set_axis_off()
        show(left, heat.photo)
        left.set_title(cut(heat.input, 34), fontsize=9, color=MUTED, parse_math=False)
        _overlay(figure, middle, heat)
        _bars(right, heat)
    return figure


def _overlay(figure: Any, ax: Any, heat: Heat) -> None:
    import numpy as np

    height, width = heat.photo.shape[:2]
    grey = heat.photo @ np.array([0.299, 0.587, 0.114])
    show(ax, np.repeat(grey[..., None], 3, axis=2).astype("uint8"))
    fine = heat.on_photo(scale=max(1, math.ceil(FINE / max(height, width))))
    image = ax.imshow(
        fine, cmap=_glow(), vmin=0, vmax=1, extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="nearest"
    )
    ax.set_title(f"evidence for {cut(heat.class_name, 22)}", fontsize=9, parse_math=False)
    if not heat.heat.any():
        ax.annotate(
            "none at this layer",
            (0.5, 0.5),
            xycoords="axes fraction",
            ha="center",
            va="center",
            fontsize=9,
            color="white",
            bbox={"facecolor": INK, "edgecolor": "none"},
        )
    ax.spines[:].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(f"Grad-CAM, {heat.layer}, {shape_text(heat.heat.shape)}", fontsize=8, color=MUTED, parse_math=False)
    bar = figure.colorbar(image, ax=ax, shrink=0.85, pad=0.02, ticks=(0, 0.5, 1), anchor=(0, 1), panchor=(0.5, 1))
    bar.ax.set_yticklabels(("0", "", "most"), fontsize=8)
    bar.outline.set_visible(False)


def _glow() -> Any:
    """From nothing over yellow to red, the stronger the less of the photo shows through."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    colours = colormaps["YlOrRd"](range(256))
    colours[:, 3] = [STRENGTH * (k / 255) ** 0.7 for k in range(256)]
    return ListedColormap(colours, "glow")


def _bars(ax: Any, heat: Heat) -> None:
    top = list(heat.probabilities.items())[:TOP]
    if heat.class_name not in dict(top):
        top[-1] = (heat.class_name, heat.probabilities[heat.class_name])
    names = [cut(name, 20) for name, _ in top]
    colours = [ACCENT if name == heat.class_name else PALE for name, _ in top]
    ax.barh(range(len(top)), [p for _, p in top], color=colours, height=0.62)
    ax.set_yticks(range(len(top)), names, fontsize=9, parse_math=False)
    for label, colour in zip(ax.get_yticklabels(), colours, strict=True):
        label.set_fontweight("bold" if colour == ACCENT else "normal")
    ax.set_ylim(max(len(top), TOP) - 0.4, -0.6)
    ax.set_xlim(0, 1.28)
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for place, (_, p) in enumerate(top):
        ax.annotate(f"{p:.1%}", (p, place), (3, 0), textcoords="offset points", va="center", fontsize=8.5, color=INK)
    ax.set_title("probability", fontsize=9, loc="left")


def filters_figure(filters: Filters) -> Any:
    """Filters over RGB in their own colours; over other channels with a common scale, 0 white."""
    import numpy as np

    kernels = filters.kernels
    colours = kernels.shape[2] == 3
    if colours:
        low, high = kernels.min(axis=(0, 1, 2)), kernels.max(axis=(0, 1, 2))
        tiles = np.moveaxis((kernels - low) / np.maximum(high - low, 1e-12), -1, 0)
        how = "each brought to its own range"
    else:
        tiles = np.moveaxis(kernels.mean(axis=2), -1, 0)
        how = "" if kernels.shape[2] == 1 else f"mean over {kernels.shape[2]} channels"
    limit = float(np.abs(tiles).max()) or 1.0
    count = f"{shape_text(kernels.shape[:3])}{_first(len(tiles), 'filters')}"
    title = f"{filters.layer}: {count}{', ' * bool(how)}{how}"
    words = {} if colours else {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "label": "weight"}
    return _tiles(tiles, title, **words)


def maps_figure(maps: Maps) -> Any:
    """The maps with a common scale, so that those that see nothing stay dark."""
    import numpy as np

    tiles = np.moveaxis(maps.maps, -1, 0)
    low, high = float(tiles.min()), float(np.percentile(tiles, 99.8))
    negative = low < -1e-6
    limit = max(abs(low), abs(high)) or 1.0
    words = (
        {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
        if negative
        else {"cmap": "magma", "vmin": 0, "vmax": high or 1.0}
    )
    title = f"{maps.layer}: {shape_text(maps.maps.shape[:2])}{_first(len(tiles), 'maps')}"
    return _tiles(tiles, title, label="output", **words)


def _first(count: int, what: str) -> str:
    return f", {count} {what}" if count <= MOST_TILES else f", the first {MOST_TILES} of {count:,} {what}"


def _tiles(tiles: Any, title: str, *, label: str | None = None, **words: Any) -> Any:
    from matplotlib.figure import Figure

    tiles = tiles[:MOST_TILES]
    columns = min(range(MOST_COLUMNS, 3, -1), key=lambda columns: -len(tiles) % columns)  # no hole at the end
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    high = tiles.shape[1] / tiles.shape[2]
    figure = Figure(
        figsize=(max(0.95 * columns + (0.8 if label else 0.1), 4.6), 0.95 * high * rows + 0.45),
        facecolor="white",
        layout="constrained",
    )
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    for number, (ax, tile) in enumerate(zip(axes.ravel(), tiles, strict=False)):
        image = ax.imshow(tile, interpolation="nearest", **words)
        ax.set_title(str(number), fontsize=6, color=MUTED, pad=1.5)
    if label:
        bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3 / rows), aspect=18, pad=0.02)
        bar.ax.tick_params(labelsize=7)
        bar.set_label(label, fontsize=8)
        bar.outline.set_visible(False)
    figure.suptitle(title, fontsize=9.5, parse_math=False)
    return figure


def _places(pixels: int, first: float, extent: float, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel's centre its place among the cells' centres, and whether it lies within their extent."""
    import numpy as np

    share = (np.arange(pixels) + 0.5 - first) / extent
    return np.clip(share * cells - 0.5, 0, cells - 1), (share >= 0) & (share <= 1)


def _between(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(cells, n) at these places along the first axis -> (places, n), linearly."""
    import numpy as np

    low = np.minimum(places.astype(int), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    share = (places - low)[:, None]
    return values[low] * (1 - share) + values[high] * share
