"""The words that carried a decision, against separate predictions; and `zoo explain` asked by the command line."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

import zoo
from zoo.analysis.explain.opening import explain, explain_mistakes
from zoo.analysis.explain.words import word_weights
from zoo.cli import app
from zoo.config import Config
from zoo.draw.words import plot_words, terminal
from zoo.errors import ZooError
from zoo.runs.net import model_of

pytestmark = pytest.mark.usefixtures("undrawn")


def train(folder, name, **blocks):
    config = Config.from_dict({"name": name, "runtime": {"output": str(folder)}} | blocks)
    return zoo.train(config, console=Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Three classes, each with words of its own; the others are noise."""
    data = {"name": "synthetic", "kind": "tokens", "samples": 600, "classes": 3, "maxlen": 10, "batch_size": 32}
    model = {"name": "textcnn", "args": {"filters": 16, "embedding_dim": 16, "windows": [1], "dropout": 0.0}}
    train_ = {"epochs": 8, "optimizer": {"name": "adam", "learning_rate": 0.03}}
    return train(tmp_path_factory.mktemp("texts"), "texts", model=model, data=data, train=train_)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    data = {"name": "synthetic", "samples": 60, "classes": 3, "shape": [10, 10, 1], "batch_size": 16}
    return train(
        tmp_path_factory.mktemp("images"), "images", model={"name": "simple_cnn"}, data=data, train={"epochs": 1}
    )


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (10, 10, 3), "uint8")).save(path)
    return path


def test_occlusion_is_the_difference_of_two_predictions(texts):
    words = ["word10", "class1a", "word11", "class2b", "word12"]
    replaced = [" ".join([*words[:i], "zzz", *words[i + 1 :]]) for i in range(len(words))]
    (found,) = explain(texts, [" ".join(words)], class_name="class1")
    rows = model_of(texts).predict(_tokens(texts, [" ".join(words), *replaced]), verbose=0)
    by_hand = rows[0, 1] - rows[1:, 1]
    np.testing.assert_allclose([w.weight for w in found.words], by_hand, rtol=1e-4, atol=1e-5)
    assert found.class_name == "class1"
    assert list(found.probabilities) == list(zoo.predict(texts, [" ".join(words)])[0]["probabilities"])


def _tokens(run, given):
    from zoo.data import Preprocessor

    return Preprocessor.from_dict(run.data["preprocessing"], run.vocabulary).texts(given)


@pytest.mark.parametrize("method", ["occlusion", "gradient"])
def test_the_planted_word_weighs_most(texts, method):
    for planted in ("class0a", "class1a", "class2a"):
        (found,) = explain(texts, [f"Word20 word21, {planted.title()} word23! word24"], method=method)
        assert found.class_name == planted[:6]
        assert found.word(found.strongest(1)[0]) == planted.title()
        assert found.strongest(1)[0].weight > 0


def test_gradient_times_input_is_exact_where_the_net_is_linear():
    """The mean of the vectors and a dense layer: a word's part in the logit is its own vector's, over T."""
    import keras

    inputs = keras.Input((4,), dtype="int32")
    vectors = keras.layers.Embedding(9, 3, name="embedding")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(vectors)))
    table, kernel, _ = model.get_weights()
    tokens = np.array([1, 5, 7, 2])
    by_hand = table[tokens] @ kernel[:, 1] / 4
    by_hand[0] = 0  # the start is no word
    np.testing.assert_allclose(word_weights(model, tokens, 1, method="gradient"), by_hand, rtol=1e-4, atol=1e-6)


def test_words_keep_their_place_and_cut_ones_are_said(texts):
    text = "Early early; " + "word10 " * 8 + "it's (class0b)."
    (found,) = explain(texts, [text])
    assert [found.word(w) for w in found.words[:2]] == ["Early", "early"]
    assert [w.weight is None for w in found.words] == [True, True, *[False] * 10]  # the net reads the last ten
    assert (found.word(found.words[-2]), found.words[-2].known) == ("it's", False)
    shown = terminal(found, colour=False).plain
    assert "class0b[" in shown
    assert "read: 10 of 12 words" in shown
    assert "\x1b[" in _printed(terminal(found, colour=True))


