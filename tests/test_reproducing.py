"""A run trained again from its folder: equal here, judged by its seeds elsewhere."""

import io
import json
import shutil

import pytest
from rich.console import Console
from running import assert_equal_runs, interrupted, make, train

from zoo.errors import ZooError
from zoo.experiments.reproduce import judge, reproduce, seeds_beside
from zoo.experiments.seeds import repeat
from zoo.io import files
from zoo.runs import folder as rundir

pytestmark = pytest.mark.usefixtures("undrawn")

SHORT = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")


def reproduced(run, *words):
    out = io.StringIO()
    return reproduce(run, *words, console=Console(file=out, width=200)), out.getvalue()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return train(make(tmp_path_factory.mktemp("original"), *SHORT))[0]


@pytest.fixture
def copy(original, tmp_path):
    """A copy of the original, to be spoilt."""
    shutil.copytree(original.path.parent.parent, tmp_path / "runs")
    return rundir.open_run(tmp_path / "runs" / "tiny" / original.path.name)


def test_the_same_machine_gives_the_same_bits(copy):
    found, _ = reproduced(copy)
    assert found.run.path.parent == copy.path.parent.parent / "reproductions" / "tiny"
    assert_equal_runs(copy, found.run)
    assert found.verdict == "equal"
    assert found.weights
    assert found.history
    assert {j.figure for j in found.figures} == {
        "best epoch",
        "validation loss",
        "validation accuracy",
        "test loss",
        "test accuracy",
    }
    assert "weights equal bit for bit, history equal row by row" in found.text()
    again, printed = reproduced(str(copy))  # a finished one is not taken for an answer
    assert again.run.path != found.run.path
    assert "epoch 2/2" in printed


def test_an_interrupted_reproduction_goes_on(copy, tmp_path):
    interrupted(copy.config.override(f"runtime.output={tmp_path}/elsewhere"), 7)
    found, printed = reproduced(copy, tmp_path / "elsewhere")
    assert "going on after epoch 1, step 2" in printed
    assert found.verdict == "equal"


def test_what_differs_is_said(copy):
    then = copy.environment
    files.write_json(copy.path / "environment.json", then | {"keras": "3.0.0", "cpu": None})
    metrics = copy.metrics
    metrics["test"]["loss"] += 1.0
    files.write_json(copy.path / "metrics.json", metrics)
    found, _ = reproduced(copy)
    differing = {k: v for k, v in found.environment.items() if k != "revision"}
    assert differing == {"keras": ("3.0.0", then["keras"]), "cpu": (None, then["cpu"])}
    assert {j.figure: j.verdict for j in found.figures if j.verdict != "equal"} == {"test loss": "different"}
    assert found.verdict == "different"
    text = found.text()
    assert f"keras: 3.0.0 then, {then['keras']} now" in text
    assert "cpu: unknown then" in text
    assert "no other seeds of this config stand beside it" in text
    assert "--seeds 0,1,2" in text
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["figures"]["test loss"]["verdict"] == "different"


def metrics(accuracy, loss=0.5):
    return {"best_epoch": 3, "stopped": "epochs", "test": {"loss": loss, "accuracy": accuracy}}


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (0.90, "equal"),
        (0.9399, "within the seeds' spread"),  # the mean is .92 and the deviation .01 * sqrt(1) for .91, .92, .93
        (0.9401, "different"),
        (0.8999, "different"),
    ],
)
def test_the_seeds_spread_is_two_deviations_around_their_mean(now, verdict):
    judged = judge(metrics(0.90), metrics(now), [metrics(a) for a in (0.91, 0.92, 0.93)])
    assert [j.verdict for j in judged] == ["equal", "equal", verdict]
    assert judged[-1].seeds == (0.91, 0.92, 0.93)


def test_without_seeds_there_is_equal_and_different():
    assert [j.verdict for j in judge(metrics(0.9), metrics(0.9000001), [])] == ["equal", "equal", "different"]


def test_the_siblings_are_other_seeds_of_the_same_config_and_data(tmp_path):
    config = make(tmp_path, "train.epochs=1", *SHORT[1:])
    series = repeat(config, [0, 1], console=Console(file=io.StringIO()))
    run = series.runs[0]
    other, _ = train(config.override("train.optimizer.learning_rate=0.02", "runtime.seed=2"))
    train(config, resume="never")  # the same seed twice is one seed
    assert [r.path for r in seeds_beside(run)] == [run.path, series.runs[1].path]
    assert seeds_beside(other) == []


def test_what_cannot_be_reproduced(copy, monkeypatch):
    weights = copy.weights.read_bytes()
    (copy.path / "best.weights.h5").write_bytes(b"nothing")
    with pytest.raises(ZooError, match=r"best\.weights\.h5 is not the file its receipt names; expected the weights as"):
        reproduce(copy)
    copy.weights.write_bytes(weights)
    files.write_json(copy.path / "data.json", copy.data | {"hash": "0"})
    with pytest.raises(ZooError, match=r"the data are not those .* was trained on"):
        reproduce(rundir.open_run(copy.path))
    (copy.path / "receipt.json").unlink()
    with pytest.raises(ZooError, match="is not finished; expected a run with a receipt; give its `zoo train` command"):
        reproduce(copy)
    assert not (copy.path.parent.parent / "reproductions").exists()
