"""What a net of images sees in a photo: classes with their probabilities, and the heat of one class over the photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.explaining.maps import Maps, feature_maps, grad_cam, last_maps
from zoo.explaining.nets import Net, Window, softmax

if TYPE_CHECKING:
    import numpy as np


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
        from zoo.drawing import seeing

        return seeing.png_of(seeing.heats_figure([self]))


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


def heats(net: Net, inputs: Sequence[Any], class_name: str | None, layer: str | None) -> list[Heat]:
    """Grad-CAM of each photo for a class, by default its likeliest; see `zoo.explaining.explain`."""
    import numpy as np

    layer = last_maps(net.model) if layer is None else layer
    batch = net.batch(inputs)
    with net.place():
        probabilities = softmax(np.asarray(net.model(batch, training=False), "float32"))
        classes = [net.class_index(class_name, row) for row in probabilities]
        grids = grad_cam(net.model, batch, classes, layer=layer)
    out = []
    for given, row, index, grid in zip(inputs, probabilities, classes, grids, strict=True):
        photo = photo_of(given)
        order = np.argsort(-row, kind="stable")
        out.append(
            Heat(
                input=name_of(given),
                photo=photo,
                heat=grid,
                window=net.window(*photo.shape[:2]),
                layer=layer,
                class_name=net.class_names[index],
                probabilities={net.class_names[i]: float(row[i]) for i in order},
            )
        )
    return out


def maps(net: Net, given: Any, layer: str) -> Maps:
    """The maps of a layer for one photo."""
    batch = net.batch([given])
    with net.place():
        return feature_maps(net.model, batch[0], layer)


def photo_of(given: Any) -> np.ndarray:
    """A file or an array of pixels, checked already -> uint8 (H, W, 3) as a viewer shows it."""
    import numpy as np
    import tensorflow as tf

    from zoo.data.decoding import decode

    if isinstance(given, (str, Path)):
        return decode(tf.constant(Path(given).read_bytes())).numpy()
    pixels = np.asarray(given)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    pixels = pixels[..., :1] if pixels.shape[2] == 2 else pixels[..., :3]
    return np.broadcast_to(np.clip(np.rint(pixels), 0, 255).astype("uint8"), (*pixels.shape[:2], 3))


def name_of(given: Any) -> str:
    """How an input is called."""
    return str(given) if isinstance(given, (str, Path)) else "array"
