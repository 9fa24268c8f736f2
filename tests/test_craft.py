"""The craft of training from YAML: each part does what it says and is exact under resume."""

import numpy as np
import pytest
from running import Killed, assert_equal_runs, assert_resumes_exactly, make, train

from zoo import runner
from zoo.build import model_of
from zoo.training import state
from zoo.training.state import Keeper


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return train(make(tmp_path_factory.mktemp("straight")))[0]


@pytest.mark.parametrize(
    ("every", "kept"),
    [
        ("{steps: 2}", ["000001-00000000", "000001-00000002"]),
        ("{minutes: 0.5}", ["000001-00000000", "000001-00000003"]),
    ],
)
def test_a_state_is_saved_inside_an_epoch(straight, tmp_path, every, kept, monkeypatch):
    """A kill in step 4 of epoch 2 of 5 steps: the state of step 2, or of 30 seconds ago, is there."""
    clock = iter(range(0, 10**6, 10))  # a look at the clock takes ten seconds
    monkeypatch.setattr(state.time, "monotonic", lambda: next(clock))
    original, seen = Keeper.on_train_batch_end, iter(range(1, 1000))

    def killed(self, batch, logs=None):
        if next(seen) == 9:
            raise Killed
        original(self, batch, logs)

    config = make(tmp_path, f"runtime.save_every={every}")
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", killed)
        with pytest.raises(Killed):
            train(config)
    (folder,) = (tmp_path / "tiny").iterdir()
    assert sorted(p.name for p in (folder / "last").iterdir() if p.is_dir()) == kept
    run, printed = train(config)
    assert f"going on after epoch 1, step {int(kept[-1][-1])}" in printed
    assert_equal_runs(straight, run)


NO_PLATEAU = "callbacks.reduce_lr_on_plateau=null"


@pytest.mark.parametrize("optimizer", ["{name: sgd, nesterov: true}", "nadam"])
def test_one_cycle_is_exact_under_resume(tmp_path, optimizer):
    assert_resumes_exactly(
        tmp_path, f"train.optimizer={optimizer}", "train.schedule={name: one_cycle}", NO_PLATEAU, steps=[8]
    )


@pytest.mark.parametrize(
    "words",
    [
        "use_ema: true, ema_momentum: 0.8",
        "use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 3",
        "gradient_accumulation_steps: 5",
        "gradient_accumulation_steps: 5, use_ema: true, global_clipnorm: 0.5, weight_decay: 0.01",
    ],
)
def test_averaging_and_accumulating_are_exact_under_resume(tmp_path, words):
    """Stopped at step 3 of epoch 2: with averages on the way, or gradients half gathered."""
    run = assert_resumes_exactly(tmp_path, f"train.optimizer={{name: adam, learning_rate: 0.01, {words}}}", steps=[8])
    best = run.history[run.metrics["best_epoch"] - 1]
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-6)
    assert run.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], abs=1e-5)


def test_the_averaged_weights_are_the_ones_kept(tmp_path):
    config = make(tmp_path, "train.epochs=1", "callbacks.early_stopping=null", NO_PLATEAU,
                  "train.optimizer={name: adam, learning_rate: 0.1, use_ema: true, ema_momentum: 0.8}")  # fmt: skip
    job = runner.prepare(config)
    mean = None
    for (x, y), _ in zip(job.data.train.stream(), range(5), strict=False):
        job.model.train_on_batch(x, y)
        now = [np.array(v) for v in job.model.trainable_variables]
        mean = now if mean is None else [0.8 * m + 0.2 * v for m, v in zip(mean, now, strict=True)]
    run, _ = train(config)
    for kept, wanted, last in zip(model_of(run).trainable_variables, mean, now, strict=True):
        np.testing.assert_allclose(np.array(kept), wanted, rtol=1e-4, atol=1e-6)
        assert not np.allclose(np.array(kept), last)


def test_accumulated_gradients_make_one_step_of_a_larger_batch(tmp_path):
    """Without BatchNorm's statistics and dropout: five steps of 16 equal one of 80."""
    plain = ["model.name=softmax_regression", "train.optimizer.name=sgd", "data.samples=125"]
    five = runner.prepare(make(tmp_path, *plain, "train.optimizer.gradient_accumulation_steps=5"))
    one = runner.prepare(make(tmp_path, *plain))
    x, y = zip(*five.data.train.stream().take(5), strict=True)  # 80 items
    before = [np.array(v) for v in one.model.trainable_variables]
    for xs, ys in zip(x, y, strict=True):
        five.model.train_on_batch(xs, ys)
    one.model.train_on_batch(np.concatenate(x), np.concatenate(y))
    for a, b, c in zip(five.model.trainable_variables, one.model.trainable_variables, before, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), atol=1e-6)
        assert not np.allclose(np.array(a), c)
