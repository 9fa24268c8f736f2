"""`zoo sweep`: Optuna proposes values of a config, ordinary trainings judge them by validation, the best is written.

    OUTPUT/NAME/sweep-SPACE/
        trials.json   every ended trial; all that a sweep needs to go on
        trials.png    best.yaml   NAME/<UTC time>/...  the trials' runs

The study is rebuilt from trials.json before each trial and the sampler is seeded by the number of trials that have
ended: a sweep that was killed proposes what it would have proposed, and finds its broken run to go on with.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.experiments.sweep_space import Dimension, Space, load_space, override
from zoo.io import files, formats, terminal
from zoo.io.installation import install
from zoo.runs import folder as rundir
from zoo.runs.folder import Run
from zoo.runs.job import resolve

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.config import Config

TRIALS, PICTURE, BEST = "trials.json", "trials.png", "best.yaml"
COMPLETE, PRUNED, DIVERGED, REFUSED = "complete", "pruned", "diverged", "refused"


@dataclass(frozen=True)
class Trial:
    """One ended trial.

    Attributes:
        number: from 0.
        params: the tried values by key.
        state: "complete", "pruned" (worse than the median of the others at the same epoch), "diverged" (the loss was
            no number) or "refused" (these values contradict each other; `why` says how).
        value: the metric at the run's best epoch; None unless complete.
        reports: the metric after each epoch, from 1.
        run: the run folder, relative to the sweep's; None when refused.
    """

    number: int
    params: dict[str, Any]
    state: str
    value: float | None = None
    reports: dict[int, float] = field(default_factory=dict)
    run: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Sweep:
    """What came of it.

    Attributes:
        folder: of the sweep.
        space: what was tried.
        trials: all of them.
        best: the best complete one, or None.
    """

    folder: Path
    space: Space
    trials: tuple[Trial, ...]
    best: Trial | None

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "folder": str(self.folder),
            "metric": self.space.metric,
            "trials": [asdict(trial) for trial in self.trials],
            "best": None if self.best is None else asdict(self.best),
            "config": None if self.best is None else str(self.folder / BEST),
        }

    def text(self) -> str:
        """The table for the terminal, best first."""
        from zoo.config import monitor_mode

        keys = [d.key for d in self.space.dimensions]
        sign = -1 if monitor_mode(self.space.metric) == "max" else 1
        ranked = sorted(self.trials, key=lambda t: (t.value is None, sign * (t.value or 0), t.number))
        rows = [
            (
                t.number,
                *(_shown(t.params[k]) for k in keys),
                "-" if t.value is None else f"{t.value:.4f}",
                len(t.reports),
                t.state,
            )
            for t in ranked
        ]
        last = [key.rpartition(".")[2] for key in keys]
        short = [word if last.count(word) == 1 else key for key, word in zip(keys, last, strict=True)]
        right = range(len(keys) + 3)
        lines = [formats.table(("trial", *short, self.space.metric, "epochs", "state"), rows, right=right)]
        lines += [f"trial {t.number} was refused: {t.why}" for t in self.trials if t.state == REFUSED]
        lines.append(f"picture  {self.folder / PICTURE}")
        if self.best is None:
            lines.append("no trial came to its end: nothing to choose from")
        else:
            lines.append(f"best     trial {self.best.number}, {self.folder / (self.best.run or '')}")
            lines.append(f"config   {self.folder / BEST}: `zoo train` trains it and, for the first time, tests it")
        return "\n".join(lines)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


class _Pruned(Exception):
    """The trial does worse than the others did at this epoch."""


def sweep(config: Config, space_file: str | Path, *, console: Console | None = None) -> Sweep:
    """Try values of a config, as many trials as the space file says; the same call goes on where it was stopped.

    No trial evaluates the test split. More `trials` in the file continue a finished sweep.

    Args:
        config: from `zoo.load_config`; what the space does not name stays as it is.
        space_file: see `zoo.experiments.sweep_space`.
        console: where progress goes; the standard output by default.

    Raises:
        ZooError: Optuna is not installed; mistakes in the file; the folder holds a sweep of another config or space.
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
    """
    if importlib.util.find_spec("optuna") is None:
        raise ZooError("a sweep needs Optuna, which is not installed", mend=f"`{install('sweep')}`")
    console, config = console or terminal.console(), resolve(config)
    space = load_space(space_file, config)
    folder = Path(config.runtime.output) / config.name / f"sweep-{Path(space_file).stem}"
    files.make_folder(folder)
    with rundir.locked(Run(folder)):
        trials = _begun(folder, config, space)
        while len(trials) < space.trials:
            trials.append(_trial(config, space, folder, trials, console))
            _save(folder, config, space, trials)
        found = Sweep(folder, space, tuple(trials), _best(space, trials))
        _finish(found, config, space_file)
    return found


def _begun(folder: Path, config: Config, space: Space) -> list[Trial]:
    """The trials that have ended in earlier calls."""
    path = folder / TRIALS
    if not path.exists():
        return []
    stored, recipe = Run(folder).read_json(TRIALS), config.recipe_digest()
    if (stored.get("recipe_digest", recipe), stored["space"]) != (recipe, space.identity()):
        raise ZooError(
            f"{folder} holds a sweep of another config or space",
            "the same config, space, metric, prune and seed; trials alone may grow",
            "give the space file another name, or remove the folder",
        )
    return [Trial(**t | {"reports": {int(k): v for k, v in t["reports"].items()}}) for t in stored["trials"]]


def _save(folder: Path, config: Config, space: Space, trials: Sequence[Trial]) -> None:
    files.write_json(
        folder / TRIALS,
        {"recipe_digest": config.recipe_digest(), "space": space.identity(), "trials": [asdict(t) for t in trials]},
    )


def _trial(config: Config, space: Space, folder: Path, trials: Sequence[Trial], console: Console) -> Trial:
    """Ask for values, train, and say what came of it."""
    from zoo.experiments.train import train
    from zoo.training.callbacks import DivergedError

    proposed = _study(space, trials).ask(fixed_distributions=_distributions(space.dimensions))
    number, params = len(trials), _values(space.dimensions, proposed.params)
    said = "  ".join(f"{key.rpartition('.')[2]} {_shown(value)}" for key, value in params.items())
    console.print(f"trial {number} ({number + 1} of {space.trials})  {said}", highlight=False, soft_wrap=True)
    try:
        tried = config.override(*(override(k, v) for k, v in params.items()), override("runtime.output", str(folder)))
    except ZooError as error:
        console.print(f"refused: {error}", highlight=False, soft_wrap=True)
        return Trial(number, params, REFUSED, why=str(error))
    reports: dict[int, float] = {}

    def watch(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["epoch"] not in reports:
                reports[row["epoch"]] = row[space.metric]
                proposed.report(row[space.metric], row["epoch"])
        if rows[-1]["epoch"] < tried.train.epochs and proposed.should_prune():
            raise _Pruned

    try:
        run = train(tried, console=console, watch=watch, test=False)
    except _Pruned:
        console.print("pruned: worse than the median of the trials before it at this epoch", highlight=False)
        return Trial(number, params, PRUNED, reports=reports, run=_given_up(folder, tried))
    except ZooError as error:
        if not isinstance(error.__cause__, DivergedError):
            raise
        console.print(f"diverged: {error.what}", highlight=False, soft_wrap=True)
        return Trial(number, params, DIVERGED, run=_given_up(folder, tried))
    rows = run.history  # also of a run that an earlier trial of the same values has made
    value = rows[run.metrics["best_epoch"] - 1][space.metric]
    reports = {row["epoch"]: row[space.metric] for row in rows}
    return Trial(number, params, COMPLETE, value, reports, str(run.path.relative_to(folder)))


def _given_up(folder: Path, config: Config) -> str:
    """The unfinished run of a trial; its states go, for nothing will be resumed from them."""
    run = rundir.find(folder, config)
    shutil.rmtree(run.path / rundir.LAST)
    return str(run.path.relative_to(folder))


def _study(space: Space, trials: Sequence[Trial]) -> Any:
    """Optuna's study as it stands after these trials, seeded by their number."""
    import optuna
    from optuna.trial import TrialState, create_trial

    from zoo.config import monitor_mode

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    never = space.startup_trials is None
    study = optuna.create_study(
        direction="maximize" if monitor_mode(space.metric) == "max" else "minimize",
        sampler=optuna.samplers.TPESampler(seed=_seed(space, len(trials))),
        pruner=optuna.pruners.NopPruner()
        if never
        else optuna.pruners.MedianPruner(n_startup_trials=space.startup_trials, n_warmup_steps=space.warmup_epochs + 1),
    )
    for trial in trials:
        complete = trial.state == COMPLETE
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE
                if complete
                else TrialState.PRUNED,  # pruned without reports counts as the worst
                value=trial.value if complete else None,
                params=_names(space.dimensions, trial.params),
                distributions=_distributions(space.dimensions),
                intermediate_values=trial.reports if trial.state in (COMPLETE, PRUNED) else {},
            )
        )
    return study


