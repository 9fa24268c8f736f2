"""`zoo verify`: the proof of every row at the user's desk: counts, the paper's figures, parity with a public twin.

`catalog/layers.txt` holds what each layer of each row must have, so that a net that departs is named with the first
layer where it does. Parity is with keras.applications: its net gets drawn weights with BatchNorm statistics that
matter, they are written as Keras publishes them, and go through the importer that reads Keras's downloads.
"""

from __future__ import annotations

import dataclasses
import gc
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import registry
from zoo.catalog.spec import Counts, Figure, ModelSpec
from zoo.errors import ZooError
from zoo.io import formats

if TYPE_CHECKING:
    import keras

LAYERS = Path(__file__).parents[1] / "catalog" / "layers.txt"
TOLERANCE = 1e-3  # of the logits' spread: a correct net differs by 1e-4 of it at most, a wrong one by 1e-2 and more
CLASSES = 10
# The twin in keras.applications, by builder and its words, and the smallest side it takes.
TWINS = {
    ("zoo.models.vgg:vgg", 16): ("VGG16", 32),
    ("zoo.models.vgg:vgg", 19): ("VGG19", 32),
    ("zoo.models.resnet:resnet", 50): ("ResNet50", 64),
    ("zoo.models.resnet:resnet", 101): ("ResNet101", 64),
    ("zoo.models.resnet:resnet", 152): ("ResNet152", 64),
    ("zoo.models.inception_v3:inception_v3", None): ("InceptionV3", 75),
    ("zoo.models.mobilenet:mobilenet", None): ("MobileNet", 64),
    ("zoo.models.xception:xception", None): ("Xception", 71),
}


@dataclass(frozen=True)
class Verdict:
    """What was found of one row.

    Attributes:
        model: its name.
        ok: nothing departs.
        counted: of the model as built now.
        row: what the catalogue says.
        printed: the paper's own figures, which need not be equal.
        twin: "keras.applications.ResNet50", or None where there is none.
        parity: the largest difference of the logits from the twin's, in parts of their spread.
        weights: names of published weights.
        wrong: a sentence for each thing that departs.
    """

    model: str
    ok: bool
    counted: Counts
    row: Counts
    printed: tuple[Figure, ...]
    twin: str | None
    parity: float | None
    weights: tuple[str, ...]
    wrong: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return dataclasses.asdict(self)


def verify(names: Sequence[str] = ()) -> list[Verdict]:
    """Verify rows of the catalogue; all of them when none is named.

    Raises:
        ZooError: an unknown name.
    """
    return list(each(names))


