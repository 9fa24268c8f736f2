"""A net opened for looking: a run's best weights or published ones, the way in for photos and texts, logits out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.build import word_vectors
from zoo.catalog import registry
from zoo.draw.seeing import Window
from zoo.errors import ZooError, did_you_mean
from zoo.runs.folder import Run, finished

if TYPE_CHECKING:
    import keras
    import numpy as np


@dataclass(frozen=True)
class Net:
    """A net with what is needed to show it something.

    Attributes:
        name: of the run or the model.
        model: one output, the logits.
        kind: "image", "tokens" or "frames".
        class_names: in the order of the logits.
        batch: inputs -> what the model takes, (N, ...).
        window: height and width of a photo -> the part of it that the net sees; may reach over its edges.
        place: the device to compute on, as a context.
        vocabulary: the word of each token; None for images.
    """

    name: str
    model: keras.Model
    kind: str
    class_names: tuple[str, ...]
    batch: Callable[[Sequence[Any]], np.ndarray]
    window: Callable[[int, int], Window]
    place: Callable[[], AbstractContextManager]
    vocabulary: Sequence[str] | None = None

    def class_index(self, name: str | None, probabilities: np.ndarray) -> int:
        """The index of a class by its name; of the likeliest for None."""
        if name is None:
            return int(probabilities.argmax())
        if name not in self.class_names:
            raise ZooError(
                f"{self.name} knows no class '{name}'", "one of its classes", did_you_mean(name, self.class_names)
            )
        return self.class_names.index(name)


def open_net(what: Run | str, *, weights: str | None = None, class_index: str | None = None, names: bool = True) -> Net:
    """A finished run, or with `weights` a catalogue name with published ones.

    Args:
        what: a `Run`, its folder, or a catalogue name.
        weights: a source that `zoo info` names, or a file; only for a catalogue name.
        class_index: a copy of `imagenet_class_index.json`; None takes Keras's cache or downloads it.
        names: whether the names of published classes are needed at all.

    Raises:
        ZooError: a run that is not finished or half there, an unknown name, weights that do not fit.
    """
    if weights is None:
        return _of_run(finished(what))
    return _published(str(what), weights, class_index, names)


def _of_run(run: Run) -> Net:
    from zoo.data import Preprocessor
    from zoo.runs.net import model_of
    from zoo.training import devices

    info = run.data
    preprocessor = Preprocessor.from_dict(info["preprocessing"], run.vocabulary)
    with devices.place(run.config.runtime.device):
        model = up_to_logits(model_of(run))
    return Net(
        name=run.config.name,
        model=model,
        kind=info["kind"],
        class_names=tuple(info["class_names"]),
        batch=lambda inputs: preprocessor.inputs(inputs)[0],
        window=lambda height, width: _window(info["preprocessing"], height, width),
        place=lambda: devices.place(run.config.runtime.device),
        vocabulary=run.vocabulary,
    )


def _published(name: str, weights: str, class_index: str | None, named: bool, source: str | None = None) -> Net:

    from zoo.build.create import create_model
    from zoo.data import Preprocessor
    from zoo.runs.catalogue_nets import class_names, settings_of
    from zoo.training import devices

    registry.describe(name)
    settings = settings_of(name, weights, source)
    preprocessor = Preprocessor(settings)
    names = class_names(class_index) if named else ()
    model = up_to_logits(create_model(name, weights=weights))
    return Net(
        name=name,
        model=model,
        kind="image",
        class_names=tuple(names),
        batch=preprocessor.images,
        window=lambda height, width: _window(settings, height, width),
        place=lambda: devices.place("auto"),
    )


def _window(settings: dict[str, Any], height: int, width: int) -> Window:
    """The inverse of what the run's preprocessing does to a photo of this size."""
    from zoo.data.images.decoding import CROP_SHARE, middle

    rows, columns = settings["shape"][:2]
    if settings["fit"] == "pad":
        return -((rows - height) // 2), -((columns - width) // 2), rows, columns
    if settings["fit"] == "crop":
        return tuple(int(side) for side in middle(height, width, (rows, columns), settings.get("crop", CROP_SHARE)))
    return 0, 0, height, width


def up_to_logits(model: keras.Model) -> keras.Model:
    """The same layers as a model with one output, the logits: no side heads, no softmax behind them.

    Raises:
        ZooError: a subclassed model, whose layers have no graph.
    """
    import keras

    if not getattr(model, "outputs", None):
        raise ZooError(f"{model.name} cannot be looked into", "a functional or sequential Keras model")
    logits = model.outputs[0]
    last = logits._keras_history.operation
    squashing = (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(last, keras.layers.Softmax) or (getattr(last, "activation", None) in squashing and not last.weights):
        logits = last.input
    return keras.Model(model.inputs[0] if len(model.inputs) == 1 else model.inputs, logits, name=model.name)


def output_in(model: keras.Model, layer: keras.layers.Layer) -> Any:
    """The tensor that a layer gives in this model; `layer.output` may belong to another that shares the layer."""
    return _node(model, layer).outputs[0]


def input_in(model: keras.Model, layer: keras.layers.Layer) -> Any:
    """The tensor that a layer takes in this model, the first of several."""
    return _node(model, layer).input_tensors[0]


def _node(model: keras.Model, layer: keras.layers.Layer) -> Any:
    inside = {id(node) for level in model._nodes_by_depth.values() for node in level}
    return next(node for node in layer._inbound_nodes if id(node) in inside)


def scores(logits: Any, indices: Sequence[int]) -> Any:
    """(N, classes) -> (N,): each row's logit of its class; of one logit the second class's, the first's negated."""
    from keras import ops

    if logits.shape[-1] > 1:
        chosen = ops.reshape(ops.convert_to_tensor(indices, "int32"), (-1, 1))
        return ops.take_along_axis(logits, chosen, axis=-1)[:, 0]
    signs = ops.convert_to_tensor([1.0 if index else -1.0 for index in indices], logits.dtype)
    return logits[:, 0] * signs


def softmax(logits: np.ndarray) -> np.ndarray:
    """(N, classes) probabilities; (1 - p, p) of one logit."""
    import keras
    import numpy as np

    if logits.shape[-1] > 1:
        return np.asarray(keras.ops.softmax(logits))
    positive = np.asarray(keras.ops.sigmoid(logits))
    return np.concatenate([1 - positive, positive], axis=1)


def model_of(run: Run, *, portable: bool = False) -> keras.Model:
    """The model of a run with its best weights, rebuilt from config and registry; nothing is unpickled.

    Args:
        run: the run folder.
        portable: computing in float32 and on texts of one length, however it was trained.

    Raises:
        ZooError: the folder is half there, or its weights are damaged or of another model.
    """
    from zoo.build.create import model_for
    from zoo.data import DataInfo
    from zoo.weights import manifest

    config = run.config
    model = config.model.model_copy(update={"weights": None, "args": word_vectors.without_file(config, run.weights)})
    fresh = config.model_copy(update={"model": model})
    if portable:
        data = config.data.model_copy(update={"bucket": False})
        runtime = config.runtime.model_copy(update={"precision": "float32"})
        fresh = fresh.model_copy(update={"data": data, "runtime": runtime})
    model = model_for(fresh, DataInfo.from_dict(run.data, run.vocabulary))
    manifest.load(model, run.weights)
    return model
