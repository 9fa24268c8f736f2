"""Exports: the file answers as the run does, its README runs without the zoo, and nothing is written over or half."""

import io
import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console
from typer.testing import CliRunner

import zoo
from zoo.cli import app
from zoo.config import Config
from zoo.data import Preprocessor
from zoo.errors import ZooError
from zoo.io.installation import install
from zoo.runs import evaluate_file, export_reading, export_writing, portable
from zoo.runs.export import FORMATS, SUFFIX, export
from zoo.runs.folder import WEIGHTS, Run

pytestmark = pytest.mark.usefixtures("undrawn")

IMAGES = {
    "name": "pictures",
    "model": {"name": "nets:small"},
    "train": {"epochs": 1},
    "data": {
        "name": "synthetic",
        "samples": 120,
        "classes": 3,
        "shape": [8, 8, 3],
        "batch_size": 16,
        "pixel_range": [-1, 1],
        "mean": [0.1],
        "std": [0.5],
    },
}
TEXTS = {
    "name": "reviews",
    "model": {"name": "bilstm_imdb", "args": {"embedding_dim": 8, "units": 4, "mask": True}},
    "train": {"epochs": 1, "optimizer": {"name": "adam", "learning_rate": 0.01}},
    "data": {"name": "csv", "maxlen": 6, "batch_size": 16, "num_words": 60, "test": 0.3, "bucket": True},
}


def train(block, folder, **data):
    block = {**block, "data": {**block["data"], **data}, "runtime": {"output": str(folder), "jit_compile": False}}
    return zoo.train(Config.from_dict(block), console=Console(file=io.StringIO()))


def needs(format):
    missing = format in export_writing.NEEDS and _missing(format)
    return pytest.param(format, marks=pytest.mark.skipif(bool(missing), reason=f"{install('export')}: {missing}"))


def _missing(format):
    try:
        export_writing.require(format)
    except ZooError as error:
        return str(error)
    return ""


