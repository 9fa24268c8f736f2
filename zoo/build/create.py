"""One place that makes models: the builder, then classes, top, pooling, activation and weights, for every net alike."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zoo.build import word_vectors
from zoo.catalog import registry
from zoo.config.facts import SOURCES
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    import keras

    from zoo.config import Config
    from zoo.data import DataInfo


def create_model(
    name: str,
    *,
    classes: int | None = None,
    input_shape: tuple[int | None, ...] | None = None,
    weights: str | os.PathLike[str] | None = None,
    include_top: bool = True,
    pooling: str | None = None,
    classifier_activation: str | None = None,
    **paper_arguments: Any,
) -> keras.Model:
    """Build a model of the catalogue, or a user's own by `"package.module:function"`.

    Args:
        name: a name from `zoo.list_models()`.
        classes: units of the last layer; the paper's number by default. 1 gives one logit.
        input_shape: (height, width, channels), or (length,) for text; the paper's by default.
        weights: None for fresh ones, a source that `zoo info` names ("imagenet" is the first), the path of a `.h5`,
            `.safetensors` or `.pth` file, or a run folder.
        include_top: False returns the features before the classifier.
        pooling: "avg" or "max" over the positions of the features, only without top.
        classifier_activation: None gives logits; "softmax" or "sigmoid" appends one.
        **paper_arguments: the paper's own words (`depth`, `alpha`, `dropout`, `vocabulary_size`, ...).

    Returns:
        A functional `keras.Model`; channels-last float32 images, or int32 tokens, in; float32 logits out.

    Raises:
        ZooError: an unknown name or argument (the nearest is given), an input too small for the net, no classes.
    """
    if pooling is not None and include_top:
        raise ZooError(
            f"pooling='{pooling}' is given with include_top=True",
            "pooling only without the top",
            "add include_top=False",
        )
    if pooling not in (None, "avg", "max"):
        raise ZooError(f"unknown pooling '{pooling}'", "avg or max", did_you_mean(str(pooling), ("avg", "max")))
    if classifier_activation is not None and not include_top:
        raise ZooError(
            f"classifier_activation='{classifier_activation}' is given with include_top=False",
            "an activation only with the top",
            "leave one of the two out",
        )
    if classifier_activation not in (None, "softmax", "sigmoid", "linear"):
        raise ZooError(
            f"unknown classifier_activation '{classifier_activation}'",
            "softmax, sigmoid or None",
            did_you_mean(str(classifier_activation), ("softmax", "sigmoid")),
        )
    model = _build(name, classes, input_shape, paper_arguments)
    if weights is not None:
        _load(model, name, weights, include_top=include_top)
    if not include_top:
        model = _without_top(model, name, pooling)
    elif classifier_activation not in (None, "linear"):
        model = _with_activation(model, classifier_activation)
    return model


def _build(name: str, classes: int | None, input_shape: Any, words: dict[str, Any]) -> keras.Model:
    own = registry.is_own_builder(name)
    if not own:
        spec = registry.describe(name)
        words = {**spec.args, **words}
        classes = spec.classes if classes is None else classes
        input_shape = spec.input_shape if input_shape is None else input_shape
    registry.check_arguments(name, words)
    _check_classes(name, classes)
    words = dict(words)
    if input_shape is not None:
        shape = _checked_shape(name, input_shape)
        if registry.takes(name, "sequence_length"):
            if len(shape) == 2 and registry.takes(name, "features"):
                words.setdefault("features", shape[1])
            elif len(shape) != 1:
                raise ZooError(
                    f"input_shape={shape} for {name}",
                    "(length,) for a text model",
                    f"give input_shape=({spec.input_shape[0]},)" if not own else "",
                )
            words.setdefault("sequence_length", shape[0])
        else:
            words["input_shape"] = shape
    if classes is not None:
        words["classes"] = classes
    if not own:
        words["name"] = name
    build = registry.builder_for(name, words)
    given = {k: v for k, v in words.items() if k not in registry.COMMON_ARGUMENTS}
    if own or not given:
        return build(**words)
    try:
        return build(**words)
    except (ValueError, TypeError) as error:  # Keras's own words for an impossible size
        first = str(error).strip().partition("\n")[0]
        raise ZooError(
            f"{name} cannot be built with {given}: {first}", mend=f"see the arguments in `zoo info {name}`"
        ) from error


def _check_classes(name: str, classes: Any) -> None:
    if classes is not None and (isinstance(classes, bool) or not isinstance(classes, int) or classes < 1):
        raise ZooError(
            f"classes={classes!r} for {name}",
            "a whole number of at least 1",
            "give the number of classes, or 1 for a single logit",
        )


def _checked_shape(name: str, shape: Any) -> tuple[int | None, ...]:
    try:
        shape = tuple(shape)
    except TypeError:
        shape = (shape,)
    if not all(side is None or (isinstance(side, int) and not isinstance(side, bool) and side >= 1) for side in shape):
        raise ZooError(f"input_shape={shape} for {name}", "positive whole numbers", "give (height, width, channels)")
    return shape


def _features(model: keras.Model, name: str):
    """The tensor before the classifier: the catalogue's `features` layer, or what feeds the last layer with weights."""
    if not registry.is_own_builder(name):
        return model.get_layer(registry.describe(name).features).output
    last = [layer for layer in model.layers if layer.weights][-1]
    return last.input


