"""Many image files: looked into quickly, fingerprinted, decoded when they are needed."""

from __future__ import annotations

import hashlib
import os
import stat
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
AT_ONCE = 64  # files looked at or decoded before the next are begun


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
        """The bytes of the image at a place. Traceable."""
        return tf.io.read_file(place)

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
    whole = sum(_bytes(os.path.join(root, name)) for name in names) <= HASHED_BYTES
    with ThreadPoolExecutor(min(32, 4 * (os.cpu_count() or 1))) as pool:
        parts = [names[i : i + AT_ONCE] for i in range(0, len(names), AT_ONCE)]
        seen = pool.map(lambda part: [_look(os.path.join(root, name), whole) for name in part], parts)
        found = [one for part in seen for one in part]
    good = np.array([i for i, one in enumerate(found) if not isinstance(one, str)], np.int64)
    kept = [found[i] for i in good]
    files = ImageFiles(
        root,
        tuple(names[i] for i in good),
        np.array([size[:2] for size, _ in kept], np.int32).reshape(-1, 2),
        np.array([size[2] for size, _ in kept], bool),
        tuple(digest for _, digest in kept),
    )
    return files, good, {name: one for name, one in zip(names, found, strict=True) if isinstance(one, str)}


def _bytes(path: str) -> int:
    """Of a file; 0 for a link to nowhere and for what is none, on which `_look` has its say."""
    try:
        found = os.stat(path)
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _look(path: str, whole: bool) -> tuple[tuple[int, int, bool], bytes] | str:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "not a file"  # whoever opens a pipe waits for its other end
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
        {part: uint8 (N, H, W, C) as a tensor, or places}, the splits without the files that cannot be read, what reads
        a place (None for pixels), and what is to be said about the files left out.

    Raises ZooError, naming the files, when some cannot be read and they are not to be skipped.
    """
    origins = {part: raw.origin(part) for part in splits}
    for part, rows in splits.items():
        items, first = origins[part]
        for i in rows - first if preprocessor.settings["fit"] == "pad" else ():
            preprocessor.check_size(*items.x.sizes[i], str(items.x.root / items.x.names[i]))
    fits = int(np.prod(preprocessor.shape)) * sum(map(len, splits.values())) <= limit
    places = {part: items.x.places(splits[part] - first) for part, (items, first) in origins.items()}
    fetch = raw.train.x.fetch
    if fits:
        found, x = _decoded(places, lambda place: preprocessor.file(fetch(place)))
    else:  # without keeping pixels, JPEG at an eighth of its size
        found, _ = _decoded(places, lambda place: tf.shape(decode(fetch(place), ratio=8)))
        x = {part: places[part][good] for part, good in found.items()}
    kept = {part: rows[found[part]] for part, rows in splits.items()}
    wrong = dict(raw.corrupt)
    for part, (items, first) in origins.items():
        wrong |= {items.x.names[i - first]: "damaged" for i in np.setdiff1d(splits[part], kept[part])}
    root, total = raw.train.x.root, len(raw.corrupt) + sum(map(len, (items for items in raw.parts.values())))
    said = f"{len(wrong)} of {total} images in {root} cannot be read: {listed(wrong)}"
    empty = [part for part in kept if len(splits[part]) and not len(kept[part])]
    if empty:
        raise ZooError(f"no image is left in the {empty[0]} part: {said}", "JPEG, PNG, BMP or GIF files", "mend them")
    if wrong and not skip:
        raise ZooError(said, "JPEG, PNG, BMP or GIF files", "mend or remove them, or set data.on_corrupt=skip")
    notes = (f"{said}; they are skipped",) if wrong else ()
    return x, kept, None if fits else _traced(partial(preprocessor.place, fetch=fetch), x["train"]), notes


def listed(wrong: Mapping[str, str]) -> str:
    """`a/1.png (0 bytes), b/7.jpg (cut short)`, the first of them when there are many."""
    shown = [f"{name} ({why})" for name, why in sorted(wrong.items())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")


def _traced(function: Callable[[tf.Tensor], tf.Tensor], places: np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
    """The function of one place as a graph that is made once for all streams."""
    like = tf.constant(places[:1])
    return tf.function(function, input_signature=[tf.TensorSpec(like.shape[1:], like.dtype)], autograph=False)


def _decoded(
    places: Mapping[str, np.ndarray], read: Callable[[tf.Tensor], tf.Tensor]
) -> tuple[dict[str, np.ndarray], dict[str, tf.Tensor]]:
    """Which places of each part can be read, and what was read there, in one pass over all parts, in parallel."""
    ends = dict(zip(places, np.cumsum([len(rows) for rows in places.values()]), strict=True))
    found, values = {part: [] for part in places}, {part: [] for part in places}
    with tf.device("/CPU:0"):
        items = tf.data.Dataset.from_tensor_slices(tf.constant(np.concatenate(list(places.values())))).enumerate()
        both = tf.autograph.experimental.do_not_convert(lambda i, place: (i, read(place)))  # it takes seconds
        items = items.map(both, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        for at, batch in items.ignore_errors().batch(AT_ONCE).prefetch(2):
            for part, end in ends.items():
                begin = end - len(places[part])
                low, high = np.searchsorted(at.numpy(), [begin, end])
                found[part].append(at.numpy()[low:high] - begin)
                values[part].append(batch[low:high])
        spec = items.element_spec[1]
        empty = tf.zeros([0, *spec.shape], spec.dtype)  # of a part without items
        return (
            {part: np.concatenate([np.zeros(0, np.int64), *rows]) for part, rows in found.items()},
            {part: tf.concat([empty, *pixels], axis=0) for part, pixels in values.items()},
        )
