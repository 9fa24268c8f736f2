"""Cross-validation: folds that partition the training part, runs that never see the test split, exact resume."""

import io
import json
import statistics

import numpy as np
import pytest
from rich.console import Console
from running import interrupted, make, train

import zoo
from zoo import data
from zoo.errors import ZooError
from zoo.experiments.folds import cross_validate
from zoo.experiments.seeds import repeat

pytestmark = pytest.mark.usefixtures("undrawn")

SHORT = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder, out = tmp_path_factory.mktemp("folds"), io.StringIO()
    found = cross_validate(make(folder, *SHORT, "data.folds=2"), console=Console(file=out, width=200))
    return folder, found, out.getvalue()


def splits(*overrides):
    loaded = data.load(make("runs", *overrides).data, seed=0)
    return loaded, loaded.splits


def test_the_folds_partition_the_training_part_and_are_stratified():
    whole, alone = splits("data.validation=0", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")
    folds = [splits("data.folds=4", f"data.fold={k}") for k in (1, 2, 3, 4)]
    np.testing.assert_array_equal(np.sort(np.concatenate([s["validation"] for _, s in folds])), alone["train"])
    for loaded, parts in folds:
        np.testing.assert_array_equal(parts["test"], alone["test"])
        np.testing.assert_array_equal(np.union1d(parts["train"], parts["validation"]), alone["train"])
        assert not set(parts["train"]) & set(parts["validation"])
        shares = np.array(loaded.info.class_counts["validation"]) / np.array(whole.info.class_counts["train"])
        assert np.all(np.abs(shares - 1 / 4) < 0.05)
    other = splits("data.folds=4", "data.fold=1", "data.split_seed=1")[1]
    assert not np.array_equal(other["validation"], folds[0][1]["validation"])


def test_each_fold_is_an_ordinary_run_without_a_test(series):
    folder, found, printed = series
    assert list(found.runs) == [1, 2]
    assert "test  " not in printed
    assert printed.count("validation  loss") == 2
    held_out = [set(run.read_json("splits.json")["validation"]) for run in found.runs.values()]
    assert not held_out[0] & held_out[1]
    for fold, run in found.runs.items():
        assert run.finished
        assert run.metrics.keys() == {"best_epoch", "stopped", "validation"}
        assert run.config.data.fold == fold
        assert "validation" not in run.config.to_dict()["data"]
        again, said = train(make(folder, *SHORT, "data.folds=2", f"data.fold={fold}"))
        assert again.path == run.path
        assert "has been trained already" in said


def test_the_table(series):
    folder, found, _ = series
    values = [run.metrics["validation"]["accuracy"] for run in found.runs.values()]
    plain = json.loads((folder / "tiny" / "folds.json").read_text())
    assert [row["validation accuracy"] for row in plain["folds"]] == values
    assert plain["mean"]["validation accuracy"] == pytest.approx(sum(values) / 2)
    assert plain["spread"]["validation accuracy"] == pytest.approx(statistics.stdev(values))
    assert "best" not in plain
    text = found.text()
    assert "test accuracy" not in text
    assert "the test split is untouched" in text
    zoo.evaluate(found.runs[1], "test")  # by hand: no column of one row
    assert found.to_dict() == plain


def test_an_interrupted_fold_goes_on_exactly(series, tmp_path):
    config = make(tmp_path, *SHORT, "data.folds=2")
    train(config.override("data.fold=1"))
    interrupted(config.override("data.fold=2"), 5)
    out = io.StringIO()
    found = cross_validate(config, console=Console(file=out, width=200))
    assert "has been trained already" in out.getvalue()
    assert "going on after epoch 1, step" in out.getvalue()
    assert found.to_dict()["mean"] == series[1].to_dict()["mean"]


def test_without_folds_nothing_of_them_stands_in_a_config():
    plain = make("runs")
    assert not {"folds", "fold"} & plain.to_dict()["data"].keys()
    assert plain.override("data.folds=null", "data.fold=null").recipe_digest() == plain.recipe_digest()
    one = plain.override("data.folds=5", "data.fold=1")
    assert one.override("data.validation=0.3").recipe_digest() == one.recipe_digest()  # not used
    assert one.override("data.fold=2").recipe_digest() != one.recipe_digest()


def test_mistakes():
    with pytest.raises(ZooError, match=r"data\.folds: expected an integer of at least 2 or null, got 1"):
        make("runs", "data.folds=1")
    with pytest.raises(ZooError, match=r"data\.folds is 3; expected one run; call zoo\.cross_validate\(config\)"):
        zoo.train(make("runs", "data.folds=3"))
    with pytest.raises(ZooError, match=r"data\.folds is None and data\.fold is None; expected a number"):
        cross_validate(make("runs"))
    with pytest.raises(ZooError, match=r"data\.folds is 3; expected one run"):
        repeat(make("runs", "data.folds=3"), [0, 1])
    with pytest.raises(ZooError, match=r"class '.*' has \d+ training items, too few for data.folds=90; expected"):
        splits("data.folds=90")
