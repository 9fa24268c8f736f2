"""Many image files, looked into quickly and fingerprinted; `taking` decodes them."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from zoo.data.images.headers import HEAD, Cut, Header, Unreadable, measure

if TYPE_CHECKING:
    from zoo.data.raw import Raw

HASHED_BYTES = 2 * 2**30  # of a larger folder only names, sizes and the first bytes of each file are hashed
HELD_BYTES = 2**26  # of a smaller folder the files are read once only, and held until they are decoded
SHOWN = 20  # corrupt files named in a sentence
AT_ONCE = 64  # files looked at before the next are begun
SLOW = 1e-3  # seconds for a file, of a disk that is worth asking for several at once


@dataclass(frozen=True, kw_only=True)
class ImageFiles:
    """N image files that have a header of theirs; the pixels may still turn out to be damaged.

    Other places in which encoded images stand are subclasses with `places` and `fetch` of their own.
    """

    root: Path
    names: tuple[str, ...]  # below root
    sizes: np.ndarray  # int32 (N, 2): height, width
    grey: np.ndarray  # bool (N,)
    kinds: np.ndarray  # str (N,), of KINDS
    digests: tuple[bytes, ...]  # of each file's bytes
    held: np.ndarray | None = None  # object (N,): the bytes themselves, where they are few

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
        columns = {name: getattr(self, name)[mask] for name in ("sizes", "grey", "kinds")}
        held = None if self.held is None else self.held[mask]
        return replace(self, names=names, digests=digests, held=held, **columns)

    def fingerprint(self) -> np.ndarray:
        """Of the contents, in order: the same whether they stand in files or in records."""
        return np.frombuffer(hashlib.sha256(b"".join(self.digests)).digest(), np.uint8)


def columns(
    height: Sequence[int] = (), width: Sequence[int] = (), grey: Sequence[bool] = (), kinds: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """The columns of `ImageFiles` that headers fill, of which each part is given in a sequence of its own."""
    sizes = np.array([height, width], np.int32).T
    return {"sizes": sizes, "grey": np.array(grey, bool), "kinds": np.array(kinds, str)}


def look(root: Path, names: Sequence[str]) -> tuple[ImageFiles, np.ndarray, dict[str, str]]:
    """Read headers and fingerprints -> the good files, their indices in `names`, and {name: what is wrong}.

    Several files are asked for at once where the disk is slow; where it is not, threads only hinder one another.
    """
    paths = [os.path.join(root, name) for name in names]
    total = sum(map(_bytes, paths))
    one = partial(_look, whole=total <= HASHED_BYTES, hold=total <= HELD_BYTES)
    begun = time.perf_counter()
    seen = map(one, paths)
    first = list(islice(seen, AT_ONCE))
    slow = time.perf_counter() - begun > SLOW * len(first)
    with ThreadPoolExecutor(min(32, 4 * (os.cpu_count() or 1))) if slow else nullcontext() as pool:
        rest = pool.map(one, paths[AT_ONCE:]) if slow else seen
        good, wrong, table = [], {}, [[] for _ in range(6)]
        for i, found in enumerate(chain(first, rest)):
            if isinstance(found, str):
                wrong[names[i]] = found
                continue
            good.append(i)
            for column, value in zip(table, (*found[0], *found[1:]), strict=True):
                column.append(value)  # tuples are not kept: the garbage collector would go through all of them
    *header, digests, held = table
    files = ImageFiles(
        root=root,
        names=tuple(names[i] for i in good),
        digests=tuple(digests),
        held=np.array(held, object) if total <= HELD_BYTES else None,
        **columns(*header),
    )
    return files, np.array(good, np.int64), wrong


def _bytes(path: str) -> int:
    """Of a file; 0 for a link to nowhere and for what is none, on which `_look` has its say."""
    try:
        found = os.stat(path)
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _look(path: str, *, whole: bool, hold: bool) -> tuple[Header, bytes, bytes | None] | str:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # whoever opens a pipe otherwise waits for its other end
    except OSError as e:
        return e.strerror or str(e)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return "not a file"
        head = _read(file, found.st_size if whole else min(HEAD, found.st_size))
        try:
            header = measure(head)
        except Cut:
            if whole:
                raise
            header = measure(head + _read(file, found.st_size - len(head)))  # the size stands far inside
        return header, digest(head, found.st_size), head if hold else None
    except Unreadable as e:
        return str(e)
    except OSError as e:
        return e.strerror or str(e)
    finally:
        os.close(file)


def _read(file: int, size: int) -> bytes:
    """The next bytes of a file, fewer at its end. One call may give less, and never more than 2 GB."""
    parts = []
    while size and (part := os.read(file, size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def digest(contents: bytes, size: int) -> bytes:
    """Of an image's bytes, or of its first ones with its size."""
    return hashlib.sha256(contents + b"%d" % size).digest()


def common_shape(raw: Raw) -> tuple[int | None, int | None, int]:
    """Height and width where all images share them, None where not; 1 channel if all are grey, otherwise 3."""
    sizes = np.concatenate([items.x.sizes for items in raw.parts.values()])
    grey = all(items.x.grey.all() for items in raw.parts.values())
    height, width = (int(side[0]) if len(side) and (side == side[0]).all() else None for side in sizes.T)
    return height, width, 1 if grey else 3


def listed(wrong: Mapping[str, str]) -> str:
    """`a/1.png (0 bytes), b/7.jpg (cut short)`, the first of them when there are many."""
    shown = [f"{name} ({why})" for name, why in sorted(wrong.items())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
