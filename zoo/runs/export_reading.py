"""Exported files opened anew by the runtime they are for: a batch in, the net's outputs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io.terminal import quiet
from zoo.runs.export_writing import require

if TYPE_CHECKING:
    import keras
    import numpy as np

BATCH = 64
MEND = "export the run again with `zoo export`"


@dataclass(frozen=True)
class Opened:
    """A net in a file.

    Attributes:
        shape: of one item; None where a side may vary.
        units: of the output.
        dtype: of the input, as NumPy says it.
        run: (N, *shape) -> float32 (N, units).
    """

    shape: tuple[int | None, ...]
    units: int
    dtype: str
    run: Callable[[np.ndarray], np.ndarray]


def onnx(path: Path) -> Opened:
    """A `.onnx` file in ONNX Runtime, on the CPU.

    Raises:
        ZooError: the file is damaged, or is no classifier of one input.
    """
    require("onnx")
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own kinds share no base
        raise _unreadable(path, "ONNX", error) from error
    given, answers = session.get_inputs(), session.get_outputs()
    _check_form(path, [i.shape for i in given], [o.shape for o in answers])
    dtype = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64"}.get(given[0].type)
    name, answer = given[0].name, answers[0].name

    def run(x: np.ndarray) -> np.ndarray:
        return session.run([answer], {name: x})[0]

    return Opened(_sides(given[0].shape[1:]), answers[0].shape[1], dtype or given[0].type, run)


def litert(path: Path) -> Opened:
    """A `.tflite` file in LiteRT's interpreter, one item after another.

    Raises:
        ZooError: as above.
    """
    require("litert")
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet():  # it tells of each delegate it makes
            interpreter = Interpreter(str(path))
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise _unreadable(path, "LiteRT", error) from error
    given, answers = interpreter.get_input_details(), interpreter.get_output_details()
    _check_form(path, [i["shape_signature"] for i in given], [o["shape_signature"] for o in answers])

    def run(x: np.ndarray) -> np.ndarray:
        rows = []
        for item in x:
            interpreter.set_tensor(given[0]["index"], item[None])
            interpreter.invoke()
            rows.append(interpreter.get_tensor(answers[0]["index"])[0])
        return np.stack(rows)

    sides, units = given[0]["shape_signature"][1:], int(answers[0]["shape_signature"][1])
    return Opened(_sides(sides), units, np.dtype(given[0]["dtype"]).name, run)


def own(path: Path, format: str, endpoint: str = "serve") -> Callable[[Any], Any]:
    """A file that was written a moment ago, as a function; a foreign one must never come here.

    Args:
        endpoint: of a SavedModel: "serve", or "prepared" of a raw one.
    """
    if format == "saved_model":
        import tensorflow as tf

        loaded = tf.saved_model.load(path)
        return lambda x: getattr(loaded, endpoint)(x)
    if format == "keras":
        import keras

        net = keras.saving.load_model(path, compile=False)
        return lambda x: outputs(net, x)
    return {"onnx": onnx, "litert": litert}[format](path).run


def outputs(net: keras.Model, x: np.ndarray) -> np.ndarray:
    """(N, *shape) -> (N, units): the first output of a net. `predict` would compile it by XLA first, for seconds."""
    import numpy as np
    import tensorflow as tf

    step = tf.function(lambda batch: tf.nest.flatten(net(batch, training=False))[0], reduce_retracing=True)
    return np.concatenate([step(x[i : i + BATCH]) for i in range(0, len(x), BATCH)])


def _sides(sides: Any) -> tuple[int | None, ...]:
    return tuple(int(side) if not isinstance(side, str) and side is not None and side > 0 else None for side in sides)


def _check_form(path: Path, given: list, answers: list) -> None:
    if len(given) != 1 or len(answers) < 1 or len(given[0]) < 2 or len(answers[0]) != 2:
        shapes = f"inputs {[list(s) for s in given]} and outputs {[list(s) for s in answers]}"
        raise ZooError(f"{path} has {shapes}", "one input, and an output of (batch, classes)", MEND)
    if _sides(answers[0])[1] is None:
        raise ZooError(f"{path} does not say how many classes it has", "an output of (batch, classes)", MEND)


def _unreadable(path: Path, kind: str, error: Exception) -> ZooError:
    first = str(error).strip().partition("\n")[0]
    return ZooError(f"{path} is no {kind} file that can be read ({first[:160]})", "an exported file", MEND)
