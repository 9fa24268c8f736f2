"""`zoo.summary`: a model block by block or layer by layer, what each part costs, and why."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo import registry
from zoo.deriving import RULES, Shape, Step

if TYPE_CHECKING:
    import keras

    from zoo.counting import LayerCount
    from zoo.drawing.graph import Graph
    from zoo.drawing.items import Item

NAME, WHAT = 24, 46  # widest columns of names and of descriptions


@dataclass(frozen=True)
class Row:
    """A layer, or a block of the paper; `repeat` equal ones in a row are one row, with the numbers of all."""

    name: str
    what: str
    output_shape: Shape
    parameters: int
    macs: int | None  # None: the input's size is open
    receptive_field: tuple[int, ...] | None  # (height, width) in input pixels; None where there are no places
    repeat: int = 1


@dataclass(frozen=True)
class Explanation:
    """One layer's numbers by their formulas; `steps` is empty where there is nothing to calculate."""

    name: str
    class_name: str
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    steps: tuple[Step, ...]
    note: str = ""


@dataclass(frozen=True)
class Summary:
    """What `zoo.summary` gives: `print` it, show it in a notebook, or take `to_dict()`.

    `parameters` counts all weights, `trainable` those that are trained (which papers count), `macs` the
    multiply-adds for one input.
    """

    name: str
    input_shapes: tuple[Shape, ...]
    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    macs: int | None
    folded: bool
    explanations: tuple[Explanation, ...] = ()

    def __str__(self) -> str:
        return self.text(shutil.get_terminal_size().columns)

    def _repr_html_(self) -> str:
        from zoo.showing import summary_html

        return summary_html(self)

    def text(self, width: int = 80) -> str:
        """The table, and what explains it, for a terminal of `width` columns."""
        from zoo.showing import summary_text

        return summary_text(self, width)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; shares are of the whole model's."""
        plain = dataclasses.asdict(self)
        for row in plain["rows"]:
            row["parameters_share"] = share(row["parameters"], self.parameters)
            row["macs_share"] = share(row["macs"], self.macs)
        for explained in plain["explanations"]:
            for step in explained["steps"]:
                step["rule"] = RULES[step["rule"]]
        return plain


def share(part: int | None, whole: int | None) -> float | None:
    """A part of the whole between 0 and 1; None where either is not known or the whole is nothing."""
    return None if part is None or not whole else part / whole


def summary(model_or_name: keras.Model | str, *, all_layers: bool = False, explain: bool = False) -> Summary:
    """Summarize a model: output shape, parameters, multiply-adds, receptive field and their shares.

    Args:
        model_or_name: any built functional `keras.Model`, a catalogue name or `"package.module:function"`.
        all_layers: a row for every layer; by default the paper's blocks, equal ones in a row written once.
        explain: derive every number by its formula (of equal blocks the first).

    Raises:
        ZooError: an unknown name, a model that has not been built.
    """
    from zoo import counting
    from zoo.drawing.graph import model_graph

    model = outline(model_or_name) if isinstance(model_or_name, str) else model_or_name
    layers = counting.count_layers(model)
    counts = counting.count(model)
    graph = model_graph(model, renamed=False)
    rows = tuple(Row(r.name, _sliding(r), r.output_shape, r.trainable + r.non_trainable, r.macs, r.receptive_field)
                 for r in layers)  # fmt: skip
    shown = {row.name for row in rows}
    if not all_layers:
        rows, shown = _blocks(graph, layers)
    explanations = ()
    if explain:
        order = {layer.name: k for k, layer in enumerate(_layers(model))}
        kept = [e for e in _explained(model, graph) if e.name.partition(":")[0] in shown]
        explanations = tuple(sorted(kept, key=lambda e: order[e.name.partition(":")[0]]))
    return Summary(
        name=model.name,
        input_shapes=tuple(tuple(t.shape[1:]) for t in model.inputs),
        rows=rows,
        parameters=counts.total,
        trainable=counts.trainable,
        macs=counts.macs,
        folded=not all_layers,
        explanations=explanations,
    )


def outline(name: str) -> keras.Model:
    """The model of that name with shapes but without values in its weights: VGG-16 in a moment, not in seconds."""
    import keras

    from zoo.build import create_model

    registry.builder(name)  # an unknown name is refused before Keras is asked anything
    with keras.StatelessScope(initialize_variables=False):
        return create_model(name)


def _sliding(row: Any) -> str:
    """`Conv2D 5×5 /2, 2 groups` of a counted layer."""
    words = [row.class_name]
    if row.kernel:
        words.append("×".join(map(str, row.kernel)))
    if row.stride and any(s > 1 for s in row.stride):
        words.append("/" + "×".join(map(str, dict.fromkeys(row.stride))))
    return " ".join(words) + (f", {row.groups} groups" if row.groups > 1 else "")


# The paper's blocks


