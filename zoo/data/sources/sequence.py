"""Numbers over time, cut into windows with a class each, for recurrent nets.

`data.path` is a `.csv` with a column of classes, a `.npy` of (time, columns) with the classes of its time steps in
another, `data.labels`, or a folder with train.csv and, where they exist, validation.csv and test.csv.

Windows overlap, so a random split would put nearly the same numbers into training and test: one file is cut in time
instead, into a training, a validation and a test block, and no window reaches over a border.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.raw import Items, Raw
from zoo.data.series import TYPES, Frames, Recording, read_npy, read_numbers, window_starts
from zoo.data.sources.folders import PARTS
from zoo.data.sources.official import own
from zoo.data.sources.tables import sorted_classes
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

WANT = "a .csv or .npy file, or a folder with train.csv and test.csv"


def read(data: DataConfig) -> Raw:
    """Windows with the class of their last time step; the classes are those of the training part, sorted."""
    path = own(data, want=WANT)
    if data.window is None:
        raise ZooError("data.window is missing", "the time steps of one window", "set data.window")
    found = _recordings(path, data)
    columns = found["train"].columns
    first, where, blocks = 0, [], {}
    for part, recording in found.items():
        if recording.columns != columns:
            raise ZooError(
                f"the {part} part of {path} has the columns {', '.join(recording.columns)}",
                f"{', '.join(columns)}, as in the training part",
                "give the same columns",
            )
        where.append((part if len(found) > 1 else "", first))
        blocks[part] = (first, first + len(recording.values))
        first += len(recording.values)
    blocks = _cut(blocks, data)
    values = np.concatenate([recording.values for recording in found.values()])
    labels = np.array([label for recording in found.values() for label in recording.labels or ()], object)
    frames = {}
    for part, (start, end) in blocks.items():
        frames[part] = Frames(
            values, window_starts(start, end, data.window, data.stride), data.window, columns, tuple(where)
        )
        if not len(frames[part]):
            raise ZooError(
                f"the {part} part of {path} has {end - start} time steps",
                f"at least {data.window}, one window",
                "give more of them, or a smaller data.window",
            )
    ends = {part: labels[cut.starts + data.window - 1] for part, cut in frames.items()}
    names = sorted_classes(set(ends["train"]))
    if len(names) < 2:
        raise ZooError(
            f"all windows of the training part of {path} end in the class '{names[0]}'",
            "two classes or more",
            "give more of the recording, or train.csv and test.csv",
        )
    index, items = {name: i for i, name in enumerate(names)}, {}
    for part, cut in frames.items():
        for i, name in enumerate(ends[part]):
            if name not in index:
                raise ZooError(
                    f"{path}, {cut.names[i]} ({part} part), end in the class '{name}', in which no window "
                    "of the training part ends",
                    f"one of {', '.join(names[:8])}",
                    "give a folder with train.csv and test.csv that both have all classes",
                )
        items[part] = Items(cut, np.array([index[name] for name in ends[part]], np.int32))
    return Raw(data.name, "frames", names, items["train"], items["test"], validation=items.get("validation"))


def _recordings(path: Path, data: DataConfig) -> dict[str, Recording]:
    """One recording for each part that has a file of its own."""
    if path.is_file() and path.suffix.lower() == ".npy":
        return {"train": _npy(path, data)}
    if data.labels is not None:
        raise ZooError(f"data.labels is given with {path}", f"classes in the column '{data.label}'", "remove it")
    if path.is_file():
        files = {"train": path}
    else:
        named = {part: [path / f"{name}.csv" for name in names] for part, names in PARTS.items()}
        files = {part: there[0] for part, those in named.items() if (there := [f for f in those if f.is_file()])}
        if "train" not in files:
            raise ZooError(f"{path} lacks train.csv", WANT, "correct data.path")
    return {part: read_numbers(file, label=data.label, columns=data.columns) for part, file in files.items()}


def _npy(path: Path, data: DataConfig) -> Recording:
    if data.labels is None:
        raise ZooError(f"data.path={path} holds no classes", "a .npy of the class of each time step", "set data.labels")
    file = Path(data.labels).expanduser()
    if not file.is_file() or file.suffix.lower() not in TYPES[1:]:
        raise ZooError(f"data.labels={data.labels} is no .npy file", "the class of each time step", "correct it")
    recording, labels = read_numbers(path), read_npy(file)
    if labels.ndim != 1 or labels.dtype.kind not in "uibU":
        raise ZooError(
            f"{file} holds {labels.dtype} of shape {labels.shape}",
            "a whole number or a name for each time step",
            "save it as integers or strings",
        )
    if len(labels) != len(recording.values):
        raise ZooError(
            f"{file} holds {len(labels)} classes for {len(recording.values)} time steps in {path}",
            "as many",
            "correct one of the two",
        )
    if data.columns is not None:
        raise ZooError(f"data.columns is given with {path}, whose columns have no names", "a .csv", "remove it")
    return Recording(recording.values, tuple(map(str, labels.tolist())), recording.columns)


def _cut(blocks: dict[str, tuple[int, int]], data: DataConfig) -> dict[str, tuple[int, int]]:
    """The parts without a file of their own, taken from the end of the training part: first the test, then before it
    the validation."""
    start, end = blocks["train"]
    wanted = {"test": data.test, "validation": data.validation}
    for part, share in wanted.items():
        if part not in blocks and share:
            border = end - math.ceil(share * (end - start))
            blocks = {**blocks, part: (border, end)}
            end = border
    blocks["train"] = (start, end)
    return {part: blocks[part] for part in ("train", "validation", "test") if part in blocks}
