"""What a net of images sees in a photo: classes with their probabilities, and the heat of one class over the photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.analysis.explain.maps import feature_maps, grad_cam, last_maps
from zoo.draw.seeing import Heat, Maps
from zoo.runs.net import Net, softmax

if TYPE_CHECKING:
    import numpy as np


def heats(net: Net, inputs: Sequence[Any], class_name: str | None, layer: str | None) -> list[Heat]:
    """Grad-CAM of each photo for a class, by default its likeliest; see `zoo.analysis.explain.opening.explain`."""
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

    from zoo.data.images.decoding import decode

    if isinstance(given, (str, Path)):
        return decode(tf.constant(Path(given).read_bytes())).numpy()
    pixels = np.asarray(given)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    pixels = pixels[..., :1] if pixels.shape[2] == 2 else pixels[..., :3]
    return np.broadcast_to(np.clip(np.rint(pixels), 0, 255).astype("uint8"), (*pixels.shape[:2], 3))


def name_of(given: Any) -> str:
    """How an input is called."""
    return str(given) if isinstance(given, (str, Path)) else "array"
