"""The main job on tiny data: the run folder, equal runs, resuming after every kind of end."""

import json
import shutil

import h5py
import keras
import numpy as np
import pytest
from running import Killed, assert_equal_runs, interrupted, make, train

import zoo
from zoo.config import Config
from zoo.errors import ZooError
from zoo.experiments import train as runner
from zoo.io import files
from zoo.runs import folder as rundir
from zoo.runs.job import prepare
from zoo.training import devices
from zoo.training.callbacks import TerminateOnNaN
from zoo.training.state import Keeper

pytestmark = pytest.mark.usefixtures("undrawn")
MORE = (pytest.mark.slow, pytest.mark.ci)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The uninterrupted run that every other is compared with."""
    return train(make(tmp_path_factory.mktemp("straight")))


@pytest.fixture(scope="module")
def undrawn(straight, undrawn):
    """All runs but that one go without pictures."""


def test_the_run_folder(straight):
    run, printed = straight
    names = {p.name for p in run.path.iterdir()}
    assert names >= {
        "config.yaml",
        "environment.json",
        "history.csv",
        "metrics.json",
        "best.weights.h5",
        "last",
        "model.svg",
        "curves.png",
        "receipt.json",
    }
    assert run.finished
    header = (run.path / "history.csv").read_text().splitlines()[0]
    assert header == "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds"
    assert [row["epoch"] for row in run.history] == list(range(1, len(run.history) + 1))
    assert run.metrics.keys() == {"best_epoch", "stopped", "validation", "test"}
    assert run.metrics["test"].keys() == {"loss", "accuracy"}
    assert str(run) in printed
    assert f"accuracy {run.metrics['test']['accuracy']:.4f}" in printed
    receipt = json.loads((run.path / "receipt.json").read_text())
    assert receipt["weights_sha256"] == files.sha256(run.weights)
    assert not list(run.path.glob(".*"))


def test_the_best_weights_are_the_ones_evaluated(straight):
    run, _ = straight
    best = max(run.history, key=lambda row: row["val_accuracy"])  # the first of equals
    assert run.metrics["best_epoch"] == best["epoch"]
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-6)
    assert run.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], abs=1e-5)


def test_two_runs_are_equal_bit_for_bit(straight, tmp_path):
    again, _ = train(make(tmp_path))
    assert_equal_runs(straight[0], again)


def test_another_seed_is_another_run(straight, tmp_path):
    other, _ = train(
        make(
            tmp_path,
            "runtime.seed=1",
            "train.epochs=1",
            "callbacks.early_stopping=null",
            "callbacks.reduce_lr_on_plateau=null",
        )
    )
    assert other.history[0]["loss"] != straight[0].history[0]["loss"]
    assert (other.path / "splits.json").read_text() == (straight[0].path / "splits.json").read_text()


def test_a_finished_run_says_so_and_is_left_alone(straight):
    config = zoo.load_config(straight[0].path / "config.yaml")
    before = (straight[0].path / "history.csv").stat().st_mtime_ns
    run, printed = train(config)
    assert run.path == straight[0].path
    assert "has been trained already" in printed
    assert (run.path / "history.csv").stat().st_mtime_ns == before


@pytest.mark.parametrize("step", [1, *(pytest.param(n, marks=MORE) for n in (4, 5, 6, 11))])
def test_sigterm_at_any_step_costs_nothing(straight, tmp_path, step):
    config = make(tmp_path)
    interrupted(config, step)
    (folder,) = (tmp_path / "tiny").iterdir()
    assert not (folder / "metrics.json").exists()
    run, printed = train(config)
    assert run.path == folder
    assert "going on after epoch" in printed
    assert json.loads((folder / "resumes.json").read_text())[0]["differing"] == []
    assert_equal_runs(straight[0], run)


@pytest.mark.parametrize("place", ["on_train_batch_end", "on_epoch_end", "after_best"])
def test_a_kill_anywhere_costs_nothing(straight, tmp_path, place, monkeypatch):
    from zoo.weights import manifest

    calls = iter(range(1, 1000))
    if place == "after_best":  # the best weights are newer than the newest state
        original = manifest.save
        monkeypatch.setattr(manifest, "save", lambda *a: (original(*a), _kill_at(calls, 2)))
    else:
        original = getattr(Keeper, place)
        monkeypatch.setattr(Keeper, place, lambda *a, **k: (_kill_at(calls, 2), original(*a, **k)))
    config = make(tmp_path)
    with pytest.raises(Killed):
        train(config)
    monkeypatch.undo()
    (folder,) = (tmp_path / "tiny").iterdir()
    (folder / ".7.part.best.weights.h5").write_bytes(b"half")
    run, _ = train(config)
    assert not list(folder.glob(".*"))
    assert_equal_runs(straight[0], run)


def _kill_at(calls, number):
    if next(calls) == number:
        raise Killed


def test_a_run_killed_before_its_first_state_is_taken_over(straight, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_fit", lambda *a: (_ for _ in ()).throw(Killed()))
    config = make(tmp_path)
    with pytest.raises(Killed):
        train(config)
    monkeypatch.undo()
    run, _ = train(config)
    assert len(list((tmp_path / "tiny").iterdir())) == 1
    assert_equal_runs(straight[0], run)


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory):
    """The folder of a run stopped by SIGTERM at step 3 of epoch 2."""
    folder = tmp_path_factory.mktemp("broken_off")
    interrupted(make(folder), 8)
    return folder / "tiny"


@pytest.fixture
def states(broken_off, tmp_path):
    """The two states of a copy of that run, which goes on by `train(make(tmp_path))`."""
    (folder,) = shutil.copytree(broken_off, tmp_path / "tiny").iterdir()
    found = sorted(p for p in (folder / "last").iterdir() if p.is_dir())
    assert len(found) == 2
    return found


@pytest.mark.parametrize("file", ["state.npz", pytest.param("state.json", marks=MORE)])
def test_a_flipped_byte_in_a_state_is_noticed_and_the_older_one_used(straight, states, tmp_path, file):
    newest = states[-1] / file
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    newest.write_bytes(damaged)
    run, printed = train(make(tmp_path))
    assert "is damaged" in printed
    assert "an older state is used" in printed
    assert_equal_runs(straight[0], run)


def test_a_full_disk_costs_no_state(straight, states, tmp_path, monkeypatch):
    def full(*args, **words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(ZooError, match=r"No space left on device.*last good state is untouched"):
        train(make(tmp_path))
    monkeypatch.undo()
    assert sorted(p for p in states[0].parent.iterdir() if p.is_dir()) == states
    run, _ = train(make(tmp_path))
    assert_equal_runs(straight[0], run)


def test_resume_never_begins_afresh_in_the_same_folder(straight, states, tmp_path):
    run, printed = train(make(tmp_path), resume="never")
    assert "going on" not in printed
    assert len(list((tmp_path / "tiny").iterdir())) == 1
    assert_equal_runs(straight[0], run)


def test_a_second_process_is_told_who_holds_the_run(states, tmp_path):
    run = rundir.Run(states[0].parent.parent)
    with rundir.locked(run), pytest.raises(ZooError, match=r"another process \(pid \d+\)"):
        train(make(tmp_path))


def test_a_loss_that_is_no_number_stops_with_place_and_rate(tmp_path):
    config = make(tmp_path, "train.optimizer={name: sgd, learning_rate: 1e30}", "callbacks.reduce_lr_on_plateau=null")
    with pytest.raises(ZooError, match=r"not a number since epoch 1, step \d+, at a learning rate of 1e\+30.*lower"):
        train(config)


def test_weights_that_are_not_finite_are_never_saved_though_the_loss_hides_them(tmp_path, monkeypatch):
    """They break as the second epoch ends; on the CPU a fused ReLU makes zeros of NaN, and losses stay finite."""
    original = TerminateOnNaN.on_epoch_end

    def broken(self, epoch, logs=None):
        if epoch == 1:
            kernel = self.model.trainable_variables[0]
            kernel.assign(np.full(kernel.shape, np.nan))
        original(self, epoch, logs)

    monkeypatch.setattr(TerminateOnNaN, "on_epoch_end", broken)
    with pytest.raises(ZooError, match=r"weights of \S+ are not a number since epoch 2, step 5, at .*optimizer"):
        train(make(tmp_path))
    (folder,) = tmp_path.glob("tiny/*")
    assert max(p.name for p in (folder / "last").iterdir() if p.is_dir()).startswith("000001-")
    with h5py.File(folder / "best.weights.h5") as file:
        file.visititems(lambda _, item: _finite(item))


def _finite(item):
    if isinstance(item, h5py.Dataset):
        assert np.isfinite(item[()]).all()


def test_data_that_changed_are_refused(states, tmp_path):
    folder = states[0].parent.parent
    environment = json.loads((folder / "environment.json").read_text()) | {"data_hash": "0"}
    files.write_json(folder / "environment.json", environment)
    with pytest.raises(ZooError, match="the data have changed since"):
        train(make(tmp_path))


def test_several_steps_per_execution_change_nothing(straight, tmp_path):
    run, _ = train(make(tmp_path, "runtime.steps_per_execution=5"))  # 77 items in batches of 16
    for row, other in zip(run.history, straight[0].history, strict=True):
        assert row["loss"] == pytest.approx(other["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("model", "batch", "steps", "chosen"),
    [
        ("lenet5", 64, 32, 16),
        ("lenet5", 64, 21, 7),
        ("lenet5", 64, 23, 1),
        ("resnet20_cifar", 128, 32, 1),
        ("resnet20_cifar", 1, 32, 16),
        ("gru_text", 64, 32, 1),
    ],
)
def test_several_steps_at_once_where_they_are_short(model, batch, steps, chosen):
    texts = {"kind": "tokens", "num_words": 50, "maxlen": 12} if model == "gru_text" else {}
    data = {"name": "synthetic", "batch_size": batch, **texts}
    config = Config.from_dict({"name": "x", "model": {"name": model}, "data": data})
    words = {"vocabulary_size": 50, "sequence_length": 12} if texts else {}
    assert devices.steps_per_execution(config, zoo.create_model(model, **words), steps, batch) == chosen


@pytest.mark.parametrize(
    ("able", "device", "precision"),
    [
        ([], "auto", "float32"),
        ([(8, 6)], "auto", "mixed_bfloat16"),
        ([(8, 6)], "cpu", "float32"),
        ([(7, 5)], "gpu", "mixed_float16"),
        ([(8, 6), (6, 1)], "auto", "float32"),
        ([None], "auto", "float32"),
    ],
)
def test_the_precision_that_a_device_is_good_at(tmp_path, monkeypatch, able, device, precision):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: able)
    details = lambda gpu: {"compute_capability": gpu} if gpu else {}  # noqa: E731
    monkeypatch.setattr(tf.config.experimental, "get_device_details", details)
    config = make(tmp_path, "runtime.precision=auto", f"runtime.device={device}")
    assert devices.settled(config) == config.override(f"runtime.precision={precision}")


def test_a_run_keeps_the_precision_it_was_settled_on(straight, tmp_path):
    run, _ = train(make(tmp_path, "runtime.precision=auto"))
    assert run.config.runtime.precision == "float32"
    assert_equal_runs(straight[0], run)
    _, printed = train(make(tmp_path, "runtime.precision=auto"))
    assert "has been trained already" in printed


def test_regulariser_constraint_and_clipping_reach_the_training(tmp_path):
    config = make(
        tmp_path,
        "train.regularizer={l1: 0.1, l2: 0.2}",
        "train.constraint={max_norm: 0.5}",
        "train.optimizer={name: sgd, learning_rate: 1.0, global_clipnorm: 0.25}",
    )
    job = prepare(config)
    kernels = [v for v in job.model.trainable_variables if v.name == "kernel"]
    penalty = sum(0.1 * np.abs(k).sum() + 0.2 * np.square(k).sum() for k in map(np.asarray, kernels))
    assert float(sum(job.model.losses)) == pytest.approx(penalty, rel=1e-5)
    x, y = next(iter(job.data.train.stream()))
    job.model.train_on_batch(x, y)
    for kernel in map(np.asarray, kernels):
        norms = np.sqrt((kernel**2).reshape(-1, kernel.shape[-1]).sum(0))
        assert norms.max() <= 0.5 + 1e-5
    assert job.model.optimizer.global_clipnorm == 0.25


def test_weight_decay_spares_biases_and_norms(tmp_path):
    config = make(tmp_path, "train.optimizer={name: sgd, learning_rate: 0.5, weight_decay: 0.1}")
    model = prepare(config).model
    before = {v.path: np.asarray(v) + 1.0 for v in model.trainable_variables}
    for v in model.trainable_variables:
        v.assign(before[v.path])
    model.optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables], model.trainable_variables)
    for v in model.trainable_variables:
        factor = 1 - 0.5 * 0.1 if v.name == "kernel" else 1.0
        np.testing.assert_allclose(np.asarray(v), before[v.path] * factor, rtol=1e-6, err_msg=v.path)


def test_one_logit_is_thresholded_at_zero(tmp_path):
    config = Config.from_dict(
        {
            "name": "text",
            "model": {"name": "gru_text", "args": {"units": 4, "embedding_dim": 4}},
            "data": {"name": "synthetic", "kind": "tokens", "samples": 64, "num_words": 50, "maxlen": 12},
            "train": {"epochs": 2},
            "runtime": {"output": str(tmp_path), "jit_compile": False},
        }
    )
    run, _ = train(config)
    result = zoo.evaluate(run)
    confusion = np.array(result["confusion"])
    assert result["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert result["accuracy"] == pytest.approx(run.metrics["test"]["accuracy"])
