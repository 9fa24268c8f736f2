"""How a summary looks: in a terminal of any width, and in a notebook."""

from __future__ import annotations

import dataclasses
import shutil
import textwrap
from dataclasses import dataclass
from html import escape
from typing import Any

from zoo.graph.formulas import RULES, Shape, Step
from zoo.io import formats
from zoo.io.formats import shape_text, short

LABEL = 16  # columns of "receptive field"


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
        return summary_html(self)

    def text(self, width: int = 80) -> str:
        """The table, and what explains it, for a terminal of `width` columns."""
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


def summary_text(found: Summary, width: int) -> str:
    """The table, the totals and what they count; then, where asked for, each number by its formula."""
    parts = [f"{found.name}, input {', '.join(map(shape_text, found.input_shapes))}", _table(found, max(width, 60))]
    parts.append("\n".join(textwrap.fill(line, max(width, 60)) for line in _totals(found)))
    if found.explanations:
        parts.append(_rules(found, width))
        parts += [_explanation(e, width) for e in found.explanations if e.steps or e.note]
    return "\n\n".join(parts)


def _table(found: Summary, width: int) -> str:
    """Names and descriptions get what the numbers leave; multiply-adds are rounded where it is narrow."""
    narrow = width < 100
    header = ["block" if found.folded else "layer", "what", "output", "parameters", "share", "MACs", "share", "field"]
    rows = [_cells(found, row, narrow) for row in found.rows]
    total = ["total", "", "", f"{found.parameters:,}", "", _macs(found.macs, narrow), "", ""]
    if not any(row[-1] for row in rows):  # a model of sequences has no field
        header, total, rows = header[:-1], total[:-1], [row[:-1] for row in rows]
    taken = sum(max(len(row[k]) for row in [header, total, *rows]) + 2 for k in range(2, len(header)))
    left = width - taken
    longest = max(len(row[0]) for row in rows)
    name = min(longest, max(left - 2 - 24, 20)) if left - 2 - min(longest, 24) >= 14 else min(longest, max(left, 12))
    what = left - name - 2
    lines = [[_cut(row[0], name), _cut(row[1], what), *row[2:]] for row in [*rows, total]]
    if what < 14:
        header, lines = [header[0], *header[2:]], [[row[0], *row[2:]] for row in lines]
    text = formats.table(header, lines, right=range(header.index("parameters"), len(header))).split("\n")
    text.insert(-1, text[1])  # a rule above the totals
    return "\n".join(text)


def _cells(found: Summary, row: Row, narrow: bool) -> list[str]:
    times = f" ×{row.repeat}" if row.repeat > 1 else ""
    return [
        row.name + times,
        row.what,
        shape_text(row.output_shape),
        f"{row.parameters:,}" if row.parameters else "",
        percent(row.parameters, found.parameters),
        _macs(row.macs, narrow) if row.macs != 0 else "",
        percent(row.macs, found.macs),
        _field(row.receptive_field),
    ]


def percent(part: int | None, whole: int | None) -> str:
    """`4.2 %`; nothing for nothing."""
    return f"{part / whole:.1%}".replace("%", " %") if part and whole else ""


def _macs(macs: int | None, narrow: bool) -> str:
    return "open" if macs is None else short(macs) if narrow else f"{macs:,}"


def _field(field: tuple[int, ...] | None) -> str:
    return "" if field is None else str(field[0]) if len(set(field)) == 1 else shape_text(field)


def _cut(text: str, width: int) -> str:
    """Text no wider than `width`; a multiplier at its end stays."""
    if len(text) <= width:
        return text
    body, mark, times = text.rpartition(" ×")
    tail = mark + times if mark and times.isdigit() else ""
    return (body if tail else text)[: max(width - 1 - len(tail), 1)].rstrip() + "…" + tail


def _totals(found: Summary) -> list[str]:
    frozen = found.parameters - found.trainable
    trained = f": {found.trainable:,} are trained (these the papers count), {frozen:,} are not." if frozen else "."
    macs = "open, as is the input's size;" if found.macs is None else f"{found.macs:,} in all;"
    lines = [
        f"{found.parameters:,} parameters{trained}",
        f"MACs: multiply-adds for one input, {macs} biases, normalization, pooling and activations are free.",
    ]
    if any(row.receptive_field for row in found.rows):
        lines.append("field: the receptive field, how many input pixels a side one output sees.")
    return lines


def _rules(found: Summary, width: int) -> str:
    used = dict.fromkeys(step.rule for e in found.explanations for step in e.steps)
    lines = [textwrap.fill(RULES[rule], max(width - 2, 58), subsequent_indent="    ") for rule in used]
    return "Formulas\n" + textwrap.indent("\n".join(lines), "  ")


def _explanation(e: Explanation, width: int) -> str:
    inputs = " and ".join(shape_text(s) for s in dict.fromkeys(e.input_shapes))
    lines = [f"{e.name}  {e.class_name}  {inputs} -> {shape_text(e.output_shape)}"]
    for step in e.steps:
        lines.append(
            textwrap.fill(
                str(step),
                max(width, 60),
                initial_indent=f"  {step.what:<{_label(e)}}",
                subsequent_indent=" " * (_label(e) + 4),
                break_long_words=False,
            )
        )
    if e.note:
        lines.append(f"  {e.note}")
    return "\n".join(lines)


def _label(e: Explanation) -> int:
    return max([LABEL, *(len(step.what) + 1 for step in e.steps)])


def summary_html(found: Summary) -> str:
    """A table for a notebook; the explanations behind a click."""
    head = ("block" if found.folded else "layer", "what", "output", "parameters", "share", "MACs", "share", "field")
    rows = [_cells(found, row, False) for row in found.rows]
    rows.append(["<total>", "", "", f"{found.parameters:,}", "", _macs(found.macs, False), "", ""])
    title = f"{found.name}, input {', '.join(map(shape_text, found.input_shapes))}"
    notes = "<br>".join(escape(line) for line in _totals(found))
    body = html_table(head, [[cell.strip("<>") for cell in row] for row in rows], left=3)
    explained = ""
    if found.explanations:
        text = "\n\n".join([_rules(found, 100), *(_explanation(e, 100) for e in found.explanations if e.steps)])
        explained = f"<details><summary>how each number comes about</summary><pre>{escape(text)}</pre></details>"
    return f"<div><b>{escape(title)}</b>{body}<small>{notes}</small>{explained}</div>"


def html_table(head, rows, left: int) -> str:
    """A table of escaped cells; the first `left` columns flush left, the others right."""

    def line(cells, tag: str) -> str:
        sides = ("left" if k < left else "right;white-space:nowrap" for k in range(len(cells)))
        return "".join(
            f'<{tag} style="text-align:{side}">{escape(str(cell))}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{line(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"