def each(names: Sequence[str] = ()) -> Iterator[Verdict]:
    """As `verify`, one verdict at a time."""
    for row in [registry.describe(name) for name in names or registry.list_models()]:
        yield _verify(row)


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as a table for people, and below it a line for each thing that departs."""
    rows = [
        (
            v.model,
            formats.number(v.counted.trainable),
            formats.number(v.counted.macs),
            "; ".join(f"{figure.printed} {figure.what}" for figure in v.printed) or "-",
            "-" if v.parity is None else f"{v.parity:.0e}",
            ", ".join(v.weights) or "-",
            "ok" if v.ok else "WRONG",
        )
        for v in verdicts
    ]
    header = ("model", "parameters", "multiply-adds", "paper prints", "parity", "weights", "verdict")
    lines = [formats.table(header, rows, right=(1, 2))]
    lines += [f"{v.model}: {sentence}" for v in verdicts for sentence in v.wrong]
    wrong = sum(not v.ok for v in verdicts)
    twins = sum(v.parity is not None for v in verdicts)
    lines.append(
        f"{len(verdicts) - wrong} of {len(verdicts)} rows are as the catalogue says; parity with keras.applications "
        f"(largest difference in parts of the logits' spread, below {TOLERANCE:g}) for {twins}"
    )
    return "\n".join(lines)


def _verify(row: ModelSpec) -> Verdict:
    import keras

    from zoo.build import create
    from zoo.graph import counts

    wrong = []
    with keras.StatelessScope(initialize_variables=False):  # shapes are counted, values are not
        model = create.create_model(row.name)
        headed = create.create_model(row.name, aux=True) if row.aux_counts is not None else None
    counted = counts.count(model)
    differences, departure = _compare(counted, row.counts), _first_departure(row.name, counts.count_layers(model))
    if departure is not None:
        wrong.append("; ".join([*differences, f"the first layer that departs is {departure}"]))
    elif differences:
        wrong.append("; ".join([*differences, "every layer is as it should be, so the row is wrong"]))
    if headed is not None:
        wrong += [f"with aux=True: {difference}" for difference in _compare(counts.count(headed), row.aux_counts)]
    del model, headed
    keras.backend.clear_session()
    gc.collect()
    twin, parity, sentences = _parity(row)
    keras.backend.clear_session()
    gc.collect()
    return Verdict(
        model=row.name,
        ok=not wrong and not sentences,
        counted=counted,
        row=row.counts,
        printed=row.printed,
        twin=twin,
        parity=parity,
        weights=tuple(dict.fromkeys(source.name for source in row.weights)),
        wrong=(*wrong, *sentences),
    )


# -- counts --------------------------------------------------------------------------------------------------------


def _compare(counted: Counts, expected: Counts) -> list[str]:
    return [
        f"{getattr(counted, field):,} {what} counted, {getattr(expected, field):,} in the row"
        for field, what in (("trainable", "trainable parameters"), ("total", "parameters"), ("macs", "multiply-adds"))
        if getattr(expected, field) is not None and getattr(counted, field) != getattr(expected, field)
    ]


def layer_lines(rows: Sequence[Any]) -> list[str]:
    """What `layers.txt` keeps of a net: name, trainable and other parameters, MACs of each layer that has any."""
    return [
        f"{row.name} {row.trainable} {row.non_trainable} {row.macs or 0}"
        for row in rows
        if row.trainable or row.non_trainable or row.macs
    ]


def _first_departure(name: str, rows: Sequence[Any]) -> str | None:
    expected = _reference().get(name)
    if expected is None:
        return None
    built = {line.split()[0]: line for line in layer_lines(rows)}
    for line in expected:
        layer = line.split()[0]
        if layer not in built:
            return f"{layer}: it is not there"
        if built[layer] != line:
            return f"{layer}: {_spelled(built[layer])}, expected {_spelled(line)}"
    known = {line.split()[0] for line in expected}
    surplus = next((layer for layer in built if layer not in known), None)
    return None if surplus is None else f"{surplus}: it should not be there"


def _spelled(line: str) -> str:
    _, trainable, other, macs = line.split()
    statistics = f" and {int(other):,} fixed" if other != "0" else ""
    return f"{int(trainable):,} parameters{statistics}, {int(macs):,} multiply-adds"


@cache
def _reference() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in LAYERS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            lines = found[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


# -- parity --------------------------------------------------------------------------------------------------------


def _parity(row: ModelSpec) -> tuple[str | None, float | None, list[str]]:
    """Twin, difference of the logits, what is wrong."""
    found = TWINS.get((row.builder, row.args.get("depth")))
    if found is None:
        return None, None, []
    import keras
    import numpy as np

    from zoo.build import create
    from zoo.weights import keras_h5

    name, side = found
    words = {"alpha": row.args["alpha"]} if "alpha" in row.args else {}
    shape = (side, side, 3)
    twin = getattr(keras.applications, name)(
        weights=None, input_shape=shape, classes=CLASSES, classifier_activation=None, **words
    )
    draw_weights(twin)
    model = create.create_model(row.name, input_shape=shape, classes=CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.h5"
        write_official(twin, path)
        try:
            keras_h5.load(model, path, name=row.name)
        except ZooError as error:
            return f"keras.applications.{name}", None, [f"its weights do not fit: {error}"]
    images = np.random.default_rng(1).normal(size=(2, *shape)).astype("float32")
    expected = np.asarray(twin(images))
    difference = float(np.abs(np.asarray(model(images)) - expected).max() / expected.std())
    wrong = []
    if not difference < TOLERANCE:
        layer = _first_other_output(row, model, twin, images)
        wrong = [
            f"the logits differ from keras.applications.{name} by {difference:.0e} of their spread; the first "
            f"layer that departs is {layer}"
        ]
    return f"keras.applications.{name}", difference, wrong


def _first_other_output(row: ModelSpec, model: keras.Model, twin: keras.Model, images: Any) -> str:
    """The first layer whose output is not its twin's; convolutions before a BatchNorm may differ by a bias."""
    import keras
    import numpy as np

    from zoo.weights import keras_h5

    names = [layer.name for layer in model.layers if layer.weights]
    theirs = keras_h5.TABLES[row.builder](names, {layer.name for layer in twin.layers})
    compared = [name for name in names if f"{name}_bn" not in names]
    ours = keras.Model(model.inputs[0], [model.get_layer(name).output for name in compared])(images)
    others = keras.Model(twin.inputs[0], [twin.get_layer(_twins(twin, theirs[name])).output for name in compared])(
        images
    )
    for name, own, other in zip(compared, ours, others, strict=True):
        own, other = np.asarray(own), np.asarray(other)
        if own.shape != other.shape or not np.abs(own - other).max() <= TOLERANCE * max(other.std(), 1e-6):
            return name
    return "behind the last layer with weights"


def _twins(twin: keras.Model, name: str) -> str:
    return name if any(layer.name == name for layer in twin.layers) else twin.layers[-1].name


def draw_weights(model: keras.Model) -> None:
    """Random weights under which every weight matters: BatchNorm statistics too, activations of size about one."""
    import numpy as np

    rng = np.random.default_rng(0)
    for layer in model.layers:
        for variable in layer.weights:
            shape = tuple(variable.shape)
            if variable.name in ("gamma", "moving_variance"):
                value = rng.uniform(0.5, 1.5, shape) * (0.25 if layer.name.endswith("_3_bn") else 1.0)
            elif len(shape) == 1:
                value = rng.normal(0.0, 0.2, shape)
            else:
                fan_in = shape[0] * shape[1] if shape[-1] == 1 and len(shape) == 4 else np.prod(shape[:-1])
                value = rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)
            variable.assign(value.astype("float32"))


def write_official(model: keras.Model, path: Path) -> None:
    """Write weights in the layout of Keras's published `.h5` files."""
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{variable.name}:0" for variable in layer.weights]
            group.attrs["weight_names"] = np.array([name.encode() for name in names], dtype="S")
            for name, variable in zip(names, layer.weights, strict=True):
                group[name] = np.asarray(variable)
