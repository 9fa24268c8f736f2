"""What the README and the guide say is what the code says, and `zoo guide` prints it."""

import re
import sys
from pathlib import Path

import pytest
from test_cli import refused, zoo

from zoo.io import guide

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "zoo" / "guide").glob("*.md"))]


@pytest.mark.parametrize("name", ["models", "results"])
def test_the_tables_are_the_catalogue_and_the_receipts(name):
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from readme_tables import TABLES, renewed
    finally:
        sys.path.pop(0)
    assert renewed(name) == TABLES[name][0].read_text(encoding="utf-8"), "run `python scripts/readme_tables.py`"


def linked(page):
    """Files that its links and pictures lead to, from where the page stands; addresses and places in it are none."""
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return [page.parent / target for target in found if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_is_there(page):
    named = re.findall(r"(?<!/)\b(?:configs|scripts|tests|zoo/guide)/[\w./-]+\.\w+", page.read_text(encoding="utf-8"))
    files = linked(page) + [ROOT / name for name in named]
    assert [str(path) for path in files if "NAME" not in path.name and not path.exists()] == []


def test_the_readme_and_the_guide_name_files_and_each_other():
    assert len(linked(README)) > 20
    assert len([path for page in PAGES[1:] for path in linked(page)]) > 5
    topics = [page.stem for page in PAGES[1:]]
    assert {path.stem for path in linked(README) if path.parent == ROOT / "zoo" / "guide"} == set(topics)
    assert set(re.findall(r"`zoo guide (\w+)`", README.read_text(encoding="utf-8"))) - {"TOPIC"} == set(topics)


def test_the_guide_is_printed():
    listed = zoo("guide").stdout
    for page in PAGES[1:]:
        text = page.read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert re.search(rf"^{page.stem} +{re.escape(text.splitlines()[0][2:])}$", listed, flags=re.MULTILINE)
        assert zoo("guide", page.stem).stdout == text
    refused(zoo("guide", "comands"), "the guide has no topic 'comands'; expected", "did you mean 'commands'?")
    refused(zoo("guide", "../guide/data"), "the guide has no topic")


def test_the_guide_comes_with_the_package():
    """Wherever the package stands: the pages are found beside the code, and packed with it."""
    import tomllib

    assert guide.FOLDER == ROOT / "zoo" / "guide"
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    kept = {path for pattern in packed["zoo"] for path in (ROOT / "zoo").glob(pattern)}
    assert {path for path in guide.FOLDER.rglob("*") if path.is_file()} <= kept
