"""Image files to pixels: one traceable function for training, evaluation and prediction.

JPEG is decoded with the accurate transform, as PIL and libjpeg do by default (TensorFlow's own default differs from
them by up to 6 of 255). Transparency is laid on white, as a viewer shows it; of a GIF the first frame counts; pixels
stand as they are stored: a photograph that its EXIF orientation turns for a viewer is not turned.
"""

from __future__ import annotations

from collections.abc import Collection

import tensorflow as tf

from zoo.data.images.headers import KINDS

ACCURATE = "INTEGER_ACCURATE"
CROP_SHARE = 0.875  # of the image that `fit: crop` keeps unless `crop` says another: 224 of 256
_JPEG = b"\xff\xd8\xff"
_BLOCK = 16  # pixels of a JPEG's coding unit, at most


def decode(contents: tf.Tensor, *, kinds: Collection[str] = KINDS, ratio: int = 1) -> tf.Tensor:
    """The bytes of an image file of one of `kinds` -> uint8 (h, w, 3). `ratio` 8 decodes a JPEG at an eighth, quickly.

    A file's kind is looked at only where there may be several: that costs as much as decoding a very small picture.
    """
    readers = {
        "jpeg": (_JPEG, lambda: tf.io.decode_jpeg(contents, 3, ratio, dct_method=ACCURATE)),
        "png": (b"\x89PNG", lambda: _on_white(tf.io.decode_png(contents, 4))),
        "bmp": (b"BM", lambda: _bmp(contents)),
        "gif": (b"GIF", lambda: tf.io.decode_image(contents, 3, expand_animations=False)),
    }
    *tried, (_, last) = (readers[kind] for kind in KINDS if kind in kinds)
    return tf.case([(_starts(contents, magic), read) for magic, read in tried], default=last) if tried else last()


def decode_middle(
    contents: tf.Tensor, size: tuple[int, int], share: float = CROP_SHARE, *, kinds: Collection[str] = KINDS
) -> tf.Tensor:
    """The pixels of `middle` of `decode(contents)`, of a JPEG without decoding the rest: uint8 (h, w, 3)."""

    def jpeg() -> tf.Tensor:
        shape = tf.io.extract_jpeg_shape(contents)
        top, left, height, width = middle(shape[0], shape[1], size, share)
        # Colours are smoothed over the border of a coding unit, so one more is decoded on each side.
        first = [tf.maximum(0, (v // _BLOCK - 1) * _BLOCK) for v in (top, left)]
        last = [
            tf.minimum(whole, v + extent + 2 * _BLOCK)
            for v, extent, whole in ((top, height, shape[0]), (left, width, shape[1]))
        ]
        window = tf.stack([*first, last[0] - first[0], last[1] - first[1]])
        pixels = tf.io.decode_and_crop_jpeg(contents, window, 3, dct_method=ACCURATE)
        return pixels[top - first[0] :, left - first[1] :][:height, :width]

    def other() -> tf.Tensor:
        pixels = decode(contents, kinds=kinds)
        top, left, height, width = middle(tf.shape(pixels)[0], tf.shape(pixels)[1], size, share)
        return pixels[top : top + height, left : left + width]

    if set(kinds) == {"jpeg"}:
        return jpeg()
    return tf.cond(_starts(contents, _JPEG), jpeg, other) if "jpeg" in kinds else other()


def middle(
    height: tf.Tensor, width: tf.Tensor, size: tuple[int, int], share: float = CROP_SHARE
) -> tuple[tf.Tensor, ...]:
    """top, left, height, width of the largest window of the form of `size` in the middle, times `share`."""
    scale = share * tf.minimum(height / size[0], width / size[1])
    tall, wide = (tf.maximum(1, tf.cast(tf.round(side * scale), tf.int32)) for side in size)
    return (height - tall) // 2, (width - wide) // 2, tall, wide


def _starts(contents: tf.Tensor, magic: bytes) -> tf.Tensor:
    return tf.equal(tf.strings.substr(contents, 0, len(magic)), magic)


def _on_white(rgba: tf.Tensor) -> tf.Tensor:
    """uint8 (h, w, 4) -> uint8 (h, w, 3)."""

    def blended() -> tf.Tensor:
        alpha = tf.cast(rgba[..., 3:], tf.float32) / 255.0
        return tf.cast(tf.round(tf.cast(rgba[..., :3], tf.float32) * alpha + 255.0 * (1.0 - alpha)), tf.uint8)

    return tf.cond(tf.reduce_all(rgba[..., 3] == 255), lambda: rgba[..., :3], blended)


def _bmp(contents: tf.Tensor) -> tf.Tensor:
    pixels = tf.io.decode_bmp(contents)  # 1, 3 or 4 channels; the fourth is unused by nearly all writers
    return tf.cond(tf.shape(pixels)[2] == 1, lambda: tf.repeat(pixels[..., :1], 3, axis=2), lambda: pixels[..., :3])
