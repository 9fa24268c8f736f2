"""What passes between a source, the loader and the rest of the zoo: plain frozen data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.tokens import Ragged
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

    from zoo.data.frames import Frames
    from zoo.data.imagefiles import ImageFiles
    from zoo.data.stream import TrainStream


@dataclass(frozen=True)
class Items:
    """Inputs with their labels: x is uint8 (N, H, W, C), N image files, N token rows or N windows; y int32 (N,)."""

    x: np.ndarray | ImageFiles | Ragged | Frames
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


@dataclass(frozen=True)
class DataInfo:
    """The facts a run folder keeps about its data; `to_dict` leaves the vocabulary out (its own file)."""

    name: str
    kind: str  # "image" | "tokens" | "frames"
    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    sizes: dict[str, int]
    class_counts: dict[str, list[int]]
    hash: str
    preprocessing: dict[str, Any]
    vocabulary_size: int | None = None
    notes: tuple[str, ...] = ()  # what the user should be told once, e.g. that a word index is missing
    vocabulary: Sequence[str] | None = field(default=None, repr=False, compare=False)

    @property
    def classes(self) -> int:
        return len(self.class_names)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain = {key: value for key, value in asdict(self).items() if key != "vocabulary"}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], vocabulary: Sequence[str] | None = None) -> DataInfo:
        """The inverse of `to_dict`. Raises ZooError when a field is missing."""
        known = {f.name for f in fields(cls)} - {"vocabulary"}
        optional = {"vocabulary_size", "notes"}
        missing = sorted(known - optional - set(plain))
        if missing:
            raise ZooError(
                f"the data description lacks {', '.join(missing)}",
                "the file that `zoo train` wrote into the run folder",
                "train again",
            )
        values = {key: plain[key] for key in known if key in plain}
        for key in ("class_names", "input_shape", "notes"):
            values[key] = tuple(values.get(key, ()))
        return cls(**values, vocabulary=vocabulary)


@dataclass(frozen=True)
class Dataset:
    """A loaded data set: batches of (x, y) with int32 class indices, and where each item came from.

    `splits` holds sorted indices into the source's own order: its training part first, then its validation part, then
    its test part, where it has them.
    """

    train: TrainStream
    validation: tf.data.Dataset | None
    test: tf.data.Dataset
    info: DataInfo
    splits: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]  # int32, of the items of each split in the order of `splits`
    names: Sequence[str] | None = None  # of the items by that order, where they are files or windows
    recheck: Callable[[], None] | None = None  # raises ZooError for files that were there and no longer are

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around whatever reads batches: a file that is lost meanwhile is named.

        Raises:
            ZooError: files can no longer be read.
        """
        import tensorflow as tf

        try:
            yield
        except tf.errors.ResourceExhaustedError:  # nothing that a file could be blamed for
            raise
        except tf.errors.OpError:
            if self.recheck:
                self.recheck()
            raise


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
