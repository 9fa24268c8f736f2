"""mixup and CutMix: pairs of a batch become one image, and their labels rows of class shares.

What a batch becomes depends on (seed, number of the step) and on nothing else, so that a resumed run goes on with the
batches it would have had.
"""

from __future__ import annotations

import keras
import tensorflow as tf

MIX_STREAM = 101  # keeps its numbers apart from those of shuffling and augmentation


def mix(
    batches: tf.data.Dataset, *, mixup: float, cutmix: float, classes: int, seed: int, first: int
) -> tf.data.Dataset:
    """Batches (x, y) with class indices -> (x, float32 (B, classes) shares), mixed within each batch.

    Args:
        batches: float32 (B, H, W, C) and int32 (B,).
        mixup: alpha of Zhang et al. 2017 (arXiv 1710.09412): one share per batch from Beta(alpha, alpha); 0: off.
        cutmix: alpha of Yun et al. 2019 (arXiv 1905.04899); with both, each batch gets one of the two.
        classes: length of the rows.
        seed: of the run.
        first: number of the first batch, counted from the beginning of the training.
    """

    def one(number: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        x, y = batch
        key = tf.stack([tf.constant(seed, tf.int64), number])
        key = tf.random.experimental.stateless_fold_in(key, MIX_STREAM)
        which, share, partner, place = (tf.random.experimental.stateless_fold_in(key, k) for k in range(4))
        other = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(x)[0]), seed=partner)
        rows, x2 = tf.one_hot(y, classes), tf.gather(x, other)
        cut = tf.random.stateless_uniform([], which) < (0.5 if mixup and cutmix else float(cutmix > 0))
        alpha = tf.where(cut, cutmix, mixup)
        kept = _beta(alpha, share)
        box = _box(tf.shape(x), kept, place)  # (H, W) booleans: what comes from the other image
        mask = tf.where(cut, tf.cast(box, x.dtype), tf.fill(tf.shape(box), 1 - kept))[None, :, :, None]
        kept = 1 - tf.reduce_mean(mask)
        return tf.ensure_shape(x * (1 - mask) + x2 * mask, x.shape), kept * rows + (1 - kept) * tf.gather(rows, other)

    return batches.enumerate(first).map(one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(1)


def _beta(alpha: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    pair = tf.random.stateless_gamma([2], key, alpha)
    return pair[0] / tf.maximum(tf.reduce_sum(pair), 1e-30)


def _box(shape: tf.Tensor, kept: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """(H, W): a box of the image's proportions and of 1 - kept of its area, centred anywhere and cut at the edge."""
    sides = tf.cast(shape[1:3], tf.float32)
    half = sides * tf.sqrt(1 - kept) / 2
    centre = tf.random.stateless_uniform([2], key) * sides
    begin, end = (tf.round(tf.clip_by_value(edge, 0.0, sides)) for edge in (centre - half, centre + half))
    rows, columns = (tf.cast(tf.range(shape[k + 1]), tf.float32) for k in range(2))
    inside = [(t >= begin[k]) & (t < end[k]) for k, t in enumerate((rows, columns))]
    return inside[0][:, None] & inside[1][None, :]


class OfRows:
    """Mixed into a metric of class indices: a row of shares stands for its largest class."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        if len(y_true.shape) == 2 and y_true.shape[-1] > 1:
            y_true = keras.ops.argmax(y_true, axis=-1)
        return super().update_state(y_true, y_pred, sample_weight)


def of_rows(kind: type[keras.metrics.Metric]) -> type[keras.metrics.Metric]:
    """The metric for batches that may be mixed."""
    return type(kind.__name__, (OfRows, kind), {"__doc__": kind.__doc__})
