"""Weights files as Keras publishes them: models of keras.applications with numbers drawn, and the official layout."""

import h5py
import keras
import numpy as np


def randomize(model: keras.Model, seed: int = 0) -> None:
    """Draw every weight anew, BatchNorm statistics too; the size of the activations stays about one."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        for variable in layer.weights:
            shape = tuple(variable.shape)
            if variable.name in ("gamma", "moving_variance"):
                value = rng.uniform(0.5, 1.5, shape)
            elif len(shape) == 1:
                value = rng.normal(0.0, 0.2, shape)
            else:
                fan_in = np.prod(shape[:-1]) if "depthwise" not in layer.__class__.__name__.lower() else 9
                value = rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)
            if layer.name.endswith("_3_bn") and variable.name == "gamma":
                value = value / 4  # the ends of residual branches, which add up
            variable.assign(value.astype("float32"))


def save(
    model: keras.Model, path, *, age: int = 2, chunk: int | None = None, whole: bool = False, rename=None, drop=()
) -> None:
    """Write the legacy layout by hand.

    Args:
        age: 1 names data sets "block1_conv1_W_1:0", 2 "block1_conv1/kernel:0", 3 "block1_conv1/kernel".
        chunk: names a chunk of `layer_names` and `weight_names` holds; None writes one attribute.
        whole: under `model_weights`, as in files of whole models.
        rename: from the model's layer names to the file's.
        drop: "layer/role" pairs to leave out.
    """
    rename = rename or {}
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        names = [rename.get(layer.name, layer.name) for layer in model.layers]
        _names(root, "layer_names", names, chunk)
        for layer, name in zip(model.layers, names, strict=True):
            group = root.create_group(name)
            written = []
            for variable in layer.weights:
                if f"{name}/{variable.name}" in drop:
                    continue
                written.append(_dataset_name(name, variable.name, age))
                group[written[-1]] = np.asarray(variable)
            _names(group, "weight_names", written, chunk)


def _dataset_name(layer: str, role: str, age: int) -> str:
    if age == 1:
        first = {"kernel": "W", "bias": "b", "moving_mean": "running_mean", "moving_variance": "running_std"}
        return f"{layer}_{first.get(role, role)}_1:0"
    return f"{layer}/{role}" + (":0" if age == 2 else "")


def _names(group, attribute: str, names: list[str], chunk: int | None) -> None:
    encoded = np.array([name.encode() for name in names], dtype="S")
    if chunk is None or len(names) <= chunk:
        group.attrs[attribute] = encoded
        return
    for number, start in enumerate(range(0, len(names), chunk)):
        group.attrs[f"{attribute}{number}"] = encoded[start : start + chunk]
