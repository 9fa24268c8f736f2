"""Seeded, learnable data for trying and testing: made from `data.split_seed`, never from `runtime.seed`.

Images are a blocky prototype per class plus noise; token rows are common words mixed with words of their class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.raw import Items, Raw
from zoo.data.text.tokens import INDEX_FROM, SPECIAL_WORDS, START, Ragged
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

DEFAULT_LENGTH, DEFAULT_WORDS = 50, 200
NOISE = 40.0  # standard deviation of a pixel
WORDS_PER_CLASS, CLASS_WORD_SHARE = 3, 0.3


def read(data: DataConfig) -> Raw:
    """`data.samples` items of `data.classes` classes: images of `data.shape`, or texts of `data.maxlen` tokens."""
    rng = np.random.default_rng(data.split_seed)
    labels = rng.permutation(np.arange(data.samples, dtype=np.int32) % data.classes)
    names = tuple(f"class{i}" for i in range(data.classes))
    if data.kind == "image":
        x = _images(rng, labels, data.classes, tuple(data.shape))
        return Raw("synthetic", "image", names, Items(x, labels), test=None)
    size = data.num_words or DEFAULT_WORDS
    least = len(SPECIAL_WORDS) + WORDS_PER_CLASS * data.classes + 1
    if size < least:
        raise ZooError(
            f"data.num_words={size} is too small", f"at least {least} for {data.classes} classes", "raise it"
        )
    x = _tokens(rng, labels, data.classes, data.maxlen or DEFAULT_LENGTH, size)
    own = [f"class{i}{letter}" for i in range(data.classes) for letter in "abc"[:WORDS_PER_CLASS]]
    words = [*SPECIAL_WORDS, *own]
    words += [f"word{i}" for i in range(size - len(words))]
    return Raw("synthetic", "tokens", names, Items(x, labels), None, vocabulary_size=size, vocabulary=tuple(words))


def _images(rng: np.random.Generator, labels: np.ndarray, classes: int, shape: tuple[int, ...]) -> np.ndarray:
    """uint8 (N, H, W, C): a 4x4 chessboard of random greys per class, enlarged, plus Gaussian noise."""
    height, width, channels = shape
    coarse = rng.uniform(40, 215, (classes, 4, 4, channels))
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    prototypes = coarse[:, rows][:, :, columns]
    out = np.empty((len(labels), *shape), np.uint8)
    for start in range(0, len(labels), 1024):  # float noise for a part at a time
        y = labels[start : start + 1024]
        noisy = prototypes[y] + rng.normal(0, NOISE, (len(y), *shape))
        out[start : start + 1024] = np.clip(np.rint(noisy), 0, 255)
    return out


def _tokens(rng: np.random.Generator, labels: np.ndarray, classes: int, length: int, size: int) -> Ragged:
    """Rows of between half and all of `length` tokens: START, then common words and words of the class."""
    first, common = INDEX_FROM + 1, INDEX_FROM + 1 + WORDS_PER_CLASS * classes
    lengths = rng.integers(max(2, length // 2), max(2, length) + 1, len(labels))
    y = np.repeat(labels, lengths)
    own = first + y * WORDS_PER_CLASS + rng.integers(0, WORDS_PER_CLASS, len(y))
    flat = np.where(rng.random(len(y)) < CLASS_WORD_SHARE, own, rng.integers(common, size, len(y)))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flat[offsets[:-1]] = START
    flat[offsets[:-1] + 1] = first + labels * WORDS_PER_CLASS  # every row tells its class at least once
    return Ragged(flat.astype(np.int32), offsets.astype(np.int64))
