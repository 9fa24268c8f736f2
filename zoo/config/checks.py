"""Contradictions in a config, found before the first step: one small function per rule.

A rule names the keys it reads; it is not asked when one of them is already known to be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from zoo.errors import did_you_mean

from .catalogue import model_names
from .checks_train import TRAIN_RULES
from .defaults import monitor_mode, monitors
from .facts import (
    CONTENTS,
    INDEX_LOSSES,
    INDEX_METRICS,
    ONE_HOT_LOSSES,
    ONE_HOT_METRICS,
    PACKAGE_SOURCES,
    SIDE_LOSS_WEIGHTS,
    SMOOTHED_LOSSES,
    SOURCES,
    TASK_CONTENT,
)
from .mistakes import Path, Problem, at

if TYPE_CHECKING:
    from .schema import Settings


# --- data --------------------------------------------------------------------------------------------------------
def unused_options(config: Settings) -> Iterator[Problem]:
    for key, reason in config.data.unused().items():
        if key in config.data.model_fields_set and not (key in ("path", "fold") and getattr(config.data, key) is None):
            yield Problem(("data", key), reason, mend="remove it", at_key=True)


def one_kind_of_several_runs(config: Settings) -> Iterator[Problem]:
    folds, fold = config.data.folds, config.data.fold
    if folds is not None and fold is not None and fold > folds:
        yield Problem(at("data.fold"), f"there is no fold {fold} of {folds}", f"a number from 1 to {folds}")
    if folds is not None and fold is None and config.train.repeat > 1:
        what = f"{config.train.repeat} seeds together with data.folds"
        yield Problem(at("train.repeat"), what, "one of the two", "set data.fold=1 for the seeds of one fold")


def flat_pixel_range(config: Settings) -> Iterator[Problem]:
    black, white = config.data.pixel_range
    if black == white:
        yield Problem(at("data.pixel_range"), "black and white become the same", "two different numbers")


def channel_statistics(config: Settings) -> Iterator[Problem]:
    mean, std = config.data.mean, config.data.std
    if mean is not None and std is not None and len(mean) != len(std):
        what = f"data.mean has {len(mean)} channels and data.std {len(std)}"
        yield Problem(at("data.std"), what, "one number per channel in both")
    if std is not None and min(std) <= 0:
        yield Problem(at("data.std"), f"{min(std):g} cannot divide", "numbers above 0")


def own_files(config: Settings) -> Iterator[Problem]:
    data = config.data
    if data.path is not None or data.dataset is not None or not SOURCES[data.name].own:
        return
    if data.name in PACKAGE_SOURCES:
        yield Problem(at("data"), f"'{data.name}' is not told which data set", "data.dataset", "add dataset: ...")
    else:
        yield Problem(at("data"), f"'{data.name}' reads your own files", "data.path", "add path: ...")


def window_of_a_sequence(config: Settings) -> Iterator[Problem]:
    if config.data.content == "frames" and config.data.window is None:
        yield Problem(at("data"), "'sequence' is not told how long a window is", "data.window", "add window: 50")


def _classes(config: Settings) -> int:
    """0 where only the data say it."""
    return SOURCES[config.data.name].classes or config.data.classes or 0


def model_against_data(config: Settings) -> Iterator[Problem]:
    args, data = config.model.args, config.data
    classes = _classes(config)
    given = args.get("classes")
    one_logit = classes == 2 and given == 1
    if isinstance(given, int) and given != classes and classes and not one_logit:
        what = f"{given} classes, but '{data.name}' has {classes}"
        yield Problem(at("model.args.classes"), what, mend="remove it: classes come from the data")
    words = args.get("vocabulary_size")
    if isinstance(words, int) and data.num_words is not None and words < data.num_words:
        what = f"{words} words, but data.num_words is {data.num_words}"
        yield Problem(at("model.args.vocabulary_size"), what, mend="remove it: it comes from the data")
    length = args.get("sequence_length")
    if isinstance(length, int) and data.maxlen is not None and length != data.maxlen:
        what = f"{length}, but data.maxlen is {data.maxlen}"
        yield Problem(at("model.args.sequence_length"), what, mend="remove it: it comes from the data")


def task_against_data(config: Settings) -> Iterator[Problem]:
    if config.model.name not in model_names():
        return
    from zoo.catalog.registry import describe, takes

    wanted = list(TASK_CONTENT.get(describe(config.model.name).task, CONTENTS))
    if takes(config.model.name, "features"):
        wanted.append("frames")
    if config.data.content not in wanted:
        what = f"'{config.model.name}' takes {' or '.join(CONTENTS[content] for content in wanted)}"
        what += f", but '{config.data.name}' gives {CONTENTS[config.data.content]}"
        fitting = [name for name, source in SOURCES.items() if source.content in (*wanted, None)]
        yield Problem(at("data.name"), what, mend="choose from " + ", ".join(fitting))


def buckets_and_padding(config: Settings) -> Iterator[Problem]:
    name = config.model.name
    if config.data.bucket and name in model_names():
        from zoo.catalog.registry import takes

        if takes(name, "mask") and config.model.args.get("mask") is not True:
            what = f"'{name}' reads padding like a word, and training would have other padding than prediction"
            yield Problem(at("data.bucket"), what, mend="set model.args.mask: true, or remove it")
    if config.data.bucket and config.model.args.get("sequence_length") is not None:
        what = "one length for all texts, which data.bucket cuts to several"
        yield Problem(at("model.args.sequence_length"), what, mend="remove it, or set data.maxlen for the longest")


# --- loss and metrics --------------------------------------------------------------------------------------------
def logits_or_probabilities(config: Settings) -> Iterator[Problem]:
    activation, logits = config.model.args.get("classifier_activation"), config.train.loss.args.get("from_logits")
    if activation in ("softmax", "sigmoid") and logits is True:
        what = f"from_logits is true, but the model ends in {activation}"
        yield Problem(at("train.loss.from_logits"), what, mend="remove model.args.classifier_activation")
    if activation is None and logits is False:
        what = "from_logits is false, but the model gives logits"
        yield Problem(at("train.loss.from_logits"), what, mend="remove from_logits")


def loss_of_indices(config: Settings) -> Iterator[Problem]:
    name = config.train.loss.name
    if name in ONE_HOT_LOSSES or (_classes(config) > 2 and name not in INDEX_LOSSES):
        what = f"loss '{name}' does not read class indices, which the labels are"
        smooth = config.train.loss.args.get("label_smoothing")
        more = f" with train.label_smoothing={smooth:g}" if smooth else ""
        yield Problem(at("train.loss"), what, mend=f"take auto or sparse_categorical_crossentropy{more}")


def smoothing_of_loss(config: Settings) -> Iterator[Problem]:
    loss, smooth = config.train.loss, config.train.label_smoothing
    if smooth and loss.name not in SMOOTHED_LOSSES:
        what = f"loss '{loss.name}' is not smoothed by it"
        yield Problem(at("train.label_smoothing"), what, mend="take train.loss=auto, or remove it")
    for key in ("label_smoothing", "ignore_class", "axis"):
        if smooth and key in loss.args:
            what = f"given together with train.loss.{key}"
            yield Problem(at("train.label_smoothing"), what, "one of the two", "remove one")


def weights_of_heads(config: Settings) -> Iterator[Problem]:
    weights, known = config.train.loss_weights, SIDE_LOSS_WEIGHTS.get(config.model.name)
    outputs = len(known) if known and config.model.args.get("aux") is True else 1
    if weights is None or ":" in config.model.name or len(weights) == outputs:
        return  # how many outputs one's own builder has is seen when it is built
    what = f"{len(weights)} weights, but '{config.model.name}' has {outputs} output{'s' if outputs > 1 else ''}"
    mend = "set model.args.aux: true, or remove it" if known and outputs == 1 else "one per output, or remove it"
    yield Problem(at("train.loss_weights"), what, mend=mend)


def metrics_of_indices(config: Settings) -> Iterator[Problem]:
    for index, metric in enumerate(config.train.metrics):
        if metric.name in ONE_HOT_METRICS or (_classes(config) > 2 and metric.name not in INDEX_METRICS):
            what = f"metric '{metric.name}' does not read class indices, which the labels are"
            yield Problem(("train", "metrics", index), what, mend=f"choose from {', '.join(INDEX_METRICS)}")


def metrics_of_probabilities(config: Settings) -> Iterator[Problem]:
    for index, metric in enumerate(config.train.metrics):
        if "_at_" in metric.name and config.model.args.get("classifier_activation") is None:
            what = f"metric '{metric.name}' reads probabilities, but the model gives logits"
            yield Problem(("train", "metrics", index), what, mend="set model.args.classifier_activation: sigmoid")


def repeated_metrics(config: Settings) -> Iterator[Problem]:
    labels = [metric.label for metric in config.train.metrics]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            yield Problem(("train", "metrics", index), f"metric '{label}' stands twice", mend="remove one")


def class_weight_indices(config: Settings) -> Iterator[Problem]:
    classes = _classes(config)
    for index in config.train.class_weight or {}:
        if classes and index >= classes:
            what = f"no class {index} in '{config.data.name}'"
            yield Problem(("train", "class_weight", str(index)), what, f"indices from 0 to {classes - 1}")


# --- monitors and patience ---------------------------------------------------------------------------------------
def _watchers(config: Settings) -> Iterator[tuple[str, object]]:
    for key in ("early_stopping", "checkpoint", "reduce_lr_on_plateau"):
        block = getattr(config.callbacks, key)
        if block is not None:
            yield key, block


def unknown_monitor(config: Settings) -> Iterator[Problem]:
    known = monitors(config)
    for key, block in _watchers(config):
        monitor = block.monitor
        if monitor in known:
            continue
        what = f"'{monitor}' will not exist"
        if monitor.startswith("val_") and monitor.removeprefix("val_") in known:
            mend = f"set data.validation=0.1, or watch {monitor.removeprefix('val_')}"
            yield Problem(("callbacks", key, "monitor"), what + ": data.validation is 0", mend=mend)
        else:
            mend = did_you_mean(monitor, known) + ", or add it to train.metrics"
            yield Problem(("callbacks", key, "monitor"), what, f"one of {', '.join(known)}", mend)


def mode_against_monitor(config: Settings) -> Iterator[Problem]:
    for key, block in _watchers(config):
        right = monitor_mode(block.monitor)
        if block.monitor in monitors(config) and block.mode not in ("auto", right):
            what = f"{block.mode}, but {block.monitor} is better when {'larger' if right == 'max' else 'smaller'}"
            yield Problem(("callbacks", key, "mode"), what, mend="write mode: auto")


def early_stopping_never_fires(config: Settings) -> Iterator[Problem]:
    stop, epochs = config.callbacks.early_stopping, config.train.epochs
    if stop is not None and stop.patience + stop.start_from_epoch >= epochs:
        start = f" after start_from_epoch {stop.start_from_epoch}" if stop.start_from_epoch else ""
        what = f"patience {stop.patience}{start} can never fire within train.epochs {epochs}"
        most = epochs - 1 - stop.start_from_epoch
        expected = f"at most {most}" if most > 0 else ""
        yield Problem(
            at("callbacks.early_stopping.patience"),
            what,
            expected,
            "lower it, raise train.epochs, or set callbacks.early_stopping=null",
        )


def plateau_never_fires(config: Settings) -> Iterator[Problem]:
    plateau, epochs = config.callbacks.reduce_lr_on_plateau, config.train.epochs
    if plateau is not None and plateau.patience >= epochs:
        what = f"patience {plateau.patience} can never fire within train.epochs {epochs}"
        mend = "lower it, raise train.epochs, or set callbacks.reduce_lr_on_plateau=null"
        expected = f"at most {epochs - 1}" if epochs > 1 else ""
        yield Problem(at("callbacks.reduce_lr_on_plateau.patience"), what, expected, mend)


def stopping_before_plateau(config: Settings) -> Iterator[Problem]:
    stop, plateau = config.callbacks.early_stopping, config.callbacks.reduce_lr_on_plateau
    if stop is None or plateau is None or stop.monitor != plateau.monitor:
        return
    if stop.patience + stop.start_from_epoch <= plateau.patience:
        what = (
            f"patience {stop.patience} stops before reduce_lr_on_plateau's patience {plateau.patience} lowers the rate"
        )
        yield Problem(
            at("callbacks.early_stopping.patience"),
            what,
            f"more than {plateau.patience}",
            "raise it, or lower callbacks.reduce_lr_on_plateau.patience",
        )


def plateau_with_schedule(config: Settings) -> Iterator[Problem]:
    plateau, schedule = config.callbacks.reduce_lr_on_plateau, config.train.schedule
    if plateau is None or schedule is None:
        return
    warm = schedule.warmup_steps or schedule.warmup_epochs
    if schedule.name != "constant" or warm:
        name = "a warmup" if schedule.name == "constant" else f"schedule '{schedule.name}'"
        what = f"together with {name}: both would set the learning rate"
        mend = "set train.schedule=null or callbacks.reduce_lr_on_plateau=null"
        yield Problem(at("callbacks.reduce_lr_on_plateau"), what, "one of the two", mend, at_key=True)


def plateau_floor(config: Settings) -> Iterator[Problem]:
    plateau, rate = config.callbacks.reduce_lr_on_plateau, config.train.optimizer.learning_rate
    if plateau is not None and plateau.min_lr >= rate:
        what = f"min_lr {plateau.min_lr:g} is not below train.optimizer.learning_rate {rate:g}"
        yield Problem(at("callbacks.reduce_lr_on_plateau.min_lr"), what, mend="lower it")


# Each rule with the keys it reads.
RULES = (
    *TRAIN_RULES,
    (unused_options, "data"),
    (one_kind_of_several_runs, "data.folds", "data.fold", "train.repeat"),
    (flat_pixel_range, "data.pixel_range", "data.name"),
    (channel_statistics, "data.mean", "data.std"),
    (own_files, "data.path", "data.dataset", "data.name"),
    (window_of_a_sequence, "data.name", "data.window"),
    (model_against_data, "model.args", "data"),
    (task_against_data, "model.name", "data.name", "data.kind"),
    (buckets_and_padding, "model.name", "model.args", "data.bucket"),
    (logits_or_probabilities, "train.loss", "model.args"),
    (loss_of_indices, "train.loss", "data.name", "data.classes"),
    (smoothing_of_loss, "train.loss", "train.label_smoothing"),
    (weights_of_heads, "train.loss_weights", "model.name", "model.args"),
    (metrics_of_indices, "train.metrics", "data.name", "data.classes"),
    (metrics_of_probabilities, "train.metrics", "model.args"),
    (repeated_metrics, "train.metrics"),
    (class_weight_indices, "train.class_weight", "data.name", "data.classes"),
    (unknown_monitor, "train.metrics", "data.validation"),
    (mode_against_monitor, "train.metrics", "data.validation"),
    (early_stopping_never_fires, "callbacks.early_stopping", "train.epochs"),
    (plateau_never_fires, "callbacks.reduce_lr_on_plateau", "train.epochs"),
    (stopping_before_plateau, "callbacks.early_stopping", "callbacks.reduce_lr_on_plateau"),
    (plateau_with_schedule, "callbacks.reduce_lr_on_plateau", "train.schedule"),
    (plateau_floor, "callbacks.reduce_lr_on_plateau", "train.optimizer"),
)


def contradictions(config: Settings, bad: Iterable[Path] = ()) -> list[Problem]:
    """Every contradiction, except of rules that read a key in `bad` and in blocks that hold one."""
    bad = list(bad)

    def asked(reads: tuple[Path, ...]) -> bool:
        return not any(b[: len(r)] == r[: len(b)] for b in bad for r in reads)

    def sound(problem: Problem) -> bool:
        block = problem.path[:2]
        return len(problem.path) < 3 or not any(b[:2] == block for b in bad)

    return [p for rule, *keys in RULES if asked(tuple(map(at, keys))) for p in rule(config) if sound(p)]
