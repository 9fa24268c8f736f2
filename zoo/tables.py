"""Plain-text tables for the terminal; nothing here computes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo import registry
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from zoo.data_report import DataReport
    from zoo.exporting import Exported

MOST_CLASSES = 40  # rows of a table


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns as wide as their widest cell; those in `right` are set flush right."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * w for w in widths], *rows]:
        cells = [
            str(c).rjust(w) if i in right else str(c).ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value: int | None) -> str:
    """A count with thousands separators, or a dash."""
    return "-" if value is None else f"{value:,}"


def shape(value: Sequence[int | None]) -> str:
    """`(32, 32, 1)` as `32x32x1`."""
    return "x".join("?" if side is None else str(side) for side in value)


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
    """The README's table: what the paper prints beside what was counted on the built model."""
    lines = ["| model | paper | input | trainable parameters | multiply-adds | the paper prints |",
             "|---|---|---|---:|---:|---|"]  # fmt: skip
    for s in specs:
        paper = f"[{first_author(s.paper.authors)} {s.paper.year}]({s.paper.url})" if s.paper else "-"
        printed = "; ".join(f"{f.what} {f.printed}" for f in s.printed) or "-"
        lines.append(f"| `{s.name}` | {paper} | {shape(s.input_shape)} | {number(s.counts.trainable)} "
                     f"| {number(s.counts.macs)} | {printed} |")  # fmt: skip
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


def evaluation(result: dict[str, Any], class_names: Sequence[str]) -> str:
    """Figures, the per-class table and the confusion matrix of `zoo evaluate`."""
    scalars = "  ".join(f"{k} {v:.4f}" for k, v in result.items() if isinstance(v, float))
    per_class = table(
        ("class", "precision", "recall", "f1", "count"),
        [
            (r["class"], f"{r['precision']:.3f}", f"{r['recall']:.3f}", f"{r['f1']:.3f}", r["count"])
            for r in result["per_class"]
        ],
        right=(1, 2, 3, 4),
    )
    if len(class_names) > 20:
        return f"{scalars}\n\n{per_class}\n\n(the confusion matrix of {len(class_names)} classes is in confusion.png)"
    confusion = table(
        ("true \\ predicted", *class_names),
        [(name, *row) for name, row in zip(class_names, result["confusion"], strict=True)],
        right=range(1, len(class_names) + 1),
    )
    return f"{scalars}\n\n{per_class}\n\n{confusion}"


def parity(made: Exported) -> str:
    """The answer of `zoo export`: each comparison with the run, and what became of the file."""
    rows = [(r.what, number(r.items), f"{r.largest:.1e}", f"{r.limit:.0e}" if r.limit else "-", number(r.same))
            for r in made.rows]  # fmt: skip
    lines = [table(("compared on", "items", "largest difference", "below", "same class"), rows, right=(1, 2, 3, 4))]
    lines += [f"note: {note}" for note in made.notes]
    if made.kept:
        lines.append(f"{'replaced' if made.replaced else 'written'}: {made.file}, with artifact.json and README.md")
    else:
        lines.append(f"not kept: the probabilities of {made.file.name} are not those of the run")
    return "\n".join(lines)


def predictions(rows: Sequence[dict[str, Any]], top: int) -> str:
    """One line per input: the likeliest labels with their probabilities."""
    lines = []
    for row in rows:
        ranked = list(row["probabilities"].items())[:top]
        shown = row["input"] if len(row["input"]) <= 60 else row["input"][:57] + "..."
        lines.append(f"{shown}: " + ", ".join(f"{label} {p:.1%}" for label, p in ranked))
    return "\n".join(lines)


def config(resolved: Any) -> str:
    """Every value of a config with the place it comes from."""
    rows = []

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            rows.append((prefix, _yaml(value), _origin(resolved.origins, prefix)))

    walk("", resolved.to_dict())
    return table(("key", "value", "origin"), rows)


def _origin(origins: dict[str, str], key: str) -> str:
    while key and key not in origins:
        key = key.rpartition(".")[0]
    return origins.get(key, "default")


def _yaml(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


def data(report: DataReport) -> str:
    """The answer of `zoo data`."""
    parts = list(report.class_counts)
    counts = report.class_counts
    rows = [(name, *(number(counts[part][i]) for part in parts)) for i, name in enumerate(report.class_names)]
    if len(rows) > MOST_CLASSES:
        rows = [*rows[: MOST_CLASSES - 1], (f"... {len(rows) - MOST_CLASSES + 1} more", *("" for _ in parts))]
    rows.append(("all", *(number(sum(counts[part])) for part in parts)))
    words = f", {report.vocabulary_size:,} words known" if report.vocabulary_size else ""
    unit = {"image": "pixels", "tokens": "words", "frames": "steps and columns"}[report.kind]
    lines = [
        f"{report.name}: {shape(report.input_shape)} {unit}{words}",
        "",
        table(("class", *parts), rows, right=tuple(range(1, len(parts) + 1))),
        "",
    ]
    if report.kind != "tokens":
        for key, values in report.values.items():
            lines.append(f"{key:<12} {'  '.join(f'{v:g}' for v in values)}")
    else:
        of, unknown = report.values["words"], report.values["unknown"]
        lines += [
            f"words        {of['least']} to {of['largest']}, median {of['median']}; "
            f"{report.values['padding']:.1%} padding, {report.values['full']:.1%} of the texts full or cut",
            f"unknown      {', '.join(f'{part} {share:.2%}' for part, share in unknown.items())} of all words",
        ]
    for between, found in report.duplicates.items():
        other = f", {found['other_label']} of them with another label" if found["other_label"] else ""
        pairs = "; ".join(" = ".join(pair) for pair in found["pairs"])
        lines.append(f"duplicates   {found['count']} between {between}{other}{f': {pairs}' if pairs else ''}")
    lines.append(f"speed        {report.samples_per_second:,.0f} samples per second")
    for row in report.examples:
        lines += ["", f"{row['class']}: {row['text']}"]
    return "\n".join([*lines, *([""] if report.notes else []), *report.notes])
