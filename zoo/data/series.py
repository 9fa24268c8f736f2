"""Numbers over time: `.csv` and `.npy` files of them, windows cut from them, and how those are standardised.

A window is `window` time steps in a row and begins `stride` steps after the one before; its class is that of its last
step, which is the newest that a live system would know.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.data.text.vocabulary import utf8
from zoo.errors import ZooError, did_you_mean

TYPES = (".csv", ".npy")


@dataclass(frozen=True)
class Recording:
    """One file: a row of numbers for each time step.

    Attributes:
        values: float64 (T, F).
        labels: the class of each time step, by name, or none.
        columns: the names of the F columns; "0", "1", ... where the file has none.
    """

    values: np.ndarray
    labels: tuple[str, ...] | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Frames:
    """N windows into one array of time steps, which all parts of the data share.

    Attributes:
        values: float64 (T, F).
        starts: int64 (N,), the first time step of each window.
        window: time steps of a window.
        columns: the names of the F columns.
        where: of each recording in `values` its name, "" for the only one, and its first time step.
    """

    values: np.ndarray
    starts: np.ndarray
    window: int
    columns: tuple[str, ...]
    where: tuple[tuple[str, int], ...] = (("", 0),)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def names(self) -> tuple[str, ...]:
        """Of each window: "steps 1 to 50", after the recording's name where there are several."""
        return tuple(self._name(int(start)) for start in self.starts)

    def _name(self, start: int) -> str:
        name, first = [(name, first) for name, first in self.where if first <= start][-1]
        return f"{name}{': ' if name else ''}{steps(start - first, self.window)}"

    def fingerprint(self) -> np.ndarray:
        """Of the numbers and of where the windows lie."""
        digest = hashlib.sha256(f"{self.values.shape}{self.window}{self.columns}".encode())
        for array in (self.values, self.starts):
            digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
        return np.frombuffer(digest.digest(), np.uint8)

    def settings(self, rows: np.ndarray, stride: int) -> dict[str, Any]:
        """What the run folder keeps: mean and standard deviation of the time steps inside the windows `rows`.

        A column that never changes there is divided by 1.
        """
        edges = np.zeros(len(self.values) + 1, np.int64)
        np.add.at(edges, self.starts[rows], 1)
        np.add.at(edges, self.starts[rows] + self.window, -1)
        inside = self.values[np.cumsum(edges[:-1]) > 0]
        std = inside.std(axis=0)
        return {
            "kind": "frames",
            "window": self.window,
            "stride": stride,
            "columns": list(self.columns),
            "mean": inside.mean(axis=0).tolist(),
            "std": np.where(std > 0, std, 1.0).tolist(),
        }


