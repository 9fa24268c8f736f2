"""A Keras model as a plain graph: one node per call of a layer, with shapes, counts and what to write on it.

Nothing below this module knows Keras: blocks, layout and the writers see only `Graph` and `Node`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from zoo.graph.words import Words, describe, is_made_up, model_name

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Node:
    """One call of one layer.

    `name` is unique in the graph (a layer called twice gives `dense` and `dense:1`); `shape` is the output
    without the batch axis; `params` counts the layer's weights once, at its first call; `identity` is equal for
    two layers that do the same with other weights, so that repeats can be folded.
    """

    name: str
    words: Words
    layer_class: str
    shape: Shape
    params: int
    inputs: tuple[str, ...]
    macs: int | None = None
    identity: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Graph:
    """The nodes in an order in which every input comes first."""

    name: str
    nodes: dict[str, Node]
    outputs: tuple[str, ...]
    params: int
    trainable: int
    macs: int | None = None
    consumers: dict[str, tuple[str, ...]] = field(default_factory=dict)


def model_graph(model: Any, *, renamed: bool = True) -> Graph:
    """Read a functional, Sequential or (as a chain of its layers) subclassed Keras model.

    Its nodes have the names of `shown_names`; unless `renamed` those of the layers themselves.
    """
    shown = shown_names(model) if renamed else {}
    nodes, outputs = _functional(model, shown) if _is_functional(model) else _chain(model, shown)
    macs, total_macs = _counts(model, shown)
    counted = {
        name: Node(n.name, n.words, n.layer_class, n.shape, n.params, n.inputs, macs.get(name), n.identity)
        for name, n in nodes.items()
    }
    consumers: dict[str, list[str]] = {name: [] for name in counted}
    for node in counted.values():
        for source in node.inputs:
            consumers[source].append(node.name)
    return Graph(
        name=model_name(model) if renamed else model.name,
        nodes=counted,
        outputs=outputs,
        params=_count(model.weights),
        trainable=_count(model.trainable_weights),
        macs=total_macs,
        consumers={name: tuple(dict.fromkeys(users)) for name, users in consumers.items()},
    )


def shown_names(model: Any) -> dict[str, str]:
    """The name of each layer -> what it is called in a drawing.

    They are equal but for names as Keras gives to unnamed layers, `conv2d_3`, which it numbers over the whole process
    (and keeps no note of having done so): these are numbered anew from the model's first layer of their kind, so that
    the same model gives the same drawing whatever was built before it.
    """
    layers = getattr(getattr(model, "_functional", None) or model, "operations", None) or model.layers
    shown = {layer.name: layer.name for layer in layers if not is_made_up(layer.name, type(layer).__name__)}
    taken, counts = set(shown), Counter()
    for layer in layers:
        stem = re.sub(r"_\d+$", "", layer.name)
        while layer.name not in shown:
            name = f"{stem}_{counts[stem]}" if counts[stem] else stem
            counts[stem] += 1
            if name not in taken:
                shown[layer.name] = name
    return shown


def _is_functional(model: Any) -> bool:
    import keras

    if isinstance(model, keras.Sequential):
        return model.built and getattr(model, "_functional", None) is not None
    return isinstance(model, keras.src.models.Functional)


def _functional(model: Any, shown: dict[str, str]) -> tuple[dict[str, Node], tuple[str, ...]]:
    graph = getattr(model, "_functional", None) or model
    calls = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    names = _call_names(calls, shown)
    nodes: dict[str, Node] = {}
    inner: dict[str, str] = {}  # the name others see -> the node that carries the output
    for call in calls:
        name = names[id(call)]
        sources = [_source(tensor, names) for tensor in call.input_tensors]
        inputs = tuple(dict.fromkeys(inner[s] for s in sources if s in inner))
        in_shapes = [_shape(tensor.shape) for tensor in call.input_tensors]
        first = ":" not in name
        made = _nodes_of(call.operation, name, inputs, in_shapes, _shape(call.outputs[0].shape), first)
        nodes.update((node.name, node) for node in made)
        inner[name] = made[-1].name
    outputs = tuple(inner[_source(tensor, names)] for tensor in graph.outputs)
    return nodes, outputs


def _call_names(calls: list[Any], shown: dict[str, str]) -> dict[int, str]:
    seen: dict[str, int] = {}
    names: dict[int, str] = {}
    for call in calls:
        base = shown.get(call.operation.name, call.operation.name)
        count = seen.get(base, 0)
        seen[base] = count + 1
        names[id(call)] = base if count == 0 else f"{base}:{count}"
    return names


def _source(tensor: Any, names: dict[int, str]) -> str:
    history = tensor._keras_history
    return names[id(history.operation._inbound_nodes[history.node_index])]


def _chain(model: Any, shown: dict[str, str]) -> tuple[dict[str, Node], tuple[str, ...]]:
    """A subclassed model shows its layers in a row: its `call` cannot be read."""
    nodes: dict[str, Node] = {}
    last: tuple[str, ...] = ()
    for layer in model.layers:
        for node in _nodes_of(layer, shown.get(layer.name, layer.name), last, [], _output_shape(layer), True):
            nodes[node.name] = node
            last = (node.name,)
    return nodes, last


def _nodes_of(
    layer: Any, name: str, inputs: tuple[str, ...], in_shapes: list[Shape], shape: Shape, first: bool
) -> list[Node]:
    """The nodes of one call: one, but three for a Bidirectional layer, whose two directions are shown."""
    if _bases(layer) & {"Bidirectional"}:
        return _bidirectional(layer, name, inputs, in_shapes, shape, first)
    words = describe(layer, in_shapes, shape)
    params = _count(getattr(layer, "weights", ())) if first else 0
    identity = (words.identity, tuple(in_shapes), shape, params)
    if params and words.joins is False and not layer.trainable_weights:
        words = replace(words, suffix=" · ".join(word for word in (words.suffix, "frozen") if word))
        identity = (*identity, "frozen")
    return [Node(name, words, type(layer).__name__, shape, params, inputs, None, identity)]


def _bidirectional(layer, name, inputs, in_shapes, shape, first) -> list[Node]:
    made = []
    sequences = bool(getattr(layer.forward_layer, "return_sequences", False))
    for part, way in ((layer.forward_layer, "forward"), (layer.backward_layer, "backward")):
        units = int(part.units)
        out = (*shape[:-1], units) if sequences else (units,)
        words = describe(part, in_shapes, out)
        title = f"{words.title} →" if way == "forward" else f"← {words.title}"
        words = Words(words.kind, title, False, way, (words.identity, way))
        params = _count(part.weights) if first else 0
        identity = (words.identity, tuple(in_shapes), out, params)
        made.append(Node(f"{name}.{way}", words, type(part).__name__, out, params, inputs, None, identity))
    mode = {"concat": "concat", "sum": "+", "mul": "×", "ave": "average"}.get(layer.merge_mode or "", "both")
    words = Words("join", mode, False, "", ("join", mode))
    ends = tuple(node.name for node in made)
    return [*made, Node(name, words, type(layer).__name__, shape, 0, ends, None, (words.identity, shape))]


def _counts(model: Any, shown: dict[str, str]) -> tuple[dict[str, int], int | None]:
    """Multiply-adds of each node and of the model; none where the input's size is open or there is no graph."""
    from zoo.errors import ZooError
    from zoo.graph import counts as counting

    try:
        rows, total = counting.count_layers(model), counting.count(model).macs
    except ZooError:
        return {}, None
    calls: dict[str, int] = {}
    macs: dict[str, int] = {}
    for row in rows:
        at = calls.get(row.name, 0)
        calls[row.name] = at + 1
        if row.macs:
            name = shown.get(row.name, row.name)
            macs[name if at == 0 else f"{name}:{at}"] = row.macs
    return macs, total


def _bases(layer: Any) -> set[str]:
    return {cls.__name__ for cls in type(layer).__mro__}


def _count(weights: Any) -> int:
    total = 0
    for weight in weights:
        if weight.path.endswith("seed_generator_state"):  # the state of a dropout is no parameter
            continue
        size = 1
        for side in weight.shape:
            size *= int(side)
        total += size
    return total


def _shape(shape: Any) -> Shape:
    return tuple(None if side is None else int(side) for side in tuple(shape)[1:])


def _output_shape(layer: Any) -> Shape:
    try:
        return _shape(layer.output.shape)
    except (AttributeError, ValueError):
        return ()
