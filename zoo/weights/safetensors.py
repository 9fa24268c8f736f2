"""Safetensors under the zoo's own names: every weight of any net, for readers without Keras, and exactly back."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from zoo.errors import ZooError
from zoo.io import files
from zoo.weights import manifest

FORMAT = "keras"  # the file's metadata: tensors as Keras has them (HWIO kernels), named layer/variable


def save(model: keras.Model, path: Path) -> None:
    """Write every weight as `layer/variable` in Keras's own layout, whole or not at all.

    Raises:
        ZooError: the disk is full or cannot be written.
    """
    state = {
        name: np.ascontiguousarray(variable.numpy())
        for name, variable in zip(manifest.paths(model), model.weights, strict=True)
    }
    with files.replacing(path) as temporary:
        save_file(state, temporary, metadata={"format": FORMAT, "model": model.name})


def is_plain(path: Path) -> bool:
    """Whether a safetensors file was written by `save`."""
    try:
        with safe_open(path, framework="np") as file:
            return (file.metadata() or {}).get("format") == FORMAT
    except (OSError, SafetensorError):
        return False  # the reader of state dicts says what is wrong


def load(model: keras.Model, path: Path) -> None:
    """Read a file of `save` into a model: all of it or nothing.

    Raises:
        ZooError: a tensor is missing, surplus, of another shape or not finite; the model is as it was.
    """
    with safe_open(path, framework="np") as file:
        rows = [{"path": key, "shape": list(file.get_slice(key).get_shape())} for key in file.keys()]  # noqa: SIM118
        manifest.compare(rows, model, path)
        values = {row["path"]: file.get_tensor(row["path"]) for row in rows}
    for name, value in values.items():
        if not np.all(np.isfinite(value)):
            raise ZooError(f"{path} holds numbers that are not finite in {name}", "finite numbers", "export it again")
    for name, variable in zip(manifest.paths(model), model.weights, strict=True):
        variable.assign(values[name])
