"""Layers without a window: dense, tables of words, recurrent layers, normalization, and those that only reshape."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from zoo.graph.formulas.steps import FIXED, MACS, PARAMETERS, Derivation, Shape, Step, cost, made, times, weights


def dense(layer: Any, inputs: list[Shape]) -> Derivation:
    """A dense layer, at every place."""
    *places, m = inputs[0]
    n = layer.units
    price = cost(tuple(places), f"{m}*{n}", m * n, "dense")
    return made(
        (*places, n), weights(f"{m}*{n}", m * n, n if layer.use_bias else 0, "dense"), price, open_size=price is None
    )


def rbf(layer: Any, inputs: list[Shape]) -> Derivation:
    """LeCun 1998, Eq. 7."""
    m, n = inputs[0][-1], layer.units
    return made((n,), Step(FIXED, f"{m}*{n}", m * n, "rbf"), Step(MACS, f"{m}*{n}", m * n, "rbf"))


def embedding(layer: Any, inputs: list[Shape]) -> Derivation:
    """A table of word vectors."""
    words, dimensions = layer.input_dim, layer.output_dim
    return made((*inputs[0], dimensions), Step(PARAMETERS, f"{words}*{dimensions}", words * dimensions, "embedding"))


def batch_norm(layer: Any, inputs: list[Shape]) -> Derivation:
    """Batch normalization, with or without its scale and centre."""
    channels = inputs[0][layer.axis if layer.axis < 0 else layer.axis - 1]
    own = [word for word, used in (("gamma", layer.scale), ("beta", layer.center)) if used]
    trained = Step(PARAMETERS, f"{len(own)} * {channels}", len(own) * channels, "bn", " and ".join(own))
    moving = Step(FIXED, f"2 * {channels}", 2 * channels, "bn", "moving mean and variance")
    return made(inputs[0], trained if own else None, moving)


def recurrent(gates: int, rule: str) -> Callable[[Any, list[Shape]], Derivation]:
    """The rule of a recurrent layer with so many gates."""

    def derived(layer: Any, inputs: list[Shape]) -> Derivation:
        steps, m = inputs[0]
        n = layer.units
        double = getattr(layer, "reset_after", False)
        biases = (2 * n if double else n) if layer.use_bias else 0
        shown = (f" + 2*{n}" if double else f" + {n}") if biases else ""
        one = f"({m} + {n})*{n}{shown}" if gates == 1 else f"{gates}*({n}*({m} + {n}){shown})"
        held = Step(PARAMETERS, one, gates * (n * (m + n) + biases), "gru2" if double else rule)
        price = cost((steps,), f"{gates} * {n}*({m} + {n})", gates * n * (m + n), "steps")
        return made((steps, n) if layer.return_sequences else (n,), held, price, open_size=price is None)

    return derived


def bidirectional(one: Derivation, layer: Any) -> Derivation | None:
    """Twice one direction; the outputs are joined, or combined."""
    if layer.merge_mode is None:
        return None
    *places, n = one.shape
    steps = [dataclasses.replace(s, arithmetic=f"2 * {_bracketed(s.arithmetic)}", value=2 * s.value) for s in one.steps]
    if layer.merge_mode != "concat":
        return made(one.shape, *steps, open_size=one.macs is None)
    return made((*places, 2 * n), *steps, Step("features", f"{n} + {n}", 2 * n, "both"), open_size=one.macs is None)


def _bracketed(arithmetic: str) -> str:
    """Brackets where a sum stands outside of brackets."""
    outside, depth = "", 0
    for char in arithmetic:
        depth += (char == "(") - (char == ")")
        outside += char if depth == 0 else ""
    return f"({arithmetic})" if "+" in outside else arithmetic


def kept(layer: Any, inputs: list[Shape]) -> Derivation:
    """Layers that change no shape and hold no weights."""
    return made(inputs[0])


def flattened(layer: Any, inputs: list[Shape]) -> Derivation:
    """All places in one row."""
    if None in inputs[0]:
        return made((None,))
    size = math.prod(inputs[0])
    return made((size,), Step("features", times(*inputs[0]), size, "flatten") if len(inputs[0]) > 1 else None)


def concatenated(layer: Any, inputs: list[Shape]) -> Derivation | None:
    """Branches side by side along one axis."""
    axis = layer.axis if layer.axis < 0 else layer.axis - 1
    sizes = [shape[axis] for shape in inputs]
    if len(sizes) < 2 or None in sizes:
        return None
    out = list(inputs[0])
    out[axis] = sum(sizes)
    word = "features" if len(out) == 1 else "maps"
    return made(out, Step(word, " + ".join(map(str, sizes)), sum(sizes), "concat"))