ALL = [needs(format) for format in FORMATS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("exporting")


@pytest.fixture(scope="module")
def pictures(folder):
    return train(IMAGES, folder)


@pytest.fixture(scope="module")
def reviews(folder):
    rng = np.random.default_rng(0)
    rows = ["text,label"]
    for i in range(90):
        words = [*rng.choice(["the", "film", "it's", "'quoted'", "Ärger", "plot"], 6), ("good", "bad")[i % 2]]
        rows.append(f"{' '.join(rng.permutation(words))},{('pos', 'neg')[i % 2]}")
    (folder / "reviews.csv").write_text("\n".join(rows), encoding="utf-8")
    return train(TEXTS, folder, path=str(folder / "reviews.csv"))


@pytest.fixture(scope="module")
def artifacts(folder, pictures, reviews):
    """What this machine can export: (run, what was made)."""
    made = {}
    for run, formats in ((pictures, ("onnx", "litert", "keras")), (reviews, ("onnx",))):
        for format in formats:
            if not _missing(format):
                made[run.config.name, format] = run, export(run, format, folder / "out" / run.config.name / format)
        made[run.config.name, "raw"] = run, export(run, "saved_model", raw=True)
    return made


def test_every_file_answers_as_the_run(artifacts):
    for (name, format), (run, made) in artifacts.items():
        assert made.kept, (name, format)
        assert made.file.exists()
        for row in made.rows:
            assert row.largest < 1e-5, (name, format, row)
            assert row.items == row.same == run.data["sizes"]["test"], (name, format, row)
        facts = json.loads((made.folder / "artifact.json").read_text())
        assert facts["class_names"] == run.data["class_names"]
        assert facts["preprocessing"] == run.data["preprocessing"]
        vocabulary = made.folder / "vocabulary.json"
        assert (json.loads(vocabulary.read_text()) if vocabulary.exists() else None) == run.vocabulary
    assert not [p for p in next(iter(artifacts.values()))[1].folder.parent.iterdir() if p.name.startswith(".")]


def test_the_readme_runs_without_the_zoo(artifacts):
    answers = readmes([made for _, made in artifacts.values()])
    for (run, made), (label, probability) in zip(artifacts.values(), answers, strict=True):
        expected = answer_of(run)
        assert label == expected["label"], made.folder
        assert float(probability) == pytest.approx(expected["probability"], abs=1e-4), made.folder


def readmes(exports):
    """What the block of each README.md prints, in one process that has no zoo."""
    blocks = []
    for made in exports:
        (block,) = re.findall(r"```python\n(.*?)```", (made.folder / "README.md").read_text(), re.S)
        blocks.append([str(made.folder), block])
    code = (
        "import json, os, sys; sys.modules['zoo'] = None\n"
        "for folder, block in json.load(sys.stdin):\n"
        "    os.chdir(folder); exec(block, {})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(blocks),
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def answer_of(run):
    """Of `zoo.predict`, on the input that stands in the README."""
    (row,) = zoo.predict(run, ["your text"] if run.config.name == "reviews" else [np.zeros((8, 8, 3), "uint8")])
    return row


def test_an_exported_file_is_evaluated_to_the_same_figures(artifacts):
    if _missing("onnx") or _missing("litert"):
        pytest.skip(_missing("onnx") or _missing("litert"))
    for key in (("pictures", "onnx"), ("pictures", "litert"), ("reviews", "onnx")):
        run, made = artifacts[key]
        found = evaluate_file.evaluate_file(made.file, run.path / "config.yaml")
        assert found.summary == pytest.approx(run.metrics["test"], abs=1e-5)
        assert found.confusion.sum() == run.data["sizes"]["test"]
    done = CliRunner().invoke(app, ["evaluate", str(made.file), "--config", f"{run.path}/config.yaml", "--json"])
    assert json.loads(done.stdout)["test"]["accuracy"] == pytest.approx(run.metrics["test"]["accuracy"])


def test_a_config_that_does_not_fit_the_file_is_refused(artifacts, folder, tmp_path):
    if _missing("onnx") or _missing("litert"):
        pytest.skip(_missing("onnx") or _missing("litert"))
    run, made = artifacts["pictures", "onnx"]

    def config(**data):
        path = tmp_path / "other.yaml"
        block = {**IMAGES, "data": {**IMAGES["data"], **data}}
        path.write_text(json.dumps(block))
        return path

    for data, sentence in (
        (dict(shape=[9, 8, 3]), r"pictures.onnx takes inputs of 8x8x3, but the config's data give 9x8x3"),
        (dict(classes=4), r"tells 3 classes apart, but the config's data have 4"),
        (dict(mean=None), r"was exported with preprocessing .*'mean': \[0.1\].*but the config's data have"),
        (None, r"--config CONFIG beside it"),
    ):
        with pytest.raises(ZooError, match=sentence):
            evaluate_file.evaluate_file(made.file, data and config(**data))
    changed = (folder / "reviews.csv").read_text(encoding="utf-8").replace("plot", "plan")
    (folder / "changed.csv").write_text(changed, encoding="utf-8")
    reviews, words = artifacts["reviews", "onnx"]
    other = (reviews.path / "config.yaml").read_text().replace("reviews.csv", "changed.csv")
    (tmp_path / "other.yaml").write_text(other)
    with pytest.raises(ZooError, match=r"exported with another vocabulary"):
        evaluate_file.evaluate_file(words.file, tmp_path / "other.yaml")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(made.file.read_bytes()[:500])
    for path, sentence in (
        (broken, "is no ONNX file that can be read"),
        (artifacts["pictures", "keras"][1].file, r"is not loaded, since what a .keras file names is built and run"),
        (artifacts["pictures", "raw"][1].file, r"is not loaded, since a SavedModel is a program"),
        (run.path, r"is a run folder, which needs no --config"),
        (tmp_path / "none.onnx", "there is no file"),
        (run.path / "history.csv", "is no exported file"),
    ):
        with pytest.raises(ZooError, match=sentence):
            evaluate_file.evaluate_file(path, run.path / "config.yaml")


@pytest.mark.parametrize("pad", ["pre", "post"])
@pytest.mark.parametrize("truncate", ["pre", "post"])
def test_texts_become_the_same_tokens_within_the_graph(pad, truncate):
    words = ["<pad>", "<start>", "<unknown>", "<unused>", "good", "don't", "ärger", "ςας", "i̇", "o'", "日本", "a"]
    preprocessor = Preprocessor({"kind": "tokens", "length": 4, "pad": pad, "truncate": truncate}, words)
    texts = [
        "good",
        "GOOD!don't-Ärger a good end",
        "'good'  ''a'' o'",
        "'don't' 日本",
        "a\u00a0b\u2003good\x1fa\x85a",
        "İ ΣΑΣ ΑΣ",
        "\tgood\r\n\x0bA ",
        "good\ufeff <start>",
        "''' ok",
        "x" * 500,
    ]
    lookup = preprocessor.lookup()
    made = tf.function(lookup, input_signature=[tf.TensorSpec([None], tf.string)])(tf.constant(texts))
    np.testing.assert_array_equal(made, preprocessor.texts(texts))
    with pytest.raises(tf.errors.InvalidArgumentError, match="holds no words"):
        lookup(tf.constant(["good", " !? "]))


def test_a_file_that_answers_otherwise_is_not_kept(pictures, tmp_path, monkeypatch):
    write = export_writing.write

    def wrong(net, path, format, **words):
        net.layers[-1].bias.assign_add([0.01, 0.0, 0.0])
        notes = write(net, path, format, **words)
        net.layers[-1].bias.assign_add([-0.01, 0.0, 0.0])
        return notes

    monkeypatch.setattr(export_writing, "write", wrong)
    done = CliRunner().invoke(app, ["export", str(pictures.path), "--format", "saved_model", "-o", f"{tmp_path}/x"])
    assert done.exit_code == 1
    assert "not kept: the probabilities of pictures_saved_model are not those of the run" in done.stdout
    assert not list(tmp_path.iterdir())


def test_only_an_older_artifact_is_written_over(pictures, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    for to, sentence in (
        (tmp_path / "mine", "is there and is no artifact of an earlier export"),
        (tmp_path / "file", "is there and is no artifact"),
        (tmp_path / "file" / "below", "could not write .*file/below"),
        (tmp_path / "net.onnx", r"names a file, and an artifact is a folder.*-o .*/net"),
        (pictures.path, "is there and is no artifact"),
    ):
        with pytest.raises(ZooError, match=sentence):
            export(pictures, "keras", to)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "mine", "thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert not export(pictures, "keras", tmp_path / "empty").replaced
    (tmp_path / "empty" / "artifact.json").write_text('{"zoo_artifact": 1}')
    assert export(pictures, "keras", tmp_path / "empty").replaced
    assert json.loads((tmp_path / "empty" / "artifact.json").read_text())["name"] == "pictures"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "file", "mine"]


def test_what_cannot_be_exported_is_said(pictures, reviews, tmp_path, monkeypatch):
    for format in ("onnx", "litert", "keras"):
        with pytest.raises(ZooError, match=f"--raw with --format {format}.*saved_model --raw"):
            export(reviews, format, raw=True)
    broken = tmp_path / "run"
    broken.mkdir()
    for file in pictures.path.iterdir():
        if file.is_file():
            (broken / file.name).write_bytes(file.read_bytes())
    damaged = bytearray((broken / WEIGHTS).read_bytes())
    damaged[-2000:] = bytes(2000)
    (broken / WEIGHTS).write_bytes(damaged)
    with pytest.raises(ZooError, match=f"{WEIGHTS}"):
        export(Run(broken), "keras")
    (broken / "receipt.json").unlink()
    with pytest.raises(ZooError, match="is not finished"):
        export(Run(broken), "keras")
    assert not (broken / "exported").exists()
    monkeypatch.setattr(export_writing.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ZooError, match=r"onnx needs onnx, tf2onnx, onnxruntime.*pip install '.*\[export\]'"):
        export(pictures, "onnx")


def test_keras_alone_where_keras_has_the_layer():
    from zoo.layers import GRU, LSTM, BatchNormalization, LocalResponseNormalization

    given = keras.Input((4, 4, 2))
    x = BatchNormalization()(given)
    x = keras.layers.Reshape((4, 8))(x)
    x = keras.layers.Bidirectional(LSTM(3, return_sequences=True))(x)
    net = keras.Model(given, GRU(2)(x))
    for v in net.non_trainable_variables:
        if "moving" in v.path:
            v.assign(np.arange(1, 3))
    twin, foreign = portable.of_keras_alone(net)
    assert foreign == []
    assert not [layer for layer in twin._flatten_layers() if type(layer).__module__.startswith("zoo")]
    pixels = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(twin(pixels), net(pixels), atol=1e-6)
    _, foreign = portable.of_keras_alone(keras.Model(given, LocalResponseNormalization()(given)))
    assert foreign == ["zoo.layers.LocalResponseNormalization"]


@pytest.mark.slow
@pytest.mark.parametrize("format", ALL)
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("mlp", (8, 8, 1)),
        ("lenet5", (32, 32, 1)),
        ("lenet5_1998", (32, 32, 1)),
        ("simple_cnn", (32, 32, 3)),
        ("simple_rnn", (9,)),
        ("lstm_text", (9,)),
        ("bilstm_imdb", (9,)),
        ("gru_text", (9,)),
        ("textcnn", (9,)),
        ("textcnn_multichannel", (9,)),
        ("alexnet", (67, 67, 3)),
        ("vgg11_bn", (32, 32, 3)),
        ("googlenet", (64, 64, 3)),
        ("googlenet_bn", (64, 64, 3)),
        ("inception_v3", (75, 75, 3)),
        ("resnet18", (32, 32, 3)),
        ("resnet50", (32, 32, 3)),
        ("resnet20_cifar", (32, 32, 3)),
        ("mobilenet_025_128", (32, 32, 3)),
        ("xception", (71, 71, 3)),
    ],
)
def test_nets_of_the_catalogue(name, shape, format, tmp_path):
    keras.utils.set_random_seed(0)
    words = {"vocabulary_size": 50} if len(shape) == 1 else {}
    net = zoo.create_model(name, classes=3, input_shape=shape, **words)
    check(net, shape, format, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("format", ALL)
def test_a_run_on_texts_in_every_format(reviews, format, tmp_path):
    made = export(reviews, format, tmp_path / "x")
    (row,), ((label, probability),) = made.rows, readmes([made])
    assert label == answer_of(reviews)["label"]
    assert float(probability) == pytest.approx(answer_of(reviews)["probability"], abs=1e-4)
    assert row.largest < 1e-5
    assert row.items == row.same == reviews.data["sizes"]["test"]


@pytest.mark.slow
@pytest.mark.parametrize("format", ALL)
@pytest.mark.parametrize("recurrent", ["LSTM", "GRU"])
def test_masks_travel(recurrent, format, tmp_path):
    """Padding in front and behind is passed over, in the file too."""
    from zoo import layers

    given = keras.Input((9,), dtype="int32")
    x = keras.layers.Embedding(50, 8, mask_zero=True)(given)
    x = keras.layers.Bidirectional(getattr(layers, recurrent)(4))(x)
    net = keras.Model(given, keras.layers.Dense(3)(x))
    check(net, (9,), format, tmp_path)


def check(net, shape, format, tmp_path):
    """The file answers as the net on five items; every weight counts: none is as it was born."""
    rng = np.random.default_rng(0)
    for v in net.weights:
        if "kernel" not in v.path and "embeddings" not in v.path and v.dtype == "float32":
            v.assign(np.abs(np.asarray(v) + rng.normal(0, 0.1, v.shape)))
    x = rng.integers(1, 50, (5, *shape)).astype("int32") if len(shape) == 1 else rng.random((5, *shape), "float32")
    if len(shape) == 1:
        x[0, :4], x[1, 5:] = 0, 0
    expected = keras.ops.softmax(net(x))
    export_writing.write(net, tmp_path / f"net{SUFFIX[format]}", format)
    answer = export_reading.own(tmp_path / f"net{SUFFIX[format]}", format)
    np.testing.assert_allclose(keras.ops.softmax(answer(x)), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("format", ALL)
def test_a_run_in_mixed_precision_travels_in_float32(format, tmp_path):
    block = {**IMAGES, "runtime": {"output": str(tmp_path), "precision": "mixed_bfloat16"}}
    run = zoo.train(Config.from_dict(block), console=Console(file=io.StringIO()))
    made = export(run, format)
    assert made.kept
    assert made.rows[0].largest < 1e-5
    assert made.rows[1].what == "the run itself, in mixed_bfloat16"
    assert 1e-6 < made.rows[1].largest < 0.1
