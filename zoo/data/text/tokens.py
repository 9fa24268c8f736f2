"""Rows of tokens: ragged storage, padding, and the words behind them.

The special tokens are those of `keras.datasets.imdb`: 0 pads, 1 starts a text, 2 stands for an unknown word, and the
word of rank r (1 = most frequent) is token r + 3, so that 3 is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from zoo.errors import ZooError

PAD, START, UNKNOWN, INDEX_FROM = 0, 1, 2, 3
SPECIAL_WORDS = ("<pad>", "<start>", "<unknown>", "<unused>")
# the characters that keras.preprocessing's text_to_word_sequence drops; the apostrophe stays ("don't")
SEPARATORS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_BLANKED = str.maketrans({c: " " for c in SEPARATORS})


@dataclass(frozen=True)
class Ragged:
    """N rows of unequal length in one array: row i is flat[offsets[i]:offsets[i + 1]]."""

    flat: np.ndarray  # int32 (total,)
    offsets: np.ndarray  # int64 (N + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        return self.flat[self.offsets[i] : self.offsets[i + 1]]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[int]]) -> Ragged:
        """Rows of whole numbers -> Ragged. Raises ValueError for anything else."""
        rows = list(rows)
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = np.array(list(chain.from_iterable(rows)))
        if flat.size == 0:
            return cls(np.zeros(0, np.int32), offsets)
        if flat.dtype.kind == "f" and not np.isfinite(flat).all():
            raise ValueError("NaN or infinity")
        if flat.ndim != 1 or flat.dtype.kind not in "ui":
            raise ValueError(f"{flat.dtype} instead of whole numbers")
        if flat.min() < 0 or flat.max() > np.iinfo(np.int32).max - INDEX_FROM:
            raise ValueError("numbers below 0 or above 2**31")
        return cls(flat.astype(np.int32), offsets)

    def map_tokens(self, flat: np.ndarray) -> Ragged:
        """The same rows with other tokens."""
        return Ragged(flat.astype(np.int32, copy=False), self.offsets)

    def with_start(self) -> Ragged:
        """Every row with START put before it."""
        flat = np.insert(self.flat, self.offsets[:-1], START)
        return Ragged(flat, self.offsets + np.arange(len(self.offsets)))

    def padded(self, rows: np.ndarray, length: int, *, pad: str, truncate: str) -> np.ndarray:
        """The given rows as int32 (len(rows), length); "pre" pads or cuts at the front, as in Keras."""
        lengths = self.lengths[rows]
        kept = np.minimum(lengths, length)
        first = self.offsets[rows] + (lengths - kept if truncate == "pre" else 0)
        start = length - kept if pad == "pre" else np.zeros_like(kept)
        out = np.full((len(rows), length), PAD, np.int32)
        columns = np.arange(length) - start[:, None]  # which kept token stands in each column
        inside = (columns >= 0) & (columns < kept[:, None])
        out[inside] = self.flat[(first[:, None] + columns)[inside]]
        return out


def vocabulary_from_index(index: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """A word index {word: rank from 1} -> the word of each token, special ones first."""
    good = bool(index) and all(isinstance(w, str) and type(r) is int and 1 <= r <= 10_000_000 for w, r in index.items())
    if not good:
        raise ZooError(
            f"{where} is not a word index",
            "a JSON object of words with their ranks from 1",
            "replace or remove it",
        )
    words = [*SPECIAL_WORDS, *["<unused>"] * max(index.values())]
    for word, rank in index.items():
        words[rank + INDEX_FROM] = word
    return tuple(words)


def words_of(text: str) -> list[str]:
    """Lower-case words as Keras's text_to_word_sequence cuts them: "It's GOOD!" -> ["it's", "good"]."""
    return text.lower().translate(_BLANKED).split()


def spans_of(text: str) -> list[tuple[int, int]]:
    """Where each of `words_of(text)` stands in the text: (start, end)."""
    return [match.span() for match in re.finditer(r"\S+", text.translate(_BLANKED))]


def encode(text: str, tokens: Mapping[str, int]) -> list[int]:
    """A text -> START and the token of each word, UNKNOWN where there is none."""
    return [START] + [tokens.get(w, tokens.get(w.strip("'"), UNKNOWN)) for w in words_of(text)]


def decode(tokens: Sequence[int], vocabulary: Sequence[str] | None) -> str:
    """Tokens -> readable words, padding and start left out, "<unknown>" where the word is not kept."""
    if vocabulary is None:
        raise ZooError(
            "tokens cannot be turned into words without a vocabulary",
            "a word index",
            "put imdb_word_index.json beside the data file",
        )
    size = len(vocabulary)
    kept = (int(t) for t in tokens if int(t) not in (PAD, START))
    return " ".join(vocabulary[t] if t < size else SPECIAL_WORDS[UNKNOWN] for t in kept)