def _without_top(model: keras.Model, name: str, pooling: str | None) -> keras.Model:
    import keras

    features = _features(model, name)
    if isinstance(features, list):
        features = keras.layers.Concatenate(name="features")(features)
    if pooling is not None:
        rank = len(features.shape)
        if rank not in (3, 4):
            raise ZooError(
                f"pooling='{pooling}' for {name}, whose features have no positions to pool over",
                "features of rank 3 or 4",
                "leave pooling out",
            )
        kinds = {
            ("avg", 4): keras.layers.GlobalAveragePooling2D,
            ("max", 4): keras.layers.GlobalMaxPooling2D,
            ("avg", 3): keras.layers.GlobalAveragePooling1D,
            ("max", 3): keras.layers.GlobalMaxPooling1D,
        }
        features = kinds[pooling, rank](name=f"{pooling}_pool_features")(features)
    return keras.Model(model.input, features, name=model.name)


def _with_activation(model: keras.Model, activation: str) -> keras.Model:
    import keras

    outputs = [
        keras.layers.Activation(activation, dtype="float32", name=f"{t._keras_history.operation.name}_{activation}")(t)
        for t in model.outputs
    ]
    return keras.Model(model.input, outputs if len(outputs) > 1 else outputs[0], name=model.name)


def _load(
    model: keras.Model,
    name: str,
    weights: str | os.PathLike[str],
    *,
    include_top: bool = True,
    skip_head: bool | Literal["auto"] = False,
) -> None:
    """Fill a fresh model; `skip_head` leaves the head fresh, "auto" only where the classes are others."""
    from zoo.weights import load, manifest

    if is_run_folder(name, weights):
        manifest.load(model, load.of_run(Path(weights)))
    else:
        load.load(model, name, weights, include_top=include_top, skip_head=skip_head)


def is_run_folder(name: str, weights: str | os.PathLike[str]) -> bool:
    """Whether `weights` names a folder, as a run's is, and no source of the catalogue."""
    from zoo.weights import load

    return os.path.isdir(weights) and not load.is_source(name, weights)


def wanted_shape(config: Config) -> tuple[int | None, ...] | None:
    """The input the config's model wants: `model.args.input_shape`, `data.image_size`, or the catalogue's.

    Channels are left to the data (None) unless the user gave them; a user's own builder takes the data as they are.
    """
    given = config.model.args.get("input_shape")
    if given is not None:
        return tuple(given)
    if registry.is_own_builder(config.model.name):
        return None
    spec = registry.describe(config.model.name)
    if spec.task == "text-classification":
        if SOURCES[config.data.name].content == "frames":
            return (config.model.args.get("sequence_length"), config.model.args.get("features"))
        default = None if SOURCES[config.data.name].own else spec.input_shape[0]  # one's own texts say it themselves
        return (config.model.args.get("sequence_length", config.data.maxlen or default),)
    size = config.data.image_size or spec.input_shape[:2]
    return (*((size, size) if isinstance(size, int) else size), None)


def gives_logits(config: Config) -> bool:
    """Whether the config's model gives logits: always, unless it was asked for probabilities."""
    return config.model.args.get("classifier_activation") in (None, "linear")


