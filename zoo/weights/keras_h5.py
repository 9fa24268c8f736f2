"""Keras's official `.h5` weights: the legacy layout of a group a layer, read by name and checked before use.

The root (or its group `model_weights`, in files of whole models) has the attribute `layer_names`, and each layer's
group `weight_names`, the paths of its data sets; either may be cut into chunks `layer_names0`, `layer_names1`, ...
The data sets' own names changed with Keras's age ("block1_conv1_W_1:0", "kernel:0", "conv1_conv/kernel"), so a tensor
is known by its layer and its role: "block1_conv1/kernel".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import keras
import numpy as np

from zoo.catalog import registry
from zoo.errors import ZooError
from zoo.weights.transfer import Stored, Want, as_it_is, differing, refuse_layout, transfer

MOST_NAMES = 10_000  # no model of Keras has a tenth of it; more is damage
# The last word of a data set's name, as Keras 1 and as later ones write it. Keras 1's running_std is a variance.
ROLES = {
    "depthwise_kernel": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel",
    "kernel": "kernel",
    "W": "kernel",
    "bias": "bias",
    "b": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "moving_mean",
    "running_mean": "moving_mean",
    "moving_variance": "moving_variance",
    "running_std": "moving_variance",
}
# The classifier's name in the files, newest first; the first is the one asked for when a file has none of them.
CLASSIFIERS = ("predictions", "probs", "fc1000")


def load(
    model: keras.Model,
    path: Path,
    *,
    name: str,
    without: frozenset[str] = frozenset(),
    may_differ: frozenset[str] = frozenset(),
) -> None:
    """Read official Keras weights into a fresh model.

    Args:
        model: the full model of a catalogue row, logits out.
        path: the `.h5` file.
        name: the catalogue name of the model.
        without: layers that keep their fresh weights, whether the file has them or not: the head in fine-tuning,
            the top with `include_top=False`.
        may_differ: layers that keep them together when the file's have other shapes.

    Raises:
        ZooError: the file is damaged or not of this model; the model is as it was.
    """
    with opened(path) as tensors:
        table = None if registry.is_own_builder(name) else TABLES.get(registry.describe(name).builder)
        layers = [layer for layer in model.layers if layer.weights]
        sources = table([layer.name for layer in layers], {_layer_of(key) for key in tensors}) if table else {}
        if not all(layer.name in sources for layer in layers):
            refuse_layout(path, tensors, name, "Keras's")
        wants = {layer.name: list(_wants(layer, sources)) for layer in layers}
        if differing(tensors, (want for layer in may_differ for want in wants.get(layer, ()))):
            without |= may_differ
        skipped = {sources.get(layer) for layer in without}
        unread = {key for key in tensors if _layer_of(key) in skipped}
        chosen = [want for layer in layers if layer.name not in without for want in wants[layer.name]]
        transfer(path, tensors, chosen, model, name=name, unread=unread)


def _wants(layer: keras.Layer, sources: dict[str, str]) -> Iterator[Want]:
    for variable in layer.weights:
        shape = tuple(variable.shape)
        key = f"{sources[layer.name]}/{variable.name}"
        if variable.name == "moving_mean" and layer.name.removesuffix("_bn") in sources:
            # BN(x + b) with mean m is BN(x) with mean m - b.
            bias = f"{sources[layer.name.removesuffix('_bn')]}/bias"
            yield Want(variable, (key, bias), ((shape,), (shape,)), _minus)
        elif isinstance(layer, keras.layers.Dense) and variable.name == "kernel":
            # MobileNet's classifier is a 1x1 convolution in the files.
            yield Want(variable, (key,), ((shape, (1, 1, *shape)),), lambda v, shape=shape: v.reshape(shape))
        else:
            yield Want(variable, (key,), ((shape,),), as_it_is)


def _minus(mean: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    return mean - bias


# -- names ---------------------------------------------------------------------------------------------------------
# A table takes the model's layers and the file's, and gives for each of ours the file's.


def _vgg(ours: list[str], theirs: set[str]) -> dict[str, str]:
    dense = {"fc6": "fc1", "fc7": "fc2", "fc8": "predictions"}
    return {name: dense.get(name) or re.sub(r"conv(\d)_(\d)", r"block\1_conv\2", name) for name in ours}


def _resnet(ours: list[str], theirs: set[str]) -> dict[str, str]:
    number = {"proj": 0, "a": 1, "b": 2, "c": 3}
    names = {"conv1": "conv1_conv", "conv1_bn": "conv1_bn", "predictions": _classifier(theirs)}
    for name in ours:
        if match := re.fullmatch(r"conv(\d)_(\d+)_(a|b|c|proj)(_bn)?", name):
            stage, block, part, norm = match.groups()
            names[name] = f"conv{stage}_block{block}_{number[part]}_{'bn' if norm else 'conv'}"
    return names


def _same(ours: list[str], theirs: set[str]) -> dict[str, str]:
    """MobileNet and Xception keep Keras's names, but for the classifier and Xception's four shortcuts."""
    names = {name: name for name in ours}
    names["predictions"] = "conv_preds" if "conv_preds" in theirs else _classifier(theirs)
    shortcuts = [name for name in ours if name.endswith("_shortcut")]
    shortcuts.sort(key=lambda name: int(re.findall(r"\d+", name)[0]))
    names |= zip(shortcuts, _numbered("conv2d", theirs, len(shortcuts)), strict=True)
    norms = [f"{name}_bn" for name in shortcuts]
    names |= zip(norms, _numbered("batch_normalization", theirs, len(norms)), strict=True)
    return names


def _inception_v3(ours: list[str], theirs: set[str]) -> dict[str, str]:
    """The file numbers its layers in the order in which Keras's code makes them."""
    order = [f"conv{number}" for number in range(1, 6)]
    for module, branches in INCEPTION_ORDER.items():
        order += [f"{module}_{branch}" for branch in branches]
    names = dict(zip(order, _numbered("conv2d", theirs, len(order)), strict=True))
    norms = [f"{name}_bn" for name in order]
    names |= zip(norms, _numbered("batch_normalization", theirs, len(norms)), strict=True)
    return names | {"predictions": _classifier(theirs)}


