"""From layers to the paper's blocks: chains become one box, forks become branches, repeats are folded.

The decomposition is structural (series and parallel regions of the graph); names only serve as titles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zoo.graph.items import Blocks, Item, Parallel, Unit, item_nodes
from zoo.graph.read import Graph, Node
from zoo.graph.repeats import folded, framed, grouped, title_of
from zoo.graph.words import is_made_up

INNER_RUN = 4  # within a branch only longer runs are folded: the paper's figure shows the shorter ones


def model_blocks(graph: Graph, *, fold: bool = True) -> Blocks:
    """Decompose the path to the first output; what only serves other outputs hangs beside it.

    Without `fold` equal blocks in a row stay apart.
    """
    units, of_node = _units(graph)
    inputs = [tuple(dict.fromkeys(of_node[i] for n in u for i in graph.nodes[n].inputs)) for u in units]
    inputs = [tuple(i for i in ins if i != k) for k, ins in enumerate(inputs)]
    made = [_unit(graph, members) for members in units]
    main = _ancestors(of_node[graph.outputs[0]], inputs) if graph.outputs else set(range(len(units)))
    region = _Region(made, inputs)
    heads = []
    for part in region.components([k for k in range(len(units)) if k not in main]):
        sources = {i for k in part for i in inputs[k] if i in main}
        content = folded(region.series(part, sources), INNER_RUN)
        heads.append((made[min(sources, default=0)].nodes[-1], framed(title_of(content) or "side output", content)))
    anchors = {node for node, _ in heads}
    items = tuple(_apart(item, anchors) for item in grouped(region.series(sorted(main), set())))
    items = folded(items, 2) if fold else items
    sides = sorted(((_holder(items, node), head) for node, head in heads), key=lambda side: side[0])
    return Blocks(graph, items, tuple(sides))


def unfolded(graph: Graph) -> Blocks:
    """Every layer as an item of its own, in order: the layers' level in characters."""
    units = (replace(_unit(graph, [node.name]), named=True, kind="other") for node in graph.nodes.values())
    titles = (_whole(node) for node in graph.nodes.values())
    items = tuple(replace(unit, note="", title=title) for unit, title in zip(units, titles, strict=True))
    return Blocks(graph, items, ())


def _whole(node: Node) -> str:
    inputs = f" ← {', '.join(node.inputs)}" if len(node.inputs) > 1 else ""
    return f"{node.layer_class}{inputs}"


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
        named=not is_made_up(head.name, head.layer_class),
    )


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
        return folded(self.series(part, sources), INNER_RUN)

    def _tangle(self, inner: list[int], join: Unit | None) -> Item:
        """A region that is not made of series and parallel parts is listed in order (`--level layers` draws it)."""
        units = tuple(self.units[k] for k in inner) + ((join,) if join else ())
        return framed(title_of(units) or "cross-connected layers", units)

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


def _apart(item: Item, anchors: set[str]) -> Item:
    """An item from which a side head leaves is equal to no other, so it is not folded away."""
    held = anchors.intersection(item_nodes(item))
    return replace(item, signature=("anchor", *sorted(held), item.signature)) if held else item


def _holder(items: tuple[Item, ...], node: str) -> int:
    """The item of the main sequence that ends with, or holds, `node`."""
    for k, item in enumerate(items):
        if node in item_nodes(item):
            return k
    return len(items) - 1
