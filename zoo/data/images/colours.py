"""Random changes of the colours of training images: brightness, contrast, saturation, AlexNet's noise, RandAugment.

All formulas are for pixels as shares of white: v = (x - black) / (white - black) per channel, where `black` and `white`
are what pixel_range, mean and std make of 0 and 255. So strengths mean the same whatever the model takes, and what a
change leads out of 0..1 is cut off there. In this order, with one draw per image:

    brightness b   v + d                    d from U(-b, b)              keras.layers.RandomBrightness(b)
    contrast c     (v - m) f + m            f from U(1 - c, 1 + c)       keras.layers.RandomContrast(c); m: channel mean
    saturation s   hi - (hi - v) f'         f from U(1 - s, 1 + s)       S of HSV times f, at most 1, as in
                                                                         keras.layers.RandomSaturation; its f: u/(1-u)
    pca p          v + sum_i p_i a_i l_i    a_i from N(0, p)             Krizhevsky et al. 2012, Sec. 4.1
    rand_augment   num_ops of its changes   a key of its own             keras.layers.RandAugment(num_ops, factor)

hi and lo are a pixel's largest and smallest channel, and f' = min(f, hi / (hi - lo)). p_i and l_i are the
eigenvectors and eigenvalues of the 3 x 3 covariance of the training part's pixels.
Deviation: the paper takes all training pixels; here those of at most SAMPLE images, evenly spaced. It does not say in
which unit pixels are, though a_i l_i depends on it; shares of white are what published constants for ImageNet mean.

RandAugment (Cubuk et al. 2020) is Keras's layer with its defaults: the strength of each change is drawn up to `factor`
(0..1), not fixed as in the paper, and its ranges are wider (a rotation by up to `factor` of a full turn). Left to
itself it draws from a counter and picks the changes once per batch; here it gets one image at a time, and its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

SAMPLE = 2048  # images from which the covariance is computed
STREAMS = {"brightness": 3, "contrast": 4, "saturation": 5, "pca": 6, "rand_augment": 7}  # 1 and 2: shift and flip


class _Keyed(keras.random.SeedGenerator):
    """Gives seeds that follow from `key` (2,) and the number of seeds given since it was set."""

    key: tf.Tensor
    given = 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        self.given += 1
        return tf.cast(tf.random.experimental.stateless_fold_in(self.key, self.given), tf.int32)


class RandAugment:
    """keras.layers.RandAugment whose choices follow from a key per image."""

    def __init__(self, num_ops: int, factor: float, shape: tuple[int, ...]):
        self._layer = keras.layers.RandAugment((0, 1), num_ops, factor, seed=0, dtype="float32")
        self._seeds = self._layer.generator = _Keyed(0)
        self._layer.build((None, *shape))

    def apply(self, images: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """float32 0..1 (B, H, W, 3) and int32 (B, 2) -> float32 (B, H, W, 3)."""

        def one(given: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            image, self._seeds.key = given[0][None], given[1]
            self._seeds.given = 0
            return self.change(image, self._layer.get_random_transformation(image))[0]

        return tf.map_fn(one, (images, keys), fn_output_signature=tf.TensorSpec(images.shape[1:], tf.float32))

    def change(self, image: tf.Tensor, drawn: dict[str, Any]) -> tf.Tensor:
        """The layer's own `transform_images` of float32 (1, H, W, 3), but only the drawn changes are computed.

        Keras computes all of them and keeps one: eleven times the work.
        """

        def changed(name: str, image: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(
                getattr(self._layer, name).transform_images(image, drawn["transforms"][name]), image.shape
            )

        for index in tf.unstack(drawn["layer_idxes"]):
            image = tf.switch_case(index, [partial(changed, name, image) for name in drawn["transforms"]])
        return image


@dataclass(frozen=True)
class Colours:
    """The strengths of the table above (0 or None: off) and what black and white are (C,).

    `axes` holds p_i l_i in its columns (3, 3).
    """

    black: np.ndarray
    white: np.ndarray
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    pca: float = 0.0
    axes: np.ndarray | None = None
    rand_augment: RandAugment | None = None

    def draw(self, size: int, key: tf.Tensor) -> tf.Tensor:
        """The draws of one epoch for all items: float32 (size, 8) of d, f, f, three a_i and a key."""
        keys = {name: tf.random.experimental.stateless_fold_in(key, number) for name, number in STREAMS.items()}
        uniform, normal = tf.random.stateless_uniform, tf.random.stateless_normal
        b, c, s = self.brightness, self.contrast, self.saturation
        return tf.concat(
            [
                uniform([size, 1], keys["brightness"], -b, b) if b else tf.zeros([size, 1]),
                uniform([size, 1], keys["contrast"], 1 - c, 1 + c) if c else tf.ones([size, 1]),
                uniform([size, 1], keys["saturation"], 1 - s, 1 + s) if s else tf.ones([size, 1]),
                normal([size, 3], keys["pca"], stddev=self.pca) if self.pca else tf.zeros([size, 3]),
                # below 2^24 integers are exact in float32
                tf.cast(uniform([size, 2], keys["rand_augment"], 0, 2**24, tf.int32), tf.float32)
                if self.rand_augment
                else tf.zeros([size, 2]),
            ],
            axis=1,
        )

    def apply(self, images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """float32 (B, H, W, C) and float32 (B, 8) -> float32 (B, H, W, C)."""
        column = draws[:, None, None, :]  # (B, 1, 1, 8)
        v = tf.clip_by_value((images - self.black) / (self.white - self.black), 0.0, 1.0)
        if self.brightness:
            v = tf.clip_by_value(v + column[..., :1], 0.0, 1.0)
        if self.contrast:
            m = tf.reduce_mean(v, axis=[1, 2], keepdims=True)
            v = tf.clip_by_value((v - m) * column[..., 1:2] + m, 0.0, 1.0)
        if self.saturation:
            hi = tf.reduce_max(v, axis=-1, keepdims=True)
            lo = tf.reduce_min(v, axis=-1, keepdims=True)
            most = tf.math.divide_no_nan(hi, hi - lo)  # grey pixels: 0, and nothing to multiply
            v = tf.clip_by_value(hi - (hi - v) * tf.minimum(column[..., 2:3], most), 0.0, 1.0)
        if self.pca:
            noise = tf.reduce_sum(self.axes * draws[:, None, 3:6], axis=-1)  # (B, 3)
            v = tf.clip_by_value(v + noise[:, None, None, :], 0.0, 1.0)
        if self.rand_augment:
            v = tf.clip_by_value(self.rand_augment.apply(v, tf.cast(draws[:, 6:], tf.int32)), 0.0, 1.0)
        return v * (self.white - self.black) + self.black


def principal_axes(images: np.ndarray) -> np.ndarray:
    """Pixels as shares of white (N, H, W, 3) -> float32 (3, 3): column i is p_i l_i, the largest first.

    In float64 and without BLAS, so that the number of threads does not show; the largest entry of p_i is positive.
    """
    pixels = np.asarray(images, np.float64).reshape(-1, 3)
    pixels = pixels - pixels.mean(axis=0)
    covariance = np.array([[np.mean(pixels[:, i] * pixels[:, j]) for j in range(3)] for i in range(3)])
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(3)])
    return (vectors * signs * values).astype(np.float32)
