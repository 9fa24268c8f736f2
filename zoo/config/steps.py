"""The contradictions that need the number of steps, which is known once the data are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import ZooError

from .mistakes import Path, Problem, dotted

if TYPE_CHECKING:
    from .schema import Settings


def _at(key: str) -> Path:
    return tuple(key.split("."))


def check_steps(config: Settings, steps_per_epoch: int) -> None:
    """Refuses a schedule or an accumulation that does not fit the steps of the training.

    Raises:
        ZooError: a warmup longer than training, a change that is never reached, an accumulation over an epoch's end.
    """
    total, schedule = steps_per_epoch * config.train.epochs, config.train.schedule
    length = f"the training's {total} steps ({config.train.epochs} epochs of {steps_per_epoch})"
    problems = []
    if schedule is not None:
        args = schedule.args
        if schedule.warmup_steps is not None and schedule.warmup_steps >= total:
            what = f"a warmup of {schedule.warmup_steps} steps is not shorter than {length}"
            problems.append(Problem(_at("train.schedule.warmup_steps"), what, mend="lower it or raise train.epochs"))
        key = "every_steps" if "every_steps" in args else "boundaries"
        first = args["every_steps"] if key == "every_steps" else (args.get("boundaries") or [0])[0]
        if first >= total:
            what = f"the first change at step {first} is never reached within {length}"
            problems.append(Problem(("train", "schedule", key), what, mend="lower it or raise train.epochs"))
        change = (args.get("boundaries") or [round(e * steps_per_epoch) for e in args.get("boundaries_epochs", [])])[:1]
        warmup = schedule.warmup_steps or round((schedule.warmup_epochs or 0) * steps_per_epoch)
        if change and 0 < change[0] <= warmup < total:
            key = "boundaries" if "boundaries" in args else "boundaries_epochs"
            what = f"the first change at step {change[0]} falls into the warmup of {warmup} steps"
            problems.append(Problem(("train", "schedule", key), what, mend="shorten the warmup"))
    accumulate = config.train.optimizer.args.get("gradient_accumulation_steps", 1)
    if steps_per_epoch % accumulate:
        what = f"{accumulate} steps do not divide the epoch's {steps_per_epoch}"
        fitting = [k for k in range(2, min(steps_per_epoch, 1000) + 1) if steps_per_epoch % k == 0]
        mend = f"take one of {', '.join(map(str, fitting[:6]))}" if fitting else "change data.batch_size"
        problems.append(Problem(_at("train.optimizer.gradient_accumulation_steps"), what, mend=mend))
    if problems:
        where = [config.origins.get(dotted(p.path), "config") for p in problems]
        raise ZooError("\n".join(f"{place}: {problem}" for place, problem in zip(where, problems, strict=True)))
