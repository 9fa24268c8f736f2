"""Contradictions in a config, found before the first step: one small function per rule.

A rule names the keys it reads; it is not asked when one of them is already known to be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from zoo.errors import did_you_mean

from . import checks_train  # noqa: F401 - its rules
from .catalogue import model_names
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
from .problems import Path, Problem
from .resolve import monitor_mode, monitors
from .rules import RULES
from .rules import at as _at
from .rules import rule as _rule

if TYPE_CHECKING:
    from .schema import Config


def contradictions(config: Config, bad: Iterable[Path] = ()) -> list[Problem]:
    """Every contradiction, except of rules that read a key in `bad` and in blocks that hold one."""
    bad = list(bad)

    def asked(reads: tuple[Path, ...]) -> bool:
        return not any(b[: len(r)] == r[: len(b)] for b in bad for r in reads)

    def sound(problem: Problem) -> bool:
        block = problem.path[:2]
        return len(problem.path) < 3 or not any(b[:2] == block for b in bad)

    return [problem for reads, rule in RULES if asked(reads) for problem in rule(config) if sound(problem)]


# --- data --------------------------------------------------------------------------------------------------------
@_rule("data")
def unused_options(config: Config) -> Iterator[Problem]:
    for key, reason in config.data.unused().items():
        if key in config.data.model_fields_set and not (key in ("path", "fold") and getattr(config.data, key) is None):
            yield Problem(("data", key), reason, mend="remove it", at_key=True)


@_rule("data.folds", "data.fold", "train.repeat")
def one_kind_of_several_runs(config: Config) -> Iterator[Problem]:
    folds, fold = config.data.folds, config.data.fold
    if folds is not None and fold is not None and fold > folds:
        yield Problem(_at("data.fold"), f"there is no fold {fold} of {folds}", f"a number from 1 to {folds}")
    if folds is not None and fold is None and config.train.repeat > 1:
        what = f"{config.train.repeat} seeds together with data.folds"
        yield Problem(_at("train.repeat"), what, "one of the two", "set data.fold=1 for the seeds of one fold")


@_rule("data.pixel_range", "data.name")
def flat_pixel_range(config: Config) -> Iterator[Problem]:
    black, white = config.data.pixel_range
    if black == white:
        yield Problem(_at("data.pixel_range"), "black and white become the same", "two different numbers")


@_rule("data.mean", "data.std")
def channel_statistics(config: Config) -> Iterator[Problem]:
    mean, std = config.data.mean, config.data.std
    if mean is not None and std is not None and len(mean) != len(std):
        what = f"data.mean has {len(mean)} channels and data.std {len(std)}"
        yield Problem(_at("data.std"), what, "one number per channel in both")
    if std is not None and min(std) <= 0:
        yield Problem(_at("data.std"), f"{min(std):g} cannot divide", "numbers above 0")


@_rule("data.path", "data.dataset", "data.name")
def own_files(config: Config) -> Iterator[Problem]:
    data = config.data
    if data.path is not None or data.dataset is not None or not SOURCES[data.name].own:
        return
    if data.name in PACKAGE_SOURCES:
        yield Problem(_at("data"), f"'{data.name}' is not told which data set", "data.dataset", "add dataset: ...")
    else:
        yield Problem(_at("data"), f"'{data.name}' reads your own files", "data.path", "add path: ...")


@_rule("data.name", "data.window")
def window_of_a_sequence(config: Config) -> Iterator[Problem]:
    if config.data.content == "frames" and config.data.window is None:
        yield Problem(_at("data"), "'sequence' is not told how long a window is", "data.window", "add window: 50")


def _classes(config: Config) -> int:
    """0 where only the data say it."""
    return SOURCES[config.data.name].classes or config.data.classes or 0


@_rule("model.args", "data")
def model_against_data(config: Config) -> Iterator[Problem]:
    args, data = config.model.args, config.data
    classes = _classes(config)
    given = args.get("classes")
    one_logit = classes == 2 and given == 1
    if isinstance(given, int) and given != classes and classes and not one_logit:
        what = f"{given} classes, but '{data.name}' has {classes}"
        yield Problem(_at("model.args.classes"), what, mend="remove it: classes come from the data")
    words = args.get("vocabulary_size")
    if isinstance(words, int) and data.num_words is not None and words < data.num_words:
        what = f"{words} words, but data.num_words is {data.num_words}"
        yield Problem(_at("model.args.vocabulary_size"), what, mend="remove it: it comes from the data")
    length = args.get("sequence_length")
    if isinstance(length, int) and data.maxlen is not None and length != data.maxlen:
        what = f"{length}, but data.maxlen is {data.maxlen}"
        yield Problem(_at("model.args.sequence_length"), what, mend="remove it: it comes from the data")


@_rule("model.name", "data.name", "data.kind")
def task_against_data(config: Config) -> Iterator[Problem]:
    if config.model.name not in model_names():
        return
    from zoo.registry import describe, takes

    wanted = list(TASK_CONTENT.get(describe(config.model.name).task, CONTENTS))
    if takes(config.model.name, "features"):
        wanted.append("frames")
    if config.data.content not in wanted:
        what = f"'{config.model.name}' takes {' or '.join(CONTENTS[content] for content in wanted)}"
        what += f", but '{config.data.name}' gives {CONTENTS[config.data.content]}"
        fitting = [name for name, source in SOURCES.items() if source.content in (*wanted, None)]
        yield Problem(_at("data.name"), what, mend="choose from " + ", ".join(fitting))


@_rule("model.name", "model.args", "data.bucket")
def buckets_and_padding(config: Config) -> Iterator[Problem]:
    name = config.model.name
    if config.data.bucket and name in model_names():
        from zoo.registry import takes

        if takes(name, "mask") and config.model.args.get("mask") is not True:
            what = f"'{name}' reads padding like a word, and training would have other padding than prediction"
            yield Problem(_at("data.bucket"), what, mend="set model.args.mask: true, or remove it")
    if config.data.bucket and config.model.args.get("sequence_length") is not None:
        what = "one length for all texts, which data.bucket cuts to several"
        yield Problem(_at("model.args.sequence_length"), what, mend="remove it, or set data.maxlen for the longest")


# --- loss and metrics --------------------------------------------------------------------------------------------
@_rule("train.loss", "model.args")
def logits_or_probabilities(config: Config) -> Iterator[Problem]:
    activation, logits = config.model.args.get("classifier_activation"), config.train.loss.args.get("from_logits")
    if activation in ("softmax", "sigmoid") and logits is True:
        what = f"from_logits is true, but the model ends in {activation}"
        yield Problem(_at("train.loss.from_logits"), what, mend="remove model.args.classifier_activation")
    if activation is None and logits is False:
        what = "from_logits is false, but the model gives logits"
        yield Problem(_at("train.loss.from_logits"), what, mend="remove from_logits")


@_rule("train.loss", "data.name", "data.classes")
def loss_of_indices(config: Config) -> Iterator[Problem]:
    name = config.train.loss.name
    if name in ONE_HOT_LOSSES or (_classes(config) > 2 and name not in INDEX_LOSSES):
        what = f"loss '{name}' does not read class indices, which the labels are"
        smooth = config.train.loss.args.get("label_smoothing")
        more = f" with train.label_smoothing={smooth:g}" if smooth else ""
        yield Problem(_at("train.loss"), what, mend=f"take auto or sparse_categorical_crossentropy{more}")


@_rule("train.loss", "train.label_smoothing")
def smoothing_of_loss(config: Config) -> Iterator[Problem]:
    loss, smooth = config.train.loss, config.train.label_smoothing
    if smooth and loss.name not in SMOOTHED_LOSSES:
        what = f"loss '{loss.name}' is not smoothed by it"
        yield Problem(_at("train.label_smoothing"), what, mend="take train.loss=auto, or remove it")
    for key in ("label_smoothing", "ignore_class", "axis"):
        if smooth and key in loss.args:
            what = f"given together with train.loss.{key}"
            yield Problem(_at("train.label_smoothing"), what, "one of the two", "remove one")


@_rule("train.loss_weights", "model.name", "model.args")
def weights_of_heads(config: Config) -> Iterator[Problem]:
    weights, known = config.train.loss_weights, SIDE_LOSS_WEIGHTS.get(config.model.name)
    outputs = len(known) if known and config.model.args.get("aux") is True else 1
    if weights is None or ":" in config.model.name or len(weights) == outputs:
        return  # how many outputs one's own builder has is seen when it is built
    what = f"{len(weights)} weights, but '{config.model.name}' has {outputs} output{'s' if outputs > 1 else ''}"
    mend = "set model.args.aux: true, or remove it" if known and outputs == 1 else "one per output, or remove it"
    yield Problem(_at("train.loss_weights"), what, mend=mend)


@_rule("train.metrics", "data.name", "data.classes")
def metrics_of_indices(config: Config) -> Iterator[Problem]:
    for index, metric in enumerate(config.train.metrics):
        if metric.name in ONE_HOT_METRICS or (_classes(config) > 2 and metric.name not in INDEX_METRICS):
            what = f"metric '{metric.name}' does not read class indices, which the labels are"
            yield Problem(("train", "metrics", index), what, mend=f"choose from {', '.join(INDEX_METRICS)}")


@_rule("train.metrics", "model.args")
def metrics_of_probabilities(config: Config) -> Iterator[Problem]:
    for index, metric in enumerate(config.train.metrics):
        if "_at_" in metric.name and config.model.args.get("classifier_activation") is None:
            what = f"metric '{metric.name}' reads probabilities, but the model gives logits"
            yield Problem(("train", "metrics", index), what, mend="set model.args.classifier_activation: sigmoid")


@_rule("train.metrics")
def repeated_metrics(config: Config) -> Iterator[Problem]:
    labels = [metric.label for metric in config.train.metrics]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            yield Problem(("train", "metrics", index), f"metric '{label}' stands twice", mend="remove one")


@_rule("train.class_weight", "data.name", "data.classes")
def class_weight_indices(config: Config) -> Iterator[Problem]:
    classes = _classes(config)
    for index in config.train.class_weight or {}:
        if classes and index >= classes:
            what = f"no class {index} in '{config.data.name}'"
            yield Problem(("train", "class_weight", str(index)), what, f"indices from 0 to {classes - 1}")


# --- monitors and patience ---------------------------------------------------------------------------------------
def _watchers(config: Config) -> Iterator[tuple[str, object]]:
    for key in ("early_stopping", "checkpoint", "reduce_lr_on_plateau"):
        block = getattr(config.callbacks, key)
        if block is not None:
            yield key, block


@_rule("train.metrics", "data.validation")
def unknown_monitor(config: Config) -> Iterator[Problem]:
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


@_rule("train.metrics", "data.validation")
def mode_against_monitor(config: Config) -> Iterator[Problem]:
    for key, block in _watchers(config):
        right = monitor_mode(block.monitor)
        if block.monitor in monitors(config) and block.mode not in ("auto", right):
            what = f"{block.mode}, but {block.monitor} is better when {'larger' if right == 'max' else 'smaller'}"
            yield Problem(("callbacks", key, "mode"), what, mend="write mode: auto")


@_rule("callbacks.early_stopping", "train.epochs")
def early_stopping_never_fires(config: Config) -> Iterator[Problem]:
    stop, epochs = config.callbacks.early_stopping, config.train.epochs
    if stop is not None and stop.patience + stop.start_from_epoch >= epochs:
        start = f" after start_from_epoch {stop.start_from_epoch}" if stop.start_from_epoch else ""
        what = f"patience {stop.patience}{start} can never fire within train.epochs {epochs}"
        most = epochs - 1 - stop.start_from_epoch
        expected = f"at most {most}" if most > 0 else ""
        yield Problem(
            _at("callbacks.early_stopping.patience"), what, expected,
            "lower it, raise train.epochs, or set callbacks.early_stopping=null",
        )  # fmt: skip


@_rule("callbacks.reduce_lr_on_plateau", "train.epochs")
def plateau_never_fires(config: Config) -> Iterator[Problem]:
    plateau, epochs = config.callbacks.reduce_lr_on_plateau, config.train.epochs
    if plateau is not None and plateau.patience >= epochs:
        what = f"patience {plateau.patience} can never fire within train.epochs {epochs}"
        mend = "lower it, raise train.epochs, or set callbacks.reduce_lr_on_plateau=null"
        expected = f"at most {epochs - 1}" if epochs > 1 else ""
        yield Problem(_at("callbacks.reduce_lr_on_plateau.patience"), what, expected, mend)


@_rule("callbacks.early_stopping", "callbacks.reduce_lr_on_plateau")
def stopping_before_plateau(config: Config) -> Iterator[Problem]:
    stop, plateau = config.callbacks.early_stopping, config.callbacks.reduce_lr_on_plateau
    if stop is None or plateau is None or stop.monitor != plateau.monitor:
        return
    if stop.patience + stop.start_from_epoch <= plateau.patience:
        what = (
            f"patience {stop.patience} stops before reduce_lr_on_plateau's patience {plateau.patience} lowers the rate"
        )
        yield Problem(
            _at("callbacks.early_stopping.patience"), what, f"more than {plateau.patience}",
            "raise it, or lower callbacks.reduce_lr_on_plateau.patience",
        )  # fmt: skip


@_rule("callbacks.reduce_lr_on_plateau", "train.schedule")
def plateau_with_schedule(config: Config) -> Iterator[Problem]:
    plateau, schedule = config.callbacks.reduce_lr_on_plateau, config.train.schedule
    if plateau is None or schedule is None:
        return
    warm = schedule.warmup_steps or schedule.warmup_epochs
    if schedule.name != "constant" or warm:
        name = "a warmup" if schedule.name == "constant" else f"schedule '{schedule.name}'"
        what = f"together with {name}: both would set the learning rate"
        mend = "set train.schedule=null or callbacks.reduce_lr_on_plateau=null"
        yield Problem(_at("callbacks.reduce_lr_on_plateau"), what, "one of the two", mend, at_key=True)


@_rule("callbacks.reduce_lr_on_plateau", "train.optimizer")
def plateau_floor(config: Config) -> Iterator[Problem]:
    plateau, rate = config.callbacks.reduce_lr_on_plateau, config.train.optimizer.learning_rate
    if plateau is not None and plateau.min_lr >= rate:
        what = f"min_lr {plateau.min_lr:g} is not below train.optimizer.learning_rate {rate:g}"
        yield Problem(_at("callbacks.reduce_lr_on_plateau.min_lr"), what, mend="lower it")