class Framer:
    """Numbers -> windows as the model takes them, by the settings of a run folder."""

    def __init__(self, settings: dict[str, Any]):
        self.window, self.stride = settings["window"], settings["stride"]
        self.columns = tuple(settings["columns"])
        self._mean, self._std = np.asarray(settings["mean"]), np.asarray(settings["std"])

    def standard(self, values: np.ndarray) -> np.ndarray:
        """(..., F) -> float32 (..., F), by mean and standard deviation of the training part."""
        return ((values - self._mean) / self._std).astype(np.float32)

    def original(self, frames: np.ndarray) -> np.ndarray:
        """The inverse of `standard`, but for rounding."""
        return frames * self._std + self._mean

    def cutter(self, values: np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
        """Time steps (T, F) -> a traceable function of starts (B,) that gives windows (B, window, F)."""
        with tf.device("/CPU:0"):
            standard = tf.constant(self.standard(values))

        def cut(starts: tf.Tensor) -> tf.Tensor:
            frames = tf.gather(standard, tf.cast(starts, tf.int64)[:, None] + tf.range(self.window, dtype=tf.int64))
            return tf.ensure_shape(frames, [None, self.window, len(self.columns)])

        return cut

    def windows(self, values: np.ndarray) -> np.ndarray:
        """(T, F) -> float32 (N, window, F)."""
        starts = window_starts(0, len(values), self.window, self.stride)
        return self.standard(values)[starts[:, None] + np.arange(self.window)]

    def described(self, frame: np.ndarray) -> str:
        """A window as the model takes it, in words: the range of each column in its own unit."""
        values = self.original(frame)
        ranges = zip(self.columns, values.min(axis=0), values.max(axis=0), strict=True)
        return ", ".join(f"{column} {low:.4g} to {high:.4g}" for column, low, high in ranges)

    def read(self, inputs: Sequence[str | Path | np.ndarray]) -> tuple[np.ndarray, list[str]]:
        """Files or arrays (T, F) -> float32 (N, window, F) and the name of each window.

        Raises ZooError for a file that cannot be read, other columns, fewer time steps than a window has.
        """
        frames, names = [], []
        for i, given in enumerate(inputs):
            where = str(given) if isinstance(given, (str, Path)) else f"array {i}"
            if isinstance(given, (str, Path)):
                values = self._of_file(Path(given))
            else:
                values = _checked(np.asarray(given), where)
            if values.shape[1] != len(self.columns):
                raise ZooError(
                    f"{where} has {_counted(values.shape[1], 'column')}",
                    f"{len(self.columns)}, as in training",
                    "give the numbers that the run was trained on",
                )
            if len(values) < self.window:
                raise ZooError(
                    f"{where} has {_counted(len(values), 'time step')}",
                    f"at least {self.window}, a window of the run",
                    "give a longer one",
                )
            frames.append(self.windows(values))
            names += [f"{where}: {steps(k * self.stride, self.window)}" for k in range(len(frames[-1]))]
        return np.concatenate(frames), names

    def _of_file(self, path: Path) -> np.ndarray:
        if not path.is_file():
            raise ZooError(f"there is no file {path}", "a .csv or .npy file of numbers over time", "check the path")
        return read_numbers(path, columns=self.columns if path.suffix.lower() == ".csv" else None).values


def window_starts(first: int, end: int, window: int, stride: int) -> np.ndarray:
    """int64 (N,): where the windows inside the time steps first..end - 1 begin."""
    return np.arange(first, end - window + 1, stride, dtype=np.int64)


def steps(start: int, window: int) -> str:
    """The time steps of a window, counted from 1."""
    return f"steps {start + 1} to {start + window}"


def read_numbers(path: Path, *, label: str | None = None, columns: Sequence[str] | None = None) -> Recording:
    """A `.csv` with a first row of names, or a `.npy` of (T, F) or (T,).

    Args:
        label: the column of the classes, which a .npy does not have; None: they are not needed.
        columns: the columns of numbers; None: all but that of the classes.

    Raises ZooError for what cannot be read, ragged rows, cells that are no finite numbers.
    """
    if path.suffix.lower() == ".npy":
        values = _checked(read_npy(path), str(path))
        return Recording(values, None, tuple(str(i) for i in range(values.shape[1])))
    if path.suffix.lower() != ".csv":
        raise ZooError(f"{path} is neither .csv nor .npy", "numbers over time in one of the two", "convert the file")
    return _read_csv(path, label, columns)


def read_npy(path: Path) -> np.ndarray:
    """The array in a `.npy` file; pickled objects are refused, and a header that claims more than the file holds."""
    try:
        return np.array(np.lib.format.open_memmap(path, mode="r"))
    except (ValueError, OSError, TokenError, SyntaxError) as e:  # the last two: a damaged header
        pickled = "Python objects" in str(e)
        what = "holds pickled Python objects" if pickled else f"is no whole .npy file ({str(e)[:80]})"
        raise ZooError(f"{path} {what}", "an array of numbers written by numpy.save", "save it again") from e


def _checked(values: np.ndarray, where: str) -> np.ndarray:
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.dtype.kind not in "uif" or values.shape[1] == 0:
        raise ZooError(
            f"{where} holds {values.dtype} of shape {values.shape}",
            "numbers of shape (time, columns) or (time,)",
            "one row for each time step",
        )
    values = values.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = map(int, wrong[0])
        raise ZooError(
            f"{where}, row {row + 1}, holds {values[row, column]} in column {column}",
            "finite numbers",
            "fill or remove the gap",
        )
    return values


def _read_csv(path: Path, label: str | None, columns: Sequence[str] | None) -> Recording:
    reader = csv.reader(io.StringIO(utf8(path.read_bytes(), str(path), rows=True), newline=""), strict=True)
    try:
        header = next(reader, [])
        chosen = _columns(path, header, label, columns)
        numbers, labels = [], []
        for number, row in enumerate(reader, start=2):
            if not row:
                continue
            if len(row) != len(header):
                raise ZooError(
                    f"{path}, row {number}, has {_counted(len(row), 'field')}",
                    f"{len(header)}, as in the first row",
                    "correct the row",
                )
            try:
                numbers.append([float(row[i]) for i in chosen])
            except ValueError:
                numbers.append([np.nan])
            if not np.isfinite(numbers[-1]).all():
                _refuse(path, number, header, row, chosen)
            if label is not None:
                labels.append(row[header.index(label)].strip())
                if not labels[-1]:
                    raise ZooError(f"{path}, row {number}, has no {label}", "a name or a number", "add it")
    except csv.Error as e:
        raise ZooError(f"{path}, line {reader.line_num}, cannot be read ({e})", "closed quotes", "correct it") from e
    names = tuple(header[i] for i in chosen)
    return Recording(np.array(numbers, np.float64).reshape(-1, len(names)), tuple(labels) if label else None, names)


def _columns(path: Path, header: list[str], label: str | None, columns: Sequence[str] | None) -> list[int]:
    """The places of the columns of numbers."""
    wanted = [name for name in header if name != label] if columns is None else list(columns)
    for name in [*wanted, *([] if label is None else [label])]:
        if header.count(name) != 1:
            what = "two columns" if name in header else "no column"
            raise ZooError(
                f"{path} has {what} '{name}' (its first row is {', '.join(header[:8]) or 'empty'})",
                "a first row with the name of each column",
                did_you_mean(name, header),
            )
    if not wanted:
        raise ZooError(f"{path} has no column beside '{label}'", "columns of numbers", "add one")
    return [header.index(name) for name in wanted]


def _refuse(path: Path, number: int, header: list[str], row: list[str], chosen: list[int]) -> None:
    for i in chosen:
        try:
            good = np.isfinite(float(row[i]))
        except ValueError:
            good = False
        if not good:
            raise ZooError(
                f"{path}, row {number}, has '{row[i][:40]}' in '{header[i]}'",
                "a finite number",
                "correct it, or name the columns of numbers in data.columns",
            )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
