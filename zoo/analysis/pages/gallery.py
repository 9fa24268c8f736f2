"""`zoo gallery`: the catalogue as a static site that opens from the disk, with the user's runs beside it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.analysis.pages import cards
from zoo.analysis.pages.receipts import RECEIPTS, Result, RunRow, read_receipts, read_runs
from zoo.catalog import registry
from zoo.errors import ZooError
from zoo.io import files as disk
from zoo.io import terminal
from zoo.io.html import Html, joined, page, section, tag

if TYPE_CHECKING:
    from rich.console import Console

MARK = "gallery.json"  # what a folder holds that may be written anew, with the names of all files in it
IMAGES = "'self' file: data:"


def gallery(
    to_folder: str | os.PathLike[str],
    *,
    models: str = "*",
    runs: str | os.PathLike[str] | None = None,
    receipts: str | os.PathLike[str] | None = None,
    console: Console | None = None,
) -> Path:
    """Write the site; returns its index.html. The same catalogue, receipts and runs give the same bytes.

    Args:
        to_folder: a new or empty folder, or one with an older gallery, which is replaced as a whole.
        models: a pattern as of `zoo list`.
        runs: a folder of runs, which are listed with links to their reports where they lie.
        receipts: a folder of receipts; by default configs/receipts where it is there.
        console: where progress goes.

    Raises:
        ZooError: no model matches, a folder is missing, `to_folder` holds what no gallery wrote or cannot be written.
    """
    site = Path(os.path.realpath(to_folder))
    names = registry.list_models(models)
    if not names:
        raise ZooError(f"no model matches '{models}'", mend="`zoo list` shows all")
    _may_be_replaced(site)
    if receipts is not None and not Path(receipts).is_dir():
        raise ZooError(f"there is no folder {receipts}", "a folder of receipts", "leave --receipts out")
    folder = RECEIPTS if receipts is None else Path(receipts)
    found = read_receipts(folder) if folder.is_dir() else []
    rows = None if runs is None else read_runs(Path(runs))
    part = _beside(site)
    try:
        entries = _entries(names, found, console or terminal.console())
        _write(part, entries, found, rows, site)
        part.chmod(0o755)
        _swap(part, site)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return site / "index.html"


def _may_be_replaced(site: Path) -> None:
    """Refuse a folder with anything in it that no gallery wrote: it would be lost."""
    if not site.exists():
        return
    mend = "choose a new folder, or take it away first"
    if not site.is_dir():
        raise ZooError(f"{site} is a file", "a folder", mend)
    try:
        known = set(json.loads((site / MARK).read_text(encoding="utf-8"))["files"]) | {MARK}
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    for folder, below, names in os.walk(site):
        inside = [os.path.relpath(os.path.join(folder, name), site) for name in (*names, *below)]
        foreign = [name for name in sorted(inside) if not any(k == name or k.startswith(f"{name}/") for k in known)]
        if foreign:
            what = f"{site} holds what no gallery wrote: {foreign[0]}"
            raise ZooError(what, "a new folder or an older gallery", mend)


def _beside(site: Path) -> Path:
    """A hidden folder beside the site, in which the new one is built."""
    try:
        site.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{site.name}.part.", dir=site.parent))
    except OSError as error:
        raise ZooError(
            f"cannot write {site}: {error.strerror}", "a folder that can be written", "choose another --out"
        ) from error


def _entries(names: Sequence[str], found: Sequence[Result], console: Console) -> list[cards.Entry]:
    """Every model built without values in its weights, counted, summarized and drawn."""
    import keras
    from rich.progress import track

    from zoo.analysis.compare_models import compare_one
    from zoo.analysis.summarise import outline, summary
    from zoo.draw.diagram import diagram_svg

    entries = []
    words = f"drawing {len(names)} models"
    for name in track(names, words, console=console, transient=True, disable=not console.is_terminal):
        model = outline(name)
        own = tuple(result for result in found if result.model == name)
        drawn = diagram_svg(model, name)
        entries.append(cards.Entry(registry.describe(name), compare_one(name, model), summary(model), drawn, own))
        keras.backend.clear_session()
    return entries


def _write(
    part: Path, entries: Sequence[cards.Entry], found: Sequence[Result], rows: Sequence[RunRow] | None, site: Path
) -> None:
    files = {
        "index.html": page(
            "Model gallery", _index(entries, found, rows, site), style=cards.STYLE, script=cards.SCRIPT, images=IMAGES
        )
    }
    for entry in entries:
        name = entry.spec.name
        files[f"models/{name}.svg"] = entry.diagram
        files[f"models/{name}.html"] = page(name, cards.model_body(entry), style=cards.STYLE)
    for result in found:
        files |= {f"receipts/{file.name}": file.read_text(encoding="utf-8") for file in result.files}
    files[MARK] = json.dumps({"format": 1, "files": sorted(files)}, indent=1) + "\n"
    for name, content in files.items():
        (part / name).parent.mkdir(exist_ok=True)
        disk.write(part / name, content)


def _swap(part: Path, site: Path) -> None:
    """Put the new folder in the old one's place; the old one stands until the new one is whole."""
    old = part.with_name(part.name.replace(".part.", ".old."))
    if site.exists():
        os.rename(site, old)
    try:
        os.rename(part, site)
    except OSError:
        if old.exists():
            os.rename(old, site)
        raise
    shutil.rmtree(old, ignore_errors=True)
    disk.sync(site.parent)


def _index(entries: Sequence[cards.Entry], found: Sequence[Result], rows: Sequence[RunRow] | None, site: Path) -> Html:
    names = [entry.spec.name for entry in entries]
    tasks = sorted({entry.spec.task for entry in entries})
    chart = cards.chart(entries)
    places = {"models": "Models", "comparison": "Comparison"} | ({"chart": "Chart"} if chart else {})
    places |= ({"results": "Measured"} if found else {}) | ({"runs": "Your runs"} if rows is not None else {})
    head = tag(
        "header",
        tag("h1", "Model gallery"),
        tag("p", f"{len(entries)} architectures, true to their papers and counted to the integer."),
        tag("nav", *(tag("a", words, href=f"#{ident}") for ident, words in places.items())),
    )
    find = tag(
        "div",
        tag("input", type="search", id="words", placeholder="name, author, year, word", aria_label="search the models"),
        tag(
            "select",
            tag("option", "every task", value=""),
            *(tag("option", task, value=task) for task in tasks),
            id="task",
            aria_label="task",
        ),
        tag("span", id="shown", role="status", class_="muted"),
        class_="find",
    )
    parts = [
        tag("div", find, tag("ul", "\n", joined(map(cards.card, entries), "\n"), class_="cards"), id="models"),
        tag("p"),
        section("comparison", "Side by side", cards.comparison(entries)),
        *chart,
    ]
    parts += [cards.results(found, names)] if found else []
    parts += [cards.runs(rows, names, site)] if rows is not None else []
    return joined([head, tag("main", "\n", joined(parts, "\n"))], "\n")
