"""Write the two tables of README.md anew: `python scripts/readme_tables.py`.

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
README = ROOT / "README.md"


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


def renewed(text: str) -> str:
    """The README's text with both tables as they are now."""
    for name, table in (("models", models), ("results", results)):
        begin, end = f"<!-- {name}: written by scripts/readme_tables.py -->", f"<!-- end of {name} -->"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text, found = re.subn(pattern, lambda _, b=begin, t=table, e=end: f"{b}\n{t()}\n{e}", text, flags=re.DOTALL)
        if not found:
            raise SystemExit(f"README.md lacks the marks of the table '{name}'")
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
