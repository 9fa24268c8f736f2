"""State dicts of torchvision and timm, in and out: `.safetensors`, and `.pth` where torch is installed.

Convolutions are (out, in, h, w) there and (h, w, in, out) here, dense layers transposed; a dense layer behind a
flatten counts its inputs channel by channel there and place by place here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from zoo.catalog import registry
from zoo.errors import ZooError
from zoo.io import files
from zoo.io.installation import install
from zoo.weights.torch_names import HEADS, TABLES
from zoo.weights.transfer import Stored, Want, as_it_is, differing, refuse_layout, transfer

ROLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
DTYPES = {"F16": "float16", "F32": "float32", "F64": "float64", "BF16": "bfloat16"}


def load(
    model: keras.Model,
    path: Path,
    *,
    name: str,
    without: frozenset[str] = frozenset(),
    may_differ: frozenset[str] = frozenset(),
) -> None:
    """Read a state dict of torchvision or timm into a fresh model.

    Args:
        model: the full model of a catalogue row, logits out.
        path: a `.safetensors` or `.pth` file.
        name: the catalogue name of the model.
        without: layers that keep their fresh weights, whether the file has them or not: the head in fine-tuning,
            the top with `include_top=False`.
        may_differ: layers that keep them together when the file's have other shapes.

    Raises:
        ZooError: the file is damaged or not of this model, or torch is missing; the model is as it was.
    """
    with opened(path) as tensors:
        modules = _modules(model, name, tensors)
        if not modules:
            refuse_layout(path, tensors, name, "torchvision's")
        layers = _layers(model)
        wants = {layer.name: list(_wants(layer, modules)) for layer in layers}
        if differing(tensors, (want for layer in may_differ for want in wants.get(layer, ()))):
            without |= may_differ
        present = [modules[layer.name] for layer in layers]
        absent = tuple(head for head in HEADS if not any(module.startswith(head) for module in present))
        skipped = {modules[layer] for layer in without if layer in modules}
        unread = {
            key
            for key in tensors
            if key.startswith(absent) or key.endswith(".num_batches_tracked") or key.rpartition(".")[0] in skipped
        }
        chosen = [want for layer in layers if layer.name not in without for want in wants[layer.name]]
        transfer(path, tensors, chosen, model, name=name, unread=unread)


def save_torch(model: keras.Model, path: Path, *, name: str | None = None) -> None:
    """Write the model's weights as a state dict of torchvision (`.safetensors`), exactly.

    Args:
        model: a model of the catalogue with its top, logits out.
        path: the file to write, whole or not at all.
        name: the catalogue name; the model's own name by default.

    Raises:
        ZooError: torchvision has no such net, or the file cannot be written.
    """
    name = name or model.name
    modules = _modules(model, name, ())
    missing = [layer.name for layer in _layers(model) if layer.name not in modules]
    if missing:
        kin = [row for row in registry.list_models() if registry.describe(row).builder in TABLES]
        raise ZooError(
            f"{name} has no state dict in torchvision: its layer {missing[0]} has no place there",
            "a net that torchvision has too",
            "choose one of " + ", ".join(kin[:3]) + ", ..., or another format",
        )
    state = {
        # pyrefly: ignore[not-callable] - each of torch's has a way back
        want.keys[0]: np.ascontiguousarray(want.back(keras.ops.convert_to_numpy(want.variable)))
        for layer in _layers(model)
        for want in _wants(layer, modules)
    }
    with files.replacing(Path(path)) as temporary:
        save_file(state, temporary, metadata={"format": "pt"})


def _modules(model: keras.Model, name: str, theirs: Any) -> dict[str, str]:
    builder = None if registry.is_own_builder(name) else registry.describe(name).builder
    return TABLES[builder]([layer.name for layer in _layers(model)], theirs) if builder in TABLES else {}


def _layers(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model.layers if layer.weights]


def _wants(layer: keras.Layer, modules: Mapping[str, str]) -> Iterator[Want]:
    for variable in layer.weights:
        key = f"{modules[layer.name]}.{ROLES[variable.name]}"
        shape = tuple(variable.shape)
        if len(shape) == 4:
            out_first = (shape[3], shape[2], shape[0], shape[1])
            yield Want(variable, (key,), ((out_first,),), _to_hwio, _to_oihw)
        elif len(shape) == 2:
            yield _dense(layer, variable, key)
        else:
            yield Want(variable, (key,), ((shape,),), as_it_is, as_it_is)


def _dense(layer: keras.Layer, variable: Any, key: str) -> Want:
    inputs, units = variable.shape
    height, width, channels = _before_flatten(layer) or (1, 1, inputs)
    convolution = (units, channels, height, width)  # as timm writes VGG's

    def convert(value: np.ndarray) -> np.ndarray:
        return _to_hwio(value.reshape(convolution)).reshape(inputs, units)

    def back(value: np.ndarray) -> np.ndarray:
        return _to_oihw(value.reshape(height, width, channels, units)).reshape(units, inputs)

    return Want(variable, (key,), (((units, inputs), convolution),), convert, back)


def _before_flatten(layer: keras.Layer) -> tuple[int, int, int] | None:
    """(height, width, channels) of what a Flatten hands to this layer, or None."""
    while True:
        layer = layer._inbound_nodes[0].input_tensors[0]._keras_history.operation
        if isinstance(layer, keras.layers.Flatten):
            return layer._inbound_nodes[0].input_tensors[0].shape[1:]
        if not isinstance(layer, keras.layers.Dropout):
            return None


def _to_hwio(value: np.ndarray) -> np.ndarray:
    return value.transpose(2, 3, 1, 0)


def _to_oihw(value: np.ndarray) -> np.ndarray:
    return value.transpose(3, 2, 0, 1)


# -- reading -------------------------------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[dict[str, Stored]]:
    """The tensors of a state dict by name, in the file's order; numbers are read on demand.

    Raises:
        ZooError: the file is no such file or is damaged, or torch is needed and missing.
    """
    if not path.is_file():
        raise ZooError(f"there is no weights file {path}", "a .safetensors or .pth file", "check the path")
    if path.suffix != ".safetensors":
        yield _from_torch(path)
        return
    try:
        with safe_open(path, framework="numpy") as file:
            yield {key: _stored(file, key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _stored(file: Any, key: str) -> Stored:
    tensor = file.get_slice(key)
    return Stored(
        tuple(tensor.get_shape()), DTYPES.get(tensor.get_dtype(), tensor.get_dtype()), lambda: file.get_tensor(key)
    )


def _from_torch(path: Path) -> dict[str, Stored]:
    try:
        import torch
    except ImportError as error:
        raise ZooError(
            f"{path} needs torch to be read, which is not installed",
            "torch, or the same weights as .safetensors",
            f"`{install('torch')}`",
        ) from error
    try:
        # Only tensors and plain containers: a pickle that names anything else is refused, not run.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds for damaged and for hostile files
        raise _damaged(path, error) from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ZooError(
            f"{path} is not a state dict", "tensors by name, as torchvision publishes them", "save `model.state_dict()`"
        )
    return {str(key): _of_tensor(torch, value) for key, value in state.items()}


def _of_tensor(torch: Any, value: Any) -> Stored:
    return Stored(
        tuple(value.shape), str(value.dtype).removeprefix("torch."), lambda: value.detach().to(torch.float32).numpy()
    )


def _damaged(path: Path, error: Exception) -> ZooError:
    reason = str(error).split("\n")[0][:200]
    return ZooError(
        f"the weights file {path} cannot be read: {reason}",
        "a whole state dict",
        "download it again, or restore it from a copy",
    )
