"""Exact resume: everything a training is made of, saved so that the next process goes on bit for bit.

A state is a folder `last/<epoch>-<step>/` with `state.npz` (model variables with every SeedGenerator, optimizer,
metric accumulators) and `state.json` (position, callbacks' fields, hash of the arrays). It is written under a hidden
name, synced and renamed; two are kept, and the newest that verifies is read. Nothing in it is code.

Keras's `BackupAndRestore` gives less: it repeats or loses part of an epoch and forgets callbacks and seeds.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import time
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from zoo import io
from zoo.errors import Interrupted, ZooError
from zoo.io import FORMAT, files
from zoo.io.installation import install

KEPT = 2


@dataclass(frozen=True)
class Position:
    """Where a training stands: `epoch` epochs and `step` steps of the next are done."""

    epoch: int
    step: int
    stopped: str | None = None  # why it ended, or None while it goes on


def variables_of(model: keras.Model) -> dict[str, Any]:
    """Every variable that training changes, by a key that is the same in every process that builds this model."""
    groups = {"model": model.variables, "optimizer": model.optimizer.variables, "metric": model.metrics_variables}
    return {f"{group}/{i:05d}": v for group, vs in groups.items() for i, v in enumerate(vs)}


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and bytes of the arrays."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype} {array.shape}\n".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


class States:
    """The folder `last/` of a run: writes states, reads the newest good one."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def save(self, position: Position, arrays: dict[str, np.ndarray], callbacks: dict[str, Any]) -> None:
        """Add a state; older ones than the last two go when it stands.

        Raises:
            ZooError: the disk is full or cannot be written; the older states are untouched.
        """
        name = f"{position.epoch:06d}-{position.step:08d}"
        hidden = self.folder / f".{name}.part"
        try:
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir()
            with open(hidden / "state.npz", "wb") as file:
                np.savez(file, **arrays)
            meta = {
                "format": io.FORMAT,
                "epoch": position.epoch,
                "step": position.step,
                "stopped": position.stopped,
                "callbacks": callbacks,
                "digest": digest(arrays),
            }
            meta["check"] = _check(meta)
            (hidden / "state.json").write_text(json.dumps(meta), encoding="utf-8")
            for path in (hidden / "state.npz", hidden / "state.json", hidden):
                files.sync(path)
            target = self.folder / name
            if target.exists():  # the same position again, written by a run that was resumed from the one before it
                shutil.rmtree(target)
            hidden.rename(target)
            files.sync(self.folder)
        except OSError as error:
            shutil.rmtree(hidden, ignore_errors=True)
            raise ZooError(
                f"the state of the run could not be saved in {self.folder}: {error.strerror or error}",
                "a disk with room",
                "free some space and give the same command again; the last good state is untouched",
            ) from error
        for old in self._folders()[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def _folders(self) -> list[Path]:
        return sorted(p for p in self.folder.iterdir() if p.is_dir() and not p.name.startswith("."))

    def newest(self) -> tuple[dict[str, Any] | None, dict[str, np.ndarray], list[str]]:
        """The newest state that verifies: its meta (None if there is none), its arrays, and what was passed over."""
        passed = []
        for folder in reversed(self._folders()):
            try:
                meta = json.loads((folder / "state.json").read_text(encoding="utf-8"))
                if meta.pop("check") != _check(meta):
                    raise ValueError("state.json does not match its check sum")
                if meta["format"] > io.FORMAT:
                    raise ZooError(
                        f"{folder} was written by a newer zoo (format {meta['format']})",
                        f"format {FORMAT}",
                        f"upgrade with `{install()}`, or start anew with --resume never",
                    )
                with np.load(folder / "state.npz", allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}
                if digest(arrays) != meta["digest"]:
                    raise ValueError("its arrays do not match their SHA-256")
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                passed.append(f"the state {folder.name} is damaged ({error})")
                continue
            return meta, arrays, passed
        return None, {}, passed

    def clear(self) -> None:
        """Forget every state (a finished run does not resume; `--resume never` begins afresh)."""
        for folder in self.folder.iterdir():
            if folder.is_dir():
                shutil.rmtree(folder)


def _check(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


class Keeper(keras.callbacks.Callback):
    """The last callback of all: saves states, puts them back, and answers signals at the next step.

    Args:
        states: where states go.
        remembering: the callbacks whose fields belong to the state, by name.
        steps_per_epoch: steps of a whole epoch.
        signals: what was asked for from outside.
        save_every_steps, save_every_seconds: between two states inside an epoch; None for the ends of epochs only.
    """

    def __init__(
        self,
        states: States,
        remembering: dict[str, Any],
        *,
        steps_per_epoch: int,
        signals: Signals,
        save_every_steps: int | None = None,
        save_every_seconds: float | None = None,
    ):
        super().__init__()
        self.states, self.remembering, self.signals = states, remembering, signals
        self.steps_per_epoch = steps_per_epoch
        self.save_every_steps, self.save_every_seconds = save_every_steps, save_every_seconds
        self.position = Position(0, 0)
        self.warnings: list[str] = []
        self._pending: tuple[dict[str, Any], dict[str, np.ndarray]] | None = None
        self._offset = 0
        self._saved_at = (0, time.monotonic())

    def load(self) -> Position:
        """Read the newest good state; the next `fit` starts from it."""
        meta, arrays, self.warnings = self.states.newest()
        if meta is None:
            self._pending, self.position = None, Position(0, 0)
        else:
            self._pending = (meta, arrays)
            self.position = Position(meta["epoch"], meta["step"], meta["stopped"])
        return self.position

    def on_train_begin(self, logs=None):
        """Runs after the other callbacks have reset themselves."""
        if self._pending is None:
            return
        meta, arrays = self._pending
        self._restore(arrays, ("model", "optimizer"))
        if lacking := [
            n for n, c in self.remembering.items() if meta["callbacks"].get(n, {}).keys() < c.get_state().keys()
        ]:
            raise ZooError(
                f"the saved state knows less of {', '.join(lacking)} than this zoo remembers: another version wrote it",
                "a state of this version",
                "go on with that one, or start anew with --resume never",
            )
        for name, callback in self.remembering.items():
            callback.set_state(meta["callbacks"][name])

    def on_epoch_begin(self, epoch, logs=None):
        """Runs after `reset_metrics`: a broken epoch gets its accumulators back."""
        self._offset = 0
        if self._pending is not None and self._pending[0]["step"]:
            self._restore(self._pending[1], ("metric",))
            self._offset = self._pending[0]["step"]
        self._pending = None
        self.position = Position(epoch, self._offset)
        self._saved_at = (self._offset, time.monotonic())

    def on_train_batch_end(self, batch, logs=None):
        done = self._offset + batch + 1
        if done >= self.steps_per_epoch:
            return  # the epoch's end follows at once, and saves
        if self.signals.received is not None:
            self._save(Position(self.position.epoch, done))
            self.signals.stop()
        if self._due(done):
            self._save(Position(self.position.epoch, done))
            self._saved_at = (done, time.monotonic())

    def _due(self, done: int) -> bool:
        steps, then = self._saved_at
        if self.save_every_steps is not None and done - steps >= self.save_every_steps:
            return True
        return self.save_every_seconds is not None and time.monotonic() - then >= self.save_every_seconds

    def on_epoch_end(self, epoch, logs=None):
        stopped = "early_stopping" if self.model.stop_training else None
        self._save(Position(epoch + 1, 0, stopped))
        self.position = Position(epoch + 1, 0, stopped)
        if self.signals.received is not None:
            self.signals.stop()

    def _save(self, position: Position) -> None:
        history = self.remembering.get("history")
        if history is not None and position.step:
            history.pause()
        arrays = {k: np.asarray(keras.ops.convert_to_numpy(v)) for k, v in variables_of(self.model).items()}
        self.states.save(position, arrays, {n: c.get_state() for n, c in self.remembering.items()})

    def _restore(self, arrays: dict[str, np.ndarray], groups: tuple[str, ...]) -> None:
        for name, variable in variables_of(self.model).items():
            if name.split("/")[0] not in groups:
                continue
            if name not in arrays or tuple(arrays[name].shape) != tuple(variable.shape):
                raise ZooError(
                    "the saved state does not fit this model",
                    f"{name} of shape {tuple(variable.shape)}",
                    "the builder has changed since: start anew with --resume never",
                )
            variable.assign(arrays[name])


class Signals:
    """Ctrl-C and SIGTERM, answered at the next step while `fit` runs and at once elsewhere.

    A second Ctrl-C does not wait, and neither does the first for longer than `PATIENCE` seconds: where a step, the
    tracing before the first one or a validation takes more, the training ends like a killed one, at its last state.
    """

    CODES: ClassVar[dict[int, int]] = {signal.SIGINT: 130, signal.SIGTERM: 143}
    PATIENCE: ClassVar[float] = 5.0

    def __init__(self):
        self.received: int | None = None
        self.in_fit = False
        self.stopping = False

    def _handle(self, number, frame):
        if self.in_fit and self.received is None:
            self.received = number
            signal.setitimer(signal.ITIMER_REAL, self.PATIENCE)
            return
        self.received = number
        self.stop()

    def _out_of_patience(self, number, frame):
        if self.received is not None:
            self.stop()

    def stop(self) -> None:
        """End the training: the caller has saved what there was to save."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.stopping = True
        raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"{self}: give the same command again to go on", self.CODES[self.received])

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.received).name}"

    @contextmanager
    def listening(self):
        """Take over the two signals for the block (in the main thread; elsewhere signals stay the caller's)."""
        try:
            before = {number: signal.signal(number, self._handle) for number in self.CODES}
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._out_of_patience)
        except ValueError:  # not the main thread: a notebook's or server's worker
            before = {}
        try:
            yield self
        except Exception as error:
            if self.stopping:  # TensorFlow's C code, interrupted while it traces, raises a SystemError of its own
                raise self._interrupted() from error
            raise
        finally:
            if before:
                signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)
