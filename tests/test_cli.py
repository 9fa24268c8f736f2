"""The commands as a user types them: what they print, how they fail, what they exit with."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from zoo.cli import main

TESTS = Path(__file__).parent
TINY = """\
model: {name: "nets:small"}
data: {name: synthetic, samples: 120, classes: 3, shape: [8, 8, 1], batch_size: 16}
train: {epochs: 2}
"""


def process(*words):
    """One command as a process of its own: TensorFlow is imported afresh, which takes seconds."""
    return subprocess.Popen(
        [sys.executable, "-m", "zoo", *map(str, words)],
        cwd=TESTS,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100"},
    )


def zoo(*words, cwd=TESTS, **environment):
    """One command in this process, from its words to its exit code."""
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["zoo", *map(str, words)])
        patch.chdir(cwd)
        for name, value in {"COLUMNS": "100", **environment}.items():
            patch.setenv(name, value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(words, ended.value.code or 0, out.getvalue(), errors.getvalue())


def refused(done, *fragments):
    """Exit code 2 and one sentence on stderr that holds the fragments; no traceback."""
    assert done.returncode == 2, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("zoo: ")
    for fragment in fragments:
        assert fragment in done.stderr
    return lines


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of the tiny net, and what the command printed."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.yaml").write_text(TINY)
    done = zoo("train", folder / "tiny.yaml", f"runtime.output={folder}/runs")
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "runs" / "tiny").iterdir()
    return path, done.stdout, done.stderr


def test_train_prints_progress_result_and_folder_and_nothing_else(run):
    path, out, errors = run
    assert errors == ""
    lines = out.splitlines()
    assert lines[0].startswith("epoch 1/2  loss ")
    assert "val_accuracy" in lines[0]
    assert "lr 0.001" in lines[0]
    assert "left" in lines[0]
    assert lines[-2].startswith("test  loss ")
    assert lines[-1] == f"run   {path}"


def test_evaluate_reads_the_folder_alone(run):
    path = run[0]
    done = zoo("evaluate", path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in ("accuracy", "precision", "recall", "f1", "true \\ predicted"):
        assert word in done.stdout
    assert (path / "confusion.png").stat().st_size > 5000
    again = zoo("evaluate", path, "--json")
    assert json.loads(again.stdout) == json.loads((path / "metrics.json").read_text())


def test_evaluate_without_the_builder_says_so(run, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry) != TESTS])
    refused(zoo("evaluate", run[0], cwd=tmp_path), "nets:small", "no module 'nets'", "PYTHONPATH")


def test_predict_reads_images(run, tmp_path):
    import tensorflow as tf

    images = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 1), dtype="uint8")
    for i, image in enumerate(images):
        (tmp_path / f"{i}.png").write_bytes(tf.io.encode_png(image).numpy())
    done = zoo("predict", run[0], tmp_path / "0.png", tmp_path / "1.png", "--json")
    rows = json.loads(done.stdout)
    assert [Path(r["input"]).name for r in rows] == ["0.png", "1.png"]
    for row in rows:
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)
    (tmp_path / "bad.png").write_bytes(b"no image")
    refused(zoo("predict", run[0], tmp_path / "bad.png"), "bad.png", "is not an image")
    refused(zoo("predict", run[0], tmp_path / "none.png"), "none.png", "does not exist")


def test_plot_of_a_run_and_of_a_name(run, tmp_path):
    done = zoo("plot", run[0])
    assert "model.svg" in done.stdout
    assert "curves.png" in done.stdout
    done = zoo("plot", "lenet5", "-o", tmp_path / "lenet5.svg", PATH="/nowhere")
    assert done.returncode == 0, done.stderr
    assert "<svg" in (tmp_path / "lenet5.svg").read_text()
    refused(zoo("plot", "lenet6"), "'lenet6' is neither a model, a run folder nor a config", "lenet5")
    refused(zoo("plot", "lenet5", "-o", tmp_path / "lenet5.xyz"), ".xyz", ".svg")


def test_list_and_info():
    assert "resnet50 " in zoo("list", "resnet*").stdout
    assert json.loads(zoo("list", "vgg", "--json").stdout)[0] == "vgg11"
    assert json.loads(zoo("info", "lenet5", "--json").stdout)["counts"]["trainable"] == 61706
    assert "61,706 trainable" in zoo("info", "lenet5").stdout
    refused(zoo("info", "lenet55"), "unknown model 'lenet55'", "did you mean 'lenet5'?")
    refused(zoo("list", "nothing*"), "no model matches 'nothing*'")
    refused(zoo("list", "--task", "image"), "unknown task 'image'")


def test_every_catalogue_recipe_exists():
    from zoo.catalog.rows import CATALOG

    for spec in CATALOG.values():
        if spec.config:
            assert (TESTS.parent / "configs" / spec.config).is_file(), spec.name


def test_config_shows_origins(tmp_path):
    (tmp_path / "base.yaml").write_text(TINY)
    (tmp_path / "child.yaml").write_text("extends: base.yaml\ntrain: {epochs: 3}\n")
    out = zoo("config", tmp_path / "child.yaml", "data.batch_size=8").stdout
    rows = {line.split()[0]: line.split()[-1] for line in out.splitlines()[2:]}
    assert rows["train.epochs"].endswith("child.yaml:2")
    assert rows["data.name"].endswith("base.yaml:2")
    assert rows["runtime.seed"] == "default"
    assert "command line" in next(line for line in out.splitlines() if line.startswith("data.batch_size"))


def test_devices():
    done = zoo("devices")
    assert done.stdout.startswith("cpu:0")
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("model: {name: lenet55}\ndata: {name: digits}\n", ["bad.yaml:1:", "unknown model 'lenet55'", "lenet5"]),
        ("model: {name: lenet5}\ndata:\n  name: digits\n  batch_sise: 3\n", ["bad.yaml:4:3", "did you mean"]),
        ("model: {name: lenet5}\ndata:\n\tname: digits\n", ["bad.yaml:3", "tab"]),
        ("model: &a {name: lenet5}\ndata: *a\n", ["bad.yaml:1"]),
        ("model: !!python/object:os.system {}\ndata: {name: digits}\n", ["bad.yaml:1", "tag"]),
        ("model: {name: lenet5}\nmodel: {name: mlp}\ndata: {name: digits}\n", ["bad.yaml:2", "model"]),
        ("model: {name: lenet5}\ndata: {name: digits, path: x.npz}\n", ["data.path", "digits"]),
        ("model: {name: lenet5}\ndata: {name: mnist, path: none.npz}\n", ["none.npz"]),
    ],
)
def test_mistakes_in_a_config_are_one_sentence_with_the_place(tmp_path, text, fragments):
    (tmp_path / "bad.yaml").write_text(text)
    refused(zoo("train", tmp_path / "bad.yaml", f"runtime.output={tmp_path}/runs"), *fragments)
    assert not (tmp_path / "runs").exists()


def test_a_device_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    refused(zoo("train", tmp_path / "tiny.yaml", "runtime.device=gpu:7"), "TensorFlow sees", "zoo devices")


def test_an_output_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "file").write_text("")
    done = zoo("train", tmp_path / "tiny.yaml", f"runtime.output={tmp_path}/file")
    refused(done, "cannot be written", "runtime.output")


def test_a_folder_that_is_no_run(tmp_path):
    refused(zoo("evaluate", tmp_path), "is not a run folder")
    refused(zoo("evaluate", tmp_path / "none"), "there is no run folder")


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    training = process("train", tmp_path / "tiny.yaml", f"runtime.output={tmp_path}/runs", "train.epochs=400")
    for line in training.stdout:
        if line.startswith("epoch"):
            break
    time.sleep(0.3)
    training.send_signal(signal.SIGINT)
    _, errors = training.communicate(timeout=120)
    assert training.returncode == 130
    (said,) = errors.splitlines()  # in a process of its own TensorFlow has nothing to say either
    assert "give the same command again" in said
    (folder,) = (tmp_path / "runs" / "tiny").iterdir()
    names = {p.name for p in folder.iterdir()}
    assert names >= {"config.yaml", "environment.json", "history.csv", "best.weights.h5", "last"}
    assert "metrics.json" not in names
    refused(zoo("evaluate", folder, "--split", "tset"), "unknown split 'tset'")


def test_verify_names_what_it_proved():
    done = zoo("verify", "lenet5", "softmax_regression", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["model"] for row in rows] == ["lenet5", "softmax_regression"]
    assert all(row["ok"] for row in rows)
    refused(zoo("verify", "lenet55"), "unknown model 'lenet55'", "did you mean 'lenet5'?")
