"""Trainings that are killed at random moments, taken over, and compared with the one that was left alone."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from running import assert_equal_runs

from zoo.runs.folder import Run, open_run

TESTS = Path(__file__).parent
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
SLOW_IMPORTS = (
    "tensorflow",
    "keras",
    "h5py",
    "matplotlib.pyplot",
    "sklearn.model_selection",
    "zoo.cli.training",
    "zoo.experiments.train",
    "zoo.build.create",
    "zoo.data",
    "zoo.draw.diagram",
    "zoo.runs.evaluate",
    "zoo.training.compile",
    "zoo.training.progress",
    "zoo.training.state",
    "zoo.weights.manifest",
)
CASES = {
    "lenet5 with dropout": """\
model: {name: "nets:lenet5_dropout"}
data: {name: synthetic, samples: 500, classes: 10, shape: [28, 28, 1], batch_size: 16, validation: 0.2}
train: {epochs: 20, optimizer: {name: adam, learning_rate: 0.0004}}
callbacks:
  checkpoint: {monitor: val_loss}
  early_stopping: {monitor: val_loss, patience: 5, min_delta: 0.03}
  reduce_lr_on_plateau: {monitor: val_loss, patience: 2, min_delta: 0.05, factor: 0.5}
""",
    "resnet20 with augmentation": """\
model: {name: resnet20_cifar}
data:
  {name: synthetic, samples: 200, classes: 5, shape: [12, 12, 3], batch_size: 16, augment: {shift: 2, flip: horizontal}}
train:
  epochs: 6
  optimizer: {name: sgd, learning_rate: 0.02, momentum: 0.9, nesterov: true}
  schedule: {name: cosine, warmup_epochs: 1}
callbacks: {early_stopping: {monitor: val_accuracy, patience: 5}, checkpoint: {monitor: val_loss}}
""",
    "bilstm": """\
model: {name: bilstm_imdb, args: {units: 8, embedding_dim: 8}}
data: {name: synthetic, kind: tokens, samples: 400, num_words: 100, maxlen: 20, batch_size: 16}
train: {epochs: 30, optimizer: {name: adam, learning_rate: 0.003, clipnorm: 1.0}}
callbacks:
  checkpoint: {monitor: val_loss}
  early_stopping: {monitor: val_loss, patience: 5, min_delta: 0.02}
  reduce_lr_on_plateau: {monitor: val_loss, patience: 2, min_delta: 0.02, factor: 0.3}
