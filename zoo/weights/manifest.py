"""Weight files of the zoo's own: Keras's `.weights.h5` with a manifest, written whole and read with suspicion.

Keras matches weights by class and order and loads a damaged file without a word. So every file carries a manifest
(path, shape, dtype and SHA-256 of every tensor) in a data set of its own, which Keras's own loader ignores. It is
compared with the model before a byte is read, and the bytes with it before the caller sees the model.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import keras
import numpy as np

from zoo.errors import ZooError
from zoo.io import files

DATASET, ORIGIN = "zoo_manifest", "zoo_origin"
AGAIN = "train the run again, or restore the file from a copy"


def paths(model: keras.Model) -> list[str]:
    """A name for every weight of the model that is the same in every process.

    Layers that their builder did not name get a number from a counter of the process ("dense_7"): they are counted
    anew within the model.
    """
    renamed: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in _layers(model):
        base = _snake_case(type(layer).__name__)
        if re.fullmatch(rf"{base}(_\d+)?", layer.name):
            renamed[layer.name] = f"{base}_{counts.setdefault(base, 0)}"
            counts[base] += 1
    return ["/".join(renamed.get(part, part) for part in v.path.split("/")) for v in model.weights]


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _snake_case(name: str) -> str:
    """A class name as Keras turns it into a layer name: `BatchNormalization` -> `batch_normalization`."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def manifest(model: keras.Model) -> list[dict]:
    """Path, shape, dtype and SHA-256 of every weight, in Keras's order."""
    return [
        {"path": path, "shape": list(v.shape), "dtype": str(v.dtype), "sha256": _sha(v)}
        for path, v in zip(paths(model), model.weights, strict=True)
    ]


def _sha(variable) -> str:
    return hashlib.sha256(np.ascontiguousarray(keras.ops.convert_to_numpy(variable)).tobytes()).hexdigest()


def save(model: keras.Model, path: Path, origin: dict | None = None) -> None:
    """Write the model's weights to `path` (`*.weights.h5`), atomically, with their manifest.

    Args:
        model: whose weights.
        path: the file.
        origin: where they come from, kept beside the manifest.

    Raises:
        ZooError: the disk is full or cannot be written; the old file stands.
    """
    with files.replacing(path) as temporary:
        files.reserve(temporary, _most(model))
        model.save_weights(temporary)
        with h5py.File(temporary, "a") as file:
            file[DATASET] = np.frombuffer(json.dumps(manifest(model)).encode(), np.uint8)
            if origin:
                file[ORIGIN] = np.frombuffer(json.dumps(origin).encode(), np.uint8)


def _most(model: keras.Model) -> int:
    """Bytes that the file will have at most: Keras writes the optimizer's variables too, HDF5 a head for each."""
    optimizer = getattr(model, "optimizer", None)  # which it has once it is compiled
    variables = model.variables + (optimizer.variables if optimizer else [])
    return 100_000 + sum(
        4096 + math.prod(v.shape) * np.dtype(keras.backend.standardize_dtype(v.dtype)).itemsize for v in variables
    )


def load(model: keras.Model, path: Path) -> None:
    """Read weights written by `save` into a fresh `model`.

    Raises:
        ZooError: the file is missing, damaged, without manifest, of another model, or holds numbers that are not
            finite. The model must not be used then.
    """
    rows = stored(path)
    compare(rows, model, path)
    try:
        model.load_weights(path)
    except Exception as error:  # h5py and Keras raise a dozen kinds for a damaged file
        raise ZooError(f"the weights file {path} is damaged: {error}", mend=AGAIN) from error
    for row, variable in zip(rows, model.weights, strict=True):
        if _sha(variable) != row["sha256"]:
            raise ZooError(f"the weights file {path} is damaged: {row['path']} does not match its SHA-256", mend=AGAIN)
        if not np.all(np.isfinite(keras.ops.convert_to_numpy(variable))):
            raise ZooError(f"the weights file {path} holds numbers that are not finite in {row['path']}", mend=AGAIN)


def stored(path: Path) -> list[dict]:
    """The manifest in a weights file.

    Raises:
        ZooError: the file cannot be read or has none.
    """
    try:
        with h5py.File(path, "r") as file:
            if DATASET not in file:
                raise ZooError(
                    f"{path} has no manifest, so it was not written by the zoo",
                    "weights of a zoo run",
                    "import foreign weights with `zoo import-weights`",
                )
            return json.loads(file[DATASET][:].tobytes())
    except (OSError, ValueError) as error:
        raise ZooError(f"the weights file {path} cannot be read: {error}", mend=AGAIN) from error


def compare(stored: list[dict], model: keras.Model, path: Path) -> None:
    """Refuse a file whose tensors are not the model's, one by one by name and shape.

    Raises:
        ZooError: names the first tensor that differs.
    """
    own = {p: list(v.shape) for p, v in zip(paths(model), model.weights, strict=True)}
    for row in stored:
        if row["path"] not in own:
            raise ZooError(
                f"{path} does not fit {model.name}: it holds {row['path']}, which the model does not have",
                "weights of the very same model",
                "name the model these weights were trained for",
            )
        if row["shape"] != own[row["path"]]:
            raise ZooError(
                f"{path} does not fit {model.name}: {row['path']} has shape {tuple(row['shape'])}",
                f"{tuple(own[row['path']])}",
                "give the same arguments and classes as in training",
            )
    missing = set(own) - {row["path"] for row in stored}
    if missing:
        raise ZooError(
            f"{path} does not fit {model.name}: it lacks {min(missing)}",
            "weights of the very same model",
            "name the model these weights were trained for",
        )


def origin(path: Path) -> dict:
    """What `save` was told of where the weights come from; {} of a file that holds nothing of it or cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            return json.loads(file[ORIGIN][:].tobytes()) if ORIGIN in file else {}
    except (OSError, ValueError):  # which loading it says in a sentence
        return {}
