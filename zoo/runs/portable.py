"""The net of a run made fit to travel: float32, the answer alone, of Keras's own layers where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zoo.runs.folder import Run

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from zoo.data.preprocess import Preprocessor

TWINS = ("BatchNormalization", "SimpleRNN", "LSTM", "GRU")  # of zoo.layers: equal to Keras's own, weight for weight


def portable(run: Run) -> keras.Model:
    """The run's best weights in float32, for one length, without side heads and without cuDNN's own operations.

    Raises:
        ZooError: the folder is half there, or its weights are damaged.
    """
    import keras

    from zoo.runs.net import model_of

    model = model_of(run, portable=True)
    if len(model.outputs) > 1:  # GoogLeNet's side heads serve training
        model = keras.Model(model.inputs, model.outputs[0], name=model.name)
    for layer in model._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    return model


def of_keras_alone(model: keras.Model) -> tuple[keras.Model, list[str]]:
    """The same net with Keras's own layer for each twin of ours, and the classes that remain outside Keras."""
    import keras

    foreign = set()

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        value = {key: walk(item) for key, item in value.items()}
        name, module = value.get("registered_name") or "", value.get("module") or "keras"
        if name in [f"zoo>{twin}" for twin in TWINS]:
            value |= {"module": "keras.layers", "registered_name": None}
        elif "class_name" in value and module.split(".")[0] != "keras":
            foreign.add(f"{module}.{value['class_name']}")
        return value

    plain = walk(keras.saving.serialize_keras_object(model))
    twin = keras.saving.deserialize_keras_object(plain)
    twin.set_weights(model.get_weights())
    return twin, sorted(foreign)


def answering(
    net: keras.Model, preprocessor: Preprocessor, run: Run
) -> tuple[Callable[[tf.Tensor], dict[str, tf.Tensor]], list]:
    """string (B), the bytes of image files or texts -> label (B), probabilities (B, classes), traceable; its tables.

    Raises:
        ZooError: the run has no vocabulary.
    """
    import keras
    import tensorflow as tf

    from zoo.build.create import gives_logits

    names, plain = tf.constant(list(run.data["class_names"])), gives_logits(run.config)
    lookup = preprocessor.lookup() if preprocessor.kind == "tokens" else None
    spec = None if lookup else tf.TensorSpec(preprocessor.shape, tf.uint8)

    def prepared(raw: tf.Tensor) -> tf.Tensor:
        if lookup:
            return lookup(raw)
        return preprocessor.scale(tf.map_fn(preprocessor.file, raw, fn_output_signature=spec))

    def answer(raw: tf.Tensor) -> dict[str, tf.Tensor]:
        p = net(prepared(raw), training=False)
        if p.shape[-1] == 1:
            p = keras.ops.sigmoid(p) if plain else p
            p = tf.concat([1 - p, p], axis=1)
        elif plain:
            p = keras.ops.softmax(p)
        return {"label": tf.gather(names, tf.argmax(p, axis=1)), "probabilities": p}

    return answer, [lookup.table] if lookup else []
