"""Contradictions of optimizer, schedule and runtime: one small function per rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .defaults import has_momentum
from .facts import MOVED_MOMENTUM
from .mistakes import Problem, at

if TYPE_CHECKING:
    from .schema import Settings


# --- optimizer and schedule --------------------------------------------------------------------------------------
def one_clipping(config: Settings) -> Iterator[Problem]:
    args = config.train.optimizer.args
    given = [key for key in ("clipnorm", "clipvalue", "global_clipnorm") if key in args]
    for key in given[1:]:
        yield Problem(("train", "optimizer", key), f"given together with {given[0]}", "one way to clip", "remove one")


def nesterov_without_momentum(config: Settings) -> Iterator[Problem]:
    args, schedule = config.train.optimizer.args, config.train.schedule
    moved = schedule is not None and schedule.name == "one_cycle"  # which brings a momentum
    if config.train.optimizer.name == "sgd" and args.get("nesterov") and not args.get("momentum") and not moved:
        yield Problem(
            at("train.optimizer.nesterov"), "nesterov without momentum does nothing", mend="set momentum: 0.9"
        )


def averaging_switched_off(config: Settings) -> Iterator[Problem]:
    args = config.train.optimizer.args
    for key in ("ema_momentum", "ema_overwrite_frequency"):
        if key in args and not args.get("use_ema"):
            yield Problem(("train", "optimizer", key), f"{key} without use_ema does nothing", mend="add use_ema: true")


def schedule_against_optimizer(config: Settings) -> Iterator[Problem]:
    schedule, optimizer = config.train.schedule, config.train.optimizer
    if schedule is None:
        return
    rate, args = optimizer.learning_rate, schedule.args
    first = {
        "piecewise": ("values", args.get("values", [0])[0]),
        "one_cycle": ("max_learning_rate", args.get("max_learning_rate")),
    }
    key, own = first.get(schedule.name, ("", rate))
    if own != rate:
        what = f"{rate:g} would never be used: schedule '{schedule.name}' has {key} {own:g}"
        yield Problem(at("train.optimizer.learning_rate"), what, mend="remove it or make them equal")
    if schedule.name == "one_cycle" and "max_momentum" in args and not has_momentum(config):
        what = f"optimizer '{optimizer.name}' has no momentum to move"
        yield Problem(at("train.schedule.max_momentum"), what, mend="remove max_momentum and min_momentum")
    word = MOVED_MOMENTUM.get(optimizer.name)
    if schedule.name == "one_cycle" and word in optimizer.args and optimizer.args[word] != args["max_momentum"]:
        what = f"{optimizer.args[word]:g} would never be used: one_cycle moves it from max_momentum "
        mend = f"remove it, or set train.schedule.max_momentum and min_momentum={optimizer.args[word]:g} to keep it"
        yield Problem(("train", "optimizer", word), what + f"{args['max_momentum']:g}", mend=mend)
    low, high = args.get("min_momentum"), args.get("max_momentum")
    if low is not None and high is not None and low > high:
        what = f"{low:g} is above max_momentum {high:g}"
        yield Problem(at("train.schedule.min_momentum"), what, mend="set max_momentum too")
    if schedule.name == "polynomial" and args["end_learning_rate"] >= rate:
        what = f"{args['end_learning_rate']:g} is not below train.optimizer.learning_rate {rate:g}"
        yield Problem(at("train.schedule.end_learning_rate"), what, mend="lower it")
    if optimizer.name == "schedulefreeadamw" and schedule.name != "constant":
        what = "schedulefreeadamw needs no schedule"
        yield Problem(at("train.schedule"), what, mend="set train.schedule=null or take adamw", at_key=True)


def schedule_longer_than_training(config: Settings) -> Iterator[Problem]:
    schedule, epochs = config.train.schedule, config.train.epochs
    if schedule is None:
        return
    if schedule.warmup_epochs is not None and schedule.warmup_epochs >= epochs:
        what = f"a warmup of {schedule.warmup_epochs:g} epochs is not shorter than train.epochs {epochs}"
        yield Problem(at("train.schedule.warmup_epochs"), what, mend="lower it or raise train.epochs")
    first = schedule.args.get("every_epochs") or (schedule.args.get("boundaries_epochs") or [0])[0]
    if first >= epochs:
        key = "every_epochs" if "every_epochs" in schedule.args else "boundaries_epochs"
        what = f"the first change at epoch {first:g} is never reached within train.epochs {epochs}"
        yield Problem(("train", "schedule", key), what, mend="lower it, raise train.epochs, or set train.schedule=null")


# --- runtime -----------------------------------------------------------------------------------------------------
def one_interval(config: Settings) -> Iterator[Problem]:
    every = config.runtime.save_every
    if every is None:
        return
    if every.steps is None and every.minutes is None:
        yield Problem(at("runtime.save_every"), "says neither steps nor minutes", mend="add steps: 1000", at_key=True)
    if every.steps is not None and every.minutes is not None:
        yield Problem(at("runtime.save_every.minutes"), "given together with steps", "one of the two", "remove one")


def precision_of_device(config: Settings) -> Iterator[Problem]:
    if config.runtime.device == "cpu" and config.runtime.precision == "mixed_float16":
        what = "mixed_float16 needs a GPU, but runtime.device is cpu"
        yield Problem(at("runtime.precision"), what, mend="take mixed_bfloat16 or float32")


def loss_scale_without_float16(config: Settings) -> Iterator[Problem]:
    args, precision = config.train.optimizer.args, config.runtime.precision
    if "loss_scale_factor" in args and precision in ("mixed_float16", "auto"):
        may = "may be mixed_float16 and scale" if precision == "auto" else "scales"
        what = f"loss_scale_factor together with {precision}, which {may} the loss itself"
        yield Problem(at("train.optimizer.loss_scale_factor"), what, mend="remove it")


# --- mixing images -----------------------------------------------------------------------------------------------
def mixing(config: Settings) -> Iterator[Problem]:
    for key in ("mixup", "cutmix"):
        if not getattr(config.train, key):
            continue
        if config.data.content != "image":
            yield Problem(("train", key), f"is for images, but '{config.data.name}' gives tokens", mend="remove it")
        elif config.model.args.get("classes") == 1:
            what = "mixed labels are shares of classes, but the model has one logit"
            yield Problem(("train", key), what, mend="remove model.args.classes")
        elif config.train.loss.name not in ("auto", "sparse_categorical_crossentropy"):
            what = f"loss '{config.train.loss.name}' does not read mixed labels"
            yield Problem(("train", key), what, mend="take train.loss=auto")
        elif {"ignore_class", "axis"} & set(config.train.loss.args):
            what = "train.loss has arguments that do not go with mixed labels"
            yield Problem(("train", key), what, mend="remove ignore_class and axis")


# Each rule with the keys it reads.
TRAIN_RULES = (
    (one_clipping, "train.optimizer"),
    (nesterov_without_momentum, "train.optimizer", "train.schedule"),
    (averaging_switched_off, "train.optimizer"),
    (schedule_against_optimizer, "train.schedule", "train.optimizer"),
    (schedule_longer_than_training, "train.schedule", "train.epochs"),
    (one_interval, "runtime.save_every"),
    (precision_of_device, "runtime.device", "runtime.precision"),
    (loss_scale_without_float16, "train.optimizer", "runtime.precision"),
    (mixing, "train.mixup", "train.cutmix", "train.loss", "data.name", "data.kind", "model.args"),
)
