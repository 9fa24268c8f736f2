"""Many image files: looked into quickly, fingerprinted, decoded when they are needed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from zoo.data.decoding import decode
from zoo.data.headers import HEAD, Cut, Unreadable, measure
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.data.contract import Raw
    from zoo.data.preprocess import Preprocessor

HASHED_BYTES = 2 * 2**30  # of a larger folder only names, sizes and the first bytes of each file are hashed
SHOWN = 20  # corrupt files named in a sentence


@dataclass(frozen=True)
class ImageFiles:
    """N image files that have a header of theirs; the pixels may still turn out to be damaged.

    Other places in which encoded images stand are subclasses with `places` and `fetch` of their own.
    """

    root: Path
    names: tuple[str, ...]  # below root
    sizes: np.ndarray  # int32 (N, 2): height, width
    grey: np.ndarray  # bool (N,)
    digests: tuple[bytes, ...]  # of each file's bytes

    def __len__(self) -> int:
        return len(self.names)

    def places(self, rows: Sequence[int]) -> np.ndarray:
        """Where the given images stand, a row for each, as `fetch` takes it: here their paths."""
        return np.array([os.path.join(self.root, self.names[i]) for i in rows], str)

    def fetch(self, place: tf.Tensor) -> tf.Tensor:
        """The bytes of the image at a place; none at the empty place. Traceable."""
        return tf.cond(tf.equal(place, ""), lambda: tf.constant(b""), lambda: tf.io.read_file(place))

    def rows(self, mask: np.ndarray) -> ImageFiles:
        """Those where the mask is true."""
        chosen = np.flatnonzero(mask)
        names, digests = (tuple(values[i] for i in chosen) for values in (self.names, self.digests))
        return replace(self, names=names, sizes=self.sizes[mask], grey=self.grey[mask], digests=digests)

    def fingerprint(self) -> np.ndarray:
        """Of the contents, in order: the same whether they stand in files or in records."""
        return np.frombuffer(hashlib.sha256(b"".join(self.digests)).digest(), np.uint8)


def look(root: Path, names: Sequence[str]) -> tuple[ImageFiles, np.ndarray, dict[str, str]]:
    """Read headers and fingerprints -> the good files, their indices in `names`, and {name: what is wrong}."""
    whole = sum(os.path.getsize(os.path.join(root, name)) for name in names) <= HASHED_BYTES
    with ThreadPoolExecutor(min(32, 4 * (os.cpu_count() or 1))) as pool:
        found = list(pool.map(lambda name: _look(os.path.join(root, name), whole), names, chunksize=64))
    good = np.array([i for i, seen in enumerate(found) if not isinstance(seen, str)], np.int64)
    kept = [found[i] for i in good]
    files = ImageFiles(
        root,
        tuple(names[i] for i in good),
        np.array([seen[0][:2] for seen in kept], np.int32).reshape(-1, 2),
        np.array([seen[0][2] for seen in kept], bool),
        tuple(seen[1] for seen in kept),
    )
    return files, good, {name: seen for name, seen in zip(names, found, strict=True) if isinstance(seen, str)}


def _look(path: str, whole: bool) -> tuple[tuple[int, int, bool], bytes] | str:
    try:
        with open(path, "rb") as file:
            head = file.read(-1 if whole else HEAD)
            try:
                size = measure(head)
            except Cut:
                if whole:
                    raise
                size = measure(head + file.read())  # the size stands far inside
            return size, digest(head, os.fstat(file.fileno()).st_size)
    except Unreadable as e:
        return str(e)
    except OSError as e:
        return e.strerror or str(e)


def digest(contents: bytes, size: int) -> bytes:
    """Of an image's bytes, or of its first ones with its size."""
    return hashlib.sha256(contents + b"%d" % size).digest()


