"""Nets with side heads: every output learns from the same labels, the main one alone is measured."""

from __future__ import annotations

import keras

from zoo.errors import ZooError


class WithHeads(keras.Model):
    """A net whose first output is the answer; the others add their weighted losses in training, and only there.

    Logs are those of a net with one output. `weights_of_losses` holds one weight per output.
    """

    weights_of_losses: tuple[float, ...] = ()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        main, *side = y_pred
        loss = super().compute_loss(x, y, main, sample_weight, training)
        if training:
            weight, *rest = self.weights_of_losses
            if weight != 1:
                loss += (weight - 1) * self.loss(y, main, sample_weight)
            for weight, head in zip(rest, side, strict=True):
                loss += weight * self.loss(y, head, sample_weight)
        return loss

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, y_pred[0], sample_weight)


def with_heads(model: keras.Model, loss_weights: tuple[float, ...] | None) -> keras.Model:
    """The model itself where it has one output; otherwise the same layers as a model that trains all its outputs.

    Raises:
        ZooError: the weights do not go with the outputs.
    """
    outputs = len(model.outputs)
    if outputs == 1 and loss_weights is None:
        return model
    if loss_weights is None or len(loss_weights) != outputs:
        given = "is not given" if loss_weights is None else f"has {len(loss_weights)}"
        raise ZooError(
            f"train.loss_weights {given}, but {model.name} has {outputs} output{'s' if outputs > 1 else ''}",
            "one weight per output, the main one first" if outputs > 1 else "none for a single output",
            f"set train.loss_weights=[1{', 0.3' * (outputs - 1)}]" if outputs > 1 else "remove it",
        )
    made = WithHeads(model.input, model.outputs, name=model.name)
    made.output_names = made.output_names[:1]  # the loss and the metrics of `compile` are the main output's
    made.weights_of_losses = tuple(loss_weights)
    return made
