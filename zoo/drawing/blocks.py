"""From layers to the paper's blocks: chains become one box, forks become branches, repeats are folded.

A diagram is a sequence of items, read downwards:

- `Unit`: one box, a layer with the normalization, activation and dropout written on it;
- `Parallel`: branches between a fork and the layer that joins them (a residual block's shortcut is an empty one);
- `Group`: a framed, named part of the sequence; every part may stand for `repeat` equal ones in a row.

The decomposition is structural (series and parallel regions of the graph); names only serve as titles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from zoo.drawing.graph import Graph, Node, Shape

INNER_RUN = 4  # within a branch only longer runs are folded: the paper's figure shows the shorter ones


@dataclass(frozen=True)
class Unit:
    """One box. `note` is what the layers after (and before) the main one add to it."""

    nodes: tuple[str, ...]
    name: str
    kind: str
    title: str
    note: str
    shape: Shape
    params: int
    signature: tuple
    named: bool = True  # the name was chosen by the builder, not made up by Keras
    repeat: int = 1


@dataclass(frozen=True)
class Parallel:
    """Branches side by side; `join` is None where they run on into the join of an outer region."""

    branches: tuple[tuple[Item, ...], ...]
    join: Unit | None
    shape: Shape
    signature: tuple
    repeat: int = 1


@dataclass(frozen=True)
class Group:
    """A frame with a title around a sequence."""

    title: str
    items: tuple[Item, ...]
    shape: Shape
    signature: tuple
    repeat: int = 1


Item = Unit | Parallel | Group


@dataclass(frozen=True)
class Blocks:
    """The whole diagram; `sides` are the auxiliary heads: (index of the item they leave from, the head)."""

    graph: Graph
    items: tuple[Item, ...]
    sides: tuple[tuple[int, Group], ...]


def model_blocks(graph: Graph) -> Blocks:
    """Decompose the path to the first output; what only serves other outputs hangs beside it."""
    units, of_node = _units(graph)
    inputs = [tuple(dict.fromkeys(of_node[i] for n in u for i in graph.nodes[n].inputs)) for u in units]
    inputs = [tuple(i for i in ins if i != k) for k, ins in enumerate(inputs)]
    made = [_unit(graph, members) for members in units]
    main = _ancestors(of_node[graph.outputs[0]], inputs) if graph.outputs else set(range(len(units)))
    region = _Region(made, inputs)
    items = _fold(_group(region.series(sorted(main), set())), 2)
    rest = [k for k in range(len(units)) if k not in main]
    sides = []
    for part in region.components(rest):
        sources = {i for k in part for i in inputs[k] if i in main}
        source = min(sources, default=0)
        content = _fold(region.series(part, sources), INNER_RUN)
        title = _title(content) or "side output"
        sides.append((_holder(items, made[source].nodes[-1]), _framed(title, content)))
    return Blocks(graph, items, tuple(sorted(sides, key=lambda side: side[0])))


def unfolded(graph: Graph) -> Blocks:
    """Every layer as an item of its own, in order: the layers' level in characters."""
    units = (replace(_unit(graph, [node.name]), named=True, kind="other") for node in graph.nodes.values())
    titles = (_whole(node) for node in graph.nodes.values())
    items = tuple(replace(unit, note="", title=title) for unit, title in zip(units, titles, strict=True))
    return Blocks(graph, items, ())


def _whole(node: Node) -> str:
    inputs = f" ← {', '.join(node.inputs)}" if len(node.inputs) > 1 else ""
    return f"{node.layer_class}{inputs}"


def item_nodes(item: Item) -> tuple[str, ...]:
    """The names of all layers an item shows (of its first copy where it is folded), in order."""
    if isinstance(item, Unit):
        return item.nodes
    if isinstance(item, Group):
        return tuple(name for part in item.items for name in item_nodes(part))
    inner = tuple(name for branch in item.branches for part in branch for name in item_nodes(part))
    return inner + (item.join.nodes if item.join else ())


def item_params(item: Item) -> int:
    """Parameters of one copy of the item."""
    if isinstance(item, Unit):
        return item.params
    if isinstance(item, Group):
        return sum(item_params(part) * part.repeat for part in item.items)
    inner = sum(item_params(part) * part.repeat for branch in item.branches for part in branch)
    return inner + (item.join.params if item.join else 0)


# Units: chains of layers on one box


def _units(graph: Graph) -> tuple[list[list[str]], dict[str, int]]:
    units: list[list[str]] = []
    of_node: dict[str, int] = {}
    for node in graph.nodes.values():
        before = node.inputs[0] if len(node.inputs) == 1 else None
        alone = before is not None and graph.consumers[before] == (node.name,)
        if alone and (_joins(graph, before, node) or _waits(graph, units[of_node[before]], node)):
            target = of_node[before]
        else:
            target = len(units)
            units.append([])
        units[target].append(node.name)
        of_node[node.name] = target
    return units, of_node