def common_shape(raw: Raw) -> tuple[int | None, int | None, int]:
    """Height and width where all images share them, None where not; 1 channel if all are grey, otherwise 3."""
    sizes = np.concatenate([items.x.sizes for items in raw.parts.values()])
    grey = all(items.x.grey.all() for items in raw.parts.values())
    height, width = (int(side[0]) if len(side) and (side == side[0]).all() else None for side in sizes.T)
    return height, width, 1 if grey else 3


def take(
    raw: Raw, splits: Mapping[str, np.ndarray], preprocessor: Preprocessor, *, skip: bool, limit: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], Callable | None, tuple[str, ...]]:
    """The chosen files as pixels if these fit into `limit` bytes, otherwise as places to be read again and again.

    Returns:
        {part: uint8 (N, H, W, C) or places}, the splits without the files that cannot be read, what reads a place
        (None for pixels), and what is to be said about the files left out.

    Raises ZooError, naming the files, when some cannot be read and they are not to be skipped.
    """
    origins = {part: raw.origin(part) for part in splits}
    for part, rows in splits.items():
        items, first = origins[part]
        for i in rows - first if preprocessor.settings["fit"] == "pad" else ():
            preprocessor.check_size(*items.x.sizes[i], str(items.x.root / items.x.names[i]))
    fits = int(np.prod(preprocessor.shape)) * sum(map(len, splits.values())) <= limit
    x, kept, wrong = {}, {}, dict(raw.corrupt)
    for part, rows in splits.items():
        items, first = origins[part]
        if fits:
            x[part], good = _pixels(items.x, rows - first, preprocessor)
        else:
            good = _decodable(items.x, rows - first)
            x[part] = items.x.places(good)
        wrong |= {items.x.names[i]: "damaged" for i in np.setdiff1d(rows - first, good)}
        kept[part] = good + first
    root, total = raw.train.x.root, len(raw.corrupt) + sum(map(len, (items for items in raw.parts.values())))
    said = f"{len(wrong)} of {total} images in {root} cannot be read: {listed(wrong)}"
    empty = [part for part in kept if len(splits[part]) and not len(kept[part])]
    if empty:
        raise ZooError(f"no image is left in the {empty[0]} part: {said}", "JPEG, PNG, BMP or GIF files", "mend them")
    if wrong and not skip:
        raise ZooError(said, "JPEG, PNG, BMP or GIF files", "mend or remove them, or set data.on_corrupt=skip")
    notes = (f"{said}; they are skipped",) if wrong else ()
    return x, kept, None if fits else partial(preprocessor.place, fetch=raw.train.x.fetch), notes


def listed(wrong: Mapping[str, str]) -> str:
    """`a/1.png (0 bytes), b/7.jpg (cut short)`, the first of them when there are many."""
    shown = [f"{name} ({why})" for name, why in sorted(wrong.items())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")


def _pixels(files: ImageFiles, rows: np.ndarray, preprocessor: Preprocessor) -> tuple[np.ndarray, np.ndarray]:
    """The given files -> uint8 (M, H, W, C) and the M rows that could be decoded."""
    out, good = np.empty((len(rows), *preprocessor.shape), np.uint8), []
    for i, image in _decoded(files, rows, preprocessor.file):
        out[len(good)] = image
        good.append(i)
    return out[: len(good)], rows[good]


def _decodable(files: ImageFiles, rows: np.ndarray) -> np.ndarray:
    """The rows that can be decoded, found without keeping pixels, JPEG at an eighth of its size."""
    return rows[[i for i, _ in _decoded(files, rows, lambda contents: tf.shape(decode(contents, ratio=8)))]]


def _decoded(files: ImageFiles, rows: np.ndarray, read: Callable[[tf.Tensor], tf.Tensor]):
    """(index, read(bytes)) of each file that can be decoded, in order, in parallel."""
    if not len(rows):
        return
    with tf.device("/CPU:0"):
        items = tf.data.Dataset.from_tensor_slices(tf.constant(files.places(rows))).enumerate()
        items = items.map(
            lambda i, place: (i, read(files.fetch(place))), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        for i, value in items.ignore_errors().prefetch(64).as_numpy_iterator():
            yield int(i), value
