"""Rows of the catalogue as tables for people and as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from zoo.catalog import registry
from zoo.catalog.spec import ModelSpec
from zoo.io.formats import number, shape, table


def models(specs: Sequence[ModelSpec]) -> str:
    """The list of `zoo list`."""
    rows = [
        (
            s.name,
            shape(s.input_shape),
            number(s.counts.trainable),
            number(s.counts.macs),
            f"{first_author(s.paper.authors)} {s.paper.year}" if s.paper else "-",
            s.summary,
        )
        for s in specs
    ]
    return table(("model", "input", "parameters", "multiply-adds", "paper", "what it is"), rows, right=(2, 3))


def markdown_models(specs: Sequence[ModelSpec]) -> str:
    """The guide's table: what the paper prints beside what was counted on the built model."""
    lines = [
        "| model | paper | input | trainable parameters | multiply-adds | the paper prints |",
        "|---|---|---|---:|---:|---|",
    ]
    for s in specs:
        paper = f"[{first_author(s.paper.authors)} {s.paper.year}]({s.paper.url})" if s.paper else "-"
        printed = "; ".join(f"{f.what} {f.printed}" for f in s.printed) or "-"
        lines.append(
            f"| `{s.name}` | {paper} | {shape(s.input_shape)} | {number(s.counts.trainable)} "
            f"| {number(s.counts.macs)} | {printed} |"
        )
    return "\n".join(lines)


def first_author(authors: str) -> str:
    """`K. He, X. Zhang, ...` as `He et al.`."""
    first = authors.split(",")[0].split()[-1]
    return first + (" et al." if authors.count(",") else "")


def spec(row: ModelSpec) -> str:
    """The page of `zoo info`."""
    facts = [
        ("what", row.summary),
        ("task", row.task),
        ("input", shape(row.input_shape) + f" -> {row.classes} " + ("logit" if row.classes == 1 else "logits")),
        ("parameters", f"{row.counts.trainable:,} trainable, {row.counts.total:,} in all"),
        ("multiply-adds", number(row.counts.macs) + " for one input"),
    ]
    if row.aux_counts:
        facts.append(
            ("with aux=True", f"{row.aux_counts.trainable:,} trainable, {number(row.aux_counts.macs)} multiply-adds")
        )
    if row.paper:
        facts.append(("paper", f"{row.paper.authors}: {row.paper.title}. {row.paper.venue}, {row.paper.year}"))
        facts.append(("", row.paper.url))
    for figure in (*row.printed, *row.accuracy):
        facts.append(("paper prints", f"{figure.what}: {figure.printed} ({figure.where})"))
    for deviation in row.deviations or ("none",):
        facts.append(("deviation", deviation))
    words = registry.paper_arguments(row.name)
    if words:
        facts.append(("arguments", ", ".join(f"{k}={'required' if v is ... else repr(v)}" for k, v in words.items())))
    for source in row.weights:
        facts.append(("weights", f"{source.name}: {source.url}"))
        facts.append(
            (
                "",
                f"{source.hash or 'no hash published'}; preprocessing {source.preprocessing}; {source.licence}"
                + (f"; {source.accuracy}" if source.accuracy else ""),
            )
        )
    if row.config:
        facts.append(("recipe", f"zoo train configs/{row.config}"))
    facts.append(("builder", row.builder))
    return "\n".join([row.name, *(f"  {key:<14} {value}" for key, value in facts)])


def spec_dict(row: ModelSpec) -> dict[str, Any]:
    """A row as plain data for JSON."""
    plain = {f.name: getattr(row, f.name) for f in dataclasses.fields(row)}
    plain["args"] = dict(row.args)
    return {
        k: dataclasses.asdict(v)
        if dataclasses.is_dataclass(v)
        else [dataclasses.asdict(x) if dataclasses.is_dataclass(x) else x for x in v]
        if isinstance(v, tuple)
        else v
        for k, v in plain.items()
    }
