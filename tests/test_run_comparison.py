"""Runs side by side; McNemar's test and the bootstrap against scipy and figures worked by hand."""

import json
import shutil

import numpy as np
import pytest
from running import make, train
from scipy import stats

from zoo.analysis.compare_runs import all_runs, compare_runs
from zoo.analysis.significance import bootstrap, mcnemar_chi2, mcnemar_exact, paired
from zoo.errors import ZooError
from zoo.io import files
from zoo.runs.evaluate import figures

pytestmark = pytest.mark.usefixtures("undrawn")

SHORT = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    one, _ = train(make(folder, *SHORT))
    two, _ = train(make(folder, *SHORT, "train.epochs=3", "train.optimizer.learning_rate=0.02", "name=other"))
    return one, two


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (3, 3), (5, 3), (10, 25), (2, 30), (700, 600), (3000, 3100)])
def test_mcnemar_equals_scipy(b, c):
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)
    chi2, p = mcnemar_chi2(b, c)
    assert p == pytest.approx(stats.chi2.sf(chi2, 1), rel=1e-9)


def test_mcnemar_by_hand():
    assert mcnemar_exact(5, 1) == 2 * (1 + 6) / 64
    assert mcnemar_chi2(15, 5) == (81 / 20, pytest.approx(0.04417, abs=1e-5))
    assert mcnemar_chi2(4, 4)[0] == 0.0  # the correction does not turn nothing into something


def test_the_bootstrap_equals_drawing_the_items():
    rng = np.random.default_rng(1)
    one, two = rng.random(200) < 0.9, rng.random(200) < 0.8
    found = paired(one, two)
    drawn = stats.bootstrap(
        (one, two),
        lambda a, b, axis=-1: a.mean(axis) - b.mean(axis),
        paired=True,
        vectorized=True,
        method="percentile",
        rng=rng,
    ).confidence_interval
    assert found.interval == pytest.approx((drawn.low, drawn.high), abs=0.006)
    assert found.difference == pytest.approx(one.mean() - two.mean())
    assert found.interval == bootstrap(one.astype(int) - two.astype(int), 0)
    many = rng.integers(-1, 2, 5003)
    assert bootstrap(many, 0) == bootstrap(many, 0) != bootstrap(many, 1)
    assert (found.both + found.only_first, found.both + found.only_second) == (one.sum(), two.sum())


def test_the_words():
    right = np.array([True] * 90 + [False] * 10)
    less = np.array([True] * 70 + [False] * 30)
    text = paired(right, less).text("X", "Y")
    assert "on the same 100 test items: both right 70, only X right 20, only Y right 0, both wrong 10" in text
    assert "X is ahead by 20.0 points of accuracy" in text
    assert "20 to 0 or more uneven comes up with probability below 0.001" in text
    assert "fewer than 25 such items" in text
    assert "hardly explains the difference: X is better" in text
    assert "Y is better" in paired(less, right).text("X", "Y")
    close = paired(right, np.roll(right, 1)).text()
    assert "accuracies are equal" in close
    assert "That does not prove them equal" in close
    assert "no item tells A and B apart" in paired(right, right).text()


def test_configs_and_results_stand_side_by_side(runs, tmp_path):
    found = compare_runs(runs, tmp_path / "compare.png")
    assert found.differences == {
        "name": {"A": "tiny", "B": "other"},
        "train.epochs": {"A": 2, "B": 3},
        "train.optimizer.learning_rate": {"A": 0.01, "B": 0.02},
    }
    assert found.results["test accuracy"] == {k: r.metrics["test"]["accuracy"] for k, r in found.runs.items()}
    assert found.results["epochs"] == {"A": 2, "B": 3}
    assert (tmp_path / "compare.png").stat().st_size > 5000
    text = found.text()
    assert f"A  {runs[0]}\nB  {runs[1]}" in text
    assert "train.optimizer.learning_rate  0.01  0.02" in text
    assert json.loads(json.dumps(found.to_dict()))["paired"]["items"] == 24


def test_a_key_that_one_config_lacks_is_a_difference(runs, tmp_path):
    third = tmp_path / "third"
    shutil.copytree(runs[0].path, third)
    files.write(third / "config.yaml", runs[0].config.override("train.optimizer.weight_decay=0.1").to_yaml())
    found = compare_runs([runs[0], third])
    assert found.differences == {"train.optimizer.weight_decay": {"B": 0.1}}
    assert found.text().splitlines()[5].split() == ["train.optimizer.weight_decay", "-", "0.1"]


def test_two_runs_are_compared_item_by_item(runs):
    found = compare_runs(runs).paired
    one, two = (figures(run, "test") for run in runs)
    right = [one.predicted == one.labels, two.predicted == two.labels]
    assert found == paired(*right)
    accuracies = [run.metrics["test"]["accuracy"] for run in runs]
    assert found.difference == pytest.approx(accuracies[0] - accuracies[1], abs=1e-6)


def test_three_runs_or_other_test_items_are_not(runs, tmp_path):
    third = tmp_path / "third"
    shutil.copytree(runs[1].path, third)
    assert compare_runs([*runs, str(third)]).paired is None
    splits = runs[1].read_json("splits.json")
    files.write_json(third / "splits.json", splits | {"test": [*splits["test"][:-1], 999]})
    assert compare_runs([runs[0], third]).why_not == "their test splits hold different items"
    files.write_json(third / "data.json", runs[1].data | {"hash": "0"})
    found = compare_runs([runs[0], third])
    assert "not compared item by item: they were trained on different data" in found.text()
    (third / "receipt.json").unlink()
    found = compare_runs([runs[0], third])
    assert found.why_not == f"{third} is not finished"
    assert "B" not in found.results["test accuracy"]


def test_a_run_that_has_lost_its_history_took_no_0_epochs(runs, tmp_path):
    shutil.copytree(runs[1].path, tmp_path / "third")
    (tmp_path / "third" / "history.csv").unlink()
    found = compare_runs([runs[0], tmp_path / "third"], tmp_path / "curves.png")
    assert set(found.results["epochs"]) == set(found.results["seconds"]) == {"A"}
    assert set(found.results["best epoch"]) == {"A", "B"}


def test_what_cannot_be_compared(runs, tmp_path):
    with pytest.raises(ZooError, match="1 run is given; expected 2 to 26 to compare"):
        compare_runs(runs[:1])
    with pytest.raises(ZooError, match="is given twice; expected different runs"):
        compare_runs([runs[0], str(runs[0])])
    with pytest.raises(ZooError, match=r"tiny.* is a run and lenet5 a model; expected runs only, or models only"):
        all_runs([str(runs[0]), "lenet5"])
    assert all_runs([str(run) for run in runs])
    assert not all_runs(["lenet5", "nets:small"])
