"""Texts of one's own: kept until the split is known, then turned into tokens by the training part's words."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.data.raw import Items, Raw
from zoo.data.text.tokens import SPECIAL_WORDS, Ragged, encode, words_of
from zoo.errors import ZooError

LONGEST, SHORTEST, HELD_WHOLE = 500, 8, 95  # words of a text by default: what holds 95 % of the training texts whole

STEPS, SMALLEST_BATCH, LARGEST_BATCH = 100, 8, 64  # of an epoch, by default


@dataclass(frozen=True)
class Texts:
    """N texts."""

    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def fingerprint(self) -> np.ndarray:
        """Of all texts, in order."""
        digest = hashlib.sha256()
        for text in self.texts:
            contents = text.encode()
            digest.update(b"%d:" % len(contents) + contents)
        return np.frombuffer(digest.digest(), np.uint8)


def raw_texts(
    name: str, class_names: tuple[str, ...], rows: Sequence[tuple[str, int, str]], notes: tuple[str, ...]
) -> Raw:
    """Rows (text, label, part) -> what the loader wants of a source."""
    items = {}
    for part in ("train", "validation", "test"):
        chosen = [(text, label) for text, label, of in rows if of == part]
        if chosen:
            texts, labels = zip(*chosen, strict=True)
            items[part] = Items(Texts(texts), np.array(labels, np.int32))
    return Raw(
        name,
        "tokens",
        class_names,
        items["train"],
        items.get("test"),
        validation=items.get("validation"),
        notes=notes,
    )


def utf8(contents: bytes, where: str, *, rows: bool = False) -> str:
    """The text in `contents`, without a byte-order mark; `rows`: the message counts lines."""
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = contents[: e.start].count(b"\n") + 1
        place = f"line {line}" if rows else f"byte {e.start + 1}"
        raise ZooError(
            f"{where} is not UTF-8 ({place} holds 0x{contents[e.start]:02x})",
            "text in UTF-8",
            "convert it with `iconv -f LATIN1 -t UTF-8`, or name its real encoding there",
        ) from e


def index(raw: Raw, train: np.ndarray, *, num_words: int | None, min_count: int) -> Raw:
    """Texts -> tokens, by a vocabulary of the training part alone: the most frequent words first, ties by alphabet.

    Args:
        train: the rows of the training part.
        num_words: size of the vocabulary with its special tokens, as in keras.datasets; None keeps all words.
        min_count: words seen less often become unknown.
    """
    items, first = raw.origin("train")
    counts: Counter[str] = Counter()
    for i in train - first:
        counts.update(word for w in words_of(items.x.texts[i]) if (word := w.strip("'")))
    kept = [word for word, count in counts.items() if count >= min_count]
    kept.sort(key=lambda word: (-counts[word], word))
    if num_words is not None:
        kept = kept[: max(0, num_words - len(SPECIAL_WORDS))]
    if not kept:
        asked = f"data.num_words={num_words} and data.min_count={min_count}"
        raise ZooError(
            f"no word is left in the vocabulary by {asked}" if counts else "the training part holds no words",
            f"one word or more beside {len(SPECIAL_WORDS)} special tokens",
            "raise data.num_words or lower data.min_count" if counts else "give other texts",
        )
    vocabulary = (*SPECIAL_WORDS, *kept)
    tokens = {word: token for token, word in enumerate(vocabulary)}

    def indexed(items: Items | None) -> Items | None:
        return items and Items(Ragged.from_rows([encode(text, tokens) for text in items.x.texts]), items.y)

    parts = {part: indexed(getattr(raw, part)) for part in ("train", "validation", "test")}
    empty = sum(int((items.x.lengths < 2).sum()) for items in parts.values() if items)
    notes = (*raw.notes, f"texts without words: {empty}") if empty else raw.notes
    return replace(raw, **parts, vocabulary=vocabulary, vocabulary_size=len(vocabulary), notes=notes)


def default_batch(items: int) -> int:
    """The power of two from 8 to 64 that makes about 100 steps of so many training texts."""
    return int(np.clip(2 ** round(np.log2(items / STEPS)), SMALLEST_BATCH, LARGEST_BATCH))


def default_length(lengths: np.ndarray) -> int:
    """A length that holds most of the texts whole."""
    return int(np.clip(np.ceil(np.percentile(lengths, HELD_WHOLE)), SHORTEST, LONGEST))
