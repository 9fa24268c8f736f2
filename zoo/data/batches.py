"""Batches out of memory: an endless training stream that can begin anywhere, and finite ones in order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from zoo.data.images.augment import Augment
from zoo.data.text.buckets import Buckets

_FOREVER = 2**62  # epochs
_PARALLEL = {"num_parallel_calls": tf.data.AUTOTUNE, "deterministic": True}


class TrainStream:
    """Training batches in an order that depends on (seed, epoch) only, so that any step can be returned to.

    Args:
        x: (N, ...) as the model takes it, or anything of which `transform` makes that, a batch at a time.
        y: int32 (N,).
        transform: a batch of `x` -> float32 batch, for data too large to be kept as the model takes them.
        buckets: batches of texts of like length, each cut to the length of its bucket.
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
        buckets: Buckets | None = None,
    ):
        self._buckets = buckets
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
            order, lengths = self._epoch(e)
            choices = self._augment.draw(self.size, self._seed, e) if self._augment else None
            first = tf.where(e == epoch, tf.constant(step, tf.int64), 0)  # only the first epoch begins inside

            def one_batch(s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                chosen = order[s * self.batch_size : (s + 1) * self.batch_size]
                if self.size % self.batch_size == 0:  # a known batch size makes recurrent steps some 5 % cheaper
                    chosen = tf.ensure_shape(chosen, [self.batch_size])
                picked = [tf.gather(column, chosen) for column in (self._x, self._y)]
                picked[0] = picked[0] if lengths is None else self._buckets.cut(picked[0], lengths[s])
                picked += [] if choices is None else [tf.gather(choices, chosen)]
                return self._finish(*picked)

            return tf.data.Dataset.range(first, self.steps_per_epoch).map(one_batch, **self._parallel())

        with tf.device("/CPU:0"):
            batches = tf.data.Dataset.range(epoch, _FOREVER).flat_map(one_epoch)
            batches = batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
            return _finish(batches)

    def order(self, epoch: tf.Tensor | int) -> tf.Tensor:
        """int64 (N,): the items of an epoch in the order of training."""
        return self._epoch(epoch)[0]

    def _epoch(self, epoch: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The order of an epoch and, in buckets, the length of each of its batches."""
        seed = tf.stack([tf.constant(self._seed, tf.int64), tf.cast(epoch, tf.int64)])
        shuffled = tf.random.experimental.stateless_shuffle(tf.range(self.size, dtype=tf.int64), seed=seed)
        return (shuffled, None) if self._buckets is None else self._buckets.epoch(shuffled, seed, self.batch_size)

    def in_order(self) -> tf.data.Dataset:
        """Finite batches (x, y) as the model takes them, unshuffled and not augmented."""
        return in_order(self._x.numpy(), self._y.numpy(), self.batch_size, self._transform)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(x, y) in memory as the model takes them, unshuffled and not augmented."""
        if self._transform is None:
            return self._x.numpy(), self._y.numpy()
        parts = [self._transform(self._x[i : i + 1024]).numpy() for i in range(0, self.size, 1024)]
        return np.concatenate(parts), self._y.numpy()

    def _finish(self, x: tf.Tensor, y: tf.Tensor, choices: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        x = x if self._transform is None else self._transform(x)
        return (x if choices is None else self._augment.apply(x, choices)), y

    def _parallel(self) -> dict:
        """Several batches at once, in their order, where making one takes longer than fetching it."""
        costly = self._transform is not None or (self._augment is not None and self._augment.colours is not None)
        return _PARALLEL if costly else {}


def in_order(
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    transform: Callable | None = None,
) -> tf.data.Dataset:
    """Finite batches (x, y), unshuffled, the last one smaller."""
    data, labels = _constant(x), _constant(y)

    def one_batch(s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        begin, end = s * batch_size, (s + 1) * batch_size
        part = data[begin:end]
        return part if transform is None else transform(part), labels[begin:end]

    steps = -(-len(y) // batch_size)
    with tf.device("/CPU:0"):
        batches = tf.data.Dataset.range(steps).map(one_batch, **({} if transform is None else _PARALLEL))
        return _finish(batches)


def _constant(array: np.ndarray) -> tf.Tensor:
    with tf.device("/CPU:0"):
        return tf.constant(array)


def _finish(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    # The default optimizations do nothing here, and begin by zeroing as much memory as is captured.
    options.experimental_optimization.apply_default_optimizations = False
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)
