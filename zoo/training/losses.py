"""The cross-entropy for class indices with what Keras's own lacks: label smoothing, and rows of class shares."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class ClassCrossentropy(keras.losses.Loss):
    """Keras's CategoricalCrossentropy over labels that are class indices (B,), or shares of classes (B, classes).

    Args:
        label_smoothing: share of each label that is spread evenly over all classes (Szegedy et al. 2015, Sec. 7).
        from_logits, reduction, name: as in Keras.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        from_logits: bool = True,
        reduction: str = "sum_over_batch_size",
        name: str = "class_crossentropy",
    ):
        super().__init__(name=name, reduction=reduction)
        self.label_smoothing, self.from_logits = label_smoothing, from_logits

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        if len(y_true.shape) == 1 or y_true.shape[-1] == 1:
            y_true = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), classes)  # (B, classes)
        return keras.losses.categorical_crossentropy(
            y_true, y_pred, from_logits=self.from_logits, label_smoothing=self.label_smoothing
        )

    def get_config(self):
        return {
            "label_smoothing": self.label_smoothing,
            "from_logits": self.from_logits,
            "reduction": self.reduction,
            "name": self.name,
        }
