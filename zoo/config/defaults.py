"""Defaults that depend on other values, filled in once, so that `to_dict` shows what will really happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import keras_names
from .facts import MOVED_MOMENTUM, SIDE_LOSS_WEIGHTS

if TYPE_CHECKING:
    from .schema import Settings


# Metrics of one output and the argument that parts it; Keras's own 0.5 is meant for probabilities.
PARTED = {"binary_accuracy": "threshold", "binary_io_u": "threshold"} | dict.fromkeys(
    ("precision", "recall", "true_positives", "true_negatives", "false_positives", "false_negatives"), "thresholds"
)


def resolve(config: Settings) -> None:
    """Fills the open values of a config that is being made (the only place where a frozen block is changed)."""
    _learning_rate(config)
    _from_logits(config)
    _momentum(config)
    if config.model.args.get("aux") is True and config.train.loss_weights is None:
        config.train.__dict__["loss_weights"] = SIDE_LOSS_WEIGHTS.get(config.model.name)
    if config.callbacks.checkpoint.monitor is None:
        config.callbacks.checkpoint.__dict__["monitor"] = default_monitor(config)


def default_monitor(config: Settings) -> str:
    """The best epoch is judged by val_accuracy, else by val_loss, else (no validation) by loss.

    Own texts: by val_loss, since the accuracies of a small validation part are often equal, and the first of equal
    epochs would be taken, which is the least trained.
    """
    if config.data.validation == 0:
        return "loss"
    accuracy = any(m.label == "accuracy" for m in config.train.metrics)
    return "val_accuracy" if accuracy and not config.data.own_texts else "val_loss"


def monitors(config: Settings) -> list[str]:
    """Every value a callback can watch."""
    own = ["loss"] + [metric.label for metric in config.train.metrics]
    return own + ([f"val_{name}" for name in own] if config.data.validation > 0 else [])


def monitor_mode(monitor: str) -> str:
    """ "max" where larger is better (accuracy, AUC, ...), otherwise "min"."""
    entry = keras_names.METRICS.get(monitor.removeprefix("val_"))
    return "max" if entry is not None and entry.higher_is_better else "min"


def _learning_rate(config: Settings) -> None:
    optimizer, schedule = config.train.optimizer, config.train.schedule
    if optimizer.learning_rate is None:
        rate = keras_names.OPTIMIZERS[optimizer.name].learning_rate
        if schedule is not None and schedule.name == "piecewise":
            rate = schedule.args["values"][0] or rate
        if schedule is not None and schedule.name == "one_cycle":
            rate = schedule.args.get("max_learning_rate", rate)
        optimizer.__dict__["learning_rate"] = rate
    if schedule is not None and schedule.name == "one_cycle":
        schedule.model_extra.setdefault("max_learning_rate", optimizer.learning_rate)


def _momentum(config: Settings) -> None:
    """one_cycle moves the momentum (or beta_1) against the learning rate, where the optimizer has one."""
    schedule = config.train.schedule
    if schedule is not None and schedule.name == "one_cycle" and has_momentum(config):
        schedule.model_extra.setdefault("max_momentum", 0.95)
        schedule.model_extra.setdefault("min_momentum", min(0.85, schedule.model_extra["max_momentum"]))


def has_momentum(config: Settings) -> bool:
    """Whether the optimizer has a momentum that a schedule can move."""
    return config.train.optimizer.name in MOVED_MOMENTUM


def _from_logits(config: Settings) -> None:
    """Losses and metrics read logits unless the model is asked for probabilities; one logit is parted at 0."""
    logits = config.model.args.get("classifier_activation") in (None, "linear")
    train = config.train
    for block, table in [(train.loss, keras_names.LOSSES), *((m, keras_names.METRICS) for m in train.metrics)]:
        if block.name in table and "from_logits" in table[block.name].args:
            block.model_extra.setdefault("from_logits", logits)
        elif logits and block.name in PARTED and "top_k" not in block.args:
            block.model_extra.setdefault(PARTED[block.name], 0.0)
