"""How numbers, shapes and tables are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Shape = Sequence[int | None]


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


def short(count: int) -> str:
    """A count in at most four figures: 1,792, 36.9 K, 2.36 M, 15.5 G."""
    if count < 10_000:
        return f"{count:,}"
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if count >= size * 0.9995:
            value = count / size
            return (
                f"{value:.2f} {unit}"
                if value < 9.995
                else f"{value:.1f} {unit}"
                if value < 99.95
                else (f"{value:.0f} {unit}")
            )
    return str(count)


def shape_text(shape: Shape) -> str:
    """`(56, 56, 64)` -> "56×56×64"; an open side is "?"."""
    return "×".join("?" if side is None else f"{side}" for side in shape)


def predictions(rows: Sequence[dict[str, Any]], top: int) -> str:
    """One line per input: the likeliest labels with their probabilities."""
    lines = []
    for row in rows:
        ranked = list(row["probabilities"].items())[:top]
        shown = row["input"] if len(row["input"]) <= 60 else row["input"][:57] + "..."
        lines.append(f"{shown}: " + ", ".join(f"{label} {p:.1%}" for label, p in ranked))
    return "\n".join(lines)
