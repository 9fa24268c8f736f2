"""Word vectors in GloVe's text format: a word and its numbers on each line, parted by blanks.

J. Pennington, R. Socher, C. Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014. word2vec's text
format, which has a first line of two counts, is read too; nothing is unpickled.

Words without a vector, also the unknown word, begin from a normal distribution with the mean and spread of the vectors
found, each dimension on its own, by a seed; padding begins at zero. A word in "'s" takes the vector of the word before
it, since GloVe cuts "film's" in two.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from zoo.data.text.tokens import PAD, SPECIAL_WORDS
from zoo.errors import ZooError

LONGEST_LINE = 2**20
_EXPECTED = "a word and its numbers on each line, as in glove.6B.50d.txt"


@dataclass(frozen=True)
class Vectors:
    """float32 (V, D), a row for each token, and how many of the words have a vector of their own."""

    matrix: np.ndarray
    found: int
    words: int


def dimension(path: str | Path) -> int:
    """How many numbers a word has in the file."""
    with closing(_opened(path)) as file:
        return _layout(file, path)[0]


def read_vectors(path: str | Path, vocabulary: Sequence[str], *, seed: int) -> Vectors:
    """The vectors of a vocabulary's words. Only their lines are turned into numbers, all others are only counted.

    Raises ZooError for a file that is cut, of another format or with no word of the vocabulary, naming the row.
    """
    words = vocabulary[len(SPECIAL_WORDS) :]
    exact = {word.encode(): i for i, word in enumerate(words)}
    owners = {}  # the word before "'s" -> those that take its vector when they have none
    for i, word in enumerate(words):
        if word.endswith("'s"):
            owners.setdefault(word[:-2].encode(), []).append(i)
    with closing(_opened(path)) as file:
        size, _ = _layout(file, path)
        matrix = np.zeros((len(vocabulary), size), np.float32)
        rows, have = matrix[len(SPECIAL_WORDS) :], np.zeros(len(words), np.int8)  # 2: its own, 1: of the word before 's
        for number, word, line in _lines(file, path, size):
            i, others = exact.get(word), owners.get(word, ())
            if i is None and not others:
                continue
            values = _numbers(line, size, path, number)
            if i is not None and have[i] < 2:
                rows[i], have[i] = values, 2
            for j in others:
                if not have[j]:
                    rows[j], have[j] = values, 1
    found = int((have > 0).sum())
    if not found:
        raise ZooError(
            f"{path} has no vector for any of the {len(words):,} words of the data",
            "vectors of the texts' language, in lower case",
            "give another file",
        )
    known = rows[have > 0]
    rng = np.random.default_rng(seed)
    drawn = rng.normal(known.mean(axis=0), known.std(axis=0), matrix.shape).astype(np.float32)
    missing = np.concatenate([np.ones(len(SPECIAL_WORDS), bool), have == 0])
    matrix[missing] = drawn[missing]
    matrix[PAD] = 0
    return Vectors(matrix, found, len(words))


def read_all(path: str | Path) -> tuple[tuple[str, ...], np.ndarray]:
    """All words of a file and their vectors, float32 (V, D), in its order.

    Raises ZooError for a file that is not there, cut or of another format, naming the row.
    """
    words, rows = [], []
    with closing(_opened(path, "")) as file:
        size, _ = _layout(file, path)
        for number, word, line in _lines(file, path, size):
            words.append(word.decode("utf-8", "replace"))
            rows.append(_numbers(line, size, path, number))
    return tuple(words), np.stack(rows)


def _opened(path: str | Path, key: str = "model.args.embedding=") -> BinaryIO:
    found = Path(path).expanduser()
    if not found.is_file():
        what = "is a folder" if found.is_dir() else "does not exist"
        raise ZooError(f"{key}{path} {what}", "a file of word vectors", "correct the path")
    return gzip.open(found) if found.suffix == ".gz" else found.open("rb")


def _layout(file: BinaryIO, path: str | Path) -> tuple[int, int]:
    """(numbers per word, 1 where word2vec's line of counts comes first); the file then stands at the first word."""
    try:
        line = file.readline(LONGEST_LINE)
        _check_utf8(line, path, 1)
        first = line.split()
        head = len(first) == 2 and all(part.isdigit() for part in first)
        size = int(first[1]) if head else len(first) - 1
        if not head:
            file.seek(0)
    except (OSError, EOFError) as e:
        raise ZooError(f"{path} cannot be read ({e})", _EXPECTED, "it may be cut or of another kind") from e
    if size < 2:
        raise ZooError(f"{path} is no file of word vectors (its first row has {len(first)} fields)", _EXPECTED, "")
    return size, int(head)


def _lines(file: BinaryIO, path: str | Path, size: int) -> Iterator[tuple[int, bytes, bytes]]:
    """(row, word, line); rows that have another number of fields are refused."""
    number = 0
    try:
        for number, line in enumerate(file, start=1):
            line = line.rstrip()
            if not line.isascii():
                _check_utf8(line, path, number)
            blanks = line.count(b" ")
            if blanks == size:
                yield number, line[: line.index(b" ")], line
            elif blanks > size and blanks < size + 8:  # some words of glove.840B hold blanks
                yield number, line.rsplit(b" ", size)[0], line
            else:
                raise ZooError(
                    f"row {number} of {path} holds {max(0, blanks)} numbers",
                    f"{size}, as in its first row",
                    "the file is cut or damaged; download it again",
                )
    except (OSError, EOFError) as e:
        raise ZooError(f"{path} cannot be read after row {number} ({e})", _EXPECTED, "it may be cut") from e


def _check_utf8(line: bytes, path: str | Path, number: int) -> None:
    try:
        line.decode()
    except UnicodeDecodeError as e:
        raise ZooError(f"row {number} of {path} is not UTF-8", _EXPECTED, "convert it with `iconv`") from e


def _numbers(line: bytes, size: int, path: str | Path, number: int) -> np.ndarray:
    try:
        values = np.array(line.rsplit(b" ", size)[1:], np.float32)
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise ZooError(f"row {number} of {path} holds something else than numbers", _EXPECTED, "download it again")
    return values
