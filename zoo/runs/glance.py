"""How a run shows itself in a notebook: what became of it, its curves in small, the way to its page."""

from __future__ import annotations

import math
import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

WIDE, HIGH = 190, 64  # pixels of a small curve
NO_CURVES = {"epoch", "learning_rate", "seconds"}
MOST_CURVES = 2


def run_html(path: Path, history: list[dict[str, float]], metrics: dict[str, Any], *, finished: bool) -> str:
    """A small table with two small curves beneath; links go from the folder of the notebook."""
    state = "finished" if finished else "not finished"
    facts = [("state", escape(f"{state}, {len(history)} epoch{'' if len(history) == 1 else 's'}"))]
    for split, figures in metrics.items():
        if isinstance(figures, dict):
            words = ", ".join(f"{key} {value:.4f}" for key, value in figures.items() if isinstance(value, float))
            facts.append((split, escape(words)))
        else:
            facts.append((split.replace("_", " "), escape(str(figures))))
    if history and not metrics:
        facts.append(("last epoch", escape(", ".join(f"{key} {value:.4g}" for key, value in history[-1].items()))))
    page = path / "report.html"
    if page.exists():
        facts.append(("page", f'<a href="{escape(quote(os.path.relpath(page)))}">report.html</a>'))
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(key)}</th><td style="text-align:left">{value}</td></tr>'
        for key, value in facts
    )
    table = f"<table><caption><b>{escape(str(path))}</b></caption><tbody>{rows}</tbody></table>"
    return f"<div>{table}{_curves(history)}</div>"


def _curves(history: list[dict[str, float]]) -> str:
    """Loss and the first metric over the epochs: training dashed, validation whole, in the colour of the words."""
    keys = [key for row in history[:1] for key in row if key not in NO_CURVES and not key.startswith("val_")]
    return "".join(_curve(history, key) for key in keys[:MOST_CURVES]) if len(history) > 1 else ""


def _curve(history: list[dict[str, float]], key: str) -> str:
    lines = [
        (dash, [(row["epoch"], row[name]) for row in history if math.isfinite(row.get(name, math.nan))])
        for dash, name in (("4 3", key), ("", f"val_{key}"))
    ]
    values = [value for _, line in lines for _, value in line]
    if not values:
        return ""
    low, high = min(values), max(values)
    first, last = history[0]["epoch"], history[-1]["epoch"]
    drawn = ""
    for dash, line in lines:
        points = " ".join(
            f"{4 + (WIDE - 8) * (epoch - first) / ((last - first) or 1):.1f},"
            f"{HIGH - 4 - (HIGH - 8) * (value - low) / ((high - low) or 1):.1f}"
            for epoch, value in line
        )
        drawn += f'<polyline points="{points}" stroke-dasharray="{dash}"/>' if line else ""
    label = escape(f"{key.replace('_', ' ')}, {low:.3g} to {high:.3g}")
    return (
        '<div style="display:inline-block;margin:4px 12px 4px 0"><small>' + label + "</small><br>"
        f'<svg width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{label}" fill="none" '
        f'stroke="currentColor" stroke-width="1.5">{drawn}</svg></div>'
    )
