"""The most confident mistakes, against the same sought by hand in the outputs of the net."""

import io
from importlib import import_module

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import zoo
from zoo.analysis.explain.asking import Question, answer
from zoo.config import Config
from zoo.draw.contact import plot_mistakes
from zoo.errors import ZooError
from zoo.runs.confusion import mistakes
from zoo.runs.evaluate import dataset_of
from zoo.runs.folder import Run
from zoo.runs.net import model_of

pytestmark = pytest.mark.usefixtures("undrawn")


def train(folder, **blocks):
    config = Config.from_dict({"name": "tiny", "train": {"epochs": 1}, "runtime": {"output": str(folder)}} | blocks)
    return zoo.train(config, console=Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = {
        "name": "synthetic",
        "samples": 400,
        "classes": 3,
        "shape": [8, 8, 1],
        "batch_size": 16,
        "mean": [0.3],
        "std": [0.5],
    }
    return train(tmp_path_factory.mktemp("images"), model={"name": "nets:small"}, data=data)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    data = {"name": "synthetic", "kind": "tokens", "samples": 200, "maxlen": 8, "batch_size": 16}
    model = {"name": "textcnn", "args": {"filters": 4, "embedding_dim": 4}}
    return train(tmp_path_factory.mktemp("texts"), model=model, data=data)


def test_they_are_the_surest_of_the_wrong_ones(run):
    dataset = dataset_of(run)
    x, y = map(np.concatenate, zip(*dataset.test.as_numpy_iterator(), strict=True))
    logits = model_of(run).predict(x, verbose=0)
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    by_hand = sorted(
        (-p.max(), i) for i, (p, label) in enumerate(zip(probability, y, strict=True)) if p.argmax() != label
    )
    found = mistakes(run, 5)
    assert [m.index for m in found] == [i for _, i in by_hand[:5]]
    assert 5 < len(by_hand) == len(mistakes(run, 1000, dataset=dataset))
    for m in found:
        assert m.true == run.data["class_names"][y[m.index]] != m.predicted
        assert m.item == dataset.splits["test"][m.index]
        assert m.probability == pytest.approx(probability[m.index].max(), rel=1e-4)
        assert m.true_probability == pytest.approx(probability[m.index, y[m.index]], rel=1e-4)
        assert np.array_equal(m.image, np.rint(np.clip((x[m.index] * 0.5 + 0.3) * 255, 0, 255)).astype("uint8"))
        assert "image" not in m.to_dict()


def test_every_split_has_its_own(run):
    for split in ("train", "validation"):
        labels = np.bincount([run.data["class_names"].index(m.true) for m in mistakes(run, 9999, split=split)])
        assert (labels <= run.data["class_counts"][split][: len(labels)]).all()
    with pytest.raises(ZooError, match="unknown split 'tset'"):
        mistakes(run, 1, split="tset")


def test_texts_are_words(texts):
    found = mistakes(texts, 3)
    assert found
    assert all(m.image is None and set(m.text.split()) <= set(texts.vocabulary) for m in found)
    with pytest.raises(ZooError, match="these mistakes are texts"):
        plot_mistakes(found, "x.png")


@pytest.mark.parametrize("name", ["run", "texts"])
def test_who_makes_none_is_told_so(request, monkeypatch, name):
    asked = Question(str(request.getfixturevalue(name)), mistakes=2).checked()
    for place in ("zoo.runs.confusion", "zoo.analysis.explain.opening"):
        monkeypatch.setattr(import_module(place), "mistakes", lambda *_, **__: [])
    found = answer(asked, draw=True)
    assert (found.plain, found.texts, found.written) == ([], ["it makes no mistake on the test set"], None)


def test_the_sheet_is_drawn(run, tmp_path):
    found = mistakes(run, 13)
    with Image.open(plot_mistakes(found, tmp_path / "a.png", title="13 of them")) as drawn:
        assert drawn.width > 800
        assert drawn.height > 400
    svg = plot_mistakes(found, tmp_path / "a.svg").read_text()
    assert f"predicted: {found[0].predicted}" in svg
    with pytest.raises(ZooError, match="there is no mistake to draw"):
        plot_mistakes([], tmp_path / "b.png")


def test_an_unfinished_run_is_refused(run, tmp_path):
    (tmp_path / "config.yaml").write_text(run.config.to_yaml())
    with pytest.raises(ZooError, match=r"is not finished; expected a finished run; give the same `zoo train`"):
        mistakes(Run(tmp_path), 3)
    with pytest.raises(ZooError, match="0 mistakes were asked for"):
        mistakes(run, 0)
