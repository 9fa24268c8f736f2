"""Write the table of models in README.md anew from the catalogue: `python scripts/readme_models.py`."""

from __future__ import annotations

import re
from pathlib import Path

from zoo import registry, tables

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- models: written by scripts/readme_models.py -->", "<!-- end of models -->"


def renewed(text: str) -> str:
    """The README's text with the table as the catalogue says it now."""
    table = tables.markdown_models([registry.describe(name) for name in registry.list_models()])
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n{table}\n{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
