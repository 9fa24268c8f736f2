"""`report.html`: what a run was and what came of it, on one page that needs nothing beside itself."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ZooError
from zoo.io import files
from zoo.io.html import Html, joined, page, tag
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

if TYPE_CHECKING:
    import keras

    from zoo.data import Dataset
    from zoo.runs.evaluate import Figures

FILE = "report.html"
MISTAKES = 24
NARROW = 11  # classes whose confusion matrix leaves room for their table
STYLE = """
.curves svg { max-width: 34rem; width: 100%; height: auto; margin: 0 auto } #diagram svg { margin: 0 auto }
"""


def report(run: Run | str | os.PathLike[str], to_file: str | os.PathLike[str] | None = None) -> Path:
    """Write the page of a finished run anew, from its folder and its data.

    Args:
        run: a `Run` or its folder.
        to_file: an .html file; by default report.html in the run folder.

    Raises:
        ZooError: the run is not finished, its data have changed or are gone, the file cannot be written.
    """
    from zoo.runs.evaluate import dataset_of, figures
    from zoo.runs.folder import finished
    from zoo.runs.net import model_of

    run = finished(run if isinstance(run, Run) else rundir.open_run(run))
    path = run.path / FILE if to_file is None else Path(to_file)
    if path.suffix not in (".html", ".htm"):
        raise ZooError(
            f"cannot write a report into {path.name}", "a name that ends in .html", "for example -o run.html"
        )
    if not path.parent.is_dir():
        raise ZooError(f"there is no folder {path.parent} for the report", "a folder that is there", "make it first")
    dataset = dataset_of(run)
    split = _judging(run.metrics)
    return write_report(run, model_of(run), {split: figures(run, split, dataset)} if split else {}, dataset, path)


def _judging(known: Collection[str]) -> str | None:
    """The split that tells how good a net is; where the test split is left alone, the validation split."""
    return next((split for split in ("test", "validation") if split in known), None)


def write_report(run: Run, net: keras.Model, known: Mapping[str, Figures], dataset: Dataset, path: Path) -> Path:
    """Write the page of a run whose net, figures and data are at hand.

    Args:
        net: with the best weights.
        known: the figures of the evaluated splits; none where nothing was held out.
        dataset: the run's data, from which the mistakes are shown.
    """
    from zoo.analysis.pages import facts, results

    split = _judging(known)
    found = known[split] if split else None
    parts = [_pair([results.result(run, split, found), facts.model(run, net)], [results.curves(run)])]
    if found is not None:
        confusion, classes = results.confusion(found, split), results.per_class(found, split)
        parts += [_pair([confusion], [classes])] if len(found.class_names) <= NARROW else [confusion, classes]
        parts.append(_mistakes(run, split, found, dataset))
    parts.append(facts.diagram(run, net))
    parts.append(_pair([facts.data(run)], [facts.environment(run)]))
    parts.append(facts.again(run))
    config = run.config
    title = f"{config.name}: {config.model.name} on {run.data['name']}"
    head = [
        tag("h1", config.name),
        tag("p", " · ".join(filter(None, (f"{config.model.name} on {run.data['name']}", facts.began(run))))),
        _menu(with_results=found is not None),
    ]
    body = joined([tag("header", *head), tag("main", "\n", joined(parts, "\n")), tag("footer", _foot(run))], "\n")
    files.write(path, page(title, body, style=results.STYLE + STYLE))
    return path


def _pair(left: Sequence[Html], right: Sequence[Html]) -> Html:
    """Two columns where there is room for them."""
    return tag("div", tag("div", *left), tag("div", *right), class_="pair")


def _mistakes(run: Run, split: str, found: Figures, dataset: Dataset) -> Html:
    from zoo.analysis.pages.results import worst
    from zoo.runs.confusion import mistakes

    shown = mistakes(run, MISTAKES, split=split, dataset=dataset, found=found)
    return worst(shown, int((found.predicted != found.labels).sum()), split)


def _menu(*, with_results: bool) -> Html:
    places = {"result": "Result", "model": "Model", "curves": "Training"}
    if with_results:
        places |= {"confusion": "Confusion", "classes": "Classes", "mistakes": "Mistakes"}
    places |= {"diagram": "Architecture", "data": "Data", "environment": "Environment", "again": "Do it again"}
    return tag("nav", *(tag("a", words, href=f"#{ident}") for ident, words in places.items()))


def _foot(run: Run) -> Html:
    return tag("p", f"written by zoo {run.environment.get('zoo', '')} from the run folder {run}")
