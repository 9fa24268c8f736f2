"""MNIST and Fashion-MNIST: 60,000 + 10,000 grey images of 28x28, from mnist.npz or the four IDX files.

Sources: Y. LeCun, C. Cortes, C. Burges, "The MNIST database" (format of the IDX files at the end of its page);
H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", arXiv:1708.07747. URLs and the hash of mnist.npz are those of
keras.datasets; the MD5 sums are those in the README of zalandoresearch/fashion-mnist.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.raw import Items, Raw, check_images, check_labels, check_not_empty
from zoo.data.sources.official import local, official, read_npz
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

_BASE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
FASHION_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_NPZ_KEYS = ("x_train", "y_train", "x_test", "y_test")
_MAX_IDX_BYTES = 2**28  # the largest official file unpacks to 47 MB


def read_mnist(data: DataConfig) -> Raw:
    """uint8 (60000, 28, 28, 1) + (10000, 28, 28, 1): ink is 255 on 0."""
    path = data.path or official(["mnist.npz"], _BASE + "mnist.npz", MNIST_SHA256)
    return _read("mnist", tuple("0123456789"), path)


def read_fashion_mnist(data: DataConfig) -> Raw:
    """uint8 (60000, 28, 28, 1) + (10000, 28, 28, 1): the garment is light on 0."""
    path = data.path
    if path is None:
        for name, md5 in FASHION_MD5.items():
            path = official([name], _BASE + name, md5, subfolder="fashion-mnist").parent
    return _read("fashion_mnist", CLOTHES, path)


def _read(name: str, class_names: tuple[str, ...], path: str | Path) -> Raw:
    want = "mnist.npz, or the folder of the four IDX files (train-images-idx3-ubyte.gz, ...)"
    found = local(str(path), name=name, want=want, folder=True)
    if found.is_dir():
        arrays = dict(zip(_NPZ_KEYS, (_read_idx(found, file) for file in FASHION_MD5), strict=True))
        places = dict(zip(_NPZ_KEYS, (str(found / file) for file in FASHION_MD5), strict=True))
    else:
        arrays = read_npz(found, _NPZ_KEYS, official_name="mnist.npz")
        places = {key: f"'{key}' in {found}" for key in _NPZ_KEYS}
    parts = []
    for part in ("train", "test"):
        x = check_images(name, arrays[f"x_{part}"], (28, 28), places[f"x_{part}"])
        y = check_labels(arrays[f"y_{part}"], len(x), len(class_names), places[f"y_{part}"])
        parts.append(check_not_empty(Items(x, y), places[f"x_{part}"]))
    return Raw(name, "image", class_names, *parts)


def _read_idx(folder: Path, name: str) -> np.ndarray:
    """One IDX file, gzipped or not: two zero bytes, type 8 (uint8), rank, sizes as big-endian int32, the bytes."""
    path = next((p for p in (folder / name, folder / name.removesuffix(".gz")) if p.is_file()), None)
    if path is None:
        raise ZooError(f"{folder} lacks {name}", f"a folder with {', '.join(FASHION_MD5)}", "correct data.path")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read(_MAX_IDX_BYTES)
        rank = raw[3]
        sizes = np.frombuffer(raw, ">i4", rank, offset=4)
        body = np.frombuffer(raw, np.uint8, offset=4 + 4 * rank)
        if raw[:3] != b"\0\0\x08" or rank not in (1, 3) or len(body) != int(np.prod(sizes, dtype=object)):
            raise ValueError("wrong header or length")
        return body.reshape(sizes)
    except (OSError, EOFError, ValueError, IndexError, gzip.zlib.error) as e:
        raise ZooError(
            f"{path} is not a complete IDX file", "the official file", "it may be cut; download it again"
        ) from e
