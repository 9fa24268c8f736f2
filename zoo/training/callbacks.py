"""Keras's callbacks with a memory, the history and the best weights.

Keras's own EarlyStopping, ReduceLROnPlateau and ModelCheckpoint forget everything at every `fit`; here each says which
of its fields are its state, and `zoo.training.state.Keeper` puts them back after `on_train_begin` has reset them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


class Remembering:
    """A callback whose `fields` are its whole state, as numbers, None or booleans."""

    fields: tuple[str, ...] = ()

    def get_state(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return {name: _plain(getattr(self, name)) for name in self.fields}

    def set_state(self, state: dict[str, Any]) -> None:
        """Put the fields back, as `get_state` gave them."""
        for name in self.fields:
            setattr(self, name, state[name])


def _plain(value: Any) -> Any:
    return float(value) if value is not None and not isinstance(value, bool | int) else value


class EarlyStopping(Remembering, keras.callbacks.EarlyStopping):
    """Keras's EarlyStopping, remembering; the best weights are the checkpoint's business, never its own."""

    fields = ("wait", "best", "best_epoch", "stopped_epoch")


class ReduceLROnPlateau(Remembering, keras.callbacks.ReduceLROnPlateau):
    """Keras's ReduceLROnPlateau, remembering (the rate itself is a variable of the optimizer)."""

    fields = ("wait", "best", "cooldown_counter")


class Best(Remembering, keras.callbacks.Callback):
    """Calls `save(epoch)` whenever the monitored metric is better than ever before; remembers best and epoch.

    Args:
        monitor: a name in the epoch's logs.
        mode: "min" or "max".
        save: writes the model's weights; called before the epoch counts as done.
    """

    fields = ("best", "epoch")

    def __init__(self, monitor: str, mode: str, save: Callable[[], None]):
        super().__init__()
        self.monitor, self.mode, self.save = monitor, mode, save
        self.best: float | None = None
        self.epoch = -1

    def on_epoch_end(self, epoch, logs=None):
        current = logs[self.monitor]
        better = self.best is None or (current < self.best if self.mode == "min" else current > self.best)
        if better and not math.isnan(current):
            self.save()
            self.best, self.epoch = float(current), epoch


class Averaged(keras.callbacks.Callback):
    """Puts the optimizer's averaged weights (`use_ema`) into the model while it is tested or saved.

    Keras's own SwapEMAWeights swaps by adding and subtracting, which loses bits.
    """

    def __init__(self):
        super().__init__()
        self._trained: list[np.ndarray] = []

    def on_test_begin(self, logs=None):
        self._trained = [np.array(v) for v in self.model.trainable_variables]
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)  # under a loss scale
        for variable, mean in zip(
            optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
        ):
            variable.assign(mean)

    def on_test_end(self, logs=None):
        for variable, value in zip(self.model.trainable_variables, self._trained, strict=True):
            variable.assign(value)
        self._trained = []

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The block sees the averaged weights in the model."""
        self.on_test_begin()
        try:
            yield
        finally:
            self.on_test_end()


class RateSweep(keras.callbacks.Callback):
    """Trains each step at the next of `rates` and keeps its loss; stops where the loss diverges.

    Args:
        rates: one per step.
        memory: of the smoothing, by which single bad batches do not stop it.
        diverged: how many times its least the smoothed loss may be.
    """

    def __init__(self, rates: np.ndarray, memory: float, diverged: float):
        super().__init__()
        self.rates, self.memory, self.factor = rates, memory, diverged
        self.losses: list[float] = []
        self.diverged = False
        self._mean, self._least = 0.0, math.inf

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.rates[batch]
        self.model.reset_metrics()  # the loss of this step alone

    def on_train_batch_end(self, batch, logs=None):
        loss = float(logs["loss"])
        self.losses.append(loss)
        self._mean = self.memory * self._mean + (1 - self.memory) * loss
        mean = self._mean / (1 - self.memory ** (batch + 1))
        self._least = min(self._least, mean)
        if not math.isfinite(loss) or mean > self.factor * self._least:
            self.diverged = self.model.stop_training = True


def in_order(logs: dict[str, float]) -> dict[str, float]:
    """The figures of an epoch as the columns of history.csv: the loss, the metrics, then those of validation."""

    def place(name: str) -> tuple[bool, bool]:
        return name.startswith("val_"), name.removeprefix("val_") != "loss"

    return {k: float(logs[k]) for k in sorted(logs, key=place) if k != "learning_rate"}


class History(Remembering, keras.callbacks.Callback):
    """Collects one row per finished epoch, in the columns of history.csv, and hands all rows to `write`.

    Stands before the callbacks that change the learning rate: a row holds the rate its epoch ended with.
    """

    fields = ("rows", "seconds")

    def __init__(self, write: Callable[[list[dict[str, Any]]], None]):
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.seconds = 0.0  # of the running epoch, before an interruption
        self.write = write
        self._begun = 0.0

    def get_state(self):
        return {"rows": list(self.rows), "seconds": self.seconds}

    def on_epoch_begin(self, epoch, logs=None):
        self._begun = time.perf_counter()

    def pause(self) -> None:
        """Keep the seconds of a broken epoch."""
        self.seconds += time.perf_counter() - self._begun
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.pause()
        rate = float(self.model.optimizer.learning_rate)
        row = {"epoch": epoch + 1} | in_order(logs)
        self.rows.append(row | {"learning_rate": rate, "seconds": round(self.seconds, 3)})
        self.seconds = 0.0
        self.write(self.rows)


class TerminateOnNaN(keras.callbacks.Callback):
    """Stops at the first step after which the loss is not a number, and says where.

    Looks at the running mean of the loss, which stays NaN once one step's loss was; and at the weights when an epoch
    ends, for a loss can hide theirs: TensorFlow's fused matrix product, bias and ReLU makes 0 of NaN on the CPU.
    """

    def __init__(self):
        super().__init__()
        self.where: tuple[int, int] | None = None
        self.learning_rate = math.nan
        self._epoch = self._step = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._step = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        self._step = batch + 1
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self._stop("the loss is")

    def on_epoch_end(self, epoch, logs=None):
        for weight in self.model.weights:
            if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
                self._stop(f"weights of {weight.path} are")

    def _stop(self, what: str) -> None:
        self.where = (self._epoch + 1, self._step)
        self.learning_rate = float(self.model.optimizer.learning_rate)
        raise DivergedError(self.where, self.learning_rate, what)


class DivergedError(Exception):
    """Loss or weights are not a number; carries (epoch, step) counted from 1, the learning rate, and what it is."""

    def __init__(self, where: tuple[int, int], learning_rate: float, what: str = "the loss is"):
        super().__init__(f"{what} not finite at epoch {where[0]}, step {where[1]}")
        self.where, self.learning_rate, self.what = where, learning_rate, what


def tensorboard(folder: str) -> keras.callbacks.Callback:
    """Keras's TensorBoard callback, writing to `folder`.

    Raises:
        ZooError: the package `tensorboard` is not installed.
    """
    import importlib.util

    from zoo.errors import ZooError
    from zoo.io.installation import install

    if importlib.util.find_spec("tensorboard") is None:
        raise ZooError(
            "callbacks.tensorboard is on but tensorboard is not installed",
            mend=f"`{install('tensorboard')}`, or set callbacks.tensorboard=false",
        )
    return keras.callbacks.TensorBoard(log_dir=folder, write_graph=False)
