"""Plain-text tables for the terminal; nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.io.formats import number, shape, table

if TYPE_CHECKING:
    from zoo.analysis.data_report import DataReport
    from zoo.runs.export import Exported

MOST_CLASSES = 40  # rows of a table


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
    rows = [
        (r.what, number(r.items), f"{r.largest:.1e}", f"{r.limit:.0e}" if r.limit else "-", number(r.same))
        for r in made.rows
    ]
    lines = [table(("compared on", "items", "largest difference", "below", "same class"), rows, right=(1, 2, 3, 4))]
    lines += [f"note: {note}" for note in made.notes]
    if made.kept:
        lines.append(f"{'replaced' if made.replaced else 'written'}: {made.file}, with artifact.json and README.md")
    else:
        lines.append(f"not kept: the probabilities of {made.file.name} are not those of the run")
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
