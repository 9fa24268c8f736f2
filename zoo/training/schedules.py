"""Learning-rate schedules by Keras's names, in steps or epochs, each with an optional linear warmup.

Every schedule is a `keras.optimizers.schedules.LearningRateSchedule`: a pure function of the step, so that a resumed
run needs nothing but the optimizer's step counter.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops
from keras.optimizers import schedules

if TYPE_CHECKING:
    from zoo.config import Schedule, TrainConfig


def make_schedule(
    block: Schedule, *, learning_rate: float, steps_per_epoch: int, epochs: int
) -> schedules.LearningRateSchedule:
    """The schedule of a config's `train.schedule` block.

    Args:
        block: its name and arguments; lengths end in `_steps` or `_epochs`.
        learning_rate: the optimizer's rate, where the schedule starts (after its warmup).
        steps_per_epoch, epochs: the length of the training; schedules without a length of their own span all of it.
    """
    total = steps_per_epoch * epochs
    warmup = _steps(
        {"warmup_steps": block.warmup_steps, "warmup_epochs": block.warmup_epochs}, "warmup", steps_per_epoch, default=0
    )
    words = {k: v for k, v in block.args.items() if v is not None}
    if block.name == "piecewise":  # its boundaries are places in the training, warmup included
        words["warmup"] = warmup
    schedule = SCHEDULES[block.name](learning_rate, words, steps_per_epoch, total - warmup)
    return Warmup(schedule, warmup, learning_rate) if warmup else schedule


def course(train: TrainConfig, steps_per_epoch: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Learning rate at every step of a training, and momentum where the schedule moves it; each (steps,)."""
    rate, epochs = train.optimizer.learning_rate, train.epochs
    if train.schedule is None:
        return np.full(steps_per_epoch * epochs, rate), None
    schedule = make_schedule(train.schedule, learning_rate=rate, steps_per_epoch=steps_per_epoch, epochs=epochs)
    steps = ops.arange(steps_per_epoch * epochs, dtype="int64")
    rates = np.broadcast_to(ops.convert_to_numpy(schedule(steps)), steps.shape)
    moved = getattr(schedule, "max_momentum", None) is not None
    return rates, ops.convert_to_numpy(schedule.momentum(steps)) if moved else None


def _steps(words: dict[str, Any], name: str, steps_per_epoch: int, default: int) -> int:
    """Take `<name>_steps` or `<name>_epochs` out of `words`, as steps: at least one, where `default` is not none."""
    in_steps, in_epochs = words.pop(f"{name}_steps", None), words.pop(f"{name}_epochs", None)
    if in_epochs is not None:
        return max(round(in_epochs * steps_per_epoch), min(default, 1))
    return default if in_steps is None else in_steps


def _constant(rate, words, per_epoch, total):
    return Constant(rate)


def _step(rate, words, per_epoch, total):
    every = max(1, round(words["every_epochs"] * per_epoch)) if "every_epochs" in words else words["every_steps"]
    return schedules.ExponentialDecay(rate, every, words.get("factor", 0.1), staircase=True)


def _piecewise(rate, words, per_epoch, total):
    if "boundaries_epochs" in words:  # Keras keeps a value up to and including its boundary: the epoch's last step
        boundaries = [max(1, round(e * per_epoch)) - 1 for e in words["boundaries_epochs"]]
    else:
        boundaries = list(words["boundaries"])
    return schedules.PiecewiseConstantDecay([b - words["warmup"] for b in boundaries], words["values"])


def _exponential(rate, words, per_epoch, total):
    steps = _steps(words, "decay", per_epoch, total)
    return schedules.ExponentialDecay(rate, steps, words["decay_rate"], staircase=words.get("staircase", False))


def _inverse_time(rate, words, per_epoch, total):
    steps = _steps(words, "decay", per_epoch, total)
    return schedules.InverseTimeDecay(rate, steps, words["decay_rate"], staircase=words.get("staircase", False))


