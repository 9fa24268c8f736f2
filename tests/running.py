"""Tiny trainings that are interrupted, taken over and compared bit for bit with the uninterrupted one."""

import io
import json
import signal

import numpy as np
import pytest
from rich.console import Console

import zoo
from zoo.config import Config
from zoo.errors import Interrupted
from zoo.training.state import Keeper

BASE = {
    "name": "tiny",
    "model": {"name": "nets:small"},
    "data": {
        "name": "synthetic",
        "samples": 120,
        "classes": 3,
        "shape": [8, 8, 1],
        "batch_size": 16,
        "augment": {"shift": 1},
        "validation": 0.2,
    },
    "train": {"epochs": 4, "optimizer": {"name": "adam", "learning_rate": 0.01}},
    "callbacks": {
        "early_stopping": {"monitor": "val_loss", "patience": 3},
        "reduce_lr_on_plateau": {"monitor": "val_loss", "patience": 1, "min_delta": 0.01},
    },
    "runtime": {"steps_per_execution": 1},
}


def make(tmp_path, *overrides):
    return Config.from_dict(BASE).override(f"runtime.output={tmp_path}", *overrides)


def train(config, **words):
    """The run, and what was printed."""
    out = io.StringIO()
    run = zoo.train(config, console=Console(file=out, width=200), **words)
    return run, out.getvalue()


def arrays(run):
    """All numbers of the last state, and the history without its seconds."""
    last = sorted(p for p in (run.path / "last").iterdir() if p.is_dir())[-1]
    state = dict(np.load(last / "state.npz"))
    return state, [{k: v for k, v in row.items() if k != "seconds"} for row in run.history]


def assert_equal_runs(one, other):
    (state, history), (state2, history2) = arrays(one), arrays(other)
    assert history == history2
    assert state.keys() == state2.keys()
    for name in state:
        np.testing.assert_array_equal(state[name], state2[name], err_msg=name)
    assert one.metrics == other.metrics
    sums = [r["sha256"] for r in stored_manifest(one)]
    assert sums == [r["sha256"] for r in stored_manifest(other)]


def stored_manifest(run):
    import h5py

    with h5py.File(run.weights) as file:
        return json.loads(file["zoo_manifest"][:].tobytes())


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


def interrupted(config, step):
    """Train `config`, stopped by SIGTERM at the `step`-th step."""
    seen = iter(range(1, 1000))
    original = Keeper.on_train_batch_end

    def at_step(self, batch, logs=None):
        if next(seen) == step:
            signal.raise_signal(signal.SIGTERM)
        original(self, batch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", at_step)
        with pytest.raises(Interrupted, match="give the same command again") as caught:
            train(config)
    assert caught.value.code == 143


def assert_resumes_exactly(tmp_path, *overrides, steps):
    """A run stopped at each of `steps` and taken over equals the uninterrupted one, which is returned."""
    straight, _ = train(make(tmp_path / "straight", *overrides))
    for step in steps:
        config = make(tmp_path / f"step{step}", *overrides)
        interrupted(config, step)
        run, printed = train(config)
        assert "going on after epoch" in printed
        assert_equal_runs(straight, run)
    return straight
