"""What a gallery tells of results: the receipts beside the shipped configs, and the user's own runs."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

RECEIPTS = Path("configs/receipts")  # of a clone


@dataclass(frozen=True)
class Result:
    """The runs of one config that have a receipt.

    Attributes:
        config: its name.
        model: the model it trains; None where the config does not lie beside the receipts' folder.
        data: what it was tested on.
        files: the receipts, in the order of `seeds`.
        seeds, accuracies: of each run; the accuracy is the test split's.
    """

    config: str
    model: str | None
    data: str
    files: tuple[Path, ...]
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean test accuracy."""
        return statistics.fmean(self.accuracies)

    @property
    def spread(self) -> float | None:
        """The standard deviation over the seeds (n - 1); None for a single one."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else None


def read_receipts(folder: Path) -> list[Result]:
    """The results in a folder of receipts, by the names of their configs, which lie one folder up.

    Raises:
        ZooError: a file that is no receipt of a run with a test accuracy.
    """
    found = defaultdict(list)
    for file in sorted(folder.glob("*.json")):
        try:
            receipt = json.loads(file.read_text(encoding="utf-8"))
            row = (int(receipt["seed"]), file, float(receipt["metrics"]["test"]["accuracy"]), str(receipt["data"]))
            found[str(receipt["config"])].append(row)
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise ZooError(
                f"{file} is no receipt of a run with a test accuracy: {error!r}",
                "the receipt.json of a finished run",
                "remove the file or give another --receipts",
            ) from error
    results = []
    for config, rows in sorted(found.items()):
        seeds, files, accuracies, data = zip(*sorted(rows), strict=True)
        results.append(Result(config, _model_of(folder, config), data[0], files, seeds, accuracies))
    return results


def _model_of(folder: Path, config: str) -> str | None:
    from zoo.config import load_config

    file = folder.resolve().parent / f"{config}.yaml"
    return load_config(file).model.name if file.is_file() else None


@dataclass(frozen=True)
class RunRow:
    """One of the user's runs; what is not known is empty."""

    run: Run
    name: str
    model: str
    data: str
    state: str  # "finished", "not finished, 3 epochs", or what is wrong with the folder
    split: str
    figures: dict[str, float]

    @property
    def page(self) -> Path | None:
        """Its report, where there is one."""
        page = self.run.path / "report.html"
        return page if page.is_file() else None


def read_runs(folder: Path) -> list[RunRow]:
    """The run folders below `folder`, the newest first; one that is damaged says so.

    Raises:
        ZooError: there is no such folder.
    """
    if not folder.is_dir():
        raise ZooError(f"there is no folder {folder}", "the folder of your runs", "such as --runs runs")
    below = folder.rglob(rundir.CONFIG)
    paths = [p.parent for p in below if not any(part.startswith(".") for part in p.relative_to(folder).parts)]
    return [_row(Run(path)) for path in sorted(paths, key=lambda p: (p.name, str(p)), reverse=True)]


def _row(run: Run) -> RunRow:
    try:
        config = run.config
        metrics = run.metrics if run.finished else {}
        count = len(run.history)
        state = "finished" if run.finished else f"not finished, {count} epoch{'' if count == 1 else 's'}"
        split = next((split for split in ("test", "validation") if split in metrics), "")
        return RunRow(run, config.name, config.model.name, config.data.name, state, split, metrics.get(split, {}))
    except ZooError as error:
        return RunRow(run, run.path.parent.name, "", "", f"cannot be read: {error.what}", "", {})
