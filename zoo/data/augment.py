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
        batch, height, width = (tf.shape(images)[axis] for axis in range(3))
        channels = images.shape[-1]
        rows = tf.range(height) - choices[:, :1]  # (B, H): the row that each row is taken from
        columns = tf.range(width) - choices[:, 1:2]  # (B, W)
        inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
        columns = tf.where(choices[:, 2:] == 1, width - 1 - columns, columns)
        rows, columns = tf.clip_by_value(rows, 0, height - 1), tf.clip_by_value(columns, 0, width - 1)
        source = (tf.range(batch) * height)[:, None] + rows
        source = source[:, :, None] * width + columns[:, None, :]  # (B, H, W)
        moved = tf.gather(tf.reshape(images, [-1, channels]), source)
        moved = tf.where(inside[..., None], moved, tf.constant(self.background, images.dtype))
        return tf.ensure_shape(moved, images.shape)
