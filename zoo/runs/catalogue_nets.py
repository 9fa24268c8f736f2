"""Published weights at work: a photo labelled by an ImageNet net, a file imported, a run exported for others."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.catalog import registry, sources
from zoo.errors import ZooError

CLASS_INDEX = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
CLASS_INDEX_MD5 = "c2c37ea517e94d9795004a39431a14cb"  # keras.applications.imagenet_utils checks the same


def classify(
    name: str,
    files: Sequence[str],
    weights: str,
    *,
    class_index: str | os.PathLike[str] | None = None,
    source: str | None = None,
    whole: bool = False,
) -> list[dict[str, Any]]:
    """Label photos with a catalogue net and published weights, through the source's own preprocessing.

    Args:
        name: a catalogue name, such as "resnet50".
        files: image files.
        weights: "imagenet", a source of the row, or a file in a published layout.
        class_index: a copy of `imagenet_class_index.json`; None takes Keras's cache or downloads it.
        source: the source that a file is of, where neither its name nor its hash tells.
        whole: the whole photo squashed to the net's size, in place of the source's own crop from the middle.

    Returns:
        As `zoo.predict`: input, label, probability, probabilities by falling order.

    Raises:
        ZooError: the weights do not fit, a photo is not one, or the names of the classes cannot be had.
    """
    import keras
    import numpy as np

    from zoo.build.create import create_model
    from zoo.data import Preprocessor

    preprocessor = Preprocessor(settings_of(name, weights, source, whole=whole))
    batch = preprocessor.images(files)
    names = class_names(class_index)
    model = create_model(name, weights=weights)
    probabilities = np.asarray(keras.ops.softmax(model.predict(batch, verbose=0)))
    rows = []
    for file, row in zip(files, probabilities, strict=True):
        ranked = {names[i]: float(row[i]) for i in np.argsort(-row, kind="stable")}
        first = next(iter(ranked))
        rows.append({"input": str(file), "label": first, "probability": ranked[first], "probabilities": ranked})
    return rows


def settings_of(name: str, weights: str, source: str | None = None, *, whole: bool = False) -> dict[str, Any]:
    """The preprocessing that published weights of a catalogue net expect, as in `DataInfo.preprocessing`.

    Args:
        name: a catalogue name.
        weights: a source of the row, or a file.
        source: what the user says a file is of.
        whole: the whole image brought to the net's size, in place of the source's own crop.

    Raises:
        ZooError: the net has none, so it is not known; a file that may be of several sources.
    """
    spec, wanted = registry.describe(name), imported(weights)
    if wanted is None:
        published = sources.source_of(name, weights, source)
        if published is None and spec.weights:
            layouts = " or ".join(dict.fromkeys(row.layout for row in spec.weights))
            raise ZooError(
                f"{weights} is no published file of {name}",
                f"a source of `zoo info {name}`, or a file in the layout of {layouts}",
                "the ending tells: .h5, .safetensors or .pth",
            )
        if published is None:
            raise ZooError(
                f"{name} has no published weights, so the input they expect is not known",
                "a model with weights in `zoo info`",
                "give a run folder instead, which brings its own",
            )
        wanted = sources.wanted(published.preprocessing)
    return {"kind": "image", "shape": list(spec.input_shape), **wanted, **({"fit": "resize"} if whole else {})}


def imported(weights: str) -> dict[str, Any] | None:
    """What a file that `zoo import-weights` wrote says its input must be; None of any other."""
    if not str(weights).endswith(".weights.h5") or not Path(weights).is_file():
        return None
    from zoo.weights import manifest

    return manifest.origin(Path(weights)).get("wanted")


def class_names(path: str | os.PathLike[str] | None = None) -> list[str]:
    """The 1,000 ImageNet names in the order of the logits.

    Raises:
        ZooError: no network and no copy; the sentence names the file and its place.
    """
    import keras

    if path is None:
        place = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models" / "imagenet_class_index.json"
        try:
            with contextlib.redirect_stdout(sys.stderr):  # Keras's bar does not belong among the answers
                path = keras.utils.get_file(
                    place.name,
                    CLASS_INDEX,
                    cache_subdir="models",
                    cache_dir=place.parent.parent,
                    file_hash=CLASS_INDEX_MD5,
                )
        except Exception as error:  # Keras raises a bare Exception for HTTP errors
            raise ZooError(
                f"the names of the ImageNet classes could not be downloaded from {CLASS_INDEX}",
                f"a network, or the file at {place}",
                "put it there, or give --class-index FILE",
            ) from error
    try:
        index = json.loads(Path(path).read_text(encoding="utf-8"))
        return [index[str(i)][1] for i in range(1000)]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ZooError(
            f"{path} is not the ImageNet class index",
            'JSON as {"0": ["n01440764", "tench"], ...}',
            f"take {CLASS_INDEX}",
        ) from error