""",
}


@dataclass
class Trial:
    """What happened to one run.

    Attributes:
        case: the name of its config.
        kills: each signal that hit a living process, with the newest state (epoch.step) that stood after it.
        resumed: the state of every resumption.
        wrong: what differs from the uninterrupted run, or went wrong on the way; empty when all is equal.
        slowest: the longest that a SIGTERM or Ctrl-C took to be answered, in seconds.
    """

    case: str
    kills: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


def command(config: Path, output: Path, *overrides: str) -> subprocess.Popen:
    """`zoo train`, as a user gives it."""
    words = [sys.executable, "-m", "zoo", "train", str(config), f"runtime.output={output}", *overrides]
    paths = os.pathsep.join(filter(None, [str(TESTS.parent), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        words,
        cwd=TESTS,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )


class Forked:
    """The same command in a fork of this process, which has imported the slow packages: saves them at every start.

    Has of `subprocess.Popen` what is needed here. TensorFlow must not have computed anything before the fork.
    """

    def __init__(self, config: Path, output: Path, *overrides: str):
        for name in SLOW_IMPORTS:
            importlib.import_module(name)
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - read when the process has ended
        words = ["zoo", "train", str(config), f"runtime.output={output}", *overrides]
        self._process = multiprocessing.get_context("fork").Process(target=self._command, args=(words,))
        self._process.start()
        self.pid, self.send_signal, self.kill = self._process.pid, self._signal, self._process.kill

    def _command(self, words: list[str]) -> None:
        from zoo.cli import main

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(self._errors.fileno(), 2)
        os.chdir(TESTS)
        sys.argv = words
        main()

    def _signal(self, number: int) -> None:
        os.kill(self.pid, number)

    @property
    def returncode(self) -> int | None:
        """The exit code, or the signal that killed it as a negative number; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """See `returncode`."""
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[None, str]:
        """Wait for the end; nothing, and what was written to stderr."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("zoo train", timeout)
        self._errors.seek(0)
        return None, self._errors.read()


def run_of(output: Path) -> Run:
    """The one run folder below `output`."""
    (folder,) = output.glob("*/[!.]*/config.yaml")
    return open_run(folder.parent)


def newest_state(output: Path) -> str | None:
    """Epoch and step, "5.10", of the newest state of an unfinished run."""
    names = sorted(p.name for p in output.glob("*/*/last/[0-9]*-*"))
    if not names or list(output.glob("*/*/receipt.json")):
        return None
    epoch, step = names[-1].split("-")
    return f"{int(epoch)}.{int(step)}"


def training_begins(process: subprocess.Popen | Forked, output: Path) -> bool:
    """Wait until the process holds its run folder; False when it has ended before."""
    while process.poll() is None:
        for lock in output.glob("*/*/last/lock"):
            if lock.read_text() == f"pid {process.pid}":
                return True
        time.sleep(0.02)
    return False


def uninterrupted(
    case: str, folder: Path, begin: Callable[..., subprocess.Popen | Forked] = command
) -> tuple[Run, float]:
    """The run that every other of the case is compared with, and the seconds from its first step to its end."""
    config = folder / "case.yaml"
    folder.mkdir(parents=True)
    config.write_text(CASES[case])
    process = begin(config, folder / "straight")
    training_begins(process, folder / "straight")
    begun = time.monotonic()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return run_of(folder / "straight"), time.monotonic() - begun


def stress(
    case: str,
    straight: Run,
    seconds: float,
    output: Path,
    seed: int,
    signals: Sequence[signal.Signals] = (),
    begin: Callable[..., subprocess.Popen | Forked] = command,
) -> Trial:
    """One run, stopped one to three times by signals of chance, or by these while it trains, then left to finish.

    Args:
        case, straight, seconds: of `uninterrupted`.
        output: where the run goes.
        seed: of the chance.
        signals: instead of those of chance.
        begin: `command`, or `Forked`; what is killed while TensorFlow is imported is a command always.
    """
    rng, trial = random.Random(f"{case} {seed}"), Trial(case)
    config = straight.path.parents[2] / "case.yaml"
    for turn, number in enumerate(signals or rng.choices(SIGNALS, k=rng.randint(1, 3)), 1):
        saving, early = _saving(rng), not signals and rng.random() < 0.1  # early: while TensorFlow is imported
        process = (command if early else begin)(config, output, *saving)
        wait = rng.uniform(0, 3 if early else 0.8 * seconds / turn)
        if not early:
            training_begins(process, output)
        time.sleep(wait)
        if process.poll() is None:
            kill(process, number, trial)
            trial.kills.append(f"{number.name[3:]} at {newest_state(output) or '-'}")
        else:
            process.communicate()
    standing = newest_state(output)
    process = begin(config, output)
    _, errors = process.communicate()
    if process.returncode != 0:
        trial.wrong.append(f"exit code {process.returncode}: {errors.strip()[-200:]}")
        return trial
    run = run_of(output)
    if (run.path / "resumes.json").exists():
        trial.resumed = [f"{r['epoch']}.{r['step']}" for r in json.loads((run.path / "resumes.json").read_text())]
    if standing is not None and trial.resumed[-1:] != [standing]:
        trial.wrong.append(f"a state stood at {standing}, but it went on from {trial.resumed[-1:] or 'nothing'}")
    trial.wrong += differences(straight, run)
    return trial


def differences(straight: Run, run: Run) -> list[str]:
    """What is not equal bit for bit: weights, state, history without its seconds, metrics."""
    try:
        assert_equal_runs(straight, run)
    except AssertionError as error:
        return [" ".join(str(error).split())[:200] or "the runs differ"]
    return []


def _saving(rng: random.Random) -> list[str]:
    """States inside the epochs or not: nothing of the result may depend on it."""
    return rng.choice([[], [f"runtime.save_every={{steps: {rng.randint(1, 9)}}}"]])


def kill(process: subprocess.Popen | Forked, number: signal.Signals, trial: Trial) -> None:
    """Send a signal, wait for the end, and note in the trial what should not have happened."""
    process.send_signal(number)
    sent = time.monotonic()
    try:
        _, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        trial.wrong.append(f"{number.name} was not answered within 60 s")
        return
    if number is not signal.SIGKILL:
        trial.slowest = max(trial.slowest, time.monotonic() - sent)
    allowed = {0, -number, CODES.get(number, -number)}  # 0: it was finished; -15: before Python listened
    before_python = "Failed to import the site module" in errors  # it ends with 1 and words of its own
    if process.returncode not in allowed and not before_python:
        trial.wrong.append(f"exit code {process.returncode} after {number.name}: {errors.strip()[-200:]}")
