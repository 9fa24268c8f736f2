"""An exported file on the data of a config: the same figures as `zoo evaluate RUN`, by the file's own runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ZooError
from zoo.io import artifact
from zoo.runs import export_reading
from zoo.runs import folder as rundir

if TYPE_CHECKING:
    from zoo.data import DataInfo
    from zoo.runs.evaluate import Figures


def evaluate_file(path: Path, config: Path | None, split: str = "test") -> Figures:
    """Figures of a `.onnx` or `.tflite` file.

    Args:
        path: the file; artifact.json and vocabulary.json beside it are compared with the data.
        config: the YAML file with the data, the loss and the metrics; of a run, its config.yaml.
        split: "train", "validation" or "test".

    Raises:
        ZooError: no config, a file that is not read here or is damaged, data that do not fit it.
    """
    import numpy as np

    from zoo import data
    from zoo.build.create import wanted_shape
    from zoo.config import load_config
    from zoo.runs import evaluate
    from zoo.runs.job import resolve

    if config is None:
        raise ZooError(
            f"{path} is an exported file and says nothing of its data",
            "--config CONFIG beside it",
            "give the config it was trained with, such as the config.yaml of its run",
        )
    opened = open_file(path)
    config = resolve(load_config(config))
    dataset = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config))
    _check_fit(path, opened, dataset.info)
    batches = [(np.asarray(x), np.asarray(y)) for x, y, *_ in evaluate.part(dataset, split, config.name)]
    outputs = np.concatenate([opened.run(x.astype(opened.dtype, copy=False)) for x, _ in batches])
    labels = np.concatenate([y for _, y in batches])
    return evaluate.score(outputs, labels, config, tuple(dataset.info.class_names))


def open_file(path: Path) -> export_reading.Opened:
    """An exported file of a kind that is data and no program.

    Raises:
        ZooError: it is not there, of another kind, or damaged.
    """
    known = "a .onnx or .tflite file"
    if not path.exists():
        raise ZooError(f"there is no file {path}", known, "check the path")
    if (path / rundir.CONFIG).exists():
        raise ZooError(f"{path} is a run folder, which needs no --config", known, "leave --config out")
    if path.is_dir() or path.suffix in (".keras", ".h5"):
        kind = "a SavedModel is a program" if path.is_dir() else f"what a {path.suffix} file names is built and run"
        raise ZooError(
            f"{path} is not loaded, since {kind}",
            f"a run folder, or {known}",
            "evaluate the run itself, or export it with --format onnx",
        )
    if path.suffix not in (".onnx", ".tflite"):
        raise ZooError(f"{path} is no exported file", known, "give a run folder, or export one with `zoo export`")
    return export_reading.onnx(path) if path.suffix == ".onnx" else export_reading.litert(path)


def _check_fit(path: Path, opened: export_reading.Opened, info: DataInfo) -> None:
    shape, wanted = opened.shape, tuple(info.input_shape)
    fits = len(shape) == len(wanted) and all(a in (None, b) for a, b in zip(shape, wanted, strict=True))
    if not fits:
        raise ZooError(
            f"{path} takes inputs of {_shown(shape)}, but the config's data give {_shown(wanted)}",
            "the config it was trained with",
            "see the config.yaml of its run",
        )
    if opened.dtype.startswith("int") != (info.kind == "tokens"):
        raise ZooError(
            f"{path} takes {opened.dtype}, but the config's data are {info.kind}",
            "the config it was trained with",
            "see the config.yaml of its run",
        )
    if opened.units != info.classes and (opened.units, info.classes) != (1, 2):
        raise ZooError(
            f"{path} tells {opened.units} classes apart, but the config's data have {info.classes}",
            "the config it was trained with",
            "see the config.yaml of its run",
        )
    facts = artifact.facts(path.parent)
    if facts is None or facts.get("file") != path.name:
        return
    for key, own in (("class_names", list(info.class_names)), ("preprocessing", info.preprocessing)):
        if facts.get(key) != own:
            raise ZooError(
                f"{path} was exported with {key.replace('_', ' ')} {_short(facts.get(key))}, "
                f"but the config's data have {_short(own)}",
                "the config it was trained with",
                "see the config.yaml of its run",
            )
    if facts.get("vocabulary_sha256") != artifact.vocabulary_sha256(info.vocabulary):
        raise ZooError(
            f"{path} was exported with another vocabulary than that of the config's data",
            "the data it was trained on",
            "restore them at the data.path of the config",
        )


def _shown(shape: tuple[int | None, ...]) -> str:
    return "x".join("?" if side is None else str(side) for side in shape)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "..."
