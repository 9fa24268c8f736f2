"""CIFAR-10 and CIFAR-100: 50,000 + 10,000 colour images of 32x32, from the official archive or the folder inside it.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; layout of the batches as on
https://www.cs.toronto.edu/~kriz/cifar.html. URLs and hashes are those of keras.datasets.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.raw import Items, Raw, check_images, check_labels, check_not_empty
from zoo.data.sources.archives import members
from zoo.data.sources.official import cache_folder, local, official
from zoo.data.sources.unpickle import load_arrays
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

_MAX_BATCH_BYTES = 2**29  # an official batch has 31 MB, of CIFAR-100 154


@dataclass(frozen=True)
class Cifar:
    """One of the two sets: where it is found and what stands in it."""

    name: str
    classes: tuple[str, ...]
    folder: str
    sha256: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: str

    @property
    def archive(self) -> str:
        return self.folder.removesuffix("-batches-py").removesuffix("-python") + "-python.tar.gz"


CIFAR10 = Cifar(
    name="cifar10",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    folder="cifar-10-batches-py",
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    train=tuple(f"data_batch_{k}" for k in range(1, 6)),
    test=("test_batch",),
    labels="labels",
)
CIFAR100 = Cifar(
    name="cifar100",
    classes=(
        "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl",
        "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair",
        "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin",
        "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp",
        "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
        "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck",
        "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
        "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
        "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television",
        "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf",
        "woman", "worm",
    ),
    folder="cifar-100-python",
    sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    train=("train",),
    test=("test",),
    labels="fine_labels",
)  # fmt: skip


def read_cifar10(data: DataConfig) -> Raw:
    """uint8 (50000, 32, 32, 3) + (10000, 32, 32, 3), RGB."""
    return _read(CIFAR10, data)


def read_cifar100(data: DataConfig) -> Raw:
    """uint8 (50000, 32, 32, 3) + (10000, 32, 32, 3), RGB; the 100 fine classes."""
    return _read(CIFAR100, data)


def _read(cifar: Cifar, data: DataConfig) -> Raw:
    want = f"{cifar.archive} or the folder {cifar.folder}"
    if data.path is not None:
        path = local(data.path, name=cifar.name, want=want, folder=True)
    else:
        target = f"{cifar.folder}-target"  # where Keras puts it
        unpacked = cache_folder() / target / cifar.folder
        url = f"https://www.cs.toronto.edu/~kriz/{cifar.archive}"
        path = unpacked if unpacked.is_dir() else official([cifar.archive, f"{target}_archive"], url, cifar.sha256)
    blobs = _folder(path, cifar) if path.is_dir() else _tar(path, cifar)
    missing = [name for name in cifar.train + cifar.test if name not in blobs]
    if missing:
        raise ZooError(f"{path} lacks {', '.join(missing)}", want, "correct data.path")
    train, test = (_items(path, blobs, names, cifar) for names in (cifar.train, cifar.test))
    return Raw(cifar.name, "image", cifar.classes, train, test)


def _folder(path: Path, cifar: Cifar) -> dict[str, bytes]:
    inner = path / cifar.folder
    folder = inner if inner.is_dir() else path
    return {name: (folder / name).read_bytes() for name in cifar.train + cifar.test if (folder / name).is_file()}


def _tar(path: Path, cifar: Cifar) -> dict[str, bytes]:
    """The batches out of the archive."""
    names = cifar.train + cifar.test

    def wanted(where: PurePosixPath, member: tarfile.TarInfo) -> bool:
        return where.name in names and member.isfile() and member.size <= _MAX_BATCH_BYTES

    return {where.name: contents for where, _, contents in members(path, cifar.archive, wanted) if contents}


def _items(path: Path, blobs: dict[str, bytes], names: tuple[str, ...], cifar: Cifar) -> Items:
    """Batches hold rows of 3072 bytes: 1024 red, 1024 green, 1024 blue, each row by row -> (N, 32, 32, 3)."""
    xs, ys = [], []
    for name in names:
        where = f"{name} in {path}"
        batch = load_arrays(io.BytesIO(blobs[name]), where, encoding="bytes")
        batch = (
            {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()} if isinstance(batch, dict) else {}
        )
        missing = [key for key in ("data", cifar.labels) if key not in batch]
        if missing or not isinstance(batch["data"], np.ndarray):
            raise ZooError(
                f"{where} lacks {' and '.join(missing) or 'its array of pixels'}",
                f"an official batch of {cifar.name}",
                "download it again",
            )
        x = check_images(cifar.name, batch["data"], (3072,), where)
        xs.append(x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        ys.append(check_labels(batch[cifar.labels], len(x), len(cifar.classes), where))
    return check_not_empty(Items(np.concatenate(xs), np.concatenate(ys)), f"{path} ({names[0]} ...)")
