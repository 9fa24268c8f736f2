"""`zoo reproduce`: a finished run trained again from what its folder holds, and held against it figure by figure."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.experiments.seeds import spread
from zoo.io import files, formats, onednn
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

if TYPE_CHECKING:
    from rich.console import Console

FOLDER = "reproductions"
EQUAL, WITHIN, DIFFERENT = "equal", "within the seeds' spread", "different"
NOT_COMPUTING = rundir.IDENTITY  # of environment.json: no part of a machine


@dataclass(frozen=True)
class Judged:
    """One figure of the original, of its reproduction, and what is to be said of the two.

    Attributes:
        figure: "test accuracy".
        then, now: the values.
        verdict: EQUAL, WITHIN or DIFFERENT.
        seeds: the figure of every seed of this config, the original's among them; empty when there are no others.
    """

    figure: str
    then: float
    now: float
    verdict: str
    seeds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reproduction:
    """What came of training a run again.

    Attributes:
        original, run: the two runs.
        weights, history: whether the best weights, and every row of history.csv but its seconds, are the same bits.
        figures: the judged figures.
        environment: what differs of the environment, `{"cpu": (then, now)}`.
    """

    original: Run
    run: Run
    weights: bool
    history: bool
    figures: tuple[Judged, ...]
    environment: Mapping[str, tuple[Any, Any]]

    @property
    def verdict(self) -> str:
        """The worst verdict of all figures."""
        verdicts = {judged.verdict for judged in self.figures}
        return next(v for v in (DIFFERENT, WITHIN, EQUAL) if v in verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "original": str(self.original),
            "run": str(self.run),
            "verdict": self.verdict,
            "weights_equal": self.weights,
            "history_equal": self.history,
            "figures": {
                j.figure: {"then": j.then, "now": j.now, "verdict": j.verdict, "seeds": list(j.seeds)}
                for j in self.figures
            },
            "environment": {key: {"then": then, "now": now} for key, (then, now) in self.environment.items()},
        }

    def text(self) -> str:
        """The table and its sentences for the terminal."""
        rows = [(j.figure, f"{j.then:.6g}", f"{j.now:.6g}", f"{j.now - j.then:+.2g}", j.verdict) for j in self.figures]
        lines = [formats.table(("figure", "then", "now", "difference", "verdict"), rows, right=(1, 2, 3))]
        count = max(len(j.seeds) for j in self.figures)
        if count and self.verdict != EQUAL:
            lines.append(
                f"the seeds' spread: mean of the {count} seeds trained beside it, two standard deviations either way"
            )
        elif self.verdict == DIFFERENT:
            seed = self.original.config.runtime.seed
            lines.append(
                "no other seeds of this config stand beside it, so there is no spread to judge the difference by; "
                f"`zoo train CONFIG --seeds {seed},{seed + 1},{seed + 2}` makes them"
            )
        lines.append(
            ("weights equal bit for bit" if self.weights else "weights different")
            + (", history equal row by row" if self.history else ", history different")
        )
        if "onednn" in self.environment:
            lines.append(
                "made under another setting of TensorFlow's oneDNN kernels, which gives other bits; "
                f"for the same: {onednn.VARIABLE}={int(self.original.onednn)}"
            )
        if self.environment:
            lines.append("not the same environment:")
            lines += [
                f"  {key}: {_shown(then)} then, {_shown(now)} now" for key, (then, now) in self.environment.items()
            ]
        else:
            lines.append("the same environment")
        lines.append(f"run   {self.run}")
        return "\n".join(lines)


def _shown(value: Any) -> str:
    return "unknown" if value is None else str(value)


def reproduce(run: Run | str, output: Path | None = None, *, console: Console | None = None) -> Reproduction:
    """Train a finished run again from its folder, into another one, and compare the two.

    An interrupted reproduction goes on when the command is given again; a finished one is never reused.

    Args:
        run: a `Run` or its folder.
        output: where the new run goes, OUTPUT/NAME/TIME; by default `reproductions/` beside the run's name.
        console: where progress goes; the standard output by default.

    Raises:
        ZooError: the run is not finished, its data have changed or its weights are damaged; as `zoo.train`.
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
    """
    from zoo.experiments.train import train
    from zoo.runs.evaluate import dataset_of
    from zoo.weights import manifest

    run = run if isinstance(run, Run) else rundir.open_run(run)
    if not run.finished:
        raise ZooError(f"{run} is not finished", "a run with a receipt", "give its `zoo train` command again first")
    if files.sha256(run.weights) != run.read_json(rundir.RECEIPT)["weights_sha256"]:
        raise ZooError(f"{run.weights} is not the file its receipt names", "the weights as trained")
    dataset_of(run)  # refuses data that have changed before hours are spent on them
    output = output or run.path.resolve().parent.parent / FOLDER
    config = run.config.override(f"runtime.output={json.dumps(str(output))}")
    begun = rundir.find(output, config)
    again = train(config, resume="auto" if begun and not begun.finished else "never", console=console)
    then, now = ({**one.environment, "onednn": one.onednn} for one in (run, again))
    return Reproduction(
        run,
        again,
        weights=manifest.stored(run.weights) == manifest.stored(again.weights),
        history=_without_seconds(run) == _without_seconds(again),
        figures=tuple(judge(run.metrics, again.metrics, [r.metrics for r in seeds_beside(run)])),
        environment={
            key: (then.get(key), now.get(key))
            for key in dict.fromkeys((*then, *now))
            if key not in NOT_COMPUTING and then.get(key) != now.get(key)
        },
    )


def _without_seconds(run: Run) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in run.history]


def seeds_beside(run: Run) -> list[Run]:
    """The finished runs of the same config and data in the folder of `run`, one per seed, `run` first.

    Empty where there is no other seed.
    """

    def identity(one: Run) -> tuple[str, str]:
        return one.config.override("runtime.seed=0").recipe_digest(), one.data["hash"]

    own, found = identity(run), {run.config.runtime.seed: run}
    for path in sorted(run.path.resolve().parent.glob(f"[!.]*/{rundir.RECEIPT}")):
        other = Run(path.parent)
        try:
            if identity(other) == own:
                found.setdefault(other.config.runtime.seed, other)
        except ZooError:
            continue  # of another version, or half there: no sibling
    return list(found.values()) if len(found) > 1 else []


def judge(then: Mapping[str, Any], now: Mapping[str, Any], seeds: Sequence[Mapping[str, Any]]) -> list[Judged]:
    """Every figure of two metrics.json, with a verdict; `seeds` are those of all seeds, the original's among them.

    Equal means the same bits. Within the seeds' spread means no further than two sample standard deviations from
    the seeds' mean: what another seed of the same config would do as well.
    """
    others = [_figures(metrics) for metrics in seeds]
    new = _figures(now)
    judged = []
    for figure, value in _figures(then).items():
        values = tuple(other[figure] for other in others if figure in other)
        width = spread(values)
        if value == new[figure]:
            verdict = EQUAL
        elif width is not None and abs(new[figure] - statistics.fmean(values)) <= 2 * width:
            verdict = WITHIN
        else:
            verdict = DIFFERENT
        judged.append(Judged(figure, value, new[figure], verdict, values))
    return judged


def _figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    splits = [split for split in ("validation", "test") if split in metrics]
    return {"best epoch": metrics["best_epoch"]} | {
        f"{split} {name}": value for split in splits for name, value in metrics[split].items()
    }
