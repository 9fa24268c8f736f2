"""The main job: a config becomes a run folder. Read top-down."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import Interrupted, ZooError
from zoo.io import files, onednn, terminal
from zoo.runs import folder as rundir
from zoo.runs.folder import Run
from zoo.runs.job import prepare, resolve
from zoo.training import devices

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from zoo.config import Config
    from zoo.runs.job import Job


def train(
    config: Config,
    *,
    resume: str = "auto",
    console: Console | None = None,
    watch: Callable[[list[dict[str, Any]]], None] | None = None,
    test: bool = True,
) -> Run:
    """Train the config's model and evaluate its best weights once on the test split.

    The same config and output go on in the same folder: an unfinished run is taken over where it stopped, bit for
    bit; a finished one is returned as it is.

    Args:
        config: from `zoo.load_config`.
        resume: "auto" as above; "never" begins afresh, in the folder of the unfinished run if there is one.
        console: where progress goes; the standard output by default.
        watch: called at the end of each epoch with all rows of the history; what it raises ends the training.
        test: False leaves the test split alone, as a search must that chooses by validation.

    Returns:
        The run; `run.metrics["test"]` holds its figures.

    Raises:
        ZooError: a mistake in config or data, a loss that is not finite, a full disk; finished epochs are kept.
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
    """
    console = console or terminal.console()
    _one_run(config)
    config = resolve(config)
    output = Path(config.runtime.output)
    found = rundir.find(output, config)
    if found and found.finished and resume == "auto":
        console.print(
            f"this config has been trained already: {found} (`--resume never` trains it again)",
            highlight=False,
            soft_wrap=True,
        )
        return found
    if found and not found.finished and resume == "auto":
        onednn.check(found, found.onednn)

    from zoo.experiments.finish import finish, splits_to_judge
    from zoo.training.state import Signals

    with Signals().listening() as signals:
        job = prepare(config)
        run = found if found and not found.finished else None
        if run is not None and resume == "never":
            files.write_json(run.path / rundir.ENVIRONMENT, {**run.environment, **devices.environment()})
        if run is None:
            run = rundir.create(
                output, config.name, config.anywhere().to_yaml(), {**job.identity(), **devices.environment()}
            )
        for note in job.notes:
            console.print(note, highlight=False, soft_wrap=True)
        with rundir.locked(run):
            for left in run.path.glob(".*.part.*"):  # half-written by a process that was killed
                left.unlink()
            _describe_data(run, job)
            stopped, best_epoch = _fit(run, job, resume, signals, console, watch)
            splits = splits_to_judge(job.data, test=test and config.data.folds is None)
            metrics = finish(run, job, stopped, best_epoch, splits, console)
    console.print(
        f"best epoch {best_epoch}, "
        + ("stopped early" if stopped == "early_stopping" else f"all {config.train.epochs} epochs done")
        + "; its weights are the ones evaluated",
        highlight=False,
    )
    split = "test" if "test" in metrics else "validation"
    console.print(f"{split}  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics[split].items()), highlight=False)
    console.print(f"run   {run}", highlight=False, soft_wrap=True)
    return run


def _one_run(config: Config) -> None:
    if config.data.folds and config.data.fold is None:
        raise ZooError(
            f"data.folds is {config.data.folds}", "one run", "call zoo.cross_validate(config), or set data.fold=1"
        )
    if config.train.repeat > 1:
        raise ZooError(
            f"train.repeat is {config.train.repeat}", "one run", "call zoo.repeat(config), or set train.repeat=1"
        )


def _describe_data(run: Run, job: Job) -> None:
    """Labels, vocabulary, preprocessing and splits travel in the folder; data that changed since are refused."""
    known = run.environment.get("data_hash")
    if known != job.data.info.hash:
        raise ZooError(
            f"the data have changed since {run} was begun",
            f"data with the hash {known}",
            "restore them, or begin afresh with --resume never under another name",
        )
    files.write_json(run.path / rundir.DATA, job.data.info.to_dict())
    if job.data.info.vocabulary is not None:
        files.write_json(run.path / rundir.VOCABULARY, list(job.data.info.vocabulary))
    files.write_json(run.path / rundir.SPLITS, {k: [int(i) for i in v] for k, v in job.data.splits.items()})


def _fit(
    run: Run, job: Job, resume: str, signals: Any, console: Console, watch: Callable[[list[dict]], None] | None
) -> tuple[str, int]:
    """Train until the last epoch or the stop; returns why it ended and the best epoch, counted from 1."""
    from zoo.config import monitor_mode
    from zoo.training import callbacks as cb
    from zoo.training.progress import ProgressDisplay
    from zoo.training.state import Keeper, States
    from zoo.weights import manifest

    config, model = job.config, job.model
    states = States(run.path / rundir.LAST)
    if resume == "never":
        states.clear()
        for name in (rundir.HISTORY, rundir.WEIGHTS, rundir.RESUMES):
            (run.path / name).unlink(missing_ok=True)

    others = [cb.TerminateOnNaN()] if config.callbacks.terminate_on_nan else []
    averaged = cb.Averaged() if config.train.optimizer.args.get("use_ema") else None
    if averaged:
        others.append(averaged)

    def save_best() -> None:
        with averaged.inside() if averaged else nullcontext():
            manifest.save(model, run.path / rundir.WEIGHTS)

    checkpoint = config.callbacks.checkpoint
    best = cb.Best(checkpoint.monitor, monitor_mode(checkpoint.monitor), save_best)

    def write_history(rows: list[dict[str, Any]]) -> None:
        rundir.write_history(run, rows)
        if watch:
            watch(rows)

    history = cb.History(write_history)
    remembering: dict[str, Any] = {"history": history, "best": best}
    if config.callbacks.early_stopping:
        remembering["early_stopping"] = cb.EarlyStopping(**config.callbacks.early_stopping.model_dump())
    if config.callbacks.reduce_lr_on_plateau:
        remembering["reduce_lr_on_plateau"] = cb.ReduceLROnPlateau(**config.callbacks.reduce_lr_on_plateau.model_dump())
    watchers = [callback for name, callback in remembering.items() if name != "history"]
    every = config.runtime.save_every
    keeper = Keeper(
        states,
        remembering,
        steps_per_epoch=job.steps_per_epoch,
        signals=signals,
        save_every_steps=every and every.steps,
        save_every_seconds=60 * every.minutes if every and every.minutes else None,
    )
    progress = ProgressDisplay(
        epochs=config.train.epochs, steps_per_epoch=job.steps_per_epoch, console=console, best=best
    )
    if config.callbacks.tensorboard:
        others.append(cb.tensorboard(str(run.path / "logs")))

    position = keeper.load()
    for warning in keeper.warnings:
        console.print(f"{warning}; an older state is used", highlight=False, soft_wrap=True)
    if position.epoch or position.step:
        _note_resume(run, position, console)
    progress.start(position.epoch * job.steps_per_epoch + position.step)
    try:
        while position.stopped is None and position.epoch < config.train.epochs:
            progress.begin(position.step)
            signals.in_fit = True
            with devices.place(config.runtime.device), job.data.reading():
                model.fit(
                    job.batches(position.epoch, position.step),
                    validation_data=job.data.validation,
                    initial_epoch=position.epoch,
                    # A broken epoch is finished by a `fit` of its own; the state it saves begins the next one.
                    epochs=position.epoch + 1 if position.step else config.train.epochs,
                    steps_per_epoch=job.steps_per_epoch - position.step,
                    class_weight=job.class_weight,
                    callbacks=[history, *others, *watchers, progress, keeper],
                    shuffle=False,  # the stream shuffles
                    verbose=0,
                )
            signals.in_fit = False
            position = keeper.load()
    except cb.DivergedError as error:
        raise ZooError(
            f"{error.what} not a number since epoch {error.where[0]}, step {error.where[1]}, "
            f"at a learning rate of {error.learning_rate:.3g}",
            mend="try a lower train.optimizer.learning_rate, train.optimizer.clipnorm=1, or another optimizer; "
            f"the state before this epoch is kept in {run}",
        ) from error
    except Interrupted as error:
        where = keeper.states.newest()[0] or {"epoch": 0, "step": 0}
        raise Interrupted(
            f"{signals} after epoch {where['epoch']}, step {where['step']}; everything is saved in {run}: "
            "give the same command again to go on",
            error.code,
        ) from error
    finally:
        signals.in_fit = False
        progress.close()
    return position.stopped or "epochs", best_epoch(keeper, best)


def best_epoch(keeper: Any, best: Any) -> int:
    """The best epoch counted from 1, also when a finished training was taken over and no `fit` ran."""
    if best.epoch >= 0:
        return best.epoch + 1
    meta = keeper.states.newest()[0]
    return meta["callbacks"]["best"]["epoch"] + 1


def _note_resume(run: Run, position: Any, console: Console) -> None:
    """Write the resumption into resumes.json and warn where this environment is not the one it began in."""
    now, then = devices.environment(), run.environment
    differing = [k for k, v in now.items() if k != "revision" and then.get(k) != v]
    path = run.path / rundir.RESUMES
    resumes = run.read_json(rundir.RESUMES) if path.exists() else []
    resumes.append(
        {
            "epoch": position.epoch,
            "step": position.step,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "differing": differing,
        }
    )
    files.write_json(path, resumes)
    console.print(
        f"going on after epoch {position.epoch}, step {position.step} of {run}", highlight=False, soft_wrap=True
    )
    if differing:
        console.print("the result may differ in the last bits: not the same " + ", ".join(differing), highlight=False)