_FIGURE_5 = ("1x1", "5x5_1", "5x5_2", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3", "pool_proj")
_FIGURE_6 = ("1x1", "7x7_1", "7x7_2", "7x7_3", "7x7dbl_1", "7x7dbl_2", "7x7dbl_3", "7x7dbl_4", "7x7dbl_5", "pool_proj")
_FIGURE_7 = ("1x1", "3x3_1", "3x3_2a", "3x3_2b", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3a", "3x3dbl_3b", "pool_proj")
INCEPTION_ORDER = {
    **dict.fromkeys(("mixed0", "mixed1", "mixed2"), _FIGURE_5),
    "mixed3": ("3x3", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3"),
    **dict.fromkeys(("mixed4", "mixed5", "mixed6", "mixed7"), _FIGURE_6),
    "mixed8": ("3x3_1", "3x3_2", "7x7x3_1", "7x7x3_2", "7x7x3_3", "7x7x3_4"),
    **dict.fromkeys(("mixed9", "mixed10"), _FIGURE_7),
}


def _classifier(theirs: set[str]) -> str:
    return next((name for name in CLASSIFIERS if name in theirs), CLASSIFIERS[0])


def _numbered(kind: str, theirs: set[str], count: int) -> list[str]:
    """The file's layers `kind`, `kind_1`, ... in the order of their numbers, filled up to `count` names."""
    pattern = {"conv2d": r"conv(?:olution)?2d(?:_(\d+))?", "batch_normalization": r"batch_?normalization(?:_(\d+))?"}
    matches = [match for name in theirs if (match := re.fullmatch(pattern[kind], name))]
    names = [match[0] for match in sorted(matches, key=lambda match: int(match[1] or 0))]
    spare = (f"{kind}_{number}" for number in range(1, 2 * count + 1) if f"{kind}_{number}" not in theirs)
    return [*names[:count], *(next(spare) for _ in range(count - len(names)))]


TABLES: dict[str, Callable[[list[str], set[str]], dict[str, str]]] = {
    "zoo.models.vgg:vgg": _vgg,
    "zoo.models.resnet:resnet": _resnet,
    "zoo.models.inception_v3:inception_v3": _inception_v3,
    "zoo.models.mobilenet:mobilenet": _same,
    "zoo.models.xception:xception": _same,
}


# -- reading -------------------------------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[dict[str, Stored]]:
    """The tensors of an official `.h5` file by "layer/role", in the file's order; numbers are read on demand.

    Raises:
        ZooError: the file is no such file or is damaged, also when that shows only while numbers are read.
    """
    try:
        with h5py.File(path, "r") as file:
            yield _tensors(path, file)
    except ZooError:
        raise
    except FileNotFoundError as error:
        raise ZooError(f"there is no weights file {path}", "an official Keras .h5 file", "check the path") from error
    except Exception as error:  # h5py raises a dozen kinds for damaged files
        reason = str(error).split("\n")[0]
        raise ZooError(
            f"the weights file {path} cannot be read: {reason}",
            "a whole HDF5 file",
            "download it again, or restore it from a copy",
        ) from error


def _tensors(path: Path, file: h5py.File) -> dict[str, Stored]:
    root = file["model_weights"] if "model_weights" in file and "layer_names" not in file.attrs else file
    layers = _names(path, root, "layer_names")
    if layers is None:
        raise ZooError(
            f"{path} is not in Keras's official layout: it has no layer_names",
            "a legacy .h5 file of layer groups, as keras.applications downloads them",
            "give a published file; a run's own weights load by the run folder",
        )
    tensors: dict[str, Stored] = {}
    for layer in layers:
        group = root.get(layer)
        if not isinstance(group, h5py.Group) or group.file != file:
            raise ZooError(f"{path} is damaged: it names a layer {layer} and has none", mend="download it again")
        datasets: dict[str, h5py.Dataset] = {}
        for dataset in _names(path, group, "weight_names") or ():
            role = _role(dataset)
            datasets[dataset if role in datasets else role] = _dataset(path, file, group, dataset)
        if "depthwise_kernel" in datasets and "pointwise_kernel" not in datasets:
            datasets["kernel"] = datasets.pop("depthwise_kernel")  # as Keras 3 calls it
        for role, dataset in datasets.items():
            tensors[f"{layer}/{role}"] = Stored(tuple(dataset.shape), str(dataset.dtype), lambda d=dataset: d[()])
    return tensors


def _names(path: Path, group: h5py.Group, attribute: str) -> list[str] | None:
    """A list of names from an attribute or its chunks; None when there is neither."""
    if attribute in group.attrs:
        chunks = [attribute]
    else:
        chunks = []
        while f"{attribute}{len(chunks)}" in group.attrs:
            chunks.append(f"{attribute}{len(chunks)}")
        if not chunks:
            return None
    if sum(int(np.prod(group.attrs.get_id(chunk).shape)) for chunk in chunks) > MOST_NAMES:
        raise ZooError(f"{path} is damaged: {attribute} has more than {MOST_NAMES} names", mend="download it again")
    names = [n.decode("utf-8") if isinstance(n, bytes) else str(n) for c in chunks for n in np.ravel(group.attrs[c])]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ZooError(f"{path} is damaged: {attribute} names {repeated} twice", mend="download it again")
    return names


def _dataset(path: Path, file: h5py.File, group: h5py.Group, name: str) -> h5py.Dataset:
    dataset = group.get(name)
    # A link into another file, or data kept in one, could read anything the user can.
    if not isinstance(dataset, h5py.Dataset) or dataset.file != file or dataset.external or dataset.is_virtual:
        raise ZooError(f"{path} is damaged: {group.name} names {name} and has none", mend="download it again")
    return dataset


def _role(name: str) -> str:
    """ "block1_conv1_W_1:0" -> "kernel", "conv1_bn/gamma:0" -> "gamma"; an unknown name stays as it is."""
    last = re.sub(r"(_\d+)?(:\d+)?$", "", name.rsplit("/", 1)[-1])
    known = [word for word in ROLES if last == word or last.endswith(f"_{word}")]
    return ROLES[max(known, key=len)] if known else name


def _layer_of(key: str) -> str:
    return key.partition("/")[0]
