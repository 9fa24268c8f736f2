"""Random changes of training images that depend on (seed, epoch, index of the item) and on nothing else.

So a batch is the same whether training ran through or was resumed in the middle of an epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from zoo.data.images.colours import SAMPLE, Colours, RandAugment, principal_axes
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.data.preprocess import Preprocessor

SHIFT_STREAM, FLIP_STREAM = (
    1,
    2,
)  # keep their numbers apart from the shuffling, which uses [seed, epoch] itself


@dataclass(frozen=True)
class Augment:
    """Shifts by up to `shift` pixels, filled with `background` (C,), and horizontal flips of half the images.

    A shift is the random crop of an image padded by so many pixels on each side. Colours, if any, change before it,
    so that what is filled in stays black.
    """

    shift: int
    flip: bool
    background: np.ndarray
    colours: Colours | None = None
    swapped: bool = False  # channels come as blue, green, red; colours are changed as red, green, blue

    def draw(self, size: int, seed: int, epoch: tf.Tensor) -> tf.Tensor:
        """The choices of one epoch for all items: int32 (size, 3) of rows down, columns right, flipped or not.

        With colours float32 (size, 11), their draws behind. Each change has random numbers of its own, so that one
        does not alter another.
        """
        key = tf.stack([tf.constant(seed, tf.int64), tf.cast(epoch, tf.int64)])
        fold_in, uniform = tf.random.experimental.stateless_fold_in, tf.random.stateless_uniform
        moves = uniform([size, 2], fold_in(key, SHIFT_STREAM), -self.shift, self.shift + 1, tf.int32)
        flips = uniform([size, 1], fold_in(key, FLIP_STREAM), 0, 2 if self.flip else 1, tf.int32)
        choices = tf.concat([moves, flips], axis=1)
        if self.colours is None:
            return choices
        return tf.concat([tf.cast(choices, tf.float32), self.colours.draw(size, key)], axis=1)

    def apply(self, images: tf.Tensor, choices: tf.Tensor) -> tf.Tensor:
        """float32 (B, H, W, C) and what was drawn for them (B, 3 | 11) -> float32 (B, H, W, C)."""
        if self.colours is not None:
            images = images[..., ::-1] if self.swapped else images
            images = self.colours.apply(images, choices[:, 3:])
            images = images[..., ::-1] if self.swapped else images
            choices = tf.cast(choices[:, :3], tf.int32)
        return self._move(images, choices) if self.shift or self.flip else images

    def _move(self, images: tf.Tensor, choices: tf.Tensor) -> tf.Tensor:
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


def augmentation(
    preprocessor: Preprocessor,
    x: np.ndarray | tf.Tensor,
    transform: Callable | None = None,
    *,
    shift: int = 0,
    flip: str | None = None,
    rand_augment: Any = None,
    **strengths: float,
) -> Augment | None:
    """The `data.augment` block for the training items `x`, given as to TrainStream; None if all of it is off.

    Raises ZooError for saturation, pca and rand_augment of images that are not RGB.
    """
    strengths = {name: strength for name, strength in strengths.items() if strength}
    if rand_augment:
        strengths["rand_augment"] = rand_augment
    if not (shift or flip or strengths):
        return None
    black, channels = preprocessor.background, preprocessor.shape[2]
    for name in ("saturation", "pca", "rand_augment"):
        if name in strengths and channels != 3:
            raise ZooError(
                f"data.augment.{name} is for colours, but the images have {channels} "
                f"channel{'s' if channels > 1 else ''}",
                "3 channels: red, green and blue",
                f"remove data.augment.{name}",
            )
    colours, order = None, slice(None, None, -1 if preprocessor.swapped else 1)
    if strengths:
        white = preprocessor.scale(tf.fill([1, *preprocessor.shape], 255.0)).numpy()[0, 0, 0]
        if "pca" in strengths:
            strengths["axes"] = principal_axes(((_sample(x, transform) - black) / (white - black))[..., order])
        if rand_augment:
            strengths["rand_augment"] = RandAugment(rand_augment.num_ops, rand_augment.factor, preprocessor.shape)
        colours = Colours(black[order], white[order], **strengths)
    return Augment(shift, flip == "horizontal", black, colours, preprocessor.swapped)


def _sample(x: np.ndarray | tf.Tensor, transform: Callable | None) -> np.ndarray:
    """At most SAMPLE of the items, evenly spaced, as the model takes them."""
    x, rows = np.asarray(x), np.unique(np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(int))
    with tf.device("/CPU:0"):
        parts = []
        for begin in range(0, len(rows), 64):
            part = x[rows[begin : begin + 64]]
            parts.append(part if transform is None else transform(tf.constant(part)).numpy())
    return np.concatenate(parts)
