"""The commands that make and compare several runs, in this process: what they print and what they exit with."""

import json

import pytest
from typer.testing import CliRunner

from zoo.cli import app
from zoo.errors import ZooError

pytestmark = pytest.mark.usefixtures("undrawn")

TINY = """\
model: {name: "nets:small"}
data: {name: synthetic, samples: 120, classes: 3, shape: [8, 8, 1], batch_size: 16}
train: {epochs: 1}
"""


def zoo(*words):
    """Exit code 0 and what was printed on stdout."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli_runs")
    (folder / "tiny.yaml").write_text(TINY)
    return folder


@pytest.fixture(scope="module")
def seeds(folder):
    out = zoo("train", folder / "tiny.yaml", f"runtime.output={folder}/runs", "--seeds", "0,1", "--json")
    return json.loads(out)  # the progress is on stderr


def test_seeds(folder, seeds):
    assert [row["seed"] for row in seeds["seeds"]] == [0, 1]
    text = zoo("train", folder / "tiny.yaml", f"runtime.output={folder}/runs", "train.repeat=2")
    assert text.count("has been trained already") == 2
    assert "best by val_accuracy: seed" in text
    with pytest.raises(ZooError, match="--seeds a; expected whole numbers"):
        zoo("train", folder / "tiny.yaml", "--seeds", "a")


def test_one_run_as_json(folder, seeds):
    found = json.loads(zoo("train", folder / "tiny.yaml", f"runtime.output={folder}/runs", "--json"))
    assert found["run"] == seeds["seeds"][0]["run"]
    assert found["test"]["accuracy"] == seeds["seeds"][0]["test accuracy"]


def test_compare(folder, seeds):
    runs = [row["run"] for row in seeds["seeds"]]
    text = zoo("compare", *runs, "-o", folder / "compare.png")
    assert "runtime.seed  0  1" in text
    assert "on the same 24 test items" in text
    assert f"written: {folder}/compare.png" in text
    assert json.loads(zoo("compare", *runs, "--json"))["paired"]["items"] == 24


def test_reproduce(folder, seeds):
    found = json.loads(zoo("reproduce", seeds["seeds"][1]["run"], "-o", folder / "again", "--json"))
    assert found["verdict"] == "equal"
    assert found["weights_equal"]
    assert found["run"].startswith(f"{folder}/again/tiny/")
