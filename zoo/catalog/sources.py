"""Published weights as data: which file a name stands for, which source a file is of, what it wants of its input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zoo.catalog import registry
from zoo.catalog.rows import CATALOG
from zoo.catalog.spec import WeightSource
from zoo.errors import ZooError, did_you_mean

IMAGENET = "imagenet"  # the first source of a row
LAYOUTS = {".h5": "keras_h5", ".hdf5": "keras_h5", ".safetensors": "torch", ".pth": "torch", ".pt": "torch"}
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

# What a source's weights want of an image, in the words of a config's data block, `mean` and `std` in the order of the
# channels. `crop` is the share of its own evaluation: torchvision brings the shorter side to 256 and cuts 224 (232 for
# its second recipe, 342 and 299 for Inception v3); Keras's files come from nets that were judged by 87.5 % too.
WANTED: dict[str, Mapping[str, Any]] = {
    "caffe": {
        "channel_order": "bgr",
        "pixel_range": [0.0, 255.0],
        "mean": [103.939, 116.779, 123.68],
        "crop": 224 / 256,
    },
    "tf": {"pixel_range": [-1.0, 1.0], "crop": 224 / 256},
    "torch": {"mean": IMAGENET_MEAN, "std": IMAGENET_STD, "crop": 224 / 256},
    "torch_v2": {"mean": IMAGENET_MEAN, "std": IMAGENET_STD, "crop": 224 / 232},
    # torchvision's GoogLeNet and Inception v3 undo mean and std inside the model: what is left is [-1, 1].
    "torch_googlenet": {"pixel_range": [-1.0, 1.0], "crop": 224 / 256},
    "torch_inception": {"pixel_range": [-1.0, 1.0], "crop": 299 / 342},
}
PLAIN = {"channel_order": "rgb", "pixel_range": [0.0, 1.0], "mean": None, "std": None, "fit": "crop", "crop": 0.875}


def wanted(preprocessing: str) -> dict[str, Any]:
    """What `WeightSource.preprocessing` stands for: channel_order, pixel_range, mean, std, fit and crop.

    Raises:
        ZooError: an unknown name.
    """
    if preprocessing not in WANTED:
        raise ZooError(f"unknown preprocessing '{preprocessing}'", mend=did_you_mean(preprocessing, WANTED))
    return {**PLAIN, **WANTED[preprocessing]}


def names(model: str) -> list[str]:
    """The names that `weights=` takes for a model, the preferred first."""
    found = list(dict.fromkeys(source.name for source in registry.describe(model).weights))
    return [IMAGENET, *found] if found else []


def choose(model: str, source: str, *, include_top: bool = True) -> WeightSource:
    """The published file that `weights=source` stands for.

    Args:
        model: a catalogue name.
        source: "imagenet" for the row's first, or a source's name.
        include_top: False takes the file without top where one is published.

    Raises:
        ZooError: the row has no such source.
    """
    rows = registry.describe(model).weights
    if not rows:
        raise ZooError(
            f"no weights of {model} are published",
            "weights=None, a file or a run folder",
            "`zoo info` names the sources of each model",
        )
    if source != IMAGENET and source not in {row.name for row in rows}:
        raise ZooError(
            f"{model} has no weights named '{source}'",
            "one of " + ", ".join(names(model)),
            did_you_mean(source, names(model)),
        )
    same = [row for row in rows if row.name == (rows[0].name if source == IMAGENET else source)]
    return next((row for row in same if row.include_top == include_top), same[0])


def is_source(model: str, weights: str | os.PathLike[str]) -> bool:
    """Whether `weights` is a name of the catalogue rather than a path (a folder of that name is "./keras")."""
    return model in CATALOG and os.fspath(weights) in (IMAGENET, *names(model))


def source_of(model: str, weights: str | os.PathLike[str], source: str | None = None) -> WeightSource | None:
    """The catalogue's source that weights belong to, whose preprocessing and licence they have; None if unknown.

    A file is known by its published name, by what all sources of its layout have in common, or by its hash.

    Args:
        model: a catalogue name, or a user's `package.module:function`.
        weights: a source's name, or the path of a file.
        source: what the user says it is.

    Raises:
        ZooError: no such source, or a file that may be of several whose preprocessing differs; they are named.
    """
    if model not in CATALOG:
        return None
    text = os.fspath(weights)
    if source is not None or is_source(model, text):
        return choose(model, source or text)
    rows = CATALOG[model].weights
    exact = [row for row in rows if file_name(row) == Path(text).name]
    alike = exact or [row for row in rows if row.layout == LAYOUTS.get(Path(text).suffix.lower())]
    if len({row.preprocessing for row in alike}) > 1:
        stated = [row for row in alike if row.hash and Path(text).is_file() and matches(Path(text), row.hash)]
        if not stated:
            apart = list(dict.fromkeys(row.name for row in alike))
            raise ZooError(
                f"{text} may be of {' or '.join(apart)}, whose nets were shown their images in different ways",
                "the source it is of",
                f"model.weights_source: {apart[0]} in a config; --weights-source {apart[0]} on the command line",
            )
        alike = stated
    return alike[0] if alike else None


def file_name(source: WeightSource) -> str:
    """The name of a source's file in the cache; Hugging Face calls every file "model.safetensors"."""
    parts = urlsplit(source.url).path.strip("/").split("/")
    if parts[-1] == "model.safetensors":
        return f"{parts[0]}_{parts[1]}.safetensors"
    return parts[-1]


def matches(path: Path, published: str) -> bool:
    """Whether a file has the published hash, "md5:<hex>" or the first digits of "sha256:<hex>"; "" is any file's."""
    algorithm, _, expected = published.partition(":")
    return not published or digest(path, algorithm).startswith(expected)


def digest(path: Path, algorithm: str) -> str:
    """The hash of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
