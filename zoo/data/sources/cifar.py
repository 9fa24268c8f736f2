"""CIFAR-10: 50,000 + 10,000 colour images of 32x32, from cifar-10-python.tar.gz or the folder inside it.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; layout of the batches as on
https://www.cs.toronto.edu/~kriz/cifar.html. URL and hash are those of keras.datasets.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.contract import Items, Raw, check_images, check_labels, check_not_empty
from zoo.data.files import cache_folder, local, official
from zoo.data.unpickle import load_arrays
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN, TEST = tuple(f"data_batch_{k}" for k in range(1, 6)), ("test_batch",)
_MAX_BATCH_BYTES = 2**28  # an official batch has 31 MB


def read_cifar10(data: DataConfig) -> Raw:
    """uint8 (50000, 32, 32, 3) + (10000, 32, 32, 3), RGB."""
    want = "cifar-10-python.tar.gz or the folder cifar-10-batches-py"
    if data.path is not None:
        path = local(data.path, name="cifar10", want=want, folder=True)
    else:
        unpacked = cache_folder() / "cifar-10-batches-py-target" / "cifar-10-batches-py"  # where Keras puts it
        names = ["cifar-10-python.tar.gz", "cifar-10-batches-py-target_archive"]
        path = unpacked if unpacked.is_dir() else official(names, URL, SHA256)
    blobs = _folder(path) if path.is_dir() else _tar(path)
    missing = [name for name in TRAIN + TEST if name not in blobs]
    if missing:
        raise ZooError(f"{path} lacks {', '.join(missing)}", want, "correct data.path")
    return Raw("cifar10", "image", CLASSES, _items(path, blobs, TRAIN), _items(path, blobs, TEST))


def _folder(path: Path) -> dict[str, bytes]:
    inner = path / "cifar-10-batches-py"
    folder = inner if inner.is_dir() else path
    return {name: (folder / name).read_bytes() for name in TRAIN + TEST if (folder / name).is_file()}


def _tar(path: Path) -> dict[str, bytes]:
    """The batches out of the archive, read as data: nothing is unpacked to disk, links are not followed."""
    blobs: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if name in TRAIN + TEST and member.isfile() and member.size <= _MAX_BATCH_BYTES:
                    blobs[name] = archive.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as e:
        raise ZooError(
            f"{path} cannot be read as an archive",
            "cifar-10-python.tar.gz",
            "the file may be cut or of another kind; download it again",
        ) from e
    return blobs


def _items(path: Path, blobs: dict[str, bytes], names: tuple[str, ...]) -> Items:
    """Batches hold rows of 3072 bytes: 1024 red, 1024 green, 1024 blue, each row by row -> (N, 32, 32, 3)."""
    xs, ys = [], []
    for name in names:
        where = f"{name} in {path}"
        batch = load_arrays(io.BytesIO(blobs[name]), where, encoding="bytes")
        batch = (
            {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()} if isinstance(batch, dict) else {}
        )
        missing = [key for key in ("data", "labels") if key not in batch]
        if missing or not isinstance(batch["data"], np.ndarray):
            raise ZooError(
                f"{where} lacks {' and '.join(missing) or 'its array of pixels'}",
                "an official CIFAR-10 batch",
                "download it again",
            )
        x = check_images("cifar10", batch["data"], (3072,), where)
        xs.append(x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        ys.append(check_labels(batch["labels"], len(x), len(CLASSES), where))
    return check_not_empty(Items(np.concatenate(xs), np.concatenate(ys)), f"{path} ({names[0]} ...)")
