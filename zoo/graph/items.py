"""What a diagram of blocks is made of.

A diagram is a sequence of items, read downwards:

- `Unit`: one box, a layer with the normalization, activation and dropout written on it;
- `Parallel`: branches between a fork and the layer that joins them (a residual block's shortcut is an empty one);
- `Group`: a framed, named part of the sequence; every part may stand for `repeat` equal ones in a row.
"""

from __future__ import annotations

from dataclasses import dataclass

from zoo.graph.read import Graph, Shape


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


def item_units(item: Item) -> list[Unit]:
    """The boxes in an item, in order."""
    if isinstance(item, Unit):
        return [item]
    if isinstance(item, Group):
        return [unit for part in item.items for unit in item_units(part)]
    inner = [unit for branch in item.branches for part in branch for unit in item_units(part)]
    return inner + ([item.join] if item.join else [])
