"""Several seeds of one config: ordinary runs, a table that is right, and resuming."""

import io
import json
import statistics

import pytest
from rich.console import Console
from running import interrupted, make, train

import zoo
from zoo.errors import ZooError
from zoo.experiments.seeds import Series, parse_seeds, repeat, spread

pytestmark = pytest.mark.usefixtures("undrawn")

SHORT = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")


def repeated(config, seeds=None):
    out = io.StringIO()
    return repeat(config, seeds, console=Console(file=out, width=200)), out.getvalue()


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    return folder, *repeated(make(folder, *SHORT, "train.repeat=3", "runtime.seed=5"))


def test_each_seed_is_an_ordinary_run(series):
    folder, found, printed = series
    assert list(found.runs) == [5, 6, 7]
    assert printed.count("run   ") == 3
    for seed, run in found.runs.items():
        config = make(folder, *SHORT, f"runtime.seed={seed}")
        assert run.environment["recipe_digest"] == config.recipe_digest()
        again, said = train(config)
        assert again.path == run.path
        assert "has been trained already" in said
    assert len({run.history[0]["loss"] for run in found.runs.values()}) == 3


def test_the_table_holds_every_run_and_their_mean_and_spread(series):
    folder, found, _ = series
    values = [run.metrics["test"]["accuracy"] for run in found.runs.values()]
    plain = json.loads((folder / "tiny" / "seeds.json").read_text())
    assert plain == found.to_dict()
    assert [row["test accuracy"] for row in plain["seeds"]] == values
    assert plain["mean"]["test accuracy"] == pytest.approx(sum(values) / 3)
    assert plain["spread"]["test accuracy"] == pytest.approx(statistics.stdev(values))
    assert (folder / "tiny" / "seeds.png").stat().st_size > 5000
    text = found.text()
    assert [line.split()[0] for line in text.splitlines()[2:7]] == ["5", "6", "7", "mean", "spread"]
    assert f"best by val_accuracy: seed {plain['best']}, {found.runs[plain['best']]}" in text


class FakeRun:
    """What a series reads of a run; the test figures lead astray."""

    def __init__(self, monitor, rows, test):
        self.config = make("runs", f"callbacks.checkpoint.monitor={monitor}")
        self.history = rows
        self.metrics = {"best_epoch": 2, "validation": {}, "test": {"accuracy": test}}


def test_the_best_is_the_best_by_validation_at_its_best_epoch():
    def row(accuracy, loss):
        return {"val_accuracy": accuracy, "val_loss": loss, "loss": 0.0}

    first = row(1.0, 0.0)  # an epoch that was not the best one
    rows = {0: row(0.7, 0.5), 1: row(0.8, 0.9), 2: row(0.8, 0.6)}
    by_accuracy = Series("seed", {k: FakeRun("val_accuracy", [first, r], -k) for k, r in rows.items()})
    assert by_accuracy.best == 2  # equal to 1 in accuracy, smaller in loss
    assert Series("seed", {k: FakeRun("val_loss", [first, r], -k) for k, r in rows.items()}).best == 0


def test_the_spread_is_the_sample_standard_deviation():
    assert spread([1.0, 2.0, 4.0]) == pytest.approx((7 / 3) ** 0.5)
    assert spread([1.0]) is None


def test_an_interrupted_series_goes_on_where_it_was(series, tmp_path):
    config = make(tmp_path, *SHORT)
    train(config.override("runtime.seed=5"))
    interrupted(config.override("runtime.seed=6"), 7)
    found, printed = repeated(config, [5, 6])
    assert "has been trained already" in printed
    assert "going on after epoch 1, step 2" in printed
    assert [r.metrics for r in found.runs.values()] == [series[1].runs[seed].metrics for seed in (5, 6)]


def test_mistakes():
    assert parse_seeds("0, 1,2") == [0, 1, 2]
    with pytest.raises(ZooError, match="--seeds 0;1; expected whole numbers with commas between; such as"):
        parse_seeds("0;1")
    with pytest.raises(ZooError, match="the seeds are 1, 1; expected different whole numbers"):
        repeat(make("runs"), [1, 1])
    with pytest.raises(ZooError, match="the seeds are -1; expected different whole numbers from 0"):
        repeat(make("runs"), [-1])
    with pytest.raises(ZooError, match=r"2 seeds \(4, 5\) together with train\.repeat=3; expected one of the two"):
        repeat(make("runs", "train.repeat=3"), [4, 5])
    with pytest.raises(ZooError, match=r"train\.repeat is 2; expected one run; call zoo\.repeat\(config\)"):
        zoo.train(make("runs", "train.repeat=2"))
