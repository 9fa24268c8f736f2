"""Several seeds of one config: ordinary runs, then one table with their mean and spread."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io import files, formats, terminal
from zoo.runs.folder import Run

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.config import Config

LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Series:
    """Finished runs of one config that differ in one number.

    Attributes:
        word: what the number is: "seed" or "fold".
        runs: the runs by their number.
    """

    word: str
    runs: Mapping[int, Run]

    @property
    def figures(self) -> dict[str, list[float]]:
        """`{"validation accuracy": [one per run], ...}`, validation first, of every split that was evaluated."""
        metrics = [run.metrics for run in self.runs.values()]
        return {
            f"{split} {name}": [m[split][name] for m in metrics]
            for split in ("validation", "test")
            for name in metrics[0].get(split, {})
            if all(name in m.get(split, {}) for m in metrics)  # one of them may have been evaluated by hand
        }

    @property
    def monitor(self) -> str:
        """The value by which the best epoch of each run, and the best run, is chosen; never one of the test split."""
        return next(iter(self.runs.values())).config.callbacks.checkpoint.monitor

    @property
    def best(self) -> int:
        """The number of the run whose best epoch has the best monitored value; of equals the one of smallest loss."""
        from zoo.config import monitor_mode

        monitor = self.monitor
        sign = -1 if monitor_mode(monitor) == "max" else 1

        def rank(number: int) -> tuple[float, float]:
            run = self.runs[number]
            row = run.history[run.metrics["best_epoch"] - 1]
            return sign * row[monitor], row.get("val_loss", row["loss"])

        return min(self.runs, key=rank)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON: the runs with their figures, then mean and spread."""
        figures = self.figures
        return {
            f"{self.word}s": [
                {self.word: number, "run": str(run), "best_epoch": run.metrics["best_epoch"]}
                | {name: values[i] for name, values in figures.items()}
                for i, (number, run) in enumerate(self.runs.items())
            ],
            "mean": {name: statistics.fmean(values) for name, values in figures.items()},
            "spread": {name: spread(values) for name, values in figures.items()},
        } | ({"best": self.best, "monitor": self.monitor} if self.word == "seed" else {})

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text())  # a notebook's own way to show a value

    def text(self) -> str:
        """The table for the terminal."""
        figures = self.figures
        rows = [
            (number, run.metrics["best_epoch"], *(f"{values[i]:.4f}" for values in figures.values()), run.path.name)
            for i, (number, run) in enumerate(self.runs.items())
        ]
        rows.append(("mean", "", *(f"{statistics.fmean(values):.4f}" for values in figures.values()), ""))
        spreads = [spread(values) for values in figures.values()]
        rows.append(("spread", "", *("-" if s is None else f"{s:.4f}" for s in spreads), ""))
        lines = [
            formats.table((self.word, "best epoch", *figures, "run"), rows, right=range(1, 2 + len(figures))),
            f"spread: the standard deviation over the {self.word}s (n - 1)"
            + ("" if spreads and spreads[0] is not None else "; one run has none"),
        ]
        if self.word == "seed":
            lines.append(f"best by {self.monitor}: seed {self.best}, {self.runs[self.best]}")
        else:
            lines.append(
                "each training item was validated once, by the net that was not trained on it; a net's best epoch was "
                "chosen by these very figures, which flatters them a little"
            )
            lines.append(
                "the test split is untouched: choose a config by this table, then train it once with data.folds=null"
            )
        return "\n".join(lines)


def spread(values: Iterable[float]) -> float | None:
    """The sample standard deviation, sqrt(sum (x - mean)^2 / (n - 1)); None for a single value."""
    values = list(values)
    return statistics.stdev(values) if len(values) > 1 else None


def repeat(
    config: Config, seeds: Iterable[int] | None = None, *, resume: str = "auto", console: Console | None = None
) -> Series:
    """Train one run per seed, each exactly as `zoo train CONFIG runtime.seed=S` would.

    Given again, finished seeds are left as they are and an unfinished one goes on. Beside the run folders,
    `seeds.json` keeps the table and `seeds.png` the curves: their mean, and the band from the least to the greatest.

    Args:
        config: from `zoo.load_config`.
        seeds: by default `train.repeat` of them, counted up from `runtime.seed`.
        resume: as in `zoo.train`.
        console: where progress goes; the standard output by default.

    Raises:
        ZooError: as `zoo.train`; a seed given twice or out of range; seeds that are not as many as train.repeat.
        Interrupted: Ctrl-C or SIGTERM; the running seed's state is saved.
    """
    first = config.runtime.seed
    chosen = list(range(first, first + config.train.repeat)) if seeds is None else list(seeds)
    if not chosen or len(set(chosen)) < len(chosen) or not all(0 <= seed <= LARGEST_SEED for seed in chosen):
        raise ZooError(
            f"the seeds are {', '.join(map(str, chosen)) or 'none'}",
            f"different whole numbers from 0 to {LARGEST_SEED}",
            "such as --seeds 0,1,2",
        )
    if config.train.repeat not in (1, len(chosen)):
        raise ZooError(
            f"{len(chosen)} seeds ({', '.join(map(str, chosen))}) together with train.repeat={config.train.repeat}",
            "one of the two",
            "leave out train.repeat where seeds are given",
        )
    configs = {seed: config.override(f"runtime.seed={seed}", "train.repeat=1") for seed in chosen}
    return train_each("seed", configs, resume, console)


def train_each(word: str, configs: Mapping[int, Config], resume: str, console: Console | None) -> Series:
    """Train the configs one after the other; writes their common table and curves beside the run folders."""
    from zoo.draw.curves import plot_curves
    from zoo.experiments.train import train

    console = console or terminal.console()
    runs = {}
    for place, (number, config) in enumerate(configs.items(), 1):
        console.print(f"{word} {number} ({place} of {len(configs)})", highlight=False)
        runs[number] = train(config, resume=resume, console=console)
    series = Series(word, runs)
    folder = Path(config.runtime.output) / config.name
    files.write_json(folder / f"{word}s.json", series.to_dict())
    plot_curves({config.name: [run.history for run in runs.values()]}, folder / f"{word}s.png")
    return series


def parse_seeds(text: str) -> list[int]:
    """`0,1,2` as numbers.

    Raises:
        ZooError: something between the commas is no whole number.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ZooError(f"--seeds {text}", "whole numbers with commas between", "such as --seeds 0,1,2") from None
