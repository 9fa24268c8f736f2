"""Optimizer, loss, metrics, regularisers and constraints of a config, as Keras's own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from zoo.errors import ZooError
from zoo.training.losses import ClassCrossentropy
from zoo.training.mixing import of_rows
from zoo.training.momentum import CYCLING
from zoo.training.schedules import make_schedule

if TYPE_CHECKING:
    from zoo.config import TrainConfig


def make_optimizer(train: TrainConfig, *, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer of `train.optimizer`, its rate following `train.schedule`.

    Weight decay, where the config asks for it, spares biases and the scale and offset of normalisations.

    Raises:
        ZooError: Keras refuses an argument.
    """
    block = train.optimizer
    rate, kind, args = block.learning_rate, getattr(keras.optimizers, block.class_name), block.args
    if train.schedule is not None:
        rate = make_schedule(train.schedule, learning_rate=rate, steps_per_epoch=steps_per_epoch, epochs=train.epochs)
        if block.class_name in CYCLING and getattr(rate, "max_momentum", None) is not None:
            kind = CYCLING[block.class_name]
            args = {**args, kind.moved: rate.max_momentum}
    try:
        optimizer = kind(learning_rate=rate, **args)
    except (TypeError, ValueError) as error:
        raise ZooError(
            f"train.optimizer: Keras refuses {block.name}: {error}",
            mend="see the arguments in Keras's documentation of this optimizer",
        ) from error
    if args.get("weight_decay"):
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(train: TrainConfig, units: int, *, from_logits: bool = True) -> keras.losses.Loss:
    """The loss; by `auto` the cross-entropy: binary for one output unit, otherwise sparse categorical.

    `from_logits` is for `auto`, and False where the model ends in an activation; a named loss has its own.
    """
    block, smooth = train.loss, train.label_smoothing
    args = block.args
    if block.name == "auto":
        kind = keras.losses.BinaryCrossentropy if units == 1 else keras.losses.SparseCategoricalCrossentropy
        args = {"from_logits": from_logits}
    else:
        kind = getattr(keras.losses, block.class_name)
    if (smooth or train.mixup or train.cutmix) and kind is keras.losses.SparseCategoricalCrossentropy:
        kind = ClassCrossentropy
    if smooth:
        args = {**args, "label_smoothing": smooth}
    return kind(**args)


def make_metrics(train: TrainConfig, units: int, *, from_logits: bool = True) -> list[keras.metrics.Metric]:
    """The metrics under their configured names; where images are mixed, the larger share is the label.

    Accuracy of one logit is thresholded at 0: Keras's own default of 0.5 is for probabilities.
    """
    made = []
    suited = of_rows if train.mixup or train.cutmix else lambda kind: kind
    for block in train.metrics:
        if block.class_name is not None:
            made.append(suited(getattr(keras.metrics, block.class_name))(name=block.label, **block.args))
        elif units == 1:
            made.append(keras.metrics.BinaryAccuracy(threshold=0.0 if from_logits else 0.5, name=block.label))
        else:
            made.append(suited(keras.metrics.SparseCategoricalAccuracy)(name=block.label))
    return made


def build(model: keras.Model) -> None:
    """Make the variables that Keras would make at the first step, so that a saved state finds them all."""
    model.optimizer.build(model.trainable_variables)
    outputs = [keras.ops.zeros((1, *output.shape[1:])) for output in model.outputs]
    labels = keras.ops.zeros((1,), "int32")
    outputs = outputs if len(outputs) > 1 else outputs[0]
    model.compute_loss(x=None, y=labels, y_pred=outputs)
    model.compute_metrics(x=None, y=labels, y_pred=outputs)
    model.reset_metrics()


def regularise(model: keras.Model, train: TrainConfig) -> None:
    """Put the config's L1 and L2 penalties and max-norm constraint on every kernel.

    Keras keeps both on the variable, so a built model takes them too. Biases, embeddings and normalisations stay free.
    """
    l1, l2, max_norm = train.regularizer.l1, train.regularizer.l2, train.constraint.max_norm
    for variable in model.trainable_variables:
        if "kernel" not in variable.name:
            continue
        if l1 or l2:
            variable.regularizer = keras.regularizers.L1L2(l1=l1, l2=l2)
        if max_norm:
            variable.constraint = keras.constraints.MaxNorm(max_norm, axis=list(range(len(variable.shape) - 1)))
