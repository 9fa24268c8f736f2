"""The facts about a model, as data: its paper, its counts, what the paper prints, where ours departs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any


@dataclass(frozen=True)
class Paper:
    """Where an architecture was published."""

    title: str
    authors: str
    year: int
    venue: str
    url: str


@dataclass(frozen=True)
class Figure:
    """A figure as the paper prints it, with the place where it stands."""

    what: str  # "parameters", "multiply-adds", "top-1 error", ...
    printed: str  # as printed: "60,000", "3.8e9"
    where: str  # "Table 1", "Sec. II.B"


@dataclass(frozen=True)
class Counts:
    """Exact counts of a built model: parameters and multiply-adds for one input."""

    trainable: int
    total: int
    macs: int | None


@dataclass(frozen=True)
class WeightSource:
    """A published file of weights: where it is, how it is checked, what its input must look like."""

    name: str  # "keras", "torchvision"
    url: str
    hash: str  # "md5:<32 hex>", "sha256:<hex prefix>"; "" where none is published
    layout: str  # "keras_h5" | "torch"
    preprocessing: str  # a name in zoo.weights: "caffe", "tf", "torch", ...
    licence: str
    include_top: bool = True
    accuracy: str = ""  # as the source prints it: "top-1 76.13 %, top-5 92.862 %"


@dataclass(frozen=True)
class ModelSpec:
    """One row of the catalogue.

    `args` are the paper's words that make this variant (passed to the builder); `input_shape` and `classes` are
    the defaults at which `counts` hold; `features` names the layer whose output `include_top=False` returns.
    """

    name: str
    builder: str  # "zoo.models.lenet5:lenet5"
    summary: str
    task: str  # "image-classification" | "text-classification"
    input_shape: tuple[int | None, ...]
    classes: int
    counts: Counts
    features: str
    paper: Paper | None = None
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    printed: tuple[Figure, ...] = ()
    accuracy: tuple[Figure, ...] = ()  # the paper's, never ours: ("top-1 error, ImageNet, 10 crops", "22.85 %")
    deviations: tuple[str, ...] = ()
    aux_counts: Counts | None = None  # with auxiliary heads; None where the net has none
    weights: tuple[WeightSource, ...] = ()
    config: str | None = None  # the shipped recipe, "lenet5_mnist.yaml"

    def _repr_html_(self) -> str:
        """The row as a small table, for notebooks."""
        shape = "×".join("?" if side is None else f"{side}" for side in self.input_shape)
        macs = "open" if self.counts.macs is None else f"{self.counts.macs:,}"
        facts = [
            ("what", escape(self.summary)),
            ("input", f"{shape} → {self.classes:,} logit{'s' * (self.classes > 1)}"),
            ("parameters", f"{self.counts.trainable:,} trainable, {self.counts.total:,} in all"),
            ("multiply-adds", f"{macs} for one input"),
        ]
        if self.paper:
            words = escape(f"{self.paper.authors}: {self.paper.title}. {self.paper.venue}, {self.paper.year}")
            facts.append(("paper", f'<a href="{escape(self.paper.url)}">{words}</a>'))
        for figure in (*self.printed, *self.accuracy):
            facts.append(("the paper's", escape(f"{figure.what}: {figure.printed} ({figure.where})")))
        facts += [("deviation", escape(words)) for words in self.deviations or ("none",)]
        facts += [("weights", escape(f"{w.name}, {w.accuracy or w.licence}")) for w in self.weights if w.include_top]
        key_style, value_style = "text-align:left;white-space:nowrap", "text-align:left"
        rows = "".join(
            f'<tr><th style="{key_style}">{key}</th><td style="{value_style}">{value}</td></tr>' for key, value in facts
        )
        return f"<table><caption><b>{escape(self.name)}</b></caption><tbody>{rows}</tbody></table>"
