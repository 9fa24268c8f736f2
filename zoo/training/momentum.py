"""Optimizers whose momentum (or beta_1) follows their schedule: 1cycle moves it against the learning rate.

Like the rate it is a function of the optimizer's step counter inside the graph, so that it needs no callback, costs a
few scalar operations a step and is exact under resume.
"""

from __future__ import annotations

from typing import ClassVar

import keras
from keras import ops

from zoo.config.facts import MOVED_MOMENTUM
from zoo.config.keras_names import OPTIMIZERS


class Cycling:
    """Mixed into an optimizer whose learning rate is a schedule with a `momentum(step)`."""

    moved: ClassVar[str]  # the optimizer's own word for its momentum

    def _backend_apply_gradients(self, grads, trainable_variables):
        fixed = getattr(self, self.moved)
        setattr(self, self.moved, self._learning_rate.momentum(self._iterations))
        try:
            super()._backend_apply_gradients(grads, trainable_variables)
        finally:
            setattr(self, self.moved, fixed)


class _SGD(keras.optimizers.SGD):
    """Keras's own asks in Python whether the momentum is 0, which a tensor cannot answer."""

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        momentum, rate, gradient = (ops.cast(t, variable.dtype) for t in (self.momentum, learning_rate, gradient))
        self.assign(m, m * momentum - gradient * rate)
        self.assign_add(variable, m * momentum - gradient * rate if self.nesterov else m)


def _cycling(kind: str, word: str) -> type[keras.optimizers.Optimizer]:
    base = _SGD if kind == "SGD" else getattr(keras.optimizers, kind)
    made = type(f"Cycling{kind}", (Cycling, base), {"moved": word, "__doc__": f"{kind} with a moving {word}."})
    return keras.saving.register_keras_serializable(package="zoo")(made)


# Keras's class name -> the same optimizer with a moving momentum
CYCLING = {OPTIMIZERS[name].keras: _cycling(OPTIMIZERS[name].keras, word) for name, word in MOVED_MOMENTUM.items()}
