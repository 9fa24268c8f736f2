"""A diagram in characters: an indented tree for terminals, and Mermaid for READMEs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from zoo.draw.style import COLOURS
from zoo.graph.items import Blocks, Group, Item, Parallel, Unit, item_params
from zoo.graph.read import Graph
from zoo.io.formats import shape_text, short

WIDTH = 80  # columns


def text_diagram(blocks: Blocks, width: int = WIDTH) -> str:
    """The blocks as lines: branches under each other with rails on their left, the output shape on the right.

    What is wider than `width` goes on in the next line, further in.
    """
    graph = blocks.graph
    heads: dict[int, list[Group]] = {}
    for at, head in blocks.sides:
        heads.setdefault(at, []).append(head)
    lines: list[Line] = []
    for k, item in enumerate(blocks.items):
        lines += _lines(item, "")
        for head in heads.get(k, ()):
            lines.append(("", "├─▶ to the auxiliary head:", "", ""))
            lines += [(f"│   {rails}", *rest) for rails, *rest in _lines(head, "")]
    mid = max(len("output"), *(len(shape) for _, _, shape, _ in lines))
    last = max(len("parameters"), *(len(count) for *_, count in lines))
    room = max(width - mid - last - 4, 24)
    lines = [part for line in lines for part in _folded(*line, room)]
    wide = max(len(rails + text) for rails, text, _, _ in lines)
    rows = [f"{rails + text:<{wide}}  {shape:<{mid}}  {count:>{last}}".rstrip() for rails, text, shape, count in lines]
    totals = f"{graph.params:,} parameters"
    if graph.trainable != graph.params:
        totals += f", {graph.trainable:,} trainable"
    if graph.macs:
        totals += f", {graph.macs:,} multiply-adds"
    head = f"{'layer':<{wide}}  {'output':<{mid}}  {'parameters':>{last}}"
    return "\n".join([graph.name, totals, "", head, *rows, ""])


Line = tuple[str, str, str, str]  # rails, text, output, parameters


def _folded(rails: str, text: str, shape: str, count: str, room: int) -> list[Line]:
    first, *more = textwrap.wrap(text, max(room - len(rails), 16), subsequent_indent="    ") or [""]
    rails_on = rails.translate(str.maketrans("┌├└", "││ "))
    return [(rails, first, shape, count), *((rails_on, part, "", "") for part in more)]


def _lines(item: Item, rails: str) -> Iterator[Line]:
    times = f" ×{item.repeat}" if item.repeat > 1 else ""
    if isinstance(item, Unit):
        name = f"{item.name}: " if item.named and item.kind != "input" and item.kind != "join" else ""
        words = " · ".join(word for word in (item.title, item.note) if word)
        yield rails, f"{name}{words}{times}", shape_text(item.shape), _count(item)
    elif isinstance(item, Group):
        yield rails, f"{item.title}{times}", shape_text(item.shape), _count(item)
        for part in item.items:
            yield from _lines(part, rails + "│ ")
    else:
        for k, branch in enumerate(item.branches):
            lines = [line for part in branch for line in _lines(part, "")] or [("", "identity", "", "")]
            for row, (inner, text, shape, count) in enumerate(lines):
                sign = ("┌ " if k == 0 else "├ ") if row == 0 else "│ "
                yield f"{rails}{sign}{inner}", text, shape, count
        if item.join is not None:
            join = " · ".join(word for word in (item.join.title, item.join.note) if word)
            yield f"{rails}└ ", join, shape_text(item.shape), ""
        elif item.branches:
            yield f"{rails}└", "", "", ""


def _count(item: Item) -> str:
    count = item_params(item)
    return "" if not count else f"{item.repeat} × {short(count)}" if item.repeat > 1 else f"{count:,}"


def mermaid(blocks: Blocks) -> str:
    """A Mermaid flowchart, for pages that draw it (GitHub's Markdown does)."""
    writer = _Mermaid()
    ends: list[list[str]] = []
    before: list[str] = []
    shape = ""
    for item in blocks.items:
        before = writer.item(item, before, shape, 1)
        shape = shape_text(item.shape)
        ends.append(before)
    for at, head in blocks.sides:
        writer.item(head, ends[at], shape_text(blocks.items[at].shape), 1)
    styles = [
        f"    classDef {kind} fill:{COLOURS[kind][0]},stroke:{COLOURS[kind][1]},color:#18181b"
        for kind in COLOURS
        if kind in writer.kinds
    ]
    title = _quoted(blocks.graph.name)
    return "\n".join(["---", f'title: "{title}"', "---", "flowchart TB", *writer.lines, *writer.edges, *styles, ""])


def mermaid_layers(graph: Graph) -> str:
    """Every layer a node of a Mermaid flowchart."""
    numbers = {name: f"n{k}" for k, name in enumerate(graph.nodes, 1)}
    lines = [
        f'    {numbers[name]}["<b>{_quoted(name)}</b><br/>{node.layer_class}<br/>{shape_text(node.shape)}"]'
        for name, node in graph.nodes.items()
    ]
    for name, node in graph.nodes.items():
        lines += [f"    {numbers[source]} --> {numbers[name]}" for source in node.inputs]
    return "\n".join(["flowchart TB", *lines, ""])


class _Mermaid:
    """Writes nodes, subgraphs and edges; `before` are the nodes from which the next edge comes.

    Edges stand apart and come last: a subgraph draws every node into itself that is so much as named in it.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.edges: list[str] = []
        self.kinds: set[str] = set()
        self.count = 0

    def item(self, item: Item, before: Sequence[str], shape: str, depth: int) -> list[str]:
        if isinstance(item, Unit):
            return [self.unit(item, before, shape, depth)]
        if isinstance(item, Parallel):
            return self.parallel(item, before, shape, depth)
        pad = "    " * depth
        times = f" ×{item.repeat}" if item.repeat > 1 else ""
        self.count += 1
        self.lines.append(f'{pad}subgraph g{self.count}["{_quoted(item.title)}{times}"]')
        ends = list(before)
        for part in item.items:
            ends = self.item(part, ends, shape, depth + 1)
            shape = shape_text(part.shape)
        self.lines.append(f"{pad}end")
        return ends

    def unit(self, unit: Unit, before: Sequence[str], shape: str, depth: int) -> str:
        self.count += 1
        name, pad = f"n{self.count}", "    " * depth
        times = f" ×{unit.repeat}" if unit.repeat > 1 else ""
        rows = [f"<b>{_quoted(unit.title)}</b>{times}", _quoted(unit.note), short(unit.params) if unit.params else ""]
        if unit.named and depth == 1 and unit.kind != "input":
            rows.insert(0, f"<b>{_quoted(unit.name)}</b>")
            rows[1] = _quoted(unit.title) + times
        label = "<br/>".join(row for row in rows if row)
        opened, closed = ("((", "))") if unit.title in ("+", "×", "-") and not unit.note else ("[", "]")
        self.lines.append(f'{pad}{name}{opened}"{label}"{closed}:::{unit.kind}')
        self.kinds.add(unit.kind)
        arrow = f'-- "{shape}" -->' if shape and len(before) == 1 else "-->"
        self.edges += [f"    {source} {arrow} {name}" for source in before]
        return name

    def parallel(self, region: Parallel, before: Sequence[str], shape: str, depth: int) -> list[str]:
        ends: list[str] = []
        for branch in region.branches:
            tips, at = list(before), ""
            for item in branch:
                tips = self.item(item, tips, at, depth)
                at = shape_text(item.shape) if len(region.branches) <= 2 else ""
            ends += tips
        return ends if region.join is None else [self.unit(region.join, ends, "", depth)]


def _quoted(words: str) -> str:
    return words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
