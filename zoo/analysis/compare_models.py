"""`zoo compare MODEL MODEL ...`: parameters, operations, depth, memory and reported accuracy side by side."""

from __future__ import annotations

import dataclasses
import math
import re
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import registry
from zoo.catalog.spec import ModelSpec
from zoo.errors import ZooError
from zoo.io import formats

if TYPE_CHECKING:
    import keras

    from zoo.draw.bubbles import Bubble
    from zoo.graph.read import Graph

COUNTED = (
    "parameters: the trained ones, as papers count. MACs: multiply-adds for one input. depth: layers with weights on "
    "the longest path, without normalization and embedding. activations: the outputs of all layers for one input in "
    "float32, which training keeps; prediction needs less."
)
WEIGHTED = {"conv", "depthwise", "dense", "recurrent"}  # kinds of zoo.graph.words
NOT_DEEP = {"norm", "embedding", "activation", "input"}


@dataclass(frozen=True)
class Accuracy:
    """A top-1 accuracy somebody reports, in per cent: the paper, or the source of published weights. Never ours."""

    percent: float
    data: str  # "ImageNet"
    how: str  # "10 crops"; "" where nothing is said
    source: str  # "the paper", "torchvision's weights"
    where: str  # the table, or "as recalled from the paper"

    def __str__(self) -> str:
        words = [f"{self.source}: top-1, {self.data}", self.how, self.where]
        return ", ".join(word for word in words if word)


@dataclass(frozen=True)
class ComparedModel:
    """One model's column of facts; `macs` and `activations` are None where the input's size is open."""

    name: str
    parameters: int
    macs: int | None
    depth: int
    activations: int | None  # bytes
    accuracy: Accuracy | None


@dataclass(frozen=True)
class ModelComparison:
    """Models side by side; `left_out` says why a model is not in the picture."""

    models: tuple[ComparedModel, ...]
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON, with what was counted."""
        return {**dataclasses.asdict(self), "counted": COUNTED}

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text())  # a notebook's own way to show a value

    def text(self, width: int | None = None) -> str:
        """The table, whose accuracies these are, and what was counted; as wide as the terminal by default."""
        width = width or shutil.get_terminal_size().columns
        notes = list(dict.fromkeys(str(m.accuracy) for m in self.models if m.accuracy))
        rows = []
        for m in self.models:
            accuracy = f"{m.accuracy.percent:.2f} % [{notes.index(str(m.accuracy)) + 1}]" if m.accuracy else "-"
            rows.append((m.name, f"{m.parameters:,}", _rounded(m.macs), m.depth, _memory(m.activations), accuracy))
        header = ("model", "parameters", "MACs", "depth", "activations", "accuracy")
        lines = [f"[{k}] {note}" for k, note in enumerate(notes, 1)]
        lines += [f"not in the picture: {name}, {why}" for name, why in self.left_out.items()]
        wrapped = [textwrap.fill(line, width, subsequent_indent="    ") for line in lines]
        table = formats.table(header, rows, right=(1, 2, 3, 4))
        return "\n\n".join(part for part in (table, "\n".join(wrapped), textwrap.fill(COUNTED, width)) if part)


def compare_models(names: Sequence[str], to_file: str | Path | None = None) -> ModelComparison:
    """Put models side by side.

    Args:
        names: two or more catalogue names, or `"package.module:function"`.
        to_file: where the picture goes (.png, .svg or .pdf): accuracy over operations, a bubble's area for the
            parameters; only models whose accuracy on the same data is reported are in it. None draws none.

    Raises:
        ZooError: fewer than two names, an unknown one or one twice, a suffix that cannot be written, a picture
            for which no accuracy is known.
    """
    names = list(names)
    if len(names) < 2:
        raise ZooError(
            f"{len(names)} model{'s are' if not names else ' is'} given",
            "two or more to compare",
            "`zoo list` shows all; `zoo summary MODEL` shows one",
        )
    for name in names:
        if names.count(name) > 1:
            raise ZooError(f"{name} is given twice", "different models")
        if not registry.is_own_builder(name):
            registry.describe(name)
    compared = tuple(map(compare_one, names))
    if to_file is None:
        return ModelComparison(compared)
    from zoo.draw.bubbles import plot_bubbles

    bubbles, left_out, data = bubbles_of(compared)
    plot_bubbles(bubbles, data, to_file)
    return ModelComparison(compared, left_out)


def reported_accuracy(spec: ModelSpec) -> Accuracy | None:
    """The paper's top-1 accuracy; else what the source of the row's published weights states; else None."""
    for figure in spec.accuracy:
        what, data, *how = figure.what.split(", ")
        if what.startswith("top-1"):
            percent = _percent(figure.printed)
            right = 100 - percent if what.endswith("error") else percent
            return Accuracy(round(right, 4), data, ", ".join(how), "the paper", figure.where)
    for source in spec.weights:
        top1 = re.match(r"top-1 ([\d.]+) %", source.accuracy)
        if top1:
            return Accuracy(float(top1[1]), "ImageNet", "", f"{source.name}'s weights", "as their source states")
    return None


def _percent(printed: str) -> float:
    """`22.85 %`, or a share such as `0.790`."""
    value = float(printed.removesuffix("%"))
    return value if printed.endswith("%") else 100 * value


def compare_one(name: str, model: keras.Model | None = None) -> ComparedModel:
    """One model's column; `model` is that of the name where it is built already."""
    from zoo.analysis.summarise import outline
    from zoo.graph import counts as counting
    from zoo.graph.read import model_graph

    model = outline(name) if model is None else model
    counts, layers = counting.count(model), counting.count_layers(model)
    outputs = [row.output_shape for row in layers if row.class_name != "InputLayer"]
    size = None if any(None in shape for shape in outputs) else sum(map(math.prod, outputs))
    accuracy = None if registry.is_own_builder(name) else reported_accuracy(registry.describe(name))
    return ComparedModel(
        name, counts.trainable, counts.macs, _depth(model_graph(model)), None if size is None else 4 * size, accuracy
    )