def _blocks(graph: Graph, layers: list[LayerCount]) -> tuple[tuple[Row, ...], set[str]]:
    """A row for each block, and the layers that stand for them (of equal ones the first)."""
    from zoo.drawing.blocks import model_blocks
    from zoo.drawing.items import item_nodes

    blocks = model_blocks(graph)
    macs = {name: node.macs or 0 for name, node in graph.nodes.items()}
    fields: dict[str, Any] = {}
    for row in layers:
        name = row.name if row.name in graph.nodes else row.name.partition(".")[0]
        fields[name] = row.receptive_field
        if name != row.name:  # a layer of a nested model, which the graph shows as one node
            macs[name] = macs.get(name, 0) + (row.macs or 0)
    if graph.macs is None:
        macs = {}
    ends = _ends(graph, blocks.items)
    rows, shown = [], set()
    for k, (item, end) in enumerate(zip(blocks.items, ends, strict=True)):
        rows.append(_row(item, macs, fields.get(end)))
        shown.update(item_nodes(item))
        for head in (head for at, head in blocks.sides if at == k):
            rows.append(dataclasses.replace(_row(head, macs, None), name=f"{head.title} (side output)"))
            shown.update(item_nodes(head))
    return tuple(rows), shown


def _ends(graph: Graph, items: tuple[Item, ...]) -> list[str]:
    """The last layer of each item, also of a folded one: it feeds the next item."""
    from zoo.drawing.items import item_nodes

    ends = []
    for following in items[1:]:
        inside = set(item_nodes(following))
        outside = [i for name in item_nodes(following) for i in graph.nodes[name].inputs if i not in inside]
        ends.append(outside[0] if outside else "")
    return [*ends, graph.outputs[0]]


def _row(item: Item, macs: dict[str, int], field: tuple[int, ...] | None) -> Row:
    """One row; `macs` is empty where the input's size is open."""
    from zoo.drawing.items import Unit, item_params

    cost = _total(item, macs.__getitem__) * item.repeat if macs else None
    name = item.name if isinstance(item, Unit) else getattr(item, "title", "")
    return Row(name, _content(item), item.shape, item_params(item) * item.repeat, cost, field, item.repeat)


def _total(item: Item, value: Callable[[str], int]) -> int:
    """The sum over the layers of one copy of an item, inner repeats counted."""
    from zoo.drawing.items import Group, Unit

    if isinstance(item, Unit):
        return sum(map(value, item.nodes))
    if isinstance(item, Group):
        return sum(_total(part, value) * part.repeat for part in item.items)
    inner = sum(_total(part, value) * part.repeat for branch in item.branches for part in branch)
    return inner + (_total(item.join, value) if item.join else 0)


def _content(item: Item, *, short: bool = False) -> str:
    """What a block is made of: `1×1 conv, 64 · BN · ReLU`, and within blocks `1×1, 64; 3×3, 64 + shortcut`."""
    from zoo.drawing.items import Group, Unit

    if isinstance(item, Unit):
        if not short:
            return " · ".join(word for word in (item.title, item.note) if word)
        return item.title.replace(" conv,", "") + (f" ×{item.repeat}" if item.repeat > 1 else "")
    if isinstance(item, Group):
        return "; ".join(_content(part, short=True) for part in item.items)
    branches = ["; ".join(_content(part, short=True) for part in branch) or "input" for branch in item.branches]
    word = item.join.title if item.join else ""
    return (" + " if word == "+" else " | ").join(branches)


# Why the numbers are what they are


def _explained(model: keras.Model, graph: Graph) -> Iterator[Explanation]:
    from zoo import deriving

    layers = {layer.name: layer for layer in _layers(model)}
    reaches: dict[str, deriving.Reach | None] = {}
    called: set[str] = set()
    for node in graph.nodes.values():
        layer = layers.get(node.name.partition(":")[0])
        if layer is None:  # a direction of a Bidirectional layer, which is derived as a whole
            continue
        sources = node.inputs
        if type(layer).__name__ == "Bidirectional":  # the graph shows both directions before it
            sources = graph.nodes[sources[0]].inputs
        inputs = tuple(graph.nodes[name].shape for name in dict.fromkeys(sources)) or (node.shape,)
        before = [reaches.get(name) for name in sources] or [deriving.Reach()]
        reaches[node.name], field = deriving.reach(layer, before, node.shape)
        derived = deriving.derive(layer, inputs)
        yield _explanation(node, layer, inputs, derived, field, again=layer.name in called)
        called.add(layer.name)


def _layers(model: keras.Model) -> list[Any]:
    """The layers and operations in the order in which they were called."""
    return (getattr(model, "_functional", None) or model).operations


def _explanation(node, layer, inputs, derived, field, *, again: bool) -> Explanation:
    from zoo import deriving

    steps = list(derived.steps) if derived is not None else []
    note = "" if derived is not None else "no formula is known here; the layer was counted"
    if hasattr(layer, "layers"):
        note = "a model of its own: summarize it to have its layers explained"
    if again:
        steps = [s for s in steps if s.what not in (deriving.PARAMETERS, deriving.FIXED)]
        note = "called again: its weights are counted once"
    elif derived is not None and derived.parameters and not getattr(layer, "trainable", True):
        note = "frozen: none of its weights is trained"
    made = type(layer).__name__
    return Explanation(node.name, made, inputs, node.shape, (*steps, *field), note)
