"""25,000 + 25,000 labelled film reviews as ranks of words, from keras.datasets' imdb.npz.

Source: A. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011. URLs, hashes and the special tokens
(1 start, 2 unknown, ranks shifted by 3) are those of keras.datasets.imdb. Unlike Keras, `data.maxlen` truncates long
reviews and drops none (see `Ragged.padded`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.contract import Items, Raw, check_labels, check_not_empty
from zoo.data.files import local, official, read_npz
from zoo.data.tokens import INDEX_FROM, UNKNOWN, Ragged, vocabulary_from_index
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

_BASE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
INDEX_NAME, INDEX_MD5 = "imdb_word_index.json", "bfafd718b763782e994055a2d397834f"


def read(data: DataConfig) -> Raw:
    """Rows of tokens below `data.num_words` (rarer words become 2); the vocabulary when its word index is found."""
    if data.path is None:
        path = official(["imdb.npz"], _BASE + "imdb.npz", SHA256)
    else:
        path = local(data.path, name="imdb", want="imdb.npz in the form of keras.datasets.imdb")
    keys = ("x_train", "y_train", "x_test", "y_test")
    arrays = read_npz(path, keys, official_name="imdb.npz", pickled=("x_train", "x_test"))
    train, test = (_items(path, part, arrays) for part in ("train", "test"))
    size = data.num_words or 1 + int(max(items.x.flat.max() for items in (train, test)))
    vocabulary, notes = _vocabulary(path, downloadable=data.path is None)
    return Raw(
        "imdb",
        "tokens",
        ("negative", "positive"),
        _limit_words(train, size),
        _limit_words(test, size),
        vocabulary_size=size,
        vocabulary=vocabulary and vocabulary[:size],
        notes=notes,
    )


def _items(path: Path, part: str, arrays: dict[str, np.ndarray]) -> Items:
    where = f"'x_{part}' in {path}"
    try:
        ranks = Ragged.from_rows(arrays[f"x_{part}"])
    except (ValueError, TypeError) as e:
        raise ZooError(
            f"{where} does not hold lists of word ranks ({e})",
            "rows of whole numbers from 1",
            "use the official file",
        ) from e
    y = check_labels(arrays[f"y_{part}"], len(ranks), 2, f"'y_{part}' in {path}")
    x = ranks.map_tokens(ranks.flat + INDEX_FROM).with_start()
    return check_not_empty(Items(x, y), where)


def _limit_words(items: Items, num_words: int) -> Items:
    flat = items.x.flat
    return Items(items.x.map_tokens(np.where(flat < num_words, flat, UNKNOWN)), items.y)


def _vocabulary(path: Path, *, downloadable: bool) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The words out of imdb_word_index.json beside the data file. Training does not need them; prediction does."""
    index = path.with_name(INDEX_NAME)
    if not index.is_file() and downloadable:
        try:
            index = official([INDEX_NAME], _BASE + INDEX_NAME, INDEX_MD5)
        except ZooError as e:
            return None, (f"no vocabulary, so `zoo predict` will take no text: {e}",)
    if not index.is_file():
        return None, (f"no vocabulary, so `zoo predict` will take no text: {index} was not found",)
    try:
        words = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise ZooError(f"{index} is not JSON ({e})", "the word index of imdb.npz", "replace or remove it") from e
    return vocabulary_from_index(words if isinstance(words, dict) else {}, str(index)), ()