def _depth(graph: Graph) -> int:
    """Layers with weights on the longest path to the first output, as papers count "50 layers"."""
    depth: dict[str, int] = {}
    for name, node in graph.nodes.items():
        kind = node.words.kind
        weighted = kind in WEIGHTED or (node.params > 0 and kind not in NOT_DEEP)
        depth[name] = max((depth[source] for source in node.inputs), default=0) + weighted
    return depth[graph.outputs[0]]


def bubbles_of(models: Sequence[ComparedModel]) -> tuple[list[Bubble], dict[str, str], str]:
    """Those with an accuracy on the data most of them were tested on, why the others are left out, and these data.

    Raises:
        ZooError: no accuracy is reported for any of them.
    """
    known = [m for m in models if m.accuracy is not None and m.macs is not None]
    if not known:
        raise ZooError(
            f"no accuracy is reported for {' or '.join(m.name for m in models)}",
            "models whose paper or published weights state one",
            "leave -o out for the table",
        )
    tested = [m.accuracy.data for m in known]
    data = max(dict.fromkeys(tested), key=tested.count)
    left_out = {}
    for m in models:
        if m.accuracy is None:
            left_out[m.name] = "whose top-1 accuracy is not reported"
        elif m.macs is None:
            left_out[m.name] = "whose input size is open"
        elif m.accuracy.data != data:
            left_out[m.name] = f"which was tested on {m.accuracy.data}, not on {data}"
    return [_bubble(m) for m in known if m.accuracy.data == data], left_out, data


def _bubble(model: ComparedModel) -> Bubble:
    from zoo.draw.bubbles import Bubble

    family = re.match("[a-z]*", model.name)[0]  # resnet50_v1_5 has the colour of resnet18
    by_paper = model.accuracy.source == "the paper"
    return Bubble(model.name, model.macs, model.accuracy.percent, model.parameters, family, by_paper)


def _rounded(macs: int | None) -> str:
    from zoo.io.formats import short

    return "open" if macs is None else short(macs)


def _memory(size: int | None) -> str:
    if size is None:
        return "open"
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 / 10 else f"{size / 2**10:,.1f} KiB"