def model_for(config: Config, info: DataInfo, donor: keras.Model | None = None) -> keras.Model:
    """The config's model for these data: classes, shape, vocabulary and length come from them unless given.

    Args:
        config: what to build.
        info: of the data.
        donor: the model of the run that `model.weights` names, where it names one.

    Raises:
        ZooError: what is given clashes with the data.
    """
    name, words = config.model.name, dict(config.model.args)
    own = registry.is_own_builder(name)
    kind = "tokens" if registry.takes(name, "vocabulary_size") else "image"
    if info.kind == "frames" and registry.takes(name, "features"):
        kind = "frames"
    if not own and kind != info.kind:
        what = f"model.name is {name}, which takes {kind}, but data.name is {info.name}, which gives {info.kind}"
        raise ZooError(what, f"a model for {info.kind}", "choose another with `zoo list`, or other data")
    _fit_words(words, "classes", info.classes, _default_classes(name, info), at_least=False, name=name)
    if kind == "frames":
        word_vectors.refuse(words)
    word_vectors.settle(words, name)
    if kind == "tokens":
        _fit_words(words, "vocabulary_size", info.vocabulary_size, info.vocabulary_size, at_least=True, name=name)
        length = info.input_shape[0]
        _fit_words(words, "sequence_length", length, None if config.data.bucket else length, at_least=False, name=name)
        words.pop("input_shape", None)
    elif kind == "frames" and "input_shape" not in words:
        for word, side in zip(("sequence_length", "features"), info.input_shape, strict=True):
            _fit_words(words, word, side, side, at_least=False, name=name)
    else:
        shape = tuple(words.pop("input_shape", info.input_shape))
        if shape != tuple(info.input_shape):
            what = f"model.args.input_shape is {list(shape)}, but the data have {list(info.input_shape)}"
            mend = "leave input_shape out" + (", or set data.image_size" if info.kind == "image" else "")
            raise ZooError(what, "the same shape", mend)
        words["input_shape"] = tuple(info.input_shape)
    import keras

    from zoo.weights import load

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.runtime.precision)
    try:
        if config.model.weights is None:
            return create_model(name, **words)
        activation = words.pop("classifier_activation", None)
        model = create_model(name, **words)
        if donor is not None:
            load.copy(donor, model, skip_head="auto")  # another number of classes keeps a fresh head
        else:
            _load(model, name, config.model.weights, skip_head="auto")
        return model if activation in (None, "linear") else _with_activation(model, activation)
    finally:
        keras.config.set_dtype_policy(before)


def freeze(model: keras.Model, name: str, what: str) -> None:
    """Keep layers as they were loaded; a frozen BatchNorm normalises by its moving statistics.

    Args:
        model: the model, before it is compiled.
        name: its catalogue name or `package.module:function`.
        what: "backbone" for everything before the classifier, or a shell-style pattern of layer names.

    Raises:
        ZooError: the pattern fits no layer, or leaves nothing to train.
    """
    import fnmatch

    from zoo.weights.load import behind_features

    names = [layer.name for layer in model.layers]
    if what == "backbone":
        kept = behind_features(model, name)
        chosen = [n for n in names if n not in kept]
    else:
        chosen = fnmatch.filter(names, what)
    if not chosen:
        raise ZooError(
            f"train.freeze: '{what}' fits no layer of {name}",
            "backbone, or a pattern of layer names",
            did_you_mean(what, names),
        )
    for layer in model.layers:
        if layer.name in set(chosen):
            layer.trainable = False
    if not model.trainable_variables:
        raise ZooError(
            f"train.freeze: '{what}' leaves nothing of {name} to train",
            "a pattern that leaves some layers",
            "freeze less, for example backbone",
        )


def _default_classes(name: str, info: DataInfo) -> int:
    """As many as the data have; a text model whose row has one logit keeps it for two classes."""
    one_logit = not registry.is_own_builder(name) and registry.describe(name).classes == 1
    return 1 if one_logit and info.classes == 2 else info.classes


def _fit_words(words: dict[str, Any], word: str, of_data: Any, default: Any, *, at_least: bool, name: str) -> None:
    """Fill in what the data say, or refuse what clashes with it."""
    if word not in words:
        words[word] = default
        return
    given = words[word]
    fits = given >= of_data if at_least else given == of_data or (word == "classes" and (given, of_data) == (1, 2))
    if not fits:
        raise ZooError(
            f"model.args.{word} is {given}, but the data have {of_data}",
            f"{of_data}{' or more' if at_least else ''}",
            f"leave {word} out: it comes from the data",
        )