def _polynomial(rate, words, per_epoch, total):
    return schedules.PolynomialDecay(rate, _steps(words, "decay", per_epoch, total), **words)


def _cosine(rate, words, per_epoch, total):
    return schedules.CosineDecay(rate, _steps(words, "decay", per_epoch, total), **words)


def _cosine_restarts(rate, words, per_epoch, total):
    return schedules.CosineDecayRestarts(rate, _steps(words, "first_decay", per_epoch, total), **words)


def _one_cycle(rate, words, per_epoch, total):
    return OneCycle(**{"max_learning_rate": rate, "total": total, **words})


SCHEDULES = {
    "constant": _constant,
    "step": _step,
    "piecewise": _piecewise,
    "exponential": _exponential,
    "inverse_time": _inverse_time,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "cosine_restarts": _cosine_restarts,
    "one_cycle": _one_cycle,
}


@keras.saving.register_keras_serializable(package="zoo")
class Constant(schedules.LearningRateSchedule):
    """The same rate at every step (a schedule so that a warmup can stand before it)."""

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate

    def __call__(self, step):
        return ops.convert_to_tensor(self.learning_rate, dtype="float32")

    def get_config(self):
        return {"learning_rate": self.learning_rate}


@keras.saving.register_keras_serializable(package="zoo")
class Warmup(schedules.LearningRateSchedule):
    """Linear from `target / steps` at step 0 to `target` at step `steps - 1` (Goyal et al. 2017, Sec. 2.2); then
    `schedule`, counted from its own step 0."""

    def __init__(self, schedule: schedules.LearningRateSchedule, steps: int, target: float):
        self.schedule, self.steps, self.target = schedule, steps, target

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = self.target * (step + 1) / self.steps
        return ops.where(step < self.steps, rising, self.schedule(ops.maximum(step - self.steps, 0)))

    def get_config(self):
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "steps": self.steps,
            "target": self.target,
        }

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["steps"], config["target"])


@keras.saving.register_keras_serializable(package="zoo")
class OneCycle(schedules.LearningRateSchedule):
    """The 1cycle policy (Smith 2018, arXiv 1803.09820, Sec. 5; the argument names are PyTorch's OneCycleLR).

    Rises from `max / div_factor` to `max` over `pct_start` of `total` steps, then falls to
    `max / (div_factor * final_div_factor)`, along a cosine (`anneal="cos"`) or straight (`"linear"`). `momentum(step)`
    moves the other way, from `max_momentum` to `min_momentum` and back.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total: int,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        pct_start: float = 0.3,
        anneal: str = "cos",
        max_momentum: float | None = None,
        min_momentum: float | None = None,
    ):
        self.max_learning_rate, self.total = max_learning_rate, total
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        self.pct_start, self.anneal = pct_start, anneal
        self.max_momentum, self.min_momentum = max_momentum, min_momentum

    def phase(self, step):
        """Share of the way from low to high at `step`, in [0, 1]: 1 at the peak; and whether the peak is behind."""
        step = ops.cast(step, "float32")
        peak = self.pct_start * self.total - 1
        up = ops.clip(step / max(peak, 1.0), 0.0, 1.0)
        down = ops.clip((step - peak) / max(self.total - 1 - peak, 1.0), 0.0, 1.0)
        share = ops.where(step <= peak, up, 1.0 - down)
        if self.anneal == "cos":
            share = (1.0 - ops.cos(math.pi * share)) / 2.0
        return share, step > peak

    def __call__(self, step):
        share, behind = self.phase(step)
        start = self.max_learning_rate / self.div_factor
        low = ops.where(behind, start / self.final_div_factor, start)
        return low + (self.max_learning_rate - low) * share

    def momentum(self, step):
        """The momentum at `step`, highest where the rate is lowest."""
        return self.max_momentum - (self.max_momentum - self.min_momentum) * self.phase(step)[0]

    def get_config(self):
        return {name: getattr(self, name) for name in inspect.signature(OneCycle).parameters}