def _joins(graph: Graph, before: str, node: Node) -> bool:
    """Whether a layer is written on the box before it, as its normalization, activation or dropout."""
    return node.words.joins is True and graph.nodes[before].words.kind not in ("input", "shape")


def _waits(graph: Graph, unit: list[str], node: Node) -> bool:
    """Whether a box so far holds only padding (or an activation first in its branch) for the layer to come."""
    if node.words.joins or node.words.kind not in ("conv", "depthwise", "pool", "dense"):
        return False
    return all(graph.nodes[name].words.joins for name in unit)


def _unit(graph: Graph, members: list[str]) -> Unit:
    nodes = [graph.nodes[name] for name in members]
    at = next((k for k, node in enumerate(nodes) if not node.words.joins), 0)
    head = nodes[at]
    before = [node.words.suffix + ("" if node.words.joins == "before" else " first") for node in nodes[:at]]
    after = [head.words.suffix] if head.words.joins is False else []
    after += [node.words.suffix for node in nodes[at + 1 :]]
    return Unit(
        nodes=tuple(members),
        name=head.name,
        kind=head.words.kind,
        title=head.words.title,
        note=" · ".join(word for word in [*before, *after] if word),
        shape=nodes[-1].shape,
        params=sum(node.params for node in nodes),
        signature=tuple(node.identity for node in nodes),
        named=not _made_up(head),
    )


def _made_up(node: Node) -> bool:
    """`conv2d_3` of a Conv2D is Keras's own numbering."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", node.layer_class).lower()
    plain = re.sub(r"(_\d+)?(:\d+)?$", "", node.name)
    return plain.replace("_", "") in (snake.replace("_", ""), "input")


# Regions: series and parallel


class _Region:
    """The series-parallel decomposition over unit numbers, which are in topological order."""

    def __init__(self, units: list[Unit], inputs: list[tuple[int, ...]]):
        self.units, self.inputs = units, inputs

    def series(self, members: list[int], sources: set[int]) -> tuple[Item, ...]:
        """`members` as a sequence; `sources` are the units outside from which edges enter (the fork)."""
        waypoints = self._waypoints(members, sources)
        items: list[Item] = []
        start, before = 0, sources
        for at in [*waypoints, None]:
            stop = len(members) if at is None else members.index(at)
            inner = members[start:stop]
            if inner or (at is not None and len(self.inputs[at]) > 1 and items):
                items.append(self._parallel(inner, before, at))
            elif at is not None:
                items.append(self.units[at])
            if at is not None:
                start, before = stop + 1, {at}
        return tuple(items)

    def _waypoints(self, members: list[int], sources: set[int]) -> list[int]:
        """The units through which every path leads: those no edge jumps over."""
        position = {k: p for p, k in enumerate(members)}
        reach = -1  # the furthest position an earlier unit (or the fork) has an edge to
        found = []
        targets: dict[int, int] = {}
        for k in members:
            for source in self.inputs[k]:
                at = position.get(source, -1)
                targets[at] = max(targets.get(at, -1), position[k])
        last_use = {position[s] for k in members for s in self.inputs[k] if s in position}
        ends = [p for p in range(len(members)) if p not in last_use]  # they leave the region
        for p, k in enumerate(members):
            reach = max(reach, targets.get(p - 1, -1))
            if reach <= p and all(end >= p for end in ends):
                found.append(k)
        return found

    def _parallel(self, inner: list[int], sources: set[int], at: int | None) -> Item:
        join = self.units[at] if at is not None else None
        order = {source: k for k, source in enumerate(self.inputs[at])} if at is not None else {}
        parts = self.components(inner)
        if len(parts) == 1 and len(parts[0]) == len(inner) and not (order.keys() & sources):
            return self._tangle(inner, join)
        rank = len(order)
        branches = [
            (min((order[k] for k in part if k in order), default=rank), self._branch(part, sources)) for part in parts
        ]
        branches += [(order[source], ()) for source in sorted(sources) if source in order]
        branches.sort(key=lambda branch: branch[0])
        content = tuple(branch for _, branch in branches)
        if join is not None and join.title == "+":  # the shortcut stands on the right
            content = tuple(sorted(content, key=lambda branch: -sum(len(item_nodes(item)) for item in branch)))
        shape = join.shape if join else (content[-1][-1].shape if content and content[-1] else ())
        signature = ("parallel", tuple(tuple(i.signature for i in b) for b in content), join and join.signature)
        return Parallel(content, join, shape, signature)

    def _branch(self, part: list[int], sources: set[int]) -> tuple[Item, ...]:
        return _fold(self.series(part, sources), INNER_RUN)

    def _tangle(self, inner: list[int], join: Unit | None) -> Item:
        """A region that is not made of series and parallel parts is listed in order (`--level layers` draws it)."""
        units = tuple(self.units[k] for k in inner) + ((join,) if join else ())
        return _framed(_title(units) or "cross-connected layers", units)

    def components(self, members: list[int]) -> list[list[int]]:
        """The weakly connected parts of `members`, each in order, by their first unit."""
        parent = {k: k for k in members}

        def root(k: int) -> int:
            while parent[k] != k:
                k = parent[k]
            return k

        for k in members:
            for source in self.inputs[k]:
                if source in parent:
                    a, b = sorted((root(source), root(k)))
                    parent[b] = a
        parts: dict[int, list[int]] = {}
        for k in members:
            parts.setdefault(root(k), []).append(k)
        return list(parts.values())


def _ancestors(unit: int, inputs: Sequence[tuple[int, ...]]) -> set[int]:
    found, todo = set(), [unit]
    while todo:
        k = todo.pop()
        if k not in found:
            found.add(k)
            todo.extend(inputs[k])
    return found


def _holder(items: tuple[Item, ...], node: str) -> int:
    """The item of the main sequence that ends with, or holds, `node`."""
    for k, item in enumerate(items):
        if node in item_nodes(item):
            return k
    return len(items) - 1


# Groups and repeats


def _framed(title: str, items: tuple[Item, ...], repeat: int = 1) -> Group:
    return Group(title, items, items[-1].shape, ("group", tuple(item.signature for item in items)), repeat)


def _group(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Frame every parallel region, and every depthwise convolution with the pointwise one after it."""
    grouped: list[Item] = []
    for item in items:
        last = grouped[-1] if grouped else None
        if isinstance(item, Parallel):
            grouped.append(_framed(_title((item,)) or "branches", (item,)))
        elif _is_pointwise(item) and isinstance(last, Unit) and last.title.find(" depthwise") > 0:
            grouped[-1] = _framed(_title((last, item)) or f"{last.name} … {item.name}", (last, item))
        else:
            grouped.append(item)
    return tuple(grouped)


