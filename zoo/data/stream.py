"""Batches out of memory: an endless training stream that can begin anywhere, and finite ones in order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from zoo.data.augment import Augment

_FOREVER = 2**62  # epochs


class TrainStream:
    """Training batches in an order that depends on (seed, epoch) only, so that any step can be returned to.

    Args:
        x: (N, ...) as the model takes it, or raw with `transform` applied to each batch.
        y: int32 (N,).
        transform: raw batch -> float32 batch, for data too large to be kept preprocessed.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        batch_size: int,
        seed: int,
        transform: Callable | None = None,
        augment: Augment | None = None,
    ):
        self._x, self._y = _constant(x), _constant(y)
        self._transform, self._augment, self._seed = transform, augment, seed
        self.size, self.batch_size = len(y), batch_size
        self.steps_per_epoch = -(-self.size // batch_size)  # the last, smaller batch is kept

    def stream(self, epoch: int = 0, step: int = 0) -> tf.data.Dataset:
        """Endless batches (x, y) from step `step` of epoch `epoch` on, the same ones as after that many steps.

        Neither argument needs to be in range: `step` may be steps_per_epoch (the next epoch's first).
        """
        epoch, step = epoch + step // self.steps_per_epoch, step % self.steps_per_epoch

        def one_epoch(e: tf.Tensor) -> tf.data.Dataset:
            order = self.order(e)
            choices = self._augment.draw(self.size, self._seed, e) if self._augment else None
            first = tf.where(e == epoch, tf.constant(step, tf.int64), 0)  # only the first epoch begins inside

            def one_batch(s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                chosen = order[s * self.batch_size : (s + 1) * self.batch_size]
                if self.size % self.batch_size == 0:  # a known batch size makes recurrent steps some 5 % cheaper
                    chosen = tf.ensure_shape(chosen, [self.batch_size])
                x = _rows(self._x, chosen, self._transform)
                if choices is not None:
                    x = self._augment.apply(x, tf.gather(choices, chosen))
                return x, tf.gather(self._y, chosen)

            return tf.data.Dataset.range(first, self.steps_per_epoch).map(one_batch, **self._parallel())

        with tf.device("/CPU:0"):
            batches = tf.data.Dataset.range(epoch, _FOREVER).flat_map(one_epoch)
            batches = batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
            return _finish(batches)

    def order(self, epoch: tf.Tensor | int) -> tf.Tensor:
        """int64 (N,): the items of an epoch in the order of training."""
        seed = tf.stack([tf.constant(self._seed, tf.int64), tf.cast(epoch, tf.int64)])
        return tf.random.experimental.stateless_shuffle(tf.range(self.size, dtype=tf.int64), seed=seed)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(x, y) in memory as the model takes them, unshuffled and not augmented."""
        if self._transform is None:
            return self._x.numpy(), self._y.numpy()
        parts = [self._transform(self._x[i : i + 1024]).numpy() for i in range(0, self.size, 1024)]
        return np.concatenate(parts), self._y.numpy()

    def _parallel(self) -> dict:
        return {} if self._transform is None else {"num_parallel_calls": tf.data.AUTOTUNE, "deterministic": True}


def in_order(x: np.ndarray, y: np.ndarray, batch_size: int, transform: Callable | None = None) -> tf.data.Dataset:
    """Finite batches (x, y), unshuffled, the last one smaller."""
    data, labels = _constant(x), _constant(y)

    def one_batch(s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        begin, end = s * batch_size, (s + 1) * batch_size
        part = data[begin:end]
        return part if transform is None else transform(part), labels[begin:end]

    parallel = {} if transform is None else {"num_parallel_calls": tf.data.AUTOTUNE, "deterministic": True}
    with tf.device("/CPU:0"):
        return _finish(tf.data.Dataset.range(-(-len(y) // batch_size)).map(one_batch, **parallel))


def _rows(x: tf.Tensor, chosen: tf.Tensor, transform: Callable | None) -> tf.Tensor:
    part = tf.gather(x, chosen)
    return part if transform is None else transform(part)


def _constant(array: np.ndarray) -> tf.Tensor:
    with tf.device("/CPU:0"):
        return tf.constant(array)


def _finish(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)
