"""From a foreign file into a model: every tensor asked for by name, checked, read, and only then assigned.

A reader gives the file as a mapping from names to `Stored` tensors whose shapes are known before their numbers are
read; a table of names gives the `Want`s of the model. Nothing touches the model before the whole file has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import keras
import numpy as np

from zoo.errors import ZooError
from zoo.weights.identify import identify

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Stored:
    """A tensor of a file, as declared there; `read` fetches its numbers."""

    shape: Shape
    dtype: str
    read: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Want:
    """A variable of the model, the file's tensors it is made of, and how.

    `keys` after the first are optional as a whole: the bias that a file may have before a BatchNorm.
    `shapes` has the shapes the file may have for each key. `back` undoes `convert` for a single key.
    """

    variable: Any
    keys: tuple[str, ...]
    shapes: tuple[tuple[Shape, ...], ...]
    convert: Callable[..., np.ndarray]
    back: Callable[[np.ndarray], np.ndarray] | None = None


def transfer(
    path: Path,
    file: Mapping[str, Stored],
    wants: Sequence[Want],
    model: keras.Model,
    *,
    name: str,
    unread: Collection[str] = (),
) -> None:
    """Fill `model` from `file`, all or nothing.

    Args:
        path: the file, for sentences.
        file: its tensors by name.
        wants: what the model's variables are made of.
        model: a fresh model; it is untouched when this raises.
        name: the model's catalogue name.
        unread: tensors that belong to parts the model does not have (its top, its auxiliary heads).

    Raises:
        ZooError: names the first tensor that is missing, surplus, of another shape, not of numbers or not finite,
            and the model the file is for where that can be told.
    """
    refuse_other_model(
        path, file, {key: shape[0] for w in wants for key, shape in zip(w.keys, w.shapes, strict=True)}, name
    )
    read = []
    for want in wants:
        keys = want.keys if all(key in file for key in want.keys) else want.keys[:1]
        for key, shapes in zip(keys, want.shapes, strict=False):
            _check(path, file, key, shapes, name)
        read.append((want, keys))
    surplus = set(file) - {key for _, keys in read for key in keys} - set(unread)
    if surplus:
        first = next(key for key in file if key in surplus)
        raise ZooError(
            f"{path} does not fit {name}: it holds {first}, which the model has no place for",
            f"the {len(wants)} tensors of {name} and no others",
            "check that the file is of this very model",
        )
    values = [want.convert(*(_numbers(path, key, file[key]) for key in keys)) for want, keys in read]
    for (want, _), value in zip(read, values, strict=True):
        want.variable.assign(value)


def differing(file: Mapping[str, Stored], wants: Iterable[Want]) -> bool:
    """Whether a tensor of the file has another shape than one of `wants` allows."""
    return any(
        key in file and file[key].shape not in shapes
        for want in wants
        for key, shapes in zip(want.keys, want.shapes, strict=True)
    )


def refuse_other_model(path: Path, file: Mapping[str, Stored], wanted: Mapping[str, Shape], name: str) -> None:
    """Refuse a file that is recognisably another model's.

    Raises:
        ZooError: names both.
    """
    found, own = identify({key: stored.shape for key, stored in file.items()}), identify(wanted)
    if found is not None and found != own:
        twins = {found, name} in [{f"resnet{depth}", f"resnet{depth}_v1_5"} for depth in (50, 101, 152)]
        why = " (equal shapes, but the strides are in other convolutions)" if twins else ""
        raise ZooError(
            f"{path} holds weights of {found}, not of {name}{why}",
            f"weights of {name}",
            f"load them into {found}, or give another file",
        )


def refuse_layout(path: Path, file: Mapping[str, Stored], name: str, whose: str) -> NoReturn:
    """Refuse a file in a layout in which nobody publishes weights of `name`.

    Raises:
        ZooError: names the model the file is for, where that can be told.
    """
    refuse_other_model(path, file, {}, name)
    raise ZooError(
        f"{path} is in {whose} layout, in which no weights of {name} are published",
        "a file that `zoo info` names for this model",
        "choose the model the file was saved from",
    )


def _check(path: Path, file: Mapping[str, Stored], key: str, shapes: Sequence[Shape], name: str) -> None:
    if key not in file:
        raise ZooError(
            f"{path} does not fit {name}: it lacks {key}",
            f"a tensor of shape {shapes[0]}",
            "check that the file is whole and of this very model (a file without top needs include_top=False)",
        )
    stored = file[key]
    if stored.shape not in shapes:
        raise ZooError(
            f"{path} does not fit {name}: {key} has shape {stored.shape}",
            f"{shapes[0]}",
            "build the model with the arguments, input shape and classes that the file was trained with",
        )
    if stored.dtype not in ("float16", "float32", "float64", "bfloat16"):
        raise ZooError(
            f"{path} does not fit {name}: {key} holds {stored.dtype}",
            "floating-point numbers",
            "check that the file holds weights",
        )


def _numbers(path: Path, key: str, stored: Stored) -> np.ndarray:
    value = stored.read().astype(np.float32)
    if not np.isfinite(value).all():
        raise ZooError(
            f"{path} is damaged: {key} holds numbers that are not finite",
            "finite weights",
            "download the file again, or restore it from a copy",
        )
    return value


def as_it_is(value: np.ndarray) -> np.ndarray:
    """The tensor without a change of layout."""
    return value
