"""From raw pixels and texts to what a model takes: one code path for the loader and for prediction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.data.images.decoding import CROP_SHARE, decode, decode_middle, middle
from zoo.data.images.headers import KINDS, Unreadable, measure
from zoo.data.series import Framer
from zoo.data.text.in_graph import Lookup
from zoo.data.text.tokens import Ragged, encode, words_of
from zoo.errors import ZooError

CHUNK = 1024  # images preprocessed at a time
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in PIL
_KEYS = {
    "image": ("shape", "fit", "pixel_range", "mean", "std"),
    "tokens": ("length", "pad", "truncate"),
    "frames": ("window", "stride", "columns", "mean", "std"),
}
GIVEN = {"image": "image files", "tokens": "text", "frames": ".csv or .npy files of numbers over time"}


class Preprocessor:
    """What the run folder says about its input, put to work.

    Args:
        settings: `DataInfo.preprocessing`. Images: {kind, shape, fit, pixel_range, mean, std}, and crop and
            channel_order where they are not .875 and rgb; tokens: {kind, length, pad, truncate}; frames: {kind,
            window, stride, columns, mean, std}.
        vocabulary: the word of each token; needed by `texts` only.
    """

    def __init__(self, settings: Mapping[str, Any], vocabulary: Sequence[str] | None = None):
        self.settings = dict(settings)
        self.kind = self.settings.get("kind")
        missing = [key for key in _KEYS.get(self.kind, ("kind",)) if key not in self.settings]
        if missing:
            raise ZooError(
                f"the preprocessing lacks {', '.join(missing)}",
                "what `zoo train` wrote into the run folder",
                "train again",
            )
        self._tokens = {word: token for token, word in enumerate(vocabulary)} if vocabulary is not None else None
        self.framer = Framer(self.settings) if self.kind == "frames" else None
        if self.kind == "image":
            self.shape = tuple(self.settings["shape"])
            self.crop = float(self.settings.get("crop", CROP_SHARE))
            self.swapped = self.settings.get("channel_order", "rgb") == "bgr"
            if self.swapped and self.shape[2] != 3:
                raise ZooError("data.channel_order is bgr, but the images are grey", "colours", "set data.color to rgb")
            self._low, self._high = map(float, self.settings["pixel_range"])
            self._mean = _per_channel("mean", self.settings["mean"], self.shape[2])
            self._std = _per_channel("std", self.settings["std"], self.shape[2])
            if self._std is not None and not (self._std > 0).all():
                raise ZooError(f"data.std={self.settings['std']} divides by zero", "numbers above 0", "correct it")

    @classmethod
    def from_dict(cls, preprocessing: Mapping[str, Any], vocabulary: Sequence[str] | None = None) -> Preprocessor:
        """From `DataInfo.preprocessing` and the saved vocabulary."""
        return cls(preprocessing, vocabulary)

    def inputs(self, inputs: Sequence[Any]) -> tuple[np.ndarray, list[str]]:
        """Images, texts or numbers over time as `zoo predict` takes them -> the model's batch, and a name for each."""
        if self.kind == "frames":
            return self.framer.read(inputs)
        batch = self.texts(list(inputs)) if self.kind == "tokens" else self.images(list(inputs))
        return batch, [i if isinstance(i, str) else getattr(i, "name", None) or "array" for i in inputs]

    # -- images ------------------------------------------------------------------------------------------------------

    @property
    def background(self) -> np.ndarray:
        """float32 (C,): what a black pixel becomes."""
        return self._scale(tf.zeros([1, 1, 1, self.shape[2]])).numpy().reshape(-1)

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """What the model takes, (N, H, W, C) -> uint8 as it looked before mean, std and pixel_range."""
        shown = images if self._std is None else images * self._std
        shown = shown if self._mean is None else shown + self._mean
        shown = shown[..., ::-1] if self.swapped else shown
        return np.clip(np.rint((shown - self._low) / (self._high - self._low) * 255), 0, 255).astype(np.uint8)

    def batch(self, images: tf.Tensor) -> tf.Tensor:
        """Pixels 0..255 of any dtype, (B, h, w, 1|2|3|4) -> float32 (B, H, W, C). Traceable, for `tf.data`."""
        return self.scale(self._to_size(_to_channels(tf.cast(images, tf.float32), self.shape[2])))

    def scale(self, images: tf.Tensor) -> tf.Tensor:
        """Pixels 0..255 of the model's size (B, H, W, C) -> float32, by pixel_range, mean and std. Traceable."""
        return tf.ensure_shape(self._scale(tf.cast(images, tf.float32)), [None, *self.shape])

    def file(self, contents: tf.Tensor, *, kinds: Collection[str] = KINDS, sized: bool = False) -> tf.Tensor:
        """The bytes of an image file -> uint8 (H, W, C), decoded and brought to the model's size. Traceable.

        `kinds` are those that the file may be of; `sized`: it is known to have the model's height and width.
        """
        cut = self.settings["fit"] == "crop"
        size = self.shape[:2]
        pixels = decode_middle(contents, size, self.crop, kinds=kinds) if cut else decode(contents, kinds=kinds)
        pixels = tf.ensure_shape(pixels, [None, None, 3])

        def fitted() -> tf.Tensor:
            images = _to_channels(tf.cast(pixels[None], tf.float32), self.shape[2])
            return tf.saturate_cast(self._to_size(images, cut=cut)[0], tf.uint8)

        if self.shape[2] == 3:  # nothing is computed where nothing is to be done
            if sized and not cut:
                return tf.ensure_shape(pixels, self.shape)
            fits = tf.reduce_all(tf.shape(pixels)[:2] == self.shape[:2])
            return tf.ensure_shape(tf.cond(fits, lambda: pixels, fitted), self.shape)
        return tf.ensure_shape(fitted(), self.shape)

    def images(self, inputs: Sequence[str | Path | np.ndarray]) -> np.ndarray:
        """Image files (PNG, JPEG, BMP, GIF: the first frame) or arrays of pixels 0..255 -> float32 (N, H, W, C).

        Raises ZooError for a file that is no image, and for an image larger than a padded input.
        """
        self._must_be("image")
        rows = []
        for i, given in enumerate(inputs):
            if isinstance(given, (str, Path)):
                rows.append(self._file(Path(given)))
                continue
            pixels = _array(given, i)
            self.check_size(pixels.shape[0], pixels.shape[1], f"array {i}", trained=True)
            rows.append(self.array(pixels[None])[0])
        return np.stack(rows) if rows else np.zeros((0, *self.shape), np.float32)

    def array(self, images: np.ndarray) -> np.ndarray:
        """Pixels 0..255 (N, h, w, c) -> float32 (N, H, W, C), a chunk at a time."""
        out = np.empty((len(images), *self.shape), np.float32)
        with tf.device("/CPU:0"):
            for start in range(0, len(images), CHUNK):
                out[start : start + CHUNK] = self.batch(images[start : start + CHUNK]).numpy()
        return out

    def _file(self, path: Path) -> np.ndarray:
        expected, mend = "a PNG, JPEG, BMP or GIF file", "give the path of an image file"
        if not path.exists():
            raise ZooError(f"{path} does not exist", expected, mend)
        if path.is_dir():
            raise ZooError(f"{path} is a folder", expected, mend)
        try:
            contents = path.read_bytes()
            height, width, *_ = measure(contents)
            self.check_size(height, width, str(path), trained=True)
            with tf.device("/CPU:0"):
                return self.scale(self.file(tf.constant(contents))[None]).numpy()[0]
        except (tf.errors.InvalidArgumentError, Unreadable, OSError) as e:
            why = f" ({e})" if isinstance(e, Unreadable) else ""
            raise ZooError(f"{path} is not an image that can be read{why}", expected, mend) from e

    def check_size(self, height: int, width: int, where: str, *, trained: bool = False) -> None:
        """Refuses an image that does not fit into a padded input."""
        if self.settings["fit"] == "pad" and (height > self.shape[0] or width > self.shape[1]):
            mend = "train with data.fit=resize" if trained else "set data.fit to resize"
            raise ZooError(
                f"{where} has {height}x{width} pixels and cannot be padded to {self.shape[0]}x{self.shape[1]}",
                f"at most {self.shape[0]}x{self.shape[1]} with data.fit=pad",
                f"make it smaller, or {mend}",
            )

    def _to_size(self, images: tf.Tensor, *, cut: bool = False) -> tf.Tensor:
        """float32 (B, h, w, C) -> (B, H, W, C), whole numbers once anything was computed; `cut`: cropped already."""
        fit, size = self.settings["fit"], self.shape[:2]
        if fit == "crop" and not cut:
            top, left, tall, wide = middle(tf.shape(images)[1], tf.shape(images)[2], size, self.crop)
            images = images[:, top : top + tall, left : left + wide]
        if tuple(images.shape[1:3]) == size:
            return images
        if fit == "pad":
            missing = tf.stack(size) - tf.shape(images)[1:3]
            images = tf.pad(
                images,
                tf.stack(
                    [
                        [0, 0],
                        [missing[0] // 2, missing[0] - missing[0] // 2],
                        [missing[1] // 2, missing[1] - missing[1] // 2],
                        [0, 0],
                    ]
                ),
            )
        else:
            images = tf.cond(
                tf.reduce_all(tf.shape(images)[1:3] == size),
                lambda: images,
                lambda: tf.round(tf.image.resize(images, size, method="bilinear", antialias=True)),
            )
        return tf.ensure_shape(images, [None, *self.shape])

    def _scale(self, images: tf.Tensor) -> tf.Tensor:
        images = images / 255.0
        if (self._low, self._high) != (0.0, 1.0):
            images = images * (self._high - self._low) + self._low
        images = images[..., ::-1] if self.swapped else images
        if self._mean is not None:
            images = images - self._mean
        return images if self._std is None else images / self._std

    # -- texts -------------------------------------------------------------------------------------------------------

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> int32 (N, T), through the vocabulary of the run. Raises ZooError for an empty text."""
        known = self._known_words()
        for i, text in enumerate(texts):
            if not words_of(text):
                raise ZooError(f"text {i + 1} ({text[:20]!r}) holds no words", "a sentence or more", "write something")
        rows = [encode(text, known) for text in texts]
        return self.rows(Ragged.from_rows(rows), np.arange(len(rows)))

    def lookup(self) -> Lookup:
        """`texts` as a graph, for a model that takes strings. Raises ZooError without a vocabulary."""
        s = self.settings
        return Lookup(self._known_words(), length=s["length"], pad=s["pad"], truncate=s["truncate"])

    def _known_words(self) -> dict[str, int]:
        self._must_be("tokens")
        if self._tokens is None:
            raise ZooError(
                "this run has no vocabulary, so text cannot be turned into tokens",
                "the word index of the data",
                "put imdb_word_index.json beside the data file and train again",
            )
        return self._tokens

    def rows(self, tokens: Ragged, indices: np.ndarray) -> np.ndarray:
        """The given rows -> int32 (N, T), padded and cut as configured."""
        s = self.settings
        return tokens.padded(indices, s["length"], pad=s["pad"], truncate=s["truncate"])

    def _must_be(self, kind: str) -> None:
        if self.kind != kind:
            own = GIVEN[self.kind]
            raise ZooError(f"this run was not trained on {GIVEN[kind]}", own, f"give {own}")


def _per_channel(key: str, values: Sequence[float] | None, channels: int) -> np.ndarray | None:
    if values is None:
        return None
    if len(values) not in (1, channels):
        raise ZooError(
            f"data.{key}={list(values)} has {len(values)} numbers for {channels} channels",
            f"1 or {channels}",
            f"correct data.{key}",
        )
    return np.asarray(values, np.float32)


def _to_channels(images: tf.Tensor, channels: int) -> tf.Tensor:
    """Grey <-> RGB; transparency is laid on white, as a viewer shows it."""
    given = images.shape[-1]
    if given in (2, 4):
        alpha = images[..., -1:] / 255.0
        images = images[..., :-1] * alpha + 255.0 * (1.0 - alpha)
        given -= 1
    if given == channels:
        return images
    if given == 3 and channels == 1:
        return tf.round(tf.reduce_sum(images * tf.constant(LUMINANCE), axis=-1, keepdims=True))
    if given == 1 and channels == 3:
        return tf.repeat(images, 3, axis=-1)
    raise ZooError(f"an image of {given} channels cannot become one of {channels}", "grey or RGB", "convert it first")


def _array(given: Any, i: int) -> np.ndarray:
    array = np.asarray(given)
    array = array[..., None] if array.ndim == 2 else array
    numeric = array.dtype.kind in "uif"
    if array.ndim != 3 or not numeric or array.size == 0 or array.shape[2] > 4:
        raise ZooError(f"array {i} has shape {np.shape(given)}", "(height, width) or (height, width, channels)", "")
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 255:
        raise ZooError(f"array {i} holds NaN, infinity or values outside 0 to 255", "pixels 0 to 255", "")
    return array
