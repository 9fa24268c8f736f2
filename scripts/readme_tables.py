"""Write the tables of README.md and of the guide anew: `python scripts/readme_tables.py`.

The models come from the catalogue, the results from the receipts in configs/receipts/, each the `receipt.json` that
closed a run.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import defaultdict
from pathlib import Path

from zoo.catalog import registry, tables

ROOT = Path(__file__).parent.parent


def models() -> str:
    """Counted figures beside the printed ones."""
    return tables.markdown_models([registry.describe(name) for name in registry.list_models()])


def results() -> str:
    """Test accuracy of the shipped configs: mean and spread over the seeds that have a receipt."""
    runs = defaultdict(list)
    for path in sorted((ROOT / "configs" / "receipts").glob("*.json")):
        receipt = json.loads(path.read_text(encoding="utf-8"))
        runs[receipt["config"]].append((path.name, receipt))
    lines = [
        "| config | test accuracy, mean | each seed | spread (standard deviation) | receipts |",
        "|---|---:|---|---:|---|",
    ]
    for name, found in runs.items():
        figures = [receipt["metrics"]["test"]["accuracy"] for _, receipt in found]
        spread = f"{statistics.stdev(figures):.4f}" if len(figures) > 1 else "-"
        links = ", ".join(f"[seed {r['seed']}](configs/receipts/{file})" for file, r in found)
        lines.append(
            f"| [`{name}`](configs/{name}.yaml) | {statistics.mean(figures):.4f} "
            f"| {', '.join(f'{f:.4f}' for f in figures)} | {spread} | {links} |"
        )
    return "\n".join(lines)


TABLES = {"models": (ROOT / "zoo" / "guide" / "models.md", models), "results": (ROOT / "README.md", results)}


def renewed(name: str) -> str:
    """The text of the page that holds a table, with the table as it is now."""
    page, table = TABLES[name]
    begin, end = f"<!-- {name}: written by scripts/readme_tables.py -->", f"<!-- end of {name} -->"
    text, found = re.subn(
        re.escape(begin) + ".*?" + re.escape(end),
        lambda _: f"{begin}\n{table()}\n{end}",
        page.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    if not found:
        raise SystemExit(f"{page} lacks the marks of the table '{name}'")
    return text


if __name__ == "__main__":
    for name, (page, _) in TABLES.items():
        page.write_text(renewed(name), encoding="utf-8")
