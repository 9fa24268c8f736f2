"""Layers that slide a window over an image or a sequence: convolutions, pooling, padding, receptive field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoo.graph.formulas.steps import FIELD, PARAMETERS, Derivation, Shape, Step, cost, made, times, weights


@dataclass(frozen=True)
class Reach:
    """How far one output looks: `field` input pixels, neighbours `jump` input pixels apart; (height, width)."""

    field: tuple[int, int] = (1, 1)
    jump: tuple[int, int] = (1, 1)


def grown(layer: Any, names: set[str], before: Sequence[Reach]) -> tuple[Reach, tuple[Step, ...]]:
    """How far a layer on image maps looks, along the widest of its inputs (Dumoulin and Visin 2016, Sec. 5)."""
    field = tuple(max(b.field[axis] for b in before) for axis in (0, 1))
    jump = tuple(max(b.jump[axis] for b in before) for axis in (0, 1))
    window = _window(layer, names)
    if window is None:
        return Reach(field, jump), ()
    kernel, stride, dilation = window
    after, lines = [], []
    for r, f, d, j in zip(field, kernel, dilation, jump, strict=True):
        after.append(r + (f - 1) * d * j)
        lines.append(Step(FIELD, f"{r} + ({f} - 1)*{times(d, j) if d > 1 else j}", after[-1], "field"))
    if lines[0] != lines[1]:
        lines = [
            Step(f"{FIELD}, {axis}", s.arithmetic, s.value, s.rule)
            for axis, s in zip(("height", "width"), lines, strict=True)
        ]
    shown = tuple(line for line, f in zip(dict.fromkeys(lines), kernel, strict=False) if f > 1)
    return Reach(tuple(after), tuple(j * s for j, s in zip(jump, stride, strict=True))), shown


def _window(layer: Any, names: set[str]):
    """(kernel, stride, dilation) of a layer that slides over an image, else None."""
    if "ConnectionTableConv2D" in names:
        return (layer.kernel_size,) * 2, (1, 1), (1, 1)
    if "Subsampling" in names:
        return (2, 2), (2, 2), (1, 1)
    if "OptionAShortcut" in names:
        return (1, 1), (layer.strides,) * 2, (1, 1)
    kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if kernel is None or not hasattr(layer, "strides"):
        return None
    return _pair(kernel, 2), _pair(layer.strides, 2), _pair(getattr(layer, "dilation_rate", 1), 2)


def _pair(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def _slid(layer: Any, sides: Shape, kernel: Any) -> tuple[Shape, list[Step]]:
    """The sides behind a Keras layer's window, and their lines."""
    rank = len(sides)
    strides, dilation = _pair(layer.strides, rank), _pair(getattr(layer, "dilation_rate", 1), rank)
    lines = [_side(*facts, layer.padding) for facts in zip(sides, _pair(kernel, rank), strides, dilation, strict=True)]
    return _sides(lines)


