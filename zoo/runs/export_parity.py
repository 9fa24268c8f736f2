"""The exported file beside the run, on real test items: how far their probabilities are apart."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.runs.folder import Run

if TYPE_CHECKING:
    import keras
    import numpy as np

    from zoo.data.preprocess import Preprocessor

ITEMS, LIMIT = 256, 1e-4


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: what was given to both.
        items: how many test items.
        largest: the largest difference between two probabilities.
        same: for how many items both see the same class.
        limit: what the largest difference must stay below; None where it is only told.
    """

    what: str
    items: int
    largest: float
    same: int
    limit: float | None = LIMIT

    @property
    def holds(self) -> bool:
        """Whether it stays below the limit; NaN does not."""
        return self.limit is None or self.largest < self.limit

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def compare(
    run: Run, net: keras.Model, file: Path, format: str, preprocessor: Preprocessor, *, raw: bool
) -> tuple[Row, ...]:
    """Load the file anew and compare it with the run on the first test items.

    Args:
        net: the run's net in float32.
        file: what was written, in `format`.
        raw: compare image files and texts too, through the preprocessing of `zoo predict`.

    Raises:
        ZooError: the data of the run are not there, or the runtime refuses the file.
    """
    import numpy as np

    from zoo.runs import export_reading
    from zoo.runs.evaluate import probabilities
    from zoo.runs.net import model_of

    def of(outputs: Any) -> np.ndarray:
        return probabilities(np.asarray(outputs, "float32"), run.config)

    x, answer = test_items(run), export_reading.own(file, format, "prepared" if raw else "serve")
    rows = [between("test items", of(export_reading.outputs(net, x)), of(answer(x)))]
    if raw:
        given, prepared = as_raw(x, preprocessor, run)
        mine = of(export_reading.outputs(net, prepared))
        what = "texts" if preprocessor.kind == "tokens" else "PNG files"
        theirs = export_reading.own(file, format)(given)["probabilities"]
        rows.append(between(f"test items as {what}", mine, theirs))
    precision = run.config.runtime.precision
    if precision != "float32":
        trained = of(export_reading.outputs(model_of(run), x))
        rows.append(between(f"the run itself, in {precision}", trained, of(answer(x)), limit=None))
    return tuple(rows)


def between(what: str, one: np.ndarray, other: Any, limit: float | None = LIMIT) -> Row:
    """Two arrays of probabilities (N, classes) compared."""
    import numpy as np

    other = np.asarray(other)
    same = int((one.argmax(axis=1) == other.argmax(axis=1)).sum())
    return Row(what, len(one), float(np.abs(one - other).max()), same, limit)


def test_items(run: Run) -> np.ndarray:
    """The first items of the test split, prepared."""
    import numpy as np

    from zoo.runs.evaluate import dataset_of

    batches, found = [], 0
    for x, *_ in dataset_of(run).test:
        batches.append(np.asarray(x))
        found += len(x)
        if found >= ITEMS:
            break
    return np.concatenate(batches)[:ITEMS]


def as_raw(x: np.ndarray, preprocessor: Preprocessor, run: Run) -> tuple[Any, np.ndarray]:
    """Prepared items turned back into PNG files or texts, and what `zoo predict` makes of those."""
    import tensorflow as tf

    from zoo.data import decode

    if preprocessor.kind == "tokens":
        texts = [text for row in x if (text := decode(row, run.vocabulary))]
        return tf.constant(texts), preprocessor.texts(texts)
    contents = [tf.io.encode_png(pixels).numpy() for pixels in preprocessor.pixels(x)]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{i}.png") for i in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        return tf.constant(contents), preprocessor.images(files)
