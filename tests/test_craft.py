"""The craft of training from YAML: each part does what it says and is exact under resume."""

import pytest
from running import Killed, assert_equal_runs, assert_resumes_exactly, make, train

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
