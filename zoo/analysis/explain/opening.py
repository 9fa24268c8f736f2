"""`zoo explain`: an input shown to a net, and what the net saw in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.analysis.explain import words
from zoo.analysis.explain.maps import filters
from zoo.analysis.explain.photos import heats, maps
from zoo.analysis.explain.words import explain_texts, explain_tokens
from zoo.config.facts import CONTENTS
from zoo.draw.contact import Mistake
from zoo.draw.seeing import Filters, Heat, Maps
from zoo.draw.words import TextWeights
from zoo.errors import ZooError
from zoo.runs.confusion import mistakes, rows_of
from zoo.runs.folder import Run, finished
from zoo.runs.net import Net, open_net

MOST_PHOTOS = 32  # in one picture


def explain(
    run: Run | str,
    inputs: Sequence[Any],
    *,
    class_name: str | None = None,
    layer: str | None = None,
    method: str | None = None,
    weights: str | None = None,
    class_index: str | None = None,
) -> list[Heat] | list[TextWeights]:
    """Explain a net's decisions: for photos Grad-CAM, for texts the weight of each word.

    Args:
        run: a finished `Run` or its folder; a catalogue name with `weights`.
        inputs: for images, files or arrays (height, width, channels) of 0..255; for texts, texts.
        class_name: the class whose evidence is sought; for each input its likeliest by default.
        layer: of Grad-CAM; the last maps of convolutions by default.
        method: for texts "occlusion" (the default) or "gradient" (times input).
        weights: published ones for a catalogue name: a source that `zoo info` names, or a file.
        class_index: a copy of `imagenet_class_index.json`, for published weights.

    Returns:
        A `Heat` for each photo or a `TextWeights` for each text; both show themselves in a notebook.

    Raises:
        ZooError: an input of the wrong kind, an unknown class or layer, a run that is not finished.
    """
    if isinstance(inputs, str | bytes) or not len(inputs):
        raise ZooError("explain was given no list of inputs", "a list of images or texts", "put the input in brackets")
    net = open_net(run, weights=weights, class_index=class_index)
    if net.kind == "frames":
        raise ZooError(
            f"{net.name} was trained on numbers over time, whose windows nothing here explains",
            "a run on images or texts",
        )
    if net.kind == "tokens":
        _only_images(net, layer, "layer", "Grad-CAM needs the maps of a convolutional net of images")
        return explain_texts(net, inputs, class_name, method or words.METHODS[0])
    if method is not None:
        raise ZooError(f"method '{method}' is for texts, but {net.name} was trained on images", "", "leave it out")
    if len(inputs) > MOST_PHOTOS:
        raise ZooError(f"{len(inputs)} images were given", f"at most {MOST_PHOTOS} at once", "give fewer")
    return heats(net, inputs, class_name, layer)


def first_filters(run: Run | str, *, weights: str | None = None) -> Filters:
    """The filters of a net's first layer.

    Raises:
        ZooError: not a net of images, a run that is not finished.
    """
    net = open_net(run, weights=weights, names=False)
    _only_images(net, True, "filters", "its first layer is an embedding, which `zoo embed --words` shows")
    return filters(net.model)


def layer_maps(run: Run | str, given: Any, layer: str, *, weights: str | None = None) -> Maps:
    """What a layer makes of one photo, a file or an array of 0..255.

    Raises:
        ZooError: an unknown layer or one without maps (the nearest is given), not a net of images.
    """
    net = open_net(run, weights=weights, names=False)
    _only_images(net, layer, "maps", "it has words instead of maps")
    return maps(net, given, layer)


def explain_mistakes(run: Run | str, count: int, *, method: str | None = None) -> list[tuple[Mistake, TextWeights]]:
    """The most confident mistakes of a text run on the test set, each with the words that led to the wrong class."""
    run = finished(run)
    if run.data["kind"] != "tokens":
        what = CONTENTS[run.data["kind"]]
        raise ZooError(f"{run} was trained on {what}", "a text run", "ask for its mistakes without their words")
    from zoo.runs.evaluate import dataset_of

    dataset = dataset_of(run)
    found = mistakes(run, count, dataset=dataset)
    rows = rows_of(dataset, "test", [m.index for m in found])
    net = open_net(run)
    explained = [
        explain_tokens(net, row[None], m.predicted, method or words.METHODS[0])[0]
        for m, row in zip(found, rows, strict=True)
    ]
    return list(zip(found, explained, strict=True))


def _only_images(net: Net, asked: Any, what: str, why: str) -> None:
    if asked and net.kind != "image":
        why = f"; {why}" if net.kind == "tokens" else ""
        raise ZooError(
            f"{what} was asked of {net.name}, which was trained on {CONTENTS[net.kind]}{why}", "a net of images"
        )
