"""Random changes of training images that depend on (seed, epoch, index of the item) and on nothing else.

So a batch is the same whether training ran through or was resumed in the middle of an epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

SHIFT_STREAM, FLIP_STREAM = (
    1,
    2,
)  # keep their numbers apart from the shuffling, which uses [seed, epoch] itself


@dataclass(frozen=True)
class Augment:
    """Shifts by up to `shift` pixels, filled with `background` (C,), and horizontal flips of half the images."""

    shift: int
    flip: bool
    background: np.ndarray

    def draw(self, size: int, seed: int, epoch: tf.Tensor) -> tf.Tensor:
        """The choices of one epoch for all items: int32 (size, 3) of rows down, columns right, flipped or not."""
        key = tf.stack([tf.constant(seed, tf.int64), tf.cast(epoch, tf.int64)])
        fold_in, uniform = tf.random.experimental.stateless_fold_in, tf.random.stateless_uniform
        moves = uniform([size, 2], fold_in(key, SHIFT_STREAM), -self.shift, self.shift + 1, tf.int32)
        flips = uniform([size, 1], fold_in(key, FLIP_STREAM), 0, 2 if self.flip else 1, tf.int32)
        return tf.concat([moves, flips], axis=1)

    def apply(self, images: tf.Tensor, choices: tf.Tensor) -> tf.Tensor:
        """float32 (B, H, W, C) and int32 (B, 3) -> float32 (B, H, W, C)."""
        height, width, n = images.shape[1], images.shape[2], self.shift
        margin = [[0, 0], [n, n], [n, n]]
        padded = [tf.pad(images[..., c], margin, constant_values=float(b)) for c, b in enumerate(self.background)]
        padded = tf.stack(padded, axis=-1)  # (B, H + 2n, W + 2n, C)
        rows = tf.range(height) + n - choices[:, :1]  # (B, H): where each row is taken from
        columns = tf.range(width) + n - choices[:, 1:2]  # (B, W)
        columns = tf.where(choices[:, 2:] == 1, width + 2 * n - 1 - columns, columns)
        # whole rows, then whole columns: half the time of a gather pixel by pixel
        moved = tf.transpose(tf.gather(padded, rows, batch_dims=1), [0, 2, 1, 3])  # (B, W + 2n, H, C)
        return tf.transpose(tf.gather(moved, columns, batch_dims=1), [0, 2, 1, 3])