def _side(w: int | None, f: int, s: int, d: int, padding: str) -> Step | None:
    if w is None:
        return None
    if padding in ("same", "causal"):
        return Step("side", f"ceil({w}/{s})", math.ceil(w / s), "same")
    spread = (f - 1) * d + 1
    shown = f"({w} - {spread} + 2*0)/{s}"
    exact = (w - spread) % s == 0
    note = f"a kernel of {f} dilated by {d} spans {spread}" if d > 1 else ""
    return Step("side", (shown if exact else f"floor({shown})") + " + 1", (w - spread) // s + 1, "valid", note)


def _sides(lines: list[Step | None]) -> tuple[Shape, list[Step]]:
    """The sides, and their lines: one where all axes read the same, otherwise height and width."""
    shape = tuple(None if line is None else line.value for line in lines)
    if len(lines) == 1:
        names: tuple[str, ...] = ("length",)
    elif all(line == lines[0] for line in lines):
        names = ("side",)
    else:
        names = ("height", "width") if len(lines) == 2 else ("depth", "height", "width")
    pairs = zip(names, lines, strict=False)
    return shape, [Step(name, s.arithmetic, s.value, s.rule, s.note) for name, s in pairs if s is not None]


def conv(layer: Any, inputs: list[Shape]) -> Derivation:
    """Convolutions of any rank, in groups or not; beside a grouped one what it would hold in one group."""
    *sides, channels = inputs[0]
    maps, groups, biases = layer.filters, layer.groups, layer.filters if layer.use_bias else 0
    out, lines = _slid(layer, tuple(sides), layer.kernel_size)
    kernel = times(*layer.kernel_size, f"({channels}/{groups})" if groups > 1 else channels)
    each = maps * math.prod(layer.kernel_size) * channels // groups
    lines.append(weights(f"{maps} * {kernel}", each, biases, "conv"))
    if groups > 1:
        whole = weights(f"{maps} * {times(*layer.kernel_size, channels)}", each * groups, biases, "groups")
        lines.append(Step("in one group", whole.arithmetic, whole.value, "groups", f"{groups} times the weights"))
    price = cost(out, f"{maps} * {kernel}", each, "conv_macs")
    return made((*out, maps), *lines, price, open_size=price is None)


def depthwise(layer: Any, inputs: list[Shape]) -> Derivation:
    """Depthwise convolutions; beside them what a full convolution to as many maps would cost."""
    *sides, channels = inputs[0]
    maps = channels * layer.depth_multiplier
    out, lines = _slid(layer, tuple(sides), layer.kernel_size)
    shown, each = f"{maps} * {times(*layer.kernel_size)}", maps * math.prod(layer.kernel_size)
    lines.append(weights(shown, each, maps if layer.use_bias else 0, "depthwise"))
    price = cost(out, shown, each, "depthwise")
    full = _in_full(layer, out, maps, channels, each)
    return made((*out, maps), *lines, price, full, open_size=price is None)


def separable(layer: Any, inputs: list[Shape]) -> Derivation:
    """Separable convolutions: a depthwise one at the output's size, then a pointwise one."""
    *sides, channels = inputs[0]
    maps, wide = layer.filters, channels * layer.depth_multiplier
    out, lines = _slid(layer, tuple(sides), layer.kernel_size)
    deep, point = f"{wide} * {times(*layer.kernel_size)}", f"{maps} * {wide}"
    each = wide * math.prod(layer.kernel_size)
    lines.append(weights(f"{deep} + {point}", each + maps * wide, maps if layer.use_bias else 0, "separable"))
    prices = [cost(out, deep, each, "separable", "depthwise"), cost(out, point, maps * wide, "separable", "pointwise")]
    full = _in_full(layer, out, maps, channels, each + maps * wide)
    return made((*out, maps), *lines, *prices, full, open_size=None in prices)


def _in_full(layer: Any, out: Shape, maps: int, channels: int, each: int) -> Step | None:
    whole = maps * math.prod(layer.kernel_size) * channels
    full = cost(out, f"{maps} * {times(*layer.kernel_size, channels)}", whole, "conv_macs")
    note = f"{whole / each:.4g} times as many"
    return full and Step("in a full conv", full.arithmetic, full.value, full.rule, note)


def connection_table(layer: Any, inputs: list[Shape]) -> Derivation:
    """LeCun 1998, Table I: the maps are counted by how many maps they see."""
    *sides, _ = inputs[0]
    kernel, maps = (layer.kernel_size,) * 2, len(layer.table)
    out, lines = _sides([_side(w, f, 1, 1, "valid") for w, f in zip(sides, kernel, strict=True)])
    seen = [len(row) for row in layer.table]
    pairs = " + ".join(f"{seen.count(size)}*{size}" for size in sorted(set(seen)))
    shown, each = f"({pairs}) * {times(*kernel)}", sum(seen) * math.prod(kernel)
    price = cost(out, shown, each, "table")
    return made((*out, maps), *lines, weights(shown, each, maps, "table"), price, open_size=price is None)


def pool(layer: Any, inputs: list[Shape]) -> Derivation:
    """Pooling over windows."""
    *sides, channels = inputs[0]
    out, lines = _slid(layer, tuple(sides), layer.pool_size)
    return made((*out, channels), *lines)


def global_pool(layer: Any, inputs: list[Shape]) -> Derivation:
    """Pooling over all places."""
    *sides, channels = inputs[0]
    return made((*(1 for _ in sides if layer.keepdims), channels))


def subsampling(layer: Any, inputs: list[Shape]) -> Derivation:
    """LeCun 1998, S2 and S4."""
    *sides, channels = inputs[0]
    out, lines = _sides([_side(w, 2, 2, 1, "valid") for w in sides])
    return made((*out, channels), *lines, Step(PARAMETERS, f"2 * {channels}", 2 * channels, "subsampling"))


def option_a(layer: Any, inputs: list[Shape]) -> Derivation:
    """He 2015, Sec. 4.2: the shortcut without parameters."""
    *sides, channels = inputs[0]
    s, maps = layer.strides, layer.filters
    out, lines = _sides([None if w is None else Step("side", f"ceil({w}/{s})", -(-w // s), "every") for w in sides])
    return made((*out, maps), *lines, Step("maps", f"{channels} + {maps - channels}", maps, "zeros"))


def padding(layer: Any, inputs: list[Shape]) -> Derivation:
    """Zeros around a sequence or an image."""
    *sides, channels = inputs[0]
    pairs = [layer.padding] if len(sides) == 1 else layer.padding
    lines = [
        None if w is None else Step("side", f"{a} + {w} + {b}", a + w + b, "pad")
        for w, (a, b) in zip(sides, pairs, strict=True)
    ]
    out, lines = _sides(lines)
    return made((*out, channels), *lines)