def _is_pointwise(item: Item) -> bool:
    return isinstance(item, Unit) and item.title.startswith("1×1 conv")


def _fold(items: tuple[Item, ...], least: int) -> tuple[Item, ...]:
    """Write runs of equal items (or of equal sequences of items) once, with how often they stand there."""
    folded: list[Item] = []
    start = 0
    signatures = [item.signature for item in items]
    while start < len(items):
        count, period = max(
            (_run(signatures, start, p), p) for p in range(1, (len(items) - start) // 2 + 1)
        ) if start + 1 < len(items) else (1, 1)
        if count < least:
            folded.append(items[start])
            start += 1
            continue
        run = items[start : start + count * period]
        folded.append(_repeated(run, period, count))
        start += count * period
    return tuple(folded)


def _run(signatures: list[tuple], start: int, period: int) -> int:
    first = signatures[start : start + period]
    count = 1
    while signatures[start + count * period : start + (count + 1) * period] == first:
        count += 1
    return count


def _repeated(run: tuple[Item, ...], period: int, count: int) -> Item:
    first, last = run[0], run[-period]
    if period > 1:
        names = [_title(run[:period]) or _label(first), _title(run[-period:]) or _label(last)]
        return _framed(" … ".join(dict.fromkeys(names)), run[:period], count)
    names = " … ".join(dict.fromkeys((_label(first), _label(last))))
    if isinstance(first, Unit):
        return replace(first, name=names, repeat=count)
    if isinstance(first, Group):
        return replace(first, title=names, repeat=count)
    return _framed(names, (first,), count)


def _label(item: Item) -> str:
    if isinstance(item, Unit):
        return item.name
    return item.title if isinstance(item, Group) else _title((item,))


def _title(items: Iterable[Item]) -> str:
    """What the names of the layers have in common, word by word: `inception_3a`, `conv2_1`, `block4`."""
    heads = [unit for item in items for unit in _heads(item)]
    named = [unit for unit in heads if unit.named] or heads
    common = re.split(r"[_.]", named[0].name) if named else []
    for unit in named[1:]:
        words = re.split(r"[_.]", unit.name)
        common = [word for word in common if word in words]
    return "_".join(common) or next((u.name for u in reversed(named) if u.kind == "join"), "")


def _heads(item: Item) -> list[Unit]:
    if isinstance(item, Unit):
        return [item]
    if isinstance(item, Group):
        return [unit for part in item.items for unit in _heads(part)]
    inner = [unit for branch in item.branches for part in branch for unit in _heads(part)]
    return inner + ([item.join] if item.join else [])
