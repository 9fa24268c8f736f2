"""What stands inside a net of images: its first filters, the maps of a layer, and Grad-CAM over them.

R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017,
https://arxiv.org/abs/1610.02391. The weight of map k for class c is the mean of d y^c / d A^k over its positions
(Eq. 1), y^c the logit; the heat is ReLU(sum over k of weight times A^k) (Eq. 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.draw.seeing import Filters, Maps
from zoo.errors import ZooError, did_you_mean
from zoo.runs.net import output_in, scores, up_to_logits

if TYPE_CHECKING:
    import keras
    import numpy as np


def grad_cam(
    model: keras.Model, images: np.ndarray, classes: int | Sequence[int] | None = None, *, layer: str | None = None
) -> np.ndarray:
    """Where in an image the evidence for a class lies.

    Args:
        model: a net of images; of several outputs the first counts, and not its softmax but the logits before it.
        images: as the model takes them, (N, H, W, C), or one (H, W, C).
        classes: the index of a class for all images or for each; by default the likeliest. One logit counts as two
            classes, 1 for it and 0 against it.
        layer: whose maps; by default the last of convolutions that has more than one position.

    Returns:
        float32 (N, h, w), or (h, w) for one image, not below 0, on the grid of the layer's maps.

    Raises:
        ZooError: no such layer, a net without maps, a class that is not there.
    """
    import numpy as np
    import tensorflow as tf

    images = np.asarray(images, "float32")
    single = images.ndim == 3
    batch = images[None] if single else images
    net = up_to_logits(model)
    both = _with_maps(net, layer)
    with tf.GradientTape() as tape:
        given = tf.convert_to_tensor(batch)
        tape.watch(given)
        maps, logits = both(given, training=False)
        found = scores(logits, _indices(classes, logits, len(batch)))
    slopes = tape.gradient(found, maps)
    if slopes is None:
        raise ZooError(f"the logits of {model.name} do not depend on {layer}", "a layer before them")
    maps, slopes = (np.asarray(tf.cast(t, "float32")) for t in (maps, slopes))
    weights = slopes.mean(axis=(1, 2), keepdims=True)  # Eq. 1
    heat = np.maximum((weights * maps).sum(axis=-1), 0)  # Eq. 2
    return heat[0] if single else heat


def _indices(classes: int | Sequence[int] | None, logits: Any, count: int) -> list[int]:
    import numpy as np

    units = logits.shape[-1]
    if classes is None:
        rows = np.asarray(logits)
        return [int(i) for i in (rows.argmax(axis=1) if units > 1 else rows[:, 0] > 0)]
    given = [int(i) for i in np.broadcast_to(np.asarray(classes), (count,))]
    wrong = next((i for i in given if not 0 <= i < max(units, 2)), None)
    if wrong is not None:
        raise ZooError(f"there is no class {wrong}", f"0 to {max(units, 2) - 1}")
    return given


def _with_maps(net: keras.Model, layer: str | None) -> keras.Model:
    import keras

    found = _layer_with_maps(net, last_maps(net) if layer is None else layer)
    return keras.Model(net.input, [output_in(net, found), net.output])


def map_layers(model: keras.Model) -> list[str]:
    """The names of the layers that give maps (h, w, n), from input to output."""
    return [layer.name for layer in up_to_logits(model).layers if _has_maps(layer) and not _is_input(layer)]


def last_maps(model: keras.Model) -> str:
    """The layer that Grad-CAM looks at: the last maps of more than one position before pooling and flattening.

    Raises:
        ZooError: the net has no convolution.
    """
    import keras

    passing = tuple(
        getattr(keras.layers, name)
        for name in dir(keras.layers)
        if name.endswith("2D") and ("Pooling" in name or name in ("ZeroPadding2D", "Cropping2D"))
    )
    passing += (keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.Reshape)
    layers = up_to_logits(model).layers
    first = next((i for i, layer in enumerate(layers) if _is_convolution(layer)), len(layers))
    for layer in reversed(layers[first:]):
        if _has_maps(layer) and not isinstance(layer, passing) and _positions(layer) > 1:
            return layer.name
    raise ZooError(
        f"{model.name} has no maps of convolutions",
        "a convolutional net of images",
        "its first layer is shown by --filters",
    )


def _layer_with_maps(model: keras.Model, name: str) -> keras.layers.Layer:
    known = map_layers(model)
    if name in known:
        return model.get_layer(name)
    if not known:
        raise ZooError(f"{model.name} has no maps", "a net with convolutions", "its first layer is shown by --filters")
    has = any(layer.name == name for layer in model.layers)
    what = f"layer {name} of {model.name} gives no maps" if has else f"{model.name} has no layer '{name}'"
    raise ZooError(what, "a layer with maps", did_you_mean(name, known))


def _is_input(layer: keras.layers.Layer) -> bool:
    import keras

    return isinstance(layer, keras.layers.InputLayer)


def _has_maps(layer: keras.layers.Layer) -> bool:
    shape = getattr(getattr(layer, "output", None), "shape", ())
    return len(shape) == 4


def _positions(layer: keras.layers.Layer) -> int:
    return math.prod(side or 2 for side in layer.output.shape[1:3])  # an open side has room


def _is_convolution(layer: keras.layers.Layer) -> bool:
    inner = [layer, *getattr(layer, "layers", ())]  # a whole net may be a layer of another
    return any("Conv" in type(part).__name__ for part in inner) and _has_maps(layer)


def filters(model: keras.Model) -> Filters:
    """The filters of the first layer: what the net looks for in the pixels themselves.

    Raises:
        ZooError: not a net of images.
    """
    import numpy as np

    shape = tuple(model.inputs[0].shape[1:])
    layer = next((layer for layer in _flat_layers(model) if getattr(layer, "kernel", None) is not None), None)
    kernels = None if layer is None or len(shape) != 3 else np.asarray(layer.kernel, "float32")
    if kernels is not None and kernels.ndim == 2 and kernels.shape[0] == np.prod(shape):
        kernels = kernels.reshape(*shape, -1)  # a dense layer on the flattened image
    if kernels is None or kernels.ndim != 4:
        raise ZooError(f"the first layer of {model.name} has no filters over an image", "a net of images")
    return Filters(layer.name, kernels)


def _flat_layers(model: keras.Model) -> list[keras.layers.Layer]:
    return [inner for layer in model.layers for inner in (_flat_layers(layer) if hasattr(layer, "layers") else [layer])]


def feature_maps(model: keras.Model, image: np.ndarray, layer: str) -> Maps:
    """What a layer makes of an image.

    Args:
        model: a net of images.
        image: as the model takes it, (H, W, C).
        layer: its name; `map_layers(model)` lists them.

    Raises:
        ZooError: no such layer, or one without maps.
    """
    import keras
    import numpy as np

    image, net = np.asarray(image, "float32"), up_to_logits(model)
    part = keras.Model(net.input, output_in(net, _layer_with_maps(net, layer)))
    return Maps(layer, np.asarray(keras.ops.cast(part(image[None], training=False), "float32"))[0], image)
