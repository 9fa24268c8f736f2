"""The arithmetic behind a layer: its output shape, parameters, multiply-adds and receptive field, by formula.

Nothing is read off a built layer but its settings (units, kernel, stride, padding); the tests hold every
number against what Keras built. Every `Step.arithmetic` is one a pocket calculator can follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zoo.graph.formulas import units, windows
from zoo.graph.formulas.steps import FIELD, FIXED, MACS, PARAMETERS, RULES, Derivation, Shape, Step
from zoo.graph.formulas.windows import Reach

__all__ = ["FIELD", "FIXED", "MACS", "PARAMETERS", "RULES", "Derivation", "Reach", "Shape", "Step", "derive", "reach"]


def derive(layer: Any, inputs: Sequence[Shape]) -> Derivation | None:
    """Derive one call of `layer` on inputs of these shapes (without batch axis); None where no formula is known."""
    names = _names(layer)
    if "Bidirectional" in names:
        one = derive(layer.forward_layer, inputs)
        return one and units.bidirectional(one, layer)
    rule = next((_TABLE[name] for name in names if name in _TABLE), None)
    if rule is None or getattr(layer, "data_format", None) == "channels_first":
        return None
    return rule(layer, [tuple(shape) for shape in inputs])


def reach(layer: Any, before: Sequence[Reach | None], output: Shape) -> tuple[Reach | None, tuple[Step, ...]]:
    """How far a layer looks from how far its inputs look; None where there are no places, or no formula is known."""
    names = set(_names(layer))
    known = [b for b in before if b is not None]
    if not known or len(output) != 3 or names & _UNKNOWN or getattr(layer, "data_format", "") == "channels_first":
        return None, ()
    return windows.grown(layer, names, known)


def _names(layer: Any) -> list[str]:
    return [cls.__name__ for cls in type(layer).__mro__]


_UNKNOWN = {"Conv2DTranspose", "UpSampling2D"}
_KEPT = (
    "InputLayer",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Softmax",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Rescaling",
    "ScaledTanh",
    "LocalResponseNormalization",
    "Add",
    "Subtract",
    "Multiply",
    "Average",
    "Maximum",
    "Minimum",
)
_TABLE: dict[str, Callable[[Any, list[Shape]], Derivation | None]] = {
    **{f"Conv{d}D": windows.conv for d in (1, 2, 3)},
    **{f"DepthwiseConv{d}D": windows.depthwise for d in (1, 2)},
    **{f"SeparableConv{d}D": windows.separable for d in (1, 2)},
    **{f"{word}Pooling{d}D": windows.pool for d in (1, 2, 3) for word in ("Max", "Average")},
    **{f"Global{word}Pooling{d}D": windows.global_pool for d in (1, 2, 3) for word in ("Max", "Average")},
    **{f"ZeroPadding{d}D": windows.padding for d in (1, 2)},
    "ConnectionTableConv2D": windows.connection_table,
    "Subsampling": windows.subsampling,
    "OptionAShortcut": windows.option_a,
    "Dense": units.dense,
    "RBF": units.rbf,
    "Embedding": units.embedding,
    "BatchNormalization": units.batch_norm,
    "LSTM": units.recurrent(4, "lstm"),
    "GRU": units.recurrent(3, "gru"),
    "SimpleRNN": units.recurrent(1, "rnn"),
    "Flatten": units.flattened,
    "Concatenate": units.concatenated,
    **{name: units.kept for name in _KEPT},
}
