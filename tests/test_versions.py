"""Run folders of another zoo, older or newer: read, or refused by version, never misread."""

import json
import re
import shutil

import pytest
import yaml
from running import assert_equal_runs, interrupted, make, train

import zoo
from zoo import io
from zoo.errors import ZooError
from zoo.io import files
from zoo.io.installation import install
from zoo.runs import folder as rundir
from zoo.training import state

pytestmark = pytest.mark.usefixtures("undrawn")

SHORT = ("train.epochs=2", "callbacks.early_stopping=null")


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return train(make(tmp_path_factory.mktemp("straight"), *SHORT))[0]


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The folder above a run that was stopped inside its second epoch."""
    output = tmp_path_factory.mktemp("broken")
    interrupted(make(output, *SHORT), 7)
    return output


@pytest.fixture
def copy(broken, tmp_path):
    """A copy of it to be changed: the output folder and the run."""
    shutil.copytree(broken, tmp_path / "runs")
    (folder,) = (tmp_path / "runs" / "tiny").iterdir()
    return tmp_path / "runs", rundir.Run(folder)


def older(run):
    """As a zoo wrote it that did not have these keys yet, so that its digest was another one."""
    known = yaml.safe_load((run.path / "config.yaml").read_text())
    del (
        known["train"]["mixup"],
        known["train"]["cutmix"],
        known["callbacks"]["tensorboard"],
        known["data"]["augment"]["pca"],
    )
    (run.path / "config.yaml").write_text(yaml.safe_dump(known))
    environment = run.environment | {"format": 1}
    del environment["config_sha256"], environment["recipe_digest"]
    files.write_json(run.path / "environment.json", environment)


def test_a_run_begun_before_a_key_existed_goes_on(copy, straight):
    output, run = copy
    older(run)
    again, printed = train(make(output, *SHORT))
    assert again.path == run.path
    assert "going on after epoch 1, step 2" in printed
    assert_equal_runs(straight, again)
    again, printed = train(make(output, *SHORT))
    assert again.path == run.path
    assert "has been trained already" in printed


def test_another_value_of_a_key_it_did_not_have_is_another_run(copy):
    output, run = copy
    older(run)
    assert rundir.find(output, make(output, *SHORT)) == run
    assert rundir.find(output, make(output, *SHORT, "train.mixup=0.2")) is None
    assert rundir.find(output, make(output, *SHORT, "data.augment.shift=2")) is None


def test_a_relative_path_is_found_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = {"name": "imdb", "path": "reviews.npz", "num_words": 100, "maxlen": 10}
    config = zoo.load_config({"name": "x", "model": {"name": "gru_text"}, "data": data})
    run = rundir.create(tmp_path, "x", config.anywhere().to_yaml(), {"format": 1})
    assert rundir.find(tmp_path, config) == run
    monkeypatch.chdir(tmp_path.parent)
    assert rundir.find(tmp_path, config) is None


def test_a_folder_whose_config_was_edited_is_not_gone_on_with(tmp_path):
    config = zoo.load_config({"name": "x", "model": {"name": "mlp"}, "data": {"name": "digits"}})
    edited = config.override("data.batch_size=16")
    run = rundir.create(tmp_path, "x", config.to_yaml(), {"recipe_digest": config.recipe_digest()})
    (run.path / "config.yaml").write_text(edited.to_yaml())
    assert rundir.find(tmp_path, edited) is None


def test_a_config_with_keys_that_are_gone_is_refused_by_version(copy):
    output, run = copy
    files.write_json(run.path / "environment.json", run.environment | {"recipe_digest": "of more keys", "zoo": "0.0.1"})
    with open(run.path / "config.yaml", "a") as file:
        file.write("surprise: {depth: 3}\n")
    assert rundir.find(output, make(output, *SHORT)) is None
    with pytest.raises(ZooError, match=r"surprise: unknown key[^\0]*not as this zoo reads it; .*\(version 0\.0\.1\)"):
        zoo.evaluate(zoo.open_run(run))


def test_a_newer_folder_is_refused_by_version(copy):
    output, run = copy
    files.write_json(run.path / "environment.json", run.environment | {"format": io.FORMAT + 1})
    mend = re.escape(f"upgrade with `{install()}`")
    said = rf"was written by a newer zoo \(format {io.FORMAT + 1}\); expected format {io.FORMAT} or older; {mend}$"
    with pytest.raises(ZooError, match=said):
        train(make(output, *SHORT))


def test_a_state_of_a_newer_zoo_is_refused_by_version(copy):
    output, run = copy
    newest = sorted((run.path / "last").glob("*-*"))[-1] / "state.json"
    meta = json.loads(newest.read_text()) | {"format": io.FORMAT + 1}
    del meta["check"]
    newest.write_text(json.dumps(meta | {"check": state._check(meta)}))
    mend = re.escape(f"upgrade with `{install()}`, or start anew with --resume never")
    said = rf"was written by a newer zoo \(format {io.FORMAT + 1}\); expected format {io.FORMAT}; {mend}$"
    with pytest.raises(ZooError, match=said):
        train(make(output, *SHORT))


@pytest.mark.parametrize("change", [lambda of: of.pop("best"), lambda of: of["reduce_lr_on_plateau"].pop("wait")])
def test_a_state_that_knows_less_is_refused(copy, change):
    output, run = copy
    newest = sorted((run.path / "last").glob("*-*"))[-1] / "state.json"
    meta = json.loads(newest.read_text())
    del meta["check"]
    change(meta["callbacks"])
    newest.write_text(json.dumps(meta | {"check": state._check(meta)}))
    with pytest.raises(ZooError, match="another version wrote it; expected a state of this version; go on with that"):
        train(make(output, *SHORT))
