"""The page of a run: what stands in it, whatever classes are called, and how it looks in a real browser."""

import io
import json
import re
import shutil

import numpy as np
import pytest
from browsing import PHONE, opened
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

import zoo
from zoo.cli import app
from zoo.config import Config
from zoo.errors import ZooError
from zoo.experiments import finish
from zoo.io.html import Html, facts, picture, table, tag
from zoo.runs.evaluate import figures
from zoo.runs.folder import Run

HOSTILE = ("<script>alert(1)<", 'a"onload="alert(2)', "&lt;b&gt; in a class's name that is much longer than the others")
SECTIONS = ["result", "model", "curves", "confusion", "classes", "mistakes", "diagram", "data", "environment", "again"]


def train(folder, **blocks):
    plain = {"name": "tiny", "model": {"name": "nets:small"}, "train": {"epochs": 2}} | blocks
    plain["runtime"] = {"output": str(folder), "jit_compile": False}
    return zoo.train(Config.from_dict(plain), console=Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A run on a folder of images whose classes and files have hostile names; it makes mistakes."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for name in HOSTILE:
        (folder / "data" / name).mkdir(parents=True)
        for k in range(12):
            noise = Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8))
            noise.save(folder / "data" / name / f"<img src=x onerror=alert({k})>.png")
    data = {"name": "image_folder", "path": str(folder / "data"), "image_size": [8, 8], "batch_size": 4}
    return train(folder, data=data, train={"epochs": 1})


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """One logit on texts."""
    data = {"name": "synthetic", "kind": "tokens", "samples": 120, "maxlen": 8, "batch_size": 16}
    model = {"name": "simple_rnn", "args": {"units": 4, "embedding_dim": 4}}
    return train(tmp_path_factory.mktemp("texts"), model=model, data=data, train={"epochs": 1})


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A hundred classes and no validation."""
    data = {"name": "synthetic", "samples": 600, "classes": 100, "shape": [8, 8, 1], "batch_size": 64, "validation": 0}
    return train(tmp_path_factory.mktemp("many"), data=data)


def text_of(run):
    return (run.path / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def copy(images, tmp_path):
    return Run(shutil.copytree(images.path, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["images", "texts", "many"])
def test_in_a_browser(browser, request, name):
    run = request.getfixturevalue(name)
    for width, dark in ((1280, name == "texts"), (PHONE, name != "texts")):
        with opened(browser, run.path / "report.html", width=width, dark=dark) as seen:
            assert seen.troubles == seen.requests == seen.sticking_out() == seen.faint() == []
            assert not seen.scrolls_sideways()
            assert (sum(seen.background()) < 100) == dark
            assert [s.get_attribute("id") for s in seen.page.query_selector_all("section")] == SECTIONS
            assert seen.page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
            links = [a.get_attribute("href")[1:] for a in seen.page.query_selector_all("nav a")]
            assert links == SECTIONS
            assert seen.page.evaluate("document.scripts.length") == 1


def test_a_table_is_sorted_by_a_click(browser, many):
    with opened(browser, many.path / "report.html") as seen:
        seen.page.click("#classes summary")
        first = "#classes tbody tr:first-child > *"
        for head, column in (("recall", 2), ("class", 0)):
            values = []
            for _ in range(2):
                seen.page.click(f"#classes th >> text={head}")
                values.append(seen.page.query_selector_all(first)[column].inner_text())
            if column:  # numbers from the largest, words from the first
                assert float(values[0]) > float(values[1])
            else:
                assert values == [min(many.data["class_names"]), max(many.data["class_names"])]


def test_names_are_words_and_no_markup(images):
    page = text_of(images)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'a"onload' not in page
    assert "&lt;script&gt;alert(1)&lt;" in page
    assert "&lt;img src=x onerror=alert(" in page
    assert page.count("<script") == 1


def test_it_says_what_was_measured(browser, images):
    found = figures(images, "test")
    right, items = int((found.predicted == found.labels).sum()), len(found.labels)
    with opened(browser, images.path / "report.html") as seen:
        said = seen.page.inner_text("#result")
        assert f"{right} of {items}" in said
        assert f"{100 * right / items:.1f}\N{NO-BREAK SPACE}%" in said
        assert f"{images.metrics['test']['loss']:.4f}" in said
        cells = [
            [int(cell.inner_text() or 0) for cell in row.query_selector_all("td")]
            for row in seen.page.query_selector_all(".confusion tbody tr")
        ]
        assert cells == found.confusion.tolist()
        assert len(seen.page.query_selector_all("#mistakes li")) == items - right > 0
        settings = seen.page.inner_text("#model")
        assert "data.batch_size\t4\t64" in settings.replace("\n", "")


def test_the_same_page_again(images):
    def page():
        return re.sub(r"(layer|conv2d|normalization|activation|flatten|dropout|dense)_\d+", "", text_of(images))

    before = page()  # unnamed layers are numbered by Keras, anew for each model of a process
    said = CliRunner().invoke(app, ["report", str(images.path)], catch_exceptions=False)
    assert said.stdout == f"written: {images.path}/report.html\n"
    assert page() == before


def test_where_the_test_split_is_left_alone(copy):
    metrics = copy.metrics
    validation = metrics["validation"] = metrics.pop("test")
    (copy.path / "metrics.json").write_text(json.dumps(metrics))
    (copy.path / "resumes.json").write_text(json.dumps([{"epoch": 3, "step": 7, "time": "then", "differing": ["cpu"]}]))
    page = zoo.report(str(copy), copy.path / "other.html").read_text()
    assert "The test items are untouched" in page
    assert f"{validation['loss']:.4f}" in page
    assert "after epoch 3, step 7, then; not the same: cpu" in page
    del metrics["validation"]
    (copy.path / "metrics.json").write_text(json.dumps(metrics))
    page = zoo.report(copy).read_text()
    assert "No data were held out" in page
    assert "Mistakes" not in page


def test_what_is_refused(copy, tmp_path):
    for name, why in (("x.pdf", "a name that ends in .html"), ("none/x.html", "there is no folder")):
        with pytest.raises(ZooError, match=why):
            zoo.report(copy, tmp_path / name)
    (copy.path / "history.csv").unlink()
    assert "history.csv is not there" in zoo.report(copy, tmp_path / "x.html").read_text()
    kept = (copy.path / "metrics.json").read_text()
    (copy.path / "metrics.json").write_text("{}")
    with pytest.raises(ZooError, match=r"metrics\.json is damaged: it names no best epoch"):
        zoo.report(copy)
    (copy.path / "metrics.json").write_text(kept)
    (copy.path / "receipt.json").unlink()
    with pytest.raises(ZooError, match=r"is not finished; .* give the same `zoo train` command again"):
        zoo.report(copy)


def test_a_full_disk_does_not_undo_the_run(copy, monkeypatch):
    from zoo.runs.job import prepare

    def full(*_):
        raise ZooError("could not write report.html: no space left")

    monkeypatch.setattr("zoo.analysis.pages.report.write_report", full)
    (copy.path / "receipt.json").unlink()
    said = io.StringIO()
    finish.finish(copy, prepare(copy.config), "epochs", 1, ["test"], Console(file=said, width=300))
    assert copy.finished
    assert "no space left; the run is finished, `zoo report" in said.getvalue()


def test_elements_escape_what_they_are_given():
    assert tag("p", "<b>", tag("i", "&")) == "<p>&lt;b&gt;<i>&amp;</i></p>"
    assert tag("a", 1, href='"', class_="x", hidden=True, title=None, data_k=0) == (
        '<a href="&quot;" class="x" hidden data-k="0">1</a>'
    )
    assert tag("p", "\udcff") == "<p>?</p>"  # a file's name that is not UTF-8
    assert "<td>&lt;</td>" in table(("a", "b"), [("c", "<")])
    assert facts([("<", Html("<b>"))]) == "<dl><dt>&lt;</dt><dd><b></dd></dl>"
    assert picture(b"x", "png", "<") == '<img src="data:image/png;base64,eA==" alt="&lt;">'


@pytest.mark.parametrize("dark", [False, True])
def test_on_paper_it_is_light_and_few_pages(browser, images, dark, tmp_path):
    with opened(browser, images.path / "report.html", dark=dark) as seen:
        seen.page.emulate_media(media="print", color_scheme="dark" if dark else "light")
        assert seen.background() == (255, 255, 255)
        assert seen.faint() == []
        pdf = seen.page.pdf(path=tmp_path / "x.pdf", format="A4")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 4
