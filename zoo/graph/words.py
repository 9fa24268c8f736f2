"""What stands on the box of a layer: its kind (the colour), its title in the papers' manner, its suffix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]

# kind -> what the legend says
KINDS = {
    "input": "input",
    "embedding": "embedding",
    "conv": "convolution",
    "depthwise": "depthwise or separable convolution",
    "dense": "dense",
    "recurrent": "recurrent",
    "pool": "pooling",
    "norm": "normalization",
    "activation": "activation",
    "shape": "reshaping",
    "join": "join",
    "model": "nested model",
    "other": "other layer",
}

ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "swish": "SiLU",
    "leaky_relu": "leaky ReLU",
    "softmax": "softmax",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "hard_sigmoid": "hard sigmoid",
    "hard_silu": "hard SiLU",
}

JOINS = {
    "Add": "+",
    "Concatenate": "concat",
    "Multiply": "×",
    "Average": "average",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Subtract": "-",
    "Dot": "dot",
}


POOLS = (("Max", "max"), ("Average", "avg"))


@dataclass(frozen=True)
class Words:
    """The words of one layer.

    `joins`: the layer is written on the box before it (normalization, activation, dropout) rather than on its
    own; "before" puts it on the box after it (padding). `suffix` is what it adds there, or, for a box of its
    own, what it does besides its title (its activation).
    """

    kind: str
    title: str
    joins: bool | str
    suffix: str
    identity: tuple[Any, ...]


def describe(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    """The words for `layer`, found by the first class in its ancestry that has a rule here."""
    for cls in type(layer).__mro__:
        rule = _RULES.get(cls.__name__)
        if rule is not None:
            return rule(layer, in_shapes, shape)
    if hasattr(layer, "layers"):
        return _words("model", f"model {model_name(layer)}", identity=(layer.name,))
    title = _spaced(type(layer).__name__)
    return _words("other", title, suffix=_activation(layer), identity=(title, _config(layer)))


def model_name(model: Any) -> str:
    """The name of a model, without Keras's number for one that was given none."""
    return re.sub(r"_\d+$", "", model.name) if is_made_up(model.name, type(model).__name__) else model.name


def is_made_up(name: str, layer_class: str) -> bool:
    """Whether a name is of Keras's making, as `conv2d_3` of a Conv2D."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", layer_class).lower()
    plain = re.sub(r"(_\d+)?(:\d+)?$", "", name)
    return plain.replace("_", "") in (snake.replace("_", ""), "input")


def _words(kind, title, *, joins=False, suffix="", identity=()) -> Words:
    return Words(kind, title, joins, suffix, (kind, title, suffix, *identity))


def _conv(word: str, kind: str):
    def rule(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
        kernel = _sides(layer.kernel_size)
        filters = "" if word == "depthwise" else f", {shape[-1]}" if shape else ""
        extras = _strides(layer.strides)
        if getattr(layer, "groups", 1) > 1 and word == "conv":
            extras += f", {layer.groups} groups"
        if any(d > 1 for d in tuple(layer.dilation_rate)):
            extras += f", dilated {_sides(layer.dilation_rate)}"
        identity = (layer.padding, bool(layer.use_bias))
        return _words(kind, f"{kernel} {word}{filters}{extras}", suffix=_activation(layer), identity=identity)

    return rule


def _pool(word: str):
    def rule(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
        if not hasattr(layer, "pool_size"):
            return _words("pool", f"global {'average' if word == 'avg' else word} pool")
        title = f"{_sides(layer.pool_size)} {word} pool{_strides(layer.strides)}"
        return _words("pool", title, suffix=_activation(layer), identity=(layer.padding,))

    return rule


def _adaptive_pool(word: str):
    def rule(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
        return _words("pool", f"{word} pool to {'×'.join(str(side) for side in shape[:-1])}")

    return rule


def _recurrent(word: str):
    def rule(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
        identity = (bool(layer.return_sequences), getattr(layer, "reset_after", None))
        return _words("recurrent", f"{word}, {layer.units}", identity=identity)

    return rule


def _dense(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("dense", f"dense, {layer.units}", suffix=_activation(layer), identity=(bool(layer.use_bias),))


def _embedding(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("embedding", f"embedding, {layer.input_dim:,} × {layer.output_dim}")


def _norm(word: str):
    def rule(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
        identity = tuple(getattr(layer, key, None) for key in ("epsilon", "scale", "center"))
        return _words("norm", word, joins=True, suffix=word, identity=identity)

    return rule


def _activation_layer(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    word = _activation(layer) or ("linear" if type(layer).__name__ == "Activation" else "")
    if type(layer).__name__ == "ReLU":
        top = getattr(layer, "max_value", None)
        word = "ReLU" if top is None else f"ReLU{top:g}"
    word = word or ACTIVATIONS.get(_spaced(type(layer).__name__).replace(" ", "_")) or _spaced(type(layer).__name__)
    return _words("activation", word, joins=True, suffix=word)


def _dropout(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    word = f"dropout {layer.rate:g}"
    return _words("activation", word, joins=True, suffix=word)


def _padding(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    padding = layer.padding
    pairs = [tuple(pair) if isinstance(pair, (list, tuple)) else (pair, pair) for pair in _listed(padding)]
    sides = sorted({side for pair in pairs for side in pair})
    text = f"pad {sides[0]}" if len(sides) == 1 else "pad " + "/".join(f"{a},{b}" for a, b in dict.fromkeys(pairs))
    return _words("shape", text, joins="before", suffix=text)


def _shaping(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("shape", _spaced(type(layer).__name__), identity=(shape,))


def _join(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("join", next(JOINS[cls.__name__] for cls in type(layer).__mro__ if cls.__name__ in JOINS))


def _input(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("input", "input" if layer.name.startswith("input") else f"input {layer.name}")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _sides(size: Any) -> str:
    sides = [int(side) for side in _listed(size)]
    return "×".join(str(side) for side in sides) if len(sides) > 1 else f"{sides[0]}-wide"


def _strides(strides: Any) -> str:
    sides = [int(side) for side in _listed(strides)]
    if all(side == 1 for side in sides):
        return ""
    return f", /{sides[0]}" if len(set(sides)) == 1 else ", /" + "×".join(map(str, sides))


def _activation(layer: Any) -> str:
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", type(function).__name__ if function is not None else "linear")
    return "" if name == "linear" else ACTIVATIONS.get(name, _spaced(name))


def _spaced(name: str) -> str:
    """`ScaledTanh` -> "scaled tanh", `RBFOutput` -> "RBF output"."""
    words: list[str] = []
    for char, before, after in zip(name, " " + name, name[1:] + " ", strict=False):
        starts = char.isupper() and not before.isdigit() and (not before.isupper() or after.islower())
        if starts or not words:
            words.append(char)
        else:
            words[-1] += char
    spaced = " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in words)
    return spaced.replace("_", " ").strip()


def _config(layer: Any) -> str:
    """A custom layer's own settings, so that two with other settings are not folded together."""
    try:
        config = dict(layer.get_config())
    except (NotImplementedError, TypeError):
        return layer.name if hasattr(layer, "name") else ""
    return repr(sorted((key, repr(value)) for key, value in config.items() if key != "name"))


