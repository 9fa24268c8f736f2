"""What a derivation is made of, and the formulas in letters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]

PARAMETERS, FIXED, MACS, FIELD = "parameters", "not trained", "multiply-adds", "receptive field"

RULES = {
    "valid": "side = floor((W - F + 2P)/S) + 1 (W input, F kernel, P padding, S stride)",
    "same": "side = ceil(W/S) with 'same' padding",
    "pad": "side = before + W + after",
    "every": "side = ceil(W/S): every S-th pixel",
    "conv": "parameters = maps * F*F*channels + maps (the last are biases)",
    "groups": "in groups each map sees channels/groups only",
    "depthwise": "depthwise: one F*F kernel for each channel, none across channels",
    "separable": "separable: F*F for each channel, then 1*1 across channels",
    "conv_macs": "multiply-adds = places * maps * F*F*channels",
    "table": "connection table: F*F weights for each connected pair of maps, a bias for each map",
    "subsampling": "subsampling: a coefficient and a bias for each map",
    "zeros": "option A: the new maps are zeros",
    "dense": "parameters = m*n + n (m inputs, n units), multiply-adds = m*n",
    "rbf": "RBF: the squared distance to a fixed prototype of m values, for each class",
    "embedding": "parameters = words * dimensions, a table without multiply-adds",
    "lstm": "LSTM: 4(n(m+n)+n) (m inputs, n units; gates: input, forget, cell, output)",
    "gru": "GRU: 3(n(m+n)+n) (m inputs, n units; gates: update, reset, candidate)",
    "gru2": "GRU with reset_after: 3(n(m+n)+2n) (a second bias, on the state's product)",
    "rnn": "SimpleRNN: (m+n)n+n (m inputs, n units)",
    "steps": "recurrent multiply-adds = steps * gates * n(m+n)",
    "both": "bidirectional: twice one direction",
    "bn": "normalization: gamma and beta of each channel are trained, moving mean and variance are not",
    "flatten": "flatten: features = height*width*maps",
    "concat": "concatenation: the maps of all branches",
    "field": "receptive field = r + (F - 1)*j (j input pixels between neighbours; each stride multiplies it)",
}


@dataclass(frozen=True)
class Step:
    """One line: `what` is `arithmetic` = `value`; `rule` is a key of RULES, `note` a word beside it."""

    what: str
    arithmetic: str
    value: int
    rule: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.arithmetic} = {self.value:,}" + (f"  ({self.note})" if self.note else "")


@dataclass(frozen=True)
class Derivation:
    """What the formulas give for one layer; `macs` and sides of `shape` are None where the input's size is open."""

    shape: Shape
    macs: int | None
    steps: tuple[Step, ...] = ()

    @property
    def parameters(self) -> int:
        """Weights, without those that are never trained (moving statistics, fixed prototypes)."""
        return sum(step.value for step in self.steps if step.what == PARAMETERS)

    @property
    def fixed(self) -> int:
        """Weights that belong to the layer and are never trained."""
        return sum(step.value for step in self.steps if step.what == FIXED)


def made(shape: Sequence[int | None], *steps: Step | None, open_size: bool = False) -> Derivation:
    """A derivation of these lines; lines that are None fall away."""
    kept = tuple(step for step in steps if step is not None)
    return Derivation(tuple(shape), None if open_size else sum(s.value for s in kept if s.what == MACS), kept)


def times(*factors: Any) -> str:
    """`3*3*64`."""
    return "*".join(str(factor) for factor in factors)


def weights(shown: str, count: int, biases: int, rule: str) -> Step:
    """The line of a kernel, with its biases if it has some."""
    if not biases:
        return Step(PARAMETERS, shown, count, rule, "no biases")
    return Step(PARAMETERS, f"{shown} + {biases}", count + biases, rule)


def cost(sides: Shape, shown: str, each: int, rule: str, note: str = "") -> Step | None:
    """The line of multiply-adds: `each`, shown so, at every place; None where a side is open."""
    if None in sides:
        return None
    places = f"{times(*sides)} * " if sides else ""
    return Step(MACS, f"{places}{shown}", math.prod(sides) * each, rule, note)
