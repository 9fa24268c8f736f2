"""Run folders of 0.1.0 open, go on and evaluate, and mean what they meant then; receipts keep their recipe."""

import json
import shutil
from pathlib import Path

import pytest
from running import make, train

import zoo
from zoo import io
from zoo.config import load_config, versions
from zoo.data.dataset import DataInfo
from zoo.io import files, onednn
from zoo.runs import folder as rundir

HERE, CONFIGS = Path(__file__).parent, Path(__file__).parent.parent / "configs"
OLD = HERE / "runs_0_1_0"
ONCE = ("train.epochs=1", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")


@pytest.fixture
def old(tmp_path):
    """Copies of the three, with the machine's own path in their configs."""
    for name in ("texts", "photos", "unfinished"):
        (run,) = (OLD / name,)
        target = tmp_path / "runs" / name / "20261130T213841Z"
        shutil.copytree(run, target)
        path = target / "config.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("PLACE", str(OLD / "data")), encoding="utf-8")
    return {path.parent.name: rundir.open_run(path) for path in (tmp_path / "runs").glob("*/*")}


@pytest.mark.parametrize("name", ["texts", "photos"])
def test_they_are_judged_as_then(old, name):
    run = old[name]
    then = run.metrics["test"]
    found = zoo.evaluate(run)
    assert found["loss"] == pytest.approx(then["loss"], rel=1e-5)
    assert found["accuracy"] == then["accuracy"]


def test_they_answer(old):
    table = (OLD / "data" / "texts" / "reviews.csv").read_text(encoding="utf-8")
    rows = [line.rsplit(",", 1) for line in table.split("\n")[1:9]]
    answers = zoo.predict(old["texts"], [text for text, _ in rows])
    assert [row["label"] for row in answers] == [label for _, label in rows]
    answers = zoo.predict(old["photos"], [str(OLD / "data" / "photos" / c / "00.jpg") for c in ("green", "red")])
    assert [row["label"] for row in answers] == ["green", "red"]


def test_the_unfinished_one_goes_on_and_ends_as_its_twin(old, tmp_path, undrawn):
    run = old["unfinished"]
    config = load_config(run.path / "config.yaml").override(f"runtime.output={tmp_path / 'runs'}")
    if run.onednn != onednn.in_effect():
        pytest.skip("begun under another setting of oneDNN than this process has")
    again, printed = train(config)
    assert again.path == run.path
    assert "going on after epoch 2, step 19" in printed
    assert again.finished
    assert again.metrics["validation"]["loss"] == pytest.approx(1.7105008, rel=1e-5)
    assert again.metrics["test"]["loss"] == pytest.approx(1.7180040, rel=1e-5)
    assert again.environment["format"] == 1
    assert again.read_json(rundir.RECEIPT)["recipe_digest"] == config.recipe_digest()


def test_a_key_that_is_missing_means_what_it_meant_then(old, monkeypatch):
    """Two keys as later versions will bring them: a new one, and a default that changed."""
    path = old["unfinished"].path / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  label_smoothing: 0.0\n", "").replace("  limit: null\n", ""), encoding="utf-8")
    monkeypatch.setattr(versions, "SINCE", {"train.label_smoothing": 0.25, "data.maxlen": 7})
    monkeypatch.setattr(versions, "CHANGED", {"data.limit": (1, 50)})
    today, then = load_config(path), load_config(path, written_by=1)
    assert (today.train.label_smoothing, today.data.limit) == (0.0, None)
    assert (then.train.label_smoothing, then.data.limit) == (0.25, 50)
    assert then.override("train.epochs=9").train.label_smoothing == 0.25  # also of a copy
    assert load_config(path, written_by=2).data.limit is None
    assert old["unfinished"].config.train.label_smoothing == 0.25
    assert "data.maxlen" not in then.to_yaml()  # which images do not use


def test_a_later_key_leaves_digests_alone_at_its_frozen_value_only(monkeypatch):
    config = load_config(CONFIGS / "lenet5_digits.yaml")
    before = config.recipe_digest()
    now = versions.SINCE
    monkeypatch.setattr(versions, "SINCE", now | {"train.label_smoothing": 0.0, "data.nowhere": 1})
    without = config.recipe_digest()
    assert without != before  # a key of the first day is part of every digest
    assert config.override("train.label_smoothing=0.1").recipe_digest() != without
    monkeypatch.setattr(versions, "SINCE", now | {"train.label_smoothing": 0.1})  # frozen, whatever the default is
    assert config.recipe_digest() == before
    assert config.override("train.label_smoothing=0.1").recipe_digest() == without


def test_every_key_is_of_the_first_day_or_has_its_value_of_before():
    """A key that is added without an entry in `versions.SINCE` would change every digest."""
    from zoo.config.config import known_keys

    first = set((HERE / "golden" / "config_keys.txt").read_text(encoding="utf-8").split())
    known = {".".join(map(str, key)) for key in known_keys()}
    assert known - first == set(versions.SINCE)
    assert first - known == set()


@pytest.mark.parametrize("receipt", sorted((CONFIGS / "receipts").glob("*.json")), ids=lambda path: path.stem)
def test_a_receipt_is_of_its_config(receipt):
    plain = json.loads(receipt.read_text(encoding="utf-8"))
    config = load_config(CONFIGS / f"{plain['config']}.yaml", [f"runtime.seed={plain['seed']}"])
    assert config.recipe_digest() == plain["recipe_digest"]


def test_the_recipe_does_not_ask_where_things_lie(tmp_path):
    config = load_config(CONFIGS / "lenet5_mnist.yaml")
    assert config.override(f"data.path={tmp_path}/mnist.npz").recipe_digest() == config.recipe_digest()
    assert config.override("name=other", "train.repeat=3").recipe_digest() == config.recipe_digest()
    texts = load_config(CONFIGS / "textcnn_folder.yaml", ["data.path=here", "model.args={embedding: a/v.txt}"])
    moved = texts.override("data.path=there", "model.args={embedding: b/v.txt}")
    assert moved.recipe_digest() == texts.recipe_digest()
    assert moved.override("model.args={embedding: b/w.txt}").recipe_digest() != texts.recipe_digest()


def test_a_run_is_its_recipe_its_data_and_its_parent():
    parts = [("r", "d", None), ("s", "d", None), ("r", "e", None), ("r", "d", {"run": "x", "weights_sha256": "w"})]
    assert len({rundir.run_digest(*part) for part in parts}) == 4
    moved = {"run": "elsewhere", "weights_sha256": "w"}
    assert rundir.run_digest("r", "d", moved) == rundir.run_digest(*parts[3])


def test_what_a_new_run_states(tmp_path):
    config = make(tmp_path, *ONCE)
    run, _ = train(config)
    environment, receipt = run.environment, run.read_json(rundir.RECEIPT)
    assert environment["format"] == io.FORMAT == 2
    assert environment["data_hash_of"] == "all items"
    assert environment["parent"] is None
    assert environment["own_code"] == {"nets:small": files.sha256(HERE / "nets.py")}
    assert environment["onednn"] is onednn.in_effect()
    digest = rundir.run_digest(config.recipe_digest(), run.data["hash"], None)
    assert receipt["run_digest"] == environment["run_digest"] == digest
    assert DataInfo.from_dict(run.data).preprocessing_origin == "config"
    assert receipt["files"] == {name: files.sha256(run.path / name) for name in receipt["files"]}
    assert {"config.yaml", "data.json", "history.csv", "best.weights.h5", "metrics.json"} < set(receipt["files"])


def test_a_child_states_its_parent(tmp_path, undrawn):
    plain = ("model.name=softmax_regression", *ONCE)
    run, _ = train(make(tmp_path, *plain))
    child = make(tmp_path, "name=child", *plain, f"model.weights={run.path}")
    tuned, _ = train(child)
    weights = run.read_json(rundir.RECEIPT)["weights_sha256"]
    assert tuned.environment["parent"] == {"run": str(run.path), "weights_sha256": weights}
    assert tuned.environment["own_code"] is None
    assert tuned.environment["run_digest"] != rundir.run_digest(child.recipe_digest(), run.data["hash"], None)
