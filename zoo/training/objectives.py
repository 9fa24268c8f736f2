"""Optimizer, loss, metrics, regularisers and constraints of a config, as Keras's own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from zoo.errors import ZooError
from zoo.training.schedules import make_schedule

if TYPE_CHECKING:
    from zoo.config import Metric, TrainConfig


def make_optimizer(train: TrainConfig, *, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer of `train.optimizer`, its rate following `train.schedule`.

    Weight decay, where the config asks for it, spares biases and the scale and offset of normalisations.

    Raises:
        ZooError: Keras refuses an argument.
    """
    block = train.optimizer
    rate = block.learning_rate
    if train.schedule is not None:
        rate = make_schedule(train.schedule, learning_rate=rate, steps_per_epoch=steps_per_epoch, epochs=train.epochs)
    try:
        optimizer = getattr(keras.optimizers, block.class_name)(learning_rate=rate, **block.args)
    except (TypeError, ValueError) as error:
        raise ZooError(
            f"train.optimizer: Keras refuses {block.name}: {error}",
            mend="see the arguments in Keras's documentation of this optimizer",
        ) from error
    if block.args.get("weight_decay"):
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(train: TrainConfig, units: int) -> keras.losses.Loss:
    """The loss; by `auto` the cross-entropy: binary for one output unit, otherwise sparse categorical.

    Whether it reads logits follows the model: probabilities only where `model.args.classifier_activation` is set.
    """
    block = train.loss
    if block.name == "auto":
        kind = keras.losses.BinaryCrossentropy if units == 1 else keras.losses.SparseCategoricalCrossentropy
        return kind(from_logits=True)
    return getattr(keras.losses, block.class_name)(**block.args)


def make_metrics(metrics: tuple[Metric, ...], units: int) -> list[keras.metrics.Metric]:
    """The metrics under their configured names.

    Accuracy of one logit is thresholded at 0: Keras's own default of 0.5 is for probabilities.
    """
    made = []
    for block in metrics:
        if block.class_name is not None:
            made.append(getattr(keras.metrics, block.class_name)(name=block.label, **block.args))
        elif units == 1:
            made.append(keras.metrics.BinaryAccuracy(threshold=0.0, name=block.label))
        else:
            made.append(keras.metrics.SparseCategoricalAccuracy(name=block.label))
    return made


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
