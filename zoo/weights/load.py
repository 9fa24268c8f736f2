"""`weights=` of every model: a published source, a file of Keras, torchvision or timm, or a file of the zoo's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import h5py
import keras

from zoo.catalog import registry
from zoo.catalog.sources import LAYOUTS, choose, is_source, names
from zoo.errors import ZooError, did_you_mean
from zoo.weights import keras_h5, manifest, safetensors, sources
from zoo.weights import torch as torch_files


def load(
    model: keras.Model,
    name: str,
    weights: str | os.PathLike[str],
    *,
    include_top: bool = True,
    skip_head: bool | Literal["auto"] = False,
) -> None:
    """Fill a fresh model with weights, all of them or none.

    Args:
        model: the full model, logits out, also with `include_top=False`.
        name: its catalogue name, or the user's `package.module:function`.
        weights: "imagenet", a source of the catalogue row, or the path of a `.h5`, `.safetensors` or `.pth` file.
        include_top: False leaves everything behind the row's features fresh, and takes a file without top.
        skip_head: True leaves the layers that make the logits fresh, for other classes; "auto" only where the file
            has another number of classes.

    Raises:
        ZooError: no such source or file, no network, or a file that is damaged or not of this model. The model is as
            it was.
    """
    path = locate(name, weights, include_top=include_top)
    heads = output_layers(model)
    without = heads if skip_head is True else frozenset()
    if not include_top:
        without |= behind_features(model, name)
    if path.suffix.lower() == ".safetensors" and safetensors.is_plain(path):
        _whole(path, skip_head)
        safetensors.load(model, path)
    elif LAYOUTS[path.suffix.lower()] == "torch":
        torch_files.load(
            model, path, name=name, without=without, may_differ=heads if skip_head == "auto" else frozenset()
        )
    elif _is_own(path):
        _whole(path, skip_head)
        manifest.load(model, path)
    else:
        keras_h5.load(model, path, name=name, without=without, may_differ=heads if skip_head == "auto" else frozenset())


def of_run(folder: Path) -> Path:
    """The file of best weights in a run folder.

    Raises:
        ZooError: the folder is no run's, or a newer zoo's.
    """
    path = folder / "best.weights.h5"
    if not (folder / "config.yaml").is_file() or not path.is_file():
        raise ZooError(
            f"{folder} is not a run folder with weights: it has no best.weights.h5 beside a config.yaml",
            "the folder that `zoo train` printed",
            "check the path",
        )
    return path


def _whole(path: Path, skip_head: bool | str) -> None:
    if skip_head is True:
        raise ZooError(
            f"{path} is a run's own file, which is read whole",
            "the run folder for fine-tuning",
            f"give {path.parent} instead",
        )


def locate(name: str, weights: str | os.PathLike[str], *, include_top: bool = True) -> Path:
    """The file that `weights` stands for; a published one is downloaded where it is not in the cache.

    Raises:
        ZooError: no such source or file, a file of an unknown kind, no network, a wrong hash.
    """
    text = os.fspath(weights)
    path = Path(text).expanduser()
    if is_source(name, text):
        return sources.fetch(name, choose(name, text, include_top=include_top))
    known = [] if registry.is_own_builder(name) else names(name)
    if not path.exists() and path.suffix.lower() not in LAYOUTS and path.name == text:
        raise ZooError(
            f"unknown weights '{text}' for {name}",
            "a file, a run folder" + (" or one of " + ", ".join(known) if known else ""),
            did_you_mean(text, known) if known else "check the path",
        )
    if not path.is_file():
        raise ZooError(
            f"there is no weights file {path}",
            "a file, a run folder or a source that `zoo info` names",
            "check the path",
        )
    if path.suffix.lower() not in LAYOUTS:
        raise ZooError(
            f"{path} is no weights file that can be read",
            "a .h5, .safetensors or .pth file",
            "nothing that would run foreign code (.keras, .pkl, .pb) is loaded",
        )
    sources.check_published(path)
    return path


def output_layers(model: keras.Model) -> frozenset[str]:
    """The layers that make the logits: the head, and those of auxiliary heads."""
    return frozenset(tensor._keras_history.operation.name for tensor in model.outputs)


def behind_features(model: keras.Model, name: str) -> frozenset[str]:
    """The layers that `include_top=False` leaves away."""
    if registry.is_own_builder(name):
        return output_layers(model)
    trunk = keras.Model(model.inputs, model.get_layer(registry.describe(name).features).output)
    kept = {layer.name for layer in trunk.layers}
    return frozenset(layer.name for layer in model.layers if layer.name not in kept)


def copy(donor: keras.Model, model: keras.Model, *, skip_head: bool | Literal["auto"] = False) -> None:
    """Copy weights from layer to layer by name, for fine-tuning from a run of another number of classes.

    Raises:
        ZooError: the two are not one net; names the first layer that differs. The model is as it was.
    """
    heads = output_layers(model)
    pairs = []
    for layer in (layer for layer in model.layers if layer.weights):
        if layer.name in heads and skip_head is True:
            continue
        theirs = donor.get_layer(layer.name).weights if layer.name in {d.name for d in donor.layers} else []
        if [v.shape for v in theirs] != [v.shape for v in layer.weights]:
            if layer.name in heads and skip_head:
                continue
            raise ZooError(
                f"the weights of {donor.name} do not fit {model.name}: {layer.name} differs",
                "the same net",
                "give the same model and arguments as in that run",
            )
        pairs += zip(layer.weights, theirs, strict=True)
    for own, other in pairs:
        own.assign(other)


def _is_own(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return manifest.DATASET in file
    except OSError:
        return False  # keras_h5 says what is wrong
