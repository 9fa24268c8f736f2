"""Texts as ranks of words, as keras.datasets keeps them: object arrays of lists in an .npz, and an index of words.

The special tokens (1 start, 2 unknown, ranks shifted by 3) are those of keras.datasets. Unlike Keras, `data.maxlen`
truncates long texts and drops none (see `Ragged.padded`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.raw import Items, check_labels, check_not_empty
from zoo.data.sources.official import official
from zoo.data.text.tokens import INDEX_FROM, UNKNOWN, Ragged, vocabulary_from_index
from zoo.errors import ZooError

BASE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def items(x: np.ndarray, y: Any, classes: int, x_where: str, y_where: str) -> Items:
    """Rows of ranks and their labels -> tokens with a start."""
    try:
        ranks = Ragged.from_rows(x)
    except (ValueError, TypeError) as e:
        raise ZooError(
            f"{x_where} does not hold lists of word ranks ({e})",
            "rows of whole numbers from 1",
            "use the official file",
        ) from e
    y = check_labels(y, len(ranks), classes, y_where)
    return check_not_empty(Items(ranks.map_tokens(ranks.flat + INDEX_FROM).with_start(), y), x_where)


def limit_words(items: Items, num_words: int) -> Items:
    """Tokens from `num_words` on become UNKNOWN."""
    flat = items.x.flat
    return Items(items.x.map_tokens(np.where(flat < num_words, flat, UNKNOWN)), items.y)


def vocabulary(
    path: Path, name: str, md5: str, *, downloadable: bool
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The words of the index beside the data file. Training does not need them; prediction does."""
    index = path.with_name(name)
    if not index.is_file() and downloadable:
        try:
            index = official([name], BASE + name, md5)
        except ZooError as e:
            return None, (f"no vocabulary, so `zoo predict` will take no text: {e}",)
    if not index.is_file():
        return None, (f"no vocabulary, so `zoo predict` will take no text: {index} was not found",)
    try:
        words = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise ZooError(f"{index} is not JSON ({e})", f"the word index of {path.name}", "replace or remove it") from e
    return vocabulary_from_index(words if isinstance(words, dict) else {}, str(index)), ()