def _named(kind: str, title: str):
    """A layer of zoo.layers whose class name says less than the paper does."""

    def rule(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
        return _words(kind, title, suffix=_activation(layer), identity=(_config(layer),))

    return rule


def _scaled_tanh(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("activation", "scaled tanh", joins=True, suffix="scaled tanh")


def _connection_table(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    title = f"{layer.kernel_size}×{layer.kernel_size} conv, {shape[-1]}, table"
    return _words("conv", title, suffix=_activation(layer), identity=(_config(layer),))


def _rescaling(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    scale, offset = (f"{v:g}" if isinstance(v, (int, float)) else "…" for v in (layer.scale, layer.offset))
    return _words("other", f"× {scale}" + (f" + {offset}" if offset != "0" else ""), identity=(_config(layer),))


def _rbf(layer: Any, in_shapes: list[Shape], shape: Shape) -> Words:
    return _words("dense", f"RBF, {shape[-1]}")


_RULES: dict[str, Any] = {
    "InputLayer": _input,
    "Conv1D": _conv("conv", "conv"),
    "Conv2D": _conv("conv", "conv"),
    "Conv3D": _conv("conv", "conv"),
    "Conv1DTranspose": _conv("transposed conv", "conv"),
    "Conv2DTranspose": _conv("transposed conv", "conv"),
    "DepthwiseConv1D": _conv("depthwise", "depthwise"),
    "DepthwiseConv2D": _conv("depthwise", "depthwise"),
    "SeparableConv1D": _conv("separable", "depthwise"),
    "SeparableConv2D": _conv("separable", "depthwise"),
    "Dense": _dense,
    "Embedding": _embedding,
    "LSTM": _recurrent("LSTM"),
    "GRU": _recurrent("GRU"),
    "SimpleRNN": _recurrent("simple RNN"),
    "BatchNormalization": _norm("BN"),
    "LayerNormalization": _norm("LN"),
    "GroupNormalization": _norm("GN"),
    "LocalResponseNormalization": _norm("LRN"),
    "LRN": _norm("LRN"),
    "Activation": _activation_layer,
    "ReLU": _activation_layer,
    "LeakyReLU": _activation_layer,
    "PReLU": _activation_layer,
    "ELU": _activation_layer,
    "Softmax": _activation_layer,
    "Dropout": _dropout,
    "SpatialDropout1D": _dropout,
    "SpatialDropout2D": _dropout,
    "ZeroPadding1D": _padding,
    "ZeroPadding2D": _padding,
    "ScaledTanh": _scaled_tanh,
    "Subsampling": _named("pool", "2×2 subsampling"),
    "ConnectionTableConv2D": _connection_table,
    "RBF": _rbf,
    "Rescaling": _rescaling,
    "OptionAShortcut": _named("shape", "subsample, pad channels"),
    "Flatten": _shaping,
    "Reshape": _shaping,
    "Permute": _shaping,
    "Cropping2D": _shaping,
    "UpSampling2D": _shaping,
    **{
        f"{prefix}{name}Pooling{d}D": _pool(word)
        for d in (1, 2, 3)
        for name, word in POOLS
        for prefix in ("", "Global")
    },
    **{f"Adaptive{name}Pooling{d}D": _adaptive_pool(word) for d in (1, 2, 3) for name, word in POOLS},
    **{name: _join for name in JOINS},
}
