"""Kinds of image files that are rare in data sets and common on disks: their pixels are those of PIL."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from zoo.data.images.decoding import decode


def pixels(image: Image.Image, kind: str, **words) -> np.ndarray:
    file = io.BytesIO()
    image.save(file, kind, **words)
    return decode(tf.constant(file.getvalue())).numpy()


def picture(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (6, 9, 3), np.uint8))


def test_cmyk_is_turned_into_rgb():
    file = io.BytesIO()
    picture().convert("CMYK").save(file, "JPEG")
    assert np.array_equal(decode(tf.constant(file.getvalue())), Image.open(file).convert("RGB"))


def test_of_16_bits_the_upper_8_count():
    deep = np.random.default_rng(0).integers(0, 65535, (6, 9)).astype(np.uint16)
    assert np.array_equal(pixels(Image.fromarray(deep), "PNG"), np.repeat(deep[..., None] >> 8, 3, -1))


def test_of_an_animation_the_first_frame_counts():
    first = picture().quantize()
    shown = pixels(first, "GIF", save_all=True, append_images=[picture(1), picture(2)])
    assert np.array_equal(shown, first.convert("RGB"))


def test_an_orientation_in_exif_turns_nothing():
    turned = Image.Exif()
    turned[0x0112] = 6  # "a viewer turns it to the right"
    assert np.array_equal(pixels(picture(), "JPEG", exif=turned), pixels(picture(), "JPEG"))
