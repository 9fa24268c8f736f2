"""The training display: a live bar on a terminal, one plain line per epoch everywhere else."""

from __future__ import annotations

import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from zoo.training.callbacks import in_order

REFRESH_SECONDS = 0.1


class ProgressDisplay(keras.callbacks.Callback):
    """Shows epoch, loss, validation, learning rate and time left.

    Args:
        epochs, steps_per_epoch: the whole training.
        console: where to print; a live bar only when it is a terminal.
        best: the callback that knows the best epoch, for the mark behind a line.
    """

    def __init__(self, *, epochs: int, steps_per_epoch: int, console: Console, best: Any = None):
        super().__init__()
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.console, self.best = console, best
        self._epoch = 0
        self._offset = 0
        self._shown = 0.0
        self._begun = 0.0
        self._progress: Progress | None = None

    def start(self, done_steps: int) -> None:
        """Open the display; `done_steps` were done by earlier processes."""
        if self.console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.percentage:>3.0f} %"),
                TextColumn("{task.fields[figures]}"),
                TextColumn("[dim]time left[/]"),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self._task = self._progress.add_task(
                "starting", total=self.epochs * self.steps_per_epoch, completed=done_steps, figures=""
            )
            self._progress.start()

    def close(self) -> None:
        """Take the live bar away; the lines of finished epochs stay."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def begin(self, offset: int) -> None:
        """The next `fit` begins `offset` steps inside its epoch."""
        self._offset = offset

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._begun = epoch, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if self._progress is None:
            return
        now = time.monotonic()
        if now - self._shown < REFRESH_SECONDS:
            return
        self._shown = now
        self._progress.update(
            self._task,
            completed=self._epoch * self.steps_per_epoch + self._offset + batch + 1,
            description=f"epoch {self._epoch + 1}/{self.epochs}",
            figures=_figures(logs),
        )

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        seconds = time.perf_counter() - self._begun
        mark = "  best" if self.best is not None and self.best.epoch == epoch else ""
        width = len(str(self.epochs))
        left = "" if self._progress is not None else f"  left {_clock(seconds * (self.epochs - epoch - 1))}"
        line = f"epoch {epoch + 1:>{width}}/{self.epochs}  {_figures(logs)}  lr {rate:.3g}  {seconds:.1f} s{left}{mark}"
        self.console.print(line, highlight=False, soft_wrap=True)
        self._offset = 0


def _figures(logs: dict[str, float] | None) -> str:
    return "  ".join(f"{k} {v:.4f}" for k, v in in_order(logs or {}).items())


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
