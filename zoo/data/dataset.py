"""What the loader hands to the rest of the zoo: batches, and the facts a run folder keeps about its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

    from zoo.data.batches import TrainStream


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
    preprocessing_origin: str = "config"  # or "weights", whose source wants it so
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
        optional = {"vocabulary_size", "notes", "preprocessing_origin"}
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
