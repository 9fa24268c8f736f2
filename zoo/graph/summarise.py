"""A model block by block or layer by layer, what each part costs, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from zoo.graph.summary import Explanation, Row, Summary

if TYPE_CHECKING:
    import keras

    from zoo.graph.counts import LayerCount
    from zoo.graph.items import Item
    from zoo.graph.read import Graph


def summarise(model: keras.Model, *, all_layers: bool = False, explain: bool = False) -> Summary:
    """Summarize a built functional model; see `zoo.summary`."""
    from zoo.graph import counts as counting
    from zoo.graph.read import model_graph

    layers = counting.count_layers(model)
    counts = counting.count(model)
    graph = model_graph(model, renamed=False)
    rows = tuple(
        Row(r.name, _sliding(r), r.output_shape, r.trainable + r.non_trainable, r.macs, r.receptive_field)
        for r in layers
    )
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
    from zoo.graph.blocks import model_blocks
    from zoo.graph.items import item_nodes

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
    from zoo.graph.items import item_nodes

    ends = []
    for following in items[1:]:
        inside = set(item_nodes(following))
        outside = [i for name in item_nodes(following) for i in graph.nodes[name].inputs if i not in inside]
        ends.append(outside[0] if outside else "")
    return [*ends, graph.outputs[0]]


def _row(item: Item, macs: dict[str, int], field: tuple[int, ...] | None) -> Row:
    """One row; `macs` is empty where the input's size is open."""
    from zoo.graph.items import Unit, item_params

    cost = _total(item, macs.__getitem__) * item.repeat if macs else None
    name = item.name if isinstance(item, Unit) else getattr(item, "title", "")
    return Row(name, _content(item), item.shape, item_params(item) * item.repeat, cost, field, item.repeat)


def _total(item: Item, value: Callable[[str], int]) -> int:
    """The sum over the layers of one copy of an item, inner repeats counted."""
    from zoo.graph.items import Group, Unit

    if isinstance(item, Unit):
        return sum(map(value, item.nodes))
    if isinstance(item, Group):
        return sum(_total(part, value) * part.repeat for part in item.items)
    inner = sum(_total(part, value) * part.repeat for branch in item.branches for part in branch)
    return inner + (_total(item.join, value) if item.join else 0)


def _content(item: Item, *, short: bool = False) -> str:
    """What a block is made of: `1×1 conv, 64 · BN · ReLU`, and within blocks `1×1, 64; 3×3, 64 + shortcut`."""
    from zoo.graph.items import Group, Unit

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
    from zoo.graph import formulas

    layers = {layer.name: layer for layer in _layers(model)}
    reaches: dict[str, formulas.Reach | None] = {}
    called: set[str] = set()
    for node in graph.nodes.values():
        layer = layers.get(node.name.partition(":")[0])
        if layer is None:  # a direction of a Bidirectional layer, which is derived as a whole
            continue
        sources = node.inputs
        if type(layer).__name__ == "Bidirectional":  # the graph shows both directions before it
            sources = graph.nodes[sources[0]].inputs
        inputs = tuple(graph.nodes[name].shape for name in dict.fromkeys(sources)) or (node.shape,)
        before = [reaches.get(name) for name in sources] or [formulas.Reach()]
        reaches[node.name], field = formulas.reach(layer, before, node.shape)
        derived = formulas.derive(layer, inputs)
        yield _explanation(node, layer, inputs, derived, field, again=layer.name in called)
        called.add(layer.name)


def _layers(model: keras.Model) -> list[Any]:
    """The layers and operations in the order in which they were called."""
    return (getattr(model, "_functional", None) or model).operations


def _explanation(node, layer, inputs, derived, field, *, again: bool) -> Explanation:
    from zoo.graph import formulas

    steps = list(derived.steps) if derived is not None else []
    note = "" if derived is not None else "no formula is known here; the layer was counted"
    if hasattr(layer, "layers"):
        note = "a model of its own: summarize it to have its layers explained"
    if again:
        steps = [s for s in steps if s.what not in (formulas.PARAMETERS, formulas.FIXED)]
        note = "called again: its weights are counted once"
    elif derived is not None and derived.parameters and not getattr(layer, "trainable", True):
        note = "frozen: none of its weights is trained"
    made = type(layer).__name__
    return Explanation(node.name, made, inputs, node.shape, (*steps, *field), note)