def _seed(space: Space, number: int) -> int:
    """Of one trial; hashed, since the first numbers of neighbouring seeds resemble each other."""
    return int.from_bytes(hashlib.sha256(f"{space.seed} {number}".encode()).digest()[:4], "big")


def _distributions(dimensions: Sequence[Dimension]) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def one(d: Dimension) -> Any:
        if d.choices is not None:
            return CategoricalDistribution([json.dumps(choice) for choice in d.choices])
        if isinstance(d.low, int):
            return IntDistribution(d.low, d.high, log=d.log, step=d.step or 1)
        return FloatDistribution(d.low, d.high, log=d.log, step=d.step)

    return {d.key: one(d) for d in dimensions}


def _names(dimensions: Sequence[Dimension], params: dict[str, Any]) -> dict[str, Any]:
    """As Optuna knows them: choices by their JSON, for it takes no lists."""
    return {d.key: params[d.key] if d.choices is None else json.dumps(params[d.key]) for d in dimensions}


def _values(dimensions: Sequence[Dimension], params: dict[str, Any]) -> dict[str, Any]:
    return {d.key: params[d.key] if d.choices is None else json.loads(params[d.key]) for d in dimensions}


def _best(space: Space, trials: Sequence[Trial]) -> Trial | None:
    from zoo.config import monitor_mode

    sign = -1 if monitor_mode(space.metric) == "max" else 1
    complete = [t for t in trials if t.state == COMPLETE]
    return min(complete, key=lambda t: (sign * t.value, t.number), default=None)


def _finish(found: Sweep, config: Config, space_file: str | Path) -> None:
    """The picture, and the winner as a config that has been loaded once to see that it does."""
    from zoo.config import load_config, monitor_mode
    from zoo.draw.trials import plot_trials

    shown = [t for t in found.trials if t.reports]
    if shown:
        plot_trials(
            [asdict(t) for t in shown],
            found.space.metric,
            found.folder / PICTURE,
            larger_is_better=monitor_mode(found.space.metric) == "max",
            log=[d.key for d in found.space.dimensions if d.log],
        )
    best = found.best
    if best is None:
        return
    winner = config.override(*(override(k, v) for k, v in best.params.items()), f"name={config.name}_best")
    path = found.folder / BEST
    header = (
        f"# The best of {len(found.trials)} trials of `zoo sweep` over {Path(space_file).name}: "
        f"{found.space.metric} {best.value:.4f} in trial {best.number}, {best.run}.\n"
        f"# zoo train {path}\n"
    )
    files.write(path, header + winner.to_yaml())
    if load_config(path) != winner:
        raise AssertionError(f"{path} does not load to the config it was written from")
