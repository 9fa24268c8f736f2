"""What differs between two models: blocks and layers aligned by difflib, each difference with before and after.

Blocks, and the layers in two blocks that belong together, are aligned by their names where the models share them
(ResNets of two depths), else by what they are (VGG and AlexNet).
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING, Any

from zoo.graph.blocks import model_blocks
from zoo.graph.items import Group, Item, Unit, item_units
from zoo.graph.read import Graph, model_graph, shown_names
from zoo.io.formats import shape_text

if TYPE_CHECKING:
    import keras

SIGNS = {"added": "+", "removed": "-", "changed": "~"}
UNTOLD = {
    "name",
    "dtype",
    "trainable",
    "seed",
    "batch_shape",
    "build_config",
    "module",
    "registered_name",
    # these stand in a layer's words
    "filters",
    "units",
    "kernel_size",
    "pool_size",
    "strides",
    "activation",
    "groups",
    "rate",
    "dilation_rate",
    "input_dim",
    "output_dim",
    "target_shape",
    "max_value",
}


@dataclass(frozen=True)
class Change:
    """A layer that is added, removed or changed; `facts` are (what, before, after), "" where there is none.

    A change of kind "settings" is of what does not show on a diagram: an epsilon, an initializer.
    """

    kind: str
    block: str
    layer: str
    facts: tuple[tuple[str, str, str], ...]
    nodes: tuple[str, str]  # the layer's name before and after


@dataclass(frozen=True)
class Row:
    """A block before and after; one of them is None where it is added or removed."""

    before: Item | None
    after: Item | None
    changes: tuple[Change, ...]

    @property
    def kind(self) -> str:
        """equal, added, removed or changed."""
        if self.before is None or self.after is None:
            return "added" if self.before is None else "removed"
        return "changed" if any(change.kind != "settings" for change in self.changes) else "equal"


@dataclass(frozen=True)
class Diff:
    """Two models side by side, block by block."""

    before: Graph
    after: Graph
    rows: tuple[Row, ...]

    @property
    def changes(self) -> list[Change]:
        """All differences, in the order of the models."""
        return [change for row in self.rows for change in row.changes]

    @property
    def title(self) -> str:
        """Both names."""
        return f"{self.before.name} → {self.after.name}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "before": self.before.name,
            "after": self.after.name,
            "changes": [
                {
                    "kind": c.kind,
                    "block": c.block,
                    "layer": c.layer,
                    "facts": [dict(zip(("what", "before", "after"), fact, strict=True)) for fact in c.facts],
                }
                for c in self.changes
            ],
        }

    def totals(self) -> list[str]:
        """How many layers differ, and the sums that do."""
        counts = {kind: sum(change.kind == kind for change in self.changes) for kind in SIGNS}
        told = [f"{count} {'layer' if count == 1 else 'layers'} {kind}" for kind, count in counts.items() if count]
        lines = [", ".join(told) or ("no layer differs but in settings" if self.changes else "no difference")]
        frozen = any(graph.params != graph.trainable for graph in (self.before, self.after))
        for word in ("params", "trainable", "macs") if frozen else ("params", "macs"):
            one, two = getattr(self.before, word), getattr(self.after, word)
            name = {"params": "parameters", "trainable": "trained parameters", "macs": "multiply-adds"}[word]
            if one != two:
                lines.append(f"{name} {_number(one)} → {_number(two)}" + (f" ({two / one - 1:+.1%})" if one else ""))
        return lines

    def lines(self) -> list[tuple[str, str]]:
        """(sign and layer, what differs); equal blocks in a row, and layers that changed alike, are told once."""
        made: list[tuple[str, str]] = []
        changed: dict[tuple, list[Change]] = {}
        settings: dict[tuple[str, str, str], list[str]] = {}
        for kind, rows in alike(self.rows):
            block = rows[0].before or rows[0].after
            if kind in ("added", "removed") and isinstance(block, Group):
                names = dict.fromkeys(_name(row.before or row.after) for row in (rows[0], rows[-1]))
                layers = "; ".join(_words(unit) for unit in item_units(block))
                each = f"{len(rows)} blocks of " if len(rows) > 1 else ""
                made.append((f"{SIGNS[kind]} {' … '.join(names)}", f"{each}{layers}"))
                continue
            for change in (change for row in rows for change in row.changes):
                if change.kind == "settings":
                    for fact in change.facts:
                        settings.setdefault(fact, []).append(change.layer)
                elif change.kind == "changed":
                    what = tuple(fact[0] for fact in change.facts)
                    same = changed.setdefault(what if what == ("parameters",) else change.facts, [])
                    same.append(change)
                    if len(same) == 1:
                        made.append(("", same))
                else:
                    made.append((f"{SIGNS[change.kind]} {change.layer}", _told(change)))
        made = [line if line[0] else _together(line[1]) for line in made]
        for (what, before, after), layers in settings.items():
            where = layers[0] if len(layers) == 1 else f"{len(layers)} layers, {layers[0]} … {layers[-1]}"
            made.append((f"  {what}", f"{before} → {after} ({where})"))
        return made

    def text(self, width: int = 80) -> str:
        """The list for a terminal."""
        lines = self.lines()
        wide = min(max((len(layer) for layer, _ in lines), default=0), 32)
        told = [
            textwrap.fill(
                what,
                max(width, wide + 30),
                initial_indent=f"{layer:<{wide}}  ",
                subsequent_indent=" " * (wide + 2),
                break_long_words=False,
            )
            for layer, what in lines
        ]
        return "\n".join([self.title, *self.totals(), *([""] if told else []), *told, ""])


def diff_models(before: keras.Model, after: keras.Model) -> Diff:
    """Align two built models and list what differs."""
    graphs = model_graph(before), model_graph(after)
    one, two = (_Side(model, graph) for model, graph in zip((before, after), graphs, strict=True))
    aligned = list(_aligned(one.items, two.items, _item_words))
    units = [list(_aligned(_units(a), _units(b), _unit_words)) for a, b in aligned]
    pairs = {a.name: b.name for row in units for a, b in row if a is not None and b is not None}
    rows = []
    for (a, b), inner in zip(aligned, units, strict=True):
        block = next((item.title for item in (a, b) if isinstance(item, Group)), "")
        rows.append(Row(a, b, tuple(_changes(block, inner, one, two, pairs))))
    return Diff(*graphs, tuple(rows))


class _Side:
    """One of the two models: its blocks without folding, its layers' settings, where each box's input comes from."""

    def __init__(self, model: keras.Model, graph: Graph) -> None:
        blocks = model_blocks(graph, fold=False)
        self.items = (*blocks.items, *(head for _, head in blocks.sides))
        self.graph = graph
        shown = shown_names(model)
        self.settings = {shown[layer.name]: _settings(layer) for layer in model.layers}
        self.unit_of = {node: unit.name for item in self.items for unit in item_units(item) for node in unit.nodes}

    def sources(self, unit: Unit) -> list[str | None]:
        nodes = (source for node in unit.nodes for source in self.graph.nodes[node].inputs if source not in unit.nodes)
        return [self.unit_of.get(node) for node in nodes]


def _aligned(one: Sequence[Any], two: Sequence[Any], words: Callable[[Any], Any]) -> Iterator[tuple[Any, Any]]:
    """Pairs of what belongs together, and (x, None), (None, y) for the rest, in order."""
    names = [{_name(x) for x in side if _name(x)} for side in (one, two)]
    by_name = 2 * len(names[0] & names[1]) >= max(min(map(len, names)), 1)
    keys = [[(by_name and _name(x)) or words(x) for x in side] for side in (one, two)]
    for tag, i, i_end, j, j_end in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(one[i:i_end], two[j:j_end], strict=True)
        else:  # what is of one kind belongs together
            yield from _by_kind(one[i:i_end], two[j:j_end])


def _by_kind(one: Sequence[Any], two: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    kinds = [[x.kind if isinstance(x, Unit) else type(x).__name__ for x in side] for side in (one, two)]
    for tag, i, i_end, j, j_end in SequenceMatcher(None, *kinds, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(one[i:i_end], two[j:j_end], strict=True)
        else:
            yield from ((x, None) for x in one[i:i_end])
            yield from ((None, y) for y in two[j:j_end])


def _name(item: Item) -> str:
    return item.title if isinstance(item, Group) else item.name if isinstance(item, Unit) and item.named else ""


def _item_words(item: Item) -> Any:
    return tuple(_unit_words(unit) for unit in item_units(item))


def _unit_words(unit: Unit) -> Any:
    return unit.kind, unit.title


def _units(item: Item | None) -> list[Unit]:
    return [] if item is None else item_units(item)


def _changes(
    block: str, aligned: Sequence[tuple[Any, Any]], one: _Side, two: _Side, pairs: Mapping[str, str]
) -> Iterator[Change]:
    for a, b in aligned:
        if a is None or b is None:
            unit, kind = (a, "removed") if b is None else (b, "added")
            facts = [("layer", _words(unit)), ("output", shape_text(unit.shape)), ("parameters", f"{unit.params:,}")]
            sided = ((what, "", value) if kind == "added" else (what, value, "") for what, value in facts)
            nodes = ("", unit.nodes[0]) if kind == "added" else (unit.nodes[0], "")
            yield Change(kind, block, _called(unit), tuple(sided), nodes)
        else:
            for kind, facts in (
                ("changed", tuple(_facts(a, b, one, two, pairs))),
                ("settings", tuple(_other_settings(a, b, one, two))),
            ):
                if facts:
                    called = _called(b) if a.name == b.name or not (a.named and b.named) else f"{a.name} → {b.name}"
                    yield Change(kind, block, called, facts, (a.nodes[0], b.nodes[0]))


def _facts(a: Unit, b: Unit, one: _Side, two: _Side, pairs: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for what, before, after in (
        ("layer", _words(a), _words(b)),
        ("output", shape_text(a.shape), shape_text(b.shape)),
        ("parameters", f"{a.params:,}", f"{b.params:,}"),
        ("times", str(a.repeat), str(b.repeat)),
    ):
        if before != after:
            yield what, before, after
    froms, tos = one.sources(a), two.sources(b)
    known = all(name in pairs for name in froms) and all(name in pairs.values() for name in tos)
    if known and sorted(pairs[name] for name in froms) != sorted(tos):
        yield "input", ", ".join(froms), ", ".join(tos)


def _other_settings(a: Unit, b: Unit, one: _Side, two: _Side) -> Iterator[tuple[str, str, str]]:
    """What the words on a box do not say: padding, epsilon, initializers, ..."""
    left = list(b.nodes)
    for x in a.nodes:
        y = next((y for y in left if two.graph.nodes[y].layer_class == one.graph.nodes[x].layer_class), None)
        if y is None:
            continue
        left.remove(y)
        before, after = (side.settings.get(node.partition(":")[0], {}) for side, node in ((one, x), (two, y)))
        for key in dict.fromkeys((*before, *after)):
            if before.get(key) != after.get(key):
                yield f"{one.graph.nodes[x].layer_class} {key}", before.get(key, "-"), after.get(key, "-")


def _settings(layer: Any) -> dict[str, str]:
    try:
        config = layer.get_config()
    except NotImplementedError:  # a user's own layer that cannot be saved either
        return {}
    return {key: _plain(value) for key, value in config.items() if key not in UNTOLD and not hasattr(layer, "layers")}


def _plain(value: Any) -> str:
    if not isinstance(value, dict):
        return str(list(value) if isinstance(value, tuple) else value)
    inner = value.get("config") if "class_name" in value else value
    told = ", ".join(f"{k}={_plain(v)}" for k, v in (inner or {}).items() if v is not None and k not in UNTOLD)
    return f"{value['class_name']}({told})" if "class_name" in value else told


def _words(unit: Unit) -> str:
    return " · ".join(word for word in (unit.title, unit.note) if word)


def _called(unit: Unit) -> str:
    return unit.name if unit.named else f"join {unit.title}" if unit.kind == "join" else unit.title


def _together(same: Sequence[Change]) -> tuple[str, str]:
    """The line of layers that changed alike."""
    names = f"~ {' … '.join(dict.fromkeys((same[0].layer, same[-1].layer)))}"
    if len(same) == 1:
        return names, _told(same[0])
    told = _told(same[0]) if len({change.facts for change in same}) == 1 else "the number of parameters alone"
    return names, f"in {len(same)} layers: {told}"


def _told(change: Change) -> str:
    parts = []
    for what, before, after in change.facts:
        value = f"{before} → {after}" if change.kind == "changed" else before or after
        if what == "parameters" and value == "0":
            continue
        parts.append(f"{value} parameters" if what == "parameters" else value if what == "layer" else f"{what} {value}")
    return "; ".join(parts)


def _number(value: int | None) -> str:
    return "open" if value is None else f"{value:,}"


def alike(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Runs of rows that are drawn as one: equal blocks, or equal ones that differ in the same way."""

    def key(row: Row) -> tuple:
        signatures = tuple(item and item.signature for item in (row.before, row.after))
        return (row.kind,) if row.kind == "equal" else (row.kind, *signatures, len(row.changes))

    for (kind, *_), run in groupby(rows, key=key):
        yield kind, list(run)
