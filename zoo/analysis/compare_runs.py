"""`zoo compare RUN RUN ...`: what their configs differ in, what came of it, and whether two of them really differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io import formats
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

if TYPE_CHECKING:
    from zoo.analysis.significance import Paired

LEFT_OUT = {"runtime.output", "runtime.save_every"}  # they change nothing that is computed
MOST = 26  # letters


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: the run of each letter.
        differences: `{"train.epochs": {"A": 5, "B": 10}}`, the keys of the configs that are not equal in all; a key
            that a config does not have is missing.
        results: `{"test accuracy": {"A": 0.97, ...}}`; what a run does not have is missing.
        paired: for two finished runs tested on the same items.
        why_not: for two runs, why their nets were not compared item by item.
    """

    runs: dict[str, Run]
    differences: dict[str, dict[str, Any]]
    results: dict[str, dict[str, float]]
    paired: Paired | None = None
    why_not: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "runs": {letter: str(run) for letter, run in self.runs.items()},
            "differences": self.differences,
            "results": self.results,
            "paired": self.paired and self.paired.to_dict(),
            "why_not": self.why_not,
        }

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text())  # a notebook's own way to show a value

    def text(self) -> str:
        """The tables and, for two runs, the sentences for the terminal."""
        parts = ["\n".join(f"{letter}  {run}" for letter, run in self.runs.items())]
        if self.differences:
            parts.append(self._table("config", self.differences, _value))
        else:
            parts.append("the configs are equal")
        parts.append(self._table("result", self.results, _figure))
        if self.paired:
            parts.append(self.paired.text(*self.runs))
        elif self.why_not:
            parts.append(f"not compared item by item: {self.why_not}")
        return "\n\n".join(parts)

    def _table(self, title: str, values: dict[str, dict[str, Any]], show: Any) -> str:
        rows = [
            (key, *(show(row[letter]) if letter in row else "-" for letter in self.runs)) for key, row in values.items()
        ]
        return formats.table((title, *self.runs), rows, right=range(1, len(self.runs) + 1) if show is _figure else ())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def compare_runs(runs: Sequence[Run | str | Path], to_file: str | Path | None = None) -> RunComparison:
    """Hold runs against each other; of two that were tested on the same items also their answers, item by item.

    Args:
        runs: two to 26 runs or their folders.
        to_file: where their curves go, laid over each other (.png, .svg or .pdf); None draws none.

    Raises:
        ZooError: fewer than two runs, one twice, a folder that is no run, a suffix that cannot be written.
    """
    opened = [run if isinstance(run, Run) else rundir.open_run(run) for run in runs]
    places = [run.path.resolve() for run in opened]
    if not 2 <= len(opened) <= MOST:
        raise ZooError(f"{len(opened)} run{'s are' if len(opened) != 1 else ' is'} given", f"2 to {MOST} to compare")
    for place in places:
        if places.count(place) > 1:
            raise ZooError(f"{place} is given twice", "different runs")
    lettered = {chr(ord("A") + i): run for i, run in enumerate(opened)}
    if to_file is not None:
        from zoo.draw.curves import plot_curves

        named = {f"{letter} {run.config.name}": run for letter, run in lettered.items()}
        best = {name: run.metrics["best_epoch"] for name, run in named.items() if run.finished}
        plot_curves({name: run.history for name, run in named.items()}, to_file, best_epoch=best)
    found, why_not = _item_by_item(*opened) if len(opened) == 2 else (None, None)
    return RunComparison(lettered, _differences(lettered), _results(lettered), found, why_not)


def _differences(runs: dict[str, Run]) -> dict[str, dict[str, Any]]:
    flat = {letter: dict(_flat(run.config.to_dict(), "")) for letter, run in runs.items()}
    keys = dict.fromkeys(key for values in flat.values() for key in values)
    rows = {key: {letter: values[key] for letter, values in flat.items() if key in values} for key in keys}
    return {
        key: row
        for key, row in rows.items()
        if key not in LEFT_OUT and (len(row) < len(runs) or len({json.dumps(v) for v in row.values()}) > 1)
    }


def _flat(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield prefix, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{prefix}.{key}" if prefix else key)


def _results(runs: dict[str, Run]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for letter, run in runs.items():
        history = run.history
        kept = bool(history) or not run.finished  # not so where a finished run has lost its history.csv
        row: dict[str, float] = {"epochs": len(history)} if kept else {}
        if run.finished:
            metrics = run.metrics
            row["best epoch"] = metrics["best_epoch"]
            for split in ("validation", "test"):
                row |= {f"{split} {name}": value for name, value in metrics.get(split, {}).items()}
        if kept:
            row["seconds"] = round(sum(epoch["seconds"] for epoch in history))
        for key, value in row.items():
            found.setdefault(key, {})[letter] = value
    return {key: found[key] for key in sorted(found, key=lambda k: k == "seconds")}


def _item_by_item(first: Run, second: Run) -> tuple[Paired | None, str | None]:
    """The paired comparison of two runs, or the reason why there is none."""
    from zoo.analysis.significance import paired
    from zoo.runs.evaluate import figures

    for run in (first, second):
        if not run.finished:
            return None, f"{run} is not finished"
        if "test" not in run.metrics:
            return None, f"{run} was never tested (a fold of a cross-validation is not)"
    if first.data["hash"] != second.data["hash"]:
        return None, "they were trained on different data"
    if first.read_json(rundir.SPLITS)["test"] != second.read_json(rundir.SPLITS)["test"]:
        return None, "their test splits hold different items"
    one, two = (figures(run, "test") for run in (first, second))
    return paired(one.predicted == one.labels, two.predicted == two.labels), None


def all_runs(names: Sequence[str]) -> bool:
    """Whether the words of `zoo compare` are run folders (True) or models (False).

    Raises:
        ZooError: some are the one and some the other.
    """
    runs = [name for name in names if Path(name).is_dir() or "/" in name]
    if runs and len(runs) < len(names):
        model = next(name for name in names if name not in runs)
        raise ZooError(f"{runs[0]} is a run and {model} a model", "runs only, or models only")
    return bool(runs)
