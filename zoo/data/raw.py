"""What a source hands to the loader: plain frozen data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from zoo.data.text.tokens import Ragged
from zoo.errors import ZooError


class Lazy(Protocol):
    """Items that are read when they are needed: image files, windows of recordings."""

    def __len__(self) -> int: ...

    def fingerprint(self) -> np.ndarray:
        """An array that is equal for equal items, whatever file format they came in."""
        ...


@dataclass(frozen=True)
class Items:
    """Inputs with their labels: x is uint8 (N, H, W, C), N image files, N token rows or N windows; y int32 (N,)."""

    x: np.ndarray | Ragged | Lazy
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Raw:
    """What a source hands over, checked but not yet split or preprocessed."""

    name: str
    kind: str  # "image" | "tokens" | "frames"
    class_names: tuple[str, ...]
    train: Items
    test: Items | None  # None: no official test part, `data.test` cuts one out
    vocabulary_size: int | None = None
    vocabulary: tuple[str, ...] | None = None  # the word of each token; None when it is not known
    notes: tuple[str, ...] = ()
    validation: Items | None = None  # None: no official validation part, `data.validation` cuts one out
    corrupt: Mapping[str, str] = field(default_factory=dict)  # files already left out, with what is wrong

    @property
    def parts(self) -> dict[str, Items]:
        """The official parts, in the order in which `Dataset.splits` counts through them."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {part: items for part, items in parts.items() if items is not None}

    def origin(self, part: str) -> tuple[Items, int]:
        """The items which a part is taken from, and the index of the first of them."""
        start = 0
        for name, items in self.parts.items():
            if name == part:
                return items, start
            start += len(items)
        return self.train, 0

    def hash(self) -> str:
        """SHA-256 over all arrays: equal for the same items, whatever file format they came in."""
        digest = hashlib.sha256()
        for items in self.parts.values():
            if isinstance(items.x, Ragged):
                arrays = [items.x.flat, items.x.offsets]
            else:
                arrays = [items.x if isinstance(items.x, np.ndarray) else items.x.fingerprint()]
            for array in (*arrays, items.y):
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(memoryview(np.ascontiguousarray(array)).cast("B") if array.size else b"")
        return digest.hexdigest()


def check_images(name: str, x: np.ndarray, shape: Sequence[int], where: str) -> np.ndarray:
    """`x` as uint8 (N, H, W, C) with values 0..255; `shape` is the expected (H, W) or (H, W, C)."""
    mend = "give data.path to the official file"
    if x.dtype.kind not in "uif":
        raise ZooError(f"{where} holds {x.dtype} instead of pixels", "uint8 values 0 to 255", mend)
    if x.ndim == 0 or tuple(x.shape[1:]) != tuple(shape):
        want = "x".join(map(str, shape))
        got = "x".join(map(str, x.shape[1:])) or "single numbers"
        raise ZooError(f"{where} holds images of {got}", f"{want} for data.name={name}", mend)
    if x.dtype != np.uint8:
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            row = int(np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))[0])
            raise ZooError(f"{where} holds NaN or infinity (first in item {row})", "uint8 values 0 to 255", mend)
        whole = x.astype(np.uint8, copy=True) if x.size == 0 or (x.min() >= 0 and x.max() <= 255) else None
        if whole is None or not np.array_equal(whole, x):
            raise ZooError(f"{where} holds pixels that are not whole numbers 0 to 255", "uint8 values", mend)
        x = whole
    return np.ascontiguousarray(x[..., np.newaxis] if len(shape) == 2 else x)


def check_labels(y: Any, count: int, classes: int, where: str) -> np.ndarray:
    """`y` as int32 (count,) within 0..classes-1."""
    y = np.asarray(y)
    expected = f"{count} whole numbers 0 to {classes - 1}"
    mend = "give data.path to the official file"
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ZooError(f"{where} holds NaN or infinity", expected, mend)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "uif" or not np.array_equal(y, np.floor(y)):
        raise ZooError(f"{where} does not hold class numbers", expected, mend)
    if len(y) != count:
        raise ZooError(f"{where} holds {len(y)} labels for {count} items", expected, mend)
    wrong = np.flatnonzero((y < 0) | (y >= classes))
    if len(wrong):
        row = int(wrong[0])
        raise ZooError(f"{where} holds the label {int(y[row])} (item {row})", f"labels 0 to {classes - 1}", mend)
    return y.astype(np.int32)


def check_not_empty(items: Items, where: str) -> Items:
    """The items themselves, refused when there are none."""
    if len(items) == 0:
        raise ZooError(f"{where} holds no items", "at least two of each class", "give another data.path")
    return items