def _printed(text):
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(text)
    return console.file.getvalue()


def test_the_page_stands_alone_and_escapes(texts, tmp_path):
    found = explain(texts, ["<script>alert(1)</script> class0a & word10"])
    page = plot_words(found, tmp_path / "a.html", ["<b>"]).read_text()
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    assert "http" not in page
    assert "occlusion" in found[0]._repr_html_()
    with pytest.raises(ZooError, match=r"cannot draw into a\.png"):
        plot_words(found, tmp_path / "a.png")


def test_mistakes_of_texts_come_with_their_words(texts):
    for mistake, found in explain_mistakes(texts, 2):
        assert found.text == mistake.text
        assert found.class_name == mistake.predicted
        assert found.probabilities[mistake.predicted] == pytest.approx(mistake.probability, rel=1e-3)


def ask(*words):
    return CliRunner().invoke(app, ["explain", *map(str, words)])


def test_the_command_writes_pictures_into_the_run(images, photo, tmp_path):
    done = ask(images, photo, photo, "-o", tmp_path / "two.png")
    assert done.exit_code == 0, done.exception
    assert f"written: {tmp_path}/two.png" in done.stdout
    assert ask(images, "--filters").exit_code == 0
    assert ask(images, photo, "--maps", "conv1_2").exit_code == 0
    assert ask(images, "--mistakes", 3).exit_code == 0
    assert {"filters.png", "maps_conv1_2.png"} <= {p.name for p in images.path.iterdir()}
    (row,) = json.loads(ask(images, photo, "--json", "--class", "class2").stdout)
    assert (row["class"], row["label"]) == ("class2", zoo.predict(images, [photo])[0]["label"])
    assert not (images.path / "explained.png").exists()  # --json writes only what was asked for


def test_the_command_prints_words(texts, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("word10 class1a")
    done = ask(texts, file, "-o", tmp_path / "page.html")
    assert "class1a[+" in done.stdout
    assert (tmp_path / "page.html").exists()
    (row,) = json.loads(ask(texts, "word10 class1a", "--json", "--method", "gradient").stdout)
    assert (row["method"], row["words"][1]["word"]) == ("gradient", "class1a")


@pytest.mark.parametrize(
    ("run", "words", "message"),
    [
        ("images", (), "nothing was given to explain"),
        ("images", ("nowhere.png",), "nowhere.png does not exist"),
        ("images", ("PHOTO", "--layer", "conv2_3"), "has no layer 'conv2_3'.*did you mean 'conv2_2'"),
        ("images", ("PHOTO", "--class", "clas1"), "images knows no class 'clas1'.*did you mean 'class1'"),
        ("images", ("PHOTO", "--method", "gradient"), "method 'gradient' is for texts"),
        ("images", ("PHOTO", "--filters"), "--filters takes no input"),
        ("images", ("--filters", "--mistakes", "3"), "--filters and --mistakes are both given"),
        ("images", ("--maps", "conv1_1"), "--maps was given 0 images"),
        ("images", ("PHOTO", "--maps", "conv1_1", "--class", "class1"), "--class says nothing with --maps"),
        ("images", ("--mistakes", "0"), "0 mistakes were asked for"),
        ("texts", ("PHOTO",), "photo.png is not a text in UTF-8"),
        ("texts", ("word10", "--layer", "conv2"), "layer was asked of texts, which was trained on texts"),
        ("texts", ("--filters",), "filters was asked of texts, which was trained on texts"),
        ("texts", ("...",), "holds no words"),
        ("lenet5", ("PHOTO",), "lenet5 is a model without weights"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(request, photo, run, words, message):
    what = run if run == "lenet5" else request.getfixturevalue(run)
    done = ask(what, *(photo if w == "PHOTO" else w for w in words))
    assert isinstance(done.exception, ZooError), done.exception
    with pytest.raises(ZooError, match=message):
        raise done.exception
