"""The end of a run: its best weights are evaluated, drawn and told of; the receipt closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io import files
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    from rich.console import Console

    from zoo.data import Dataset
    from zoo.runs.evaluate import Figures
    from zoo.runs.job import Job


def splits_to_judge(data: Dataset, *, test: bool) -> list[str]:
    """The splits that are evaluated at the end; the folds of a cross-validation and a search leave the test alone."""
    return ["validation"] * (data.validation is not None) + ["test"] * test


def finish(
    run: Run, job: Job, stopped: str, best_epoch: int, splits: Sequence[str], console: Console
) -> dict[str, Any]:
    """Write metrics, curves, diagram, receipt and report; returns what metrics.json holds.

    This is the one time that the test split is touched.

    Args:
        stopped: why the training ended, "epochs" or "early_stopping".
        best_epoch: counted from 1.
        splits: those to evaluate.
    """
    from zoo.runs.evaluate import compiled, figures

    model = compiled(run)
    found = {split: figures(run, split, job.data, model) for split in splits}
    metrics = {"best_epoch": best_epoch, "stopped": stopped} | {split: f.summary for split, f in found.items()}
    files.write_json(run.path / rundir.METRICS, metrics)
    _draw(run, model, best_epoch)
    files.write_json(run.path / rundir.RECEIPT, _receipt(run, job, metrics))
    _tell(run, job, model, found, console)
    return metrics


def _draw(run: Run, model: keras.Model, best_epoch: int) -> None:
    from zoo.draw.curves import plot_curves
    from zoo.draw.diagram import plot

    plot_curves(run.history, run.path / "curves.png", best_epoch=best_epoch, resumed=run.resumed)
    plot(model, run.path / "model.svg")


def _tell(run: Run, job: Job, model: keras.Model, found: dict[str, Figures], console: Console) -> None:
    from zoo.analysis.pages.report import FILE, write_report

    try:
        write_report(run, model, found, job.data, run.path / FILE)
    except ZooError as error:  # the disk is full: the run is finished all the same
        console.print(f"{error}; the run is finished, `zoo report {run}` writes its page", highlight=False)


def _receipt(run: Run, job: Job, metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "config": job.config.name,
        **job.identity(),
        "seed": job.config.runtime.seed,
        "data": run.data["name"],
        "weights_sha256": files.sha256(run.weights),
        "files": {path.name: files.sha256(path) for path in sorted(run.path.glob("[!.]*")) if path.is_file()},
        "environment": run.environment,
        "metrics": metrics,
    }
