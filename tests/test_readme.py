"""What the README says is what the code says."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tables_are_the_catalogue_and_the_receipts():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from readme_tables import renewed
    finally:
        sys.path.pop(0)
    assert renewed(TEXT) == TEXT, "run `python scripts/readme_tables.py`"


def test_every_file_the_readme_names_is_there():
    named = re.findall(r"!\[[^\]]*\]\(([^)]+)\)|\b((?:configs|scripts|tests)/[\w./-]+\.\w+)", TEXT)
    files = {a or b for a, b in named}
    assert len(files) > 8
    missing = [name for name in files if "NAME" not in name and not (ROOT / name).exists()]
    assert missing == []
