"""One writer for each format; a package that is missing, and what a format cannot hold, is said in a sentence."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io.installation import install
from zoo.runs import portable

if TYPE_CHECKING:
    import keras

NEEDS = {"onnx": ("onnx", "tf2onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}


def require(format: str) -> None:
    """Refuse a format, or a kind of file, whose packages are not installed.

    Raises:
        ZooError: names them and the command that brings them.
    """
    missing = [name for name in NEEDS.get(format, ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise ZooError(f"{format} needs {', '.join(missing)}, not installed here", mend=f"`{install('export')}`")


def write(net: keras.Model, path: Path, format: str, *, raw: Any = None) -> tuple[str, ...]:
    """Write a net to `path`; returns what the reader of the file should know.

    Raises:
        ZooError: the format cannot hold the net.
    """
    write_one = {"onnx": _onnx, "litert": _litert, "keras": _keras}
    try:
        return _saved_model(net, path, raw) if format == "saved_model" else write_one[format](net, path)
    except OSError:
        raise
    except Exception as error:  # each converter has a dozen kinds of its own for a layer it does not know
        first = str(error).strip().partition("\n")[0]
        raise ZooError(
            f"{format} cannot hold {net.name}: {type(error).__name__}: {first[:200]}",
            "a net of operations that the format has",
            "take another --format",
        ) from error


def _spec(net: keras.Model, batch: int | None = None) -> Any:
    import tensorflow as tf

    (given,) = net.inputs
    return tf.TensorSpec((batch, *given.shape[1:]), given.dtype, name="input")


def _saved_model(net: keras.Model, path: Path, raw: Any = None) -> tuple[str, ...]:
    """`serve` takes prepared batches; with `raw` it takes strings, and `prepared` the batches."""
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(net)
    if raw:
        answer, tables = raw
        for table in tables:
            archive.track(table)
        archive.add_endpoint("serve", answer, input_signature=[tf.TensorSpec([None], tf.string, name="raw")])
    archive.add_endpoint("prepared" if raw else "serve", lambda x: net(x, training=False), input_signature=[_spec(net)])
    archive.write_out(path, verbose=False)
    return ()


def _onnx(net: keras.Model, path: Path) -> tuple[str, ...]:
    """Any batch; input and output carry names that say what they are."""
    import onnx

    with warnings.catch_warnings():  # Keras 3.15 looks for np.object, which NumPy 2 announces
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        net.export(path, format="onnx", verbose=False, input_signature=[_spec(net)])
    model = onnx.load(path)
    (given,), (answer,) = model.graph.input, model.graph.output
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = ["output" if name == answer.name else name for name in names]
    answer.name = "output"
    for value in (given, answer):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return ()


def _litert(net: keras.Model, path: Path) -> tuple[str, ...]:
    """One item at a time: with a fixed batch the loop of a recurrent layer needs no operation of TensorFlow's own.

    `unroll=True` would do without the loop too, but takes a minute to convert 100 steps and doubles the file.
    """
    import tensorflow as tf

    net.export(
        path,
        format="litert",
        verbose=False,
        input_signature=[_spec(net, 1)],
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
    )
    return ("a LiteRT file takes one item at a time",)


def _keras(net: keras.Model, path: Path) -> tuple[str, ...]:
    net, foreign = portable.of_keras_alone(net)
    net.save(path)
    if not foreign:
        return ()
    return (f"Keras has no {', '.join(foreign)}: import the package that has it before loading the file",)
