"""Parameters, multiply-adds (MACs) and receptive field of every layer of a built Keras model, counted.

MACs are the multiply-adds of convolutions, dense and recurrent layers for one input, as the papers count
them: biases, activations, normalization, pooling and additions are free. A "FLOP" of these papers is such a
MAC.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import keras

from zoo.catalog.spec import Counts
from zoo.errors import ZooError
from zoo.layers import RBF, ConnectionTableConv2D, OptionAShortcut, Subsampling

Pair = tuple[int, ...] | None


@dataclass(frozen=True)
class LayerCount:
    """What one layer holds and costs, for one input and without the batch axis."""

    name: str
    class_name: str
    input_shape: tuple
    output_shape: tuple
    trainable: int
    non_trainable: int
    macs: int | None  # None: the input's size is open, so there is no number
    kernel: Pair = None
    stride: Pair = None
    padding: str | None = None
    dilation: Pair = None
    groups: int = 1
    receptive_field: Pair = None  # in input pixels, along the widest path; None after a flatten


def count(model: keras.Model) -> Counts:
    """Trainable and total parameters and MACs of a built model (MACs None when its input's size is open).

    Shared layers are counted once in parameters and once per call in MACs.
    """
    rows = count_layers(model)
    macs = None if any(row.macs is None for row in rows) else sum(row.macs for row in rows)
    trainable = sum(math.prod(w.shape) for w in model.trainable_weights)
    frozen = sum(math.prod(w.shape) for w in model.non_trainable_weights)  # leaves out seeds of dropout
    return Counts(trainable, trainable + frozen, macs)


def count_layers(model: keras.Model) -> list[LayerCount]:
    """One `LayerCount` a layer and call, nested models walked (their layers are named "outer.inner").

    Raises:
        ZooError: the model has not been built, so there are no shapes to count.
    """
    if not getattr(_functional(model), "inputs", None) or not hasattr(_functional(model), "operations"):
        raise ZooError(
            f"the model '{model.name}' has not been built",
            "a functional or built model",
            "call it once, or give it a keras.Input",
        )
    return list(_walk(_functional(model), "", {}, set()))


def _walk(model, prefix: str, fields: dict, seen: set):
    """Layers in order; `fields` maps a tensor's id to (receptive field, jump) along its widest path."""
    for tensor in model.inputs:
        fields.setdefault(id(tensor), ((1, 1), (1, 1)) if len(tensor.shape) == 4 else None)
    for operation, node in _calls(model):
        if isinstance(operation, keras.Model):
            inner = _functional(operation)
            for inside, outside in zip(inner.inputs, node.input_tensors, strict=True):
                fields[id(inside)] = fields.get(id(outside))
            yield from _walk(inner, f"{prefix}{operation.name}.", fields, seen)
            for inside, outside in zip(inner.outputs, node.outputs, strict=True):
                fields[id(outside)] = fields.get(id(inside))
            continue
        row = _layer(operation, node, prefix, first=id(operation) not in seen)
        seen.add(id(operation))
        before = [fields.get(id(t)) for t in node.input_tensors] or [fields.get(id(t)) for t in node.outputs]
        after = _grow(operation, row, before)
        for tensor in node.outputs:
            fields[id(tensor)] = after
        yield dataclasses.replace(row, receptive_field=after[0] if after else None)


def _functional(model):
    return getattr(model, "_functional", None) or model


def _calls(model):
    """(operation, node) in topological order, once for each call that belongs to this model."""
    nodes = {id(node) for level in model._nodes_by_depth.values() for node in level}
    for operation in model.operations:
        for node in operation._inbound_nodes:
            if id(node) in nodes:
                yield operation, node


def _layer(layer, node, prefix: str, first: bool) -> LayerCount:
    shapes = [tuple(t.shape[1:]) for t in node.input_tensors] or [tuple(t.shape[1:]) for t in node.outputs]
    output = tuple(node.outputs[0].shape[1:])
    held = first and isinstance(layer, keras.layers.Layer)  # operations hold no weights
    trainable = sum(math.prod(w.shape) for w in layer.trainable_weights) if held else 0
    frozen = sum(math.prod(w.shape) for w in layer.non_trainable_weights) if held else 0
    return LayerCount(
        name=prefix + layer.name,
        class_name=type(layer).__name__,
        input_shape=shapes[0],
        output_shape=output,
        trainable=trainable,
        non_trainable=frozen,
        macs=macs(layer, shapes[0], output),
        **_geometry(layer),
    )


def _geometry(layer) -> dict:
    """kernel, stride, padding, dilation and groups of whatever slides over an image or a sequence."""
    L = keras.layers
    if isinstance(layer, ConnectionTableConv2D):
        return {"kernel": (layer.kernel_size,) * 2, "stride": (1, 1), "padding": "valid"}
    if isinstance(layer, Subsampling):
        return {"kernel": (2, 2), "stride": (2, 2), "padding": "valid"}
    if isinstance(layer, OptionAShortcut):
        return {"kernel": (1, 1), "stride": (layer.strides,) * 2, "padding": "valid"}
    if isinstance(layer, L.ZeroPadding2D):
        (top, bottom), (left, right) = layer.padding
        return {"padding": f"{top},{bottom},{left},{right}"}
    if not hasattr(layer, "strides") or not hasattr(layer, "padding"):
        return {}
    kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    dilation = getattr(layer, "dilation_rate", None)
    return {
        "kernel": _tuple(kernel),
        "stride": _tuple(layer.strides),
        "padding": layer.padding,
        "dilation": None if dilation is None else _tuple(dilation),
        "groups": getattr(layer, "groups", 1),
    }


def _tuple(value) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def macs(layer, input_shape: tuple, output_shape: tuple) -> int | None:
    """Multiply-adds of one call of `layer`; shapes without the batch axis. None when a needed size is open.

    convolution       outputs x kernel x (channels / groups); dilation changes nothing
    depthwise         outputs x kernel
    separable         depthwise at the output's size, then 1x1
    transposed        inputs x kernel x filters
    dense             inputs x units, at every position
    recurrent         steps x gates x units x (inputs + units)
    RBF               inputs x units
    """
    try:
        return _macs(layer, input_shape, output_shape)
    except TypeError:  # an open size (None) cannot be multiplied
        return None


def _macs(layer, input_shape, output_shape) -> int:
    L = keras.layers
    if isinstance(layer, (L.Conv1DTranspose, L.Conv2DTranspose, L.Conv3DTranspose)):
        return math.prod(_places(layer, input_shape)) * math.prod(layer.kernel.shape)
    if isinstance(layer, (L.SeparableConv1D, L.SeparableConv2D)):
        places = math.prod(_places(layer, output_shape))
        return places * (math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape))
    if isinstance(layer, (L.Conv1D, L.Conv2D, L.Conv3D, L.DepthwiseConv1D, L.DepthwiseConv2D)):
        return math.prod(_places(layer, output_shape)) * math.prod(layer.kernel.shape)
    if isinstance(layer, ConnectionTableConv2D):
        return math.prod(output_shape[:-1]) * math.prod(layer.kernel.shape)
    if isinstance(layer, L.Dense):
        return math.prod(output_shape[:-1]) * math.prod(layer.kernel.shape)
    if isinstance(layer, RBF):
        return math.prod(output_shape[:-1]) * math.prod(layer.prototypes.shape)
    if isinstance(layer, L.Bidirectional):
        return sum(_macs(half, input_shape, ()) for half in (layer.forward_layer, layer.backward_layer))
    if isinstance(layer, L.TimeDistributed):
        inner = _macs(layer.layer, input_shape[1:], output_shape[1:])
        return inner and input_shape[0] * inner
    if isinstance(layer, (L.SimpleRNN, L.LSTM, L.GRU)):
        cell = layer.cell
        return input_shape[0] * (math.prod(cell.kernel.shape) + math.prod(cell.recurrent_kernel.shape))
    return 0


def _places(layer, shape: tuple) -> tuple:
    return shape[1:] if layer.data_format == "channels_first" else shape[:-1]


def _grow(layer, row: LayerCount, before: list):
    """(receptive field, jump) behind a layer: r + (k - 1) d j and j s (Dumoulin and Visin 2016, Sec. 5)."""
    L = keras.layers
    before = [b for b in before if b is not None]
    if not before or len(row.output_shape) != 3:
        return None
    field = tuple(max(b[0][axis] for b in before) for axis in (0, 1))
    jump = tuple(max(b[1][axis] for b in before) for axis in (0, 1))
    if isinstance(layer, (L.Conv2DTranspose, L.UpSampling2D)) or getattr(layer, "data_format", None) == (
        "channels_first"
    ):
        return None
    if row.kernel is None or row.stride is None:
        return field, jump
    spread = [(k - 1) * d for k, d in zip(row.kernel, row.dilation or (1, 1), strict=True)]
    field = tuple(f + s * j for f, s, j in zip(field, spread, jump, strict=True))
    return field, tuple(j * s for j, s in zip(jump, row.stride, strict=True))
