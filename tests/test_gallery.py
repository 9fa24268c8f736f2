"""The gallery: what stands in it, what it refuses to overwrite, and how it works in a real browser from the disk."""

import io
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from browsing import PHONE, opened
from rich.console import Console
from typer.testing import CliRunner

import zoo
from zoo.analysis.compare_models import reported_accuracy
from zoo.analysis.pages.receipts import read_receipts, read_runs
from zoo.cli import app
from zoo.errors import ZooError

HOSTILE = "<script>alert(1)<"


def build(folder, **words):
    return zoo.gallery(folder, console=Console(file=io.StringIO()), **words)


def receipt(config, seed, accuracy):
    return json.dumps({"config": config, "seed": seed, "data": "digits", "metrics": {"test": {"accuracy": accuracy}}})


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Receipts beside their config, and runs: one finished, one not, one damaged, one hidden."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "configs" / "receipts").mkdir(parents=True)
    config = "model: {name: lenet5}\ndata: {name: digits}\n"
    (folder / "configs" / "lenet5_digits.yaml").write_text(config)
    for seed, accuracy in ((10, 0.5), (9, 0.75)):
        (folder / "configs" / "receipts" / f"a{seed}.json").write_text(receipt("lenet5_digits", seed, accuracy))
    (folder / "configs" / "receipts" / "b.json").write_text(receipt(HOSTILE, 0, 0.25))
    for name in ("one/20260102T030405Z", "two words/20260103T000000Z", "three/20260101T000000Z", "one/.new-x"):
        run = folder / "runs" / name
        run.mkdir(parents=True)
        (run / "config.yaml").write_text("name: one\n" + config)
    done = folder / "runs" / "one" / "20260102T030405Z"
    (done / "metrics.json").write_text(json.dumps({"best_epoch": 1, "test": {"loss": 1.0, "accuracy": 0.875}}))
    (done / "receipt.json").write_text("{}")
    (done / "report.html").write_text("<title>the report</title>")
    (folder / "runs" / "two words" / "20260103T000000Z" / "history.csv").write_text("epoch,loss\n1,0.5\n")
    (folder / "runs" / "three" / "20260101T000000Z" / "config.yaml").write_text(f"model: {HOSTILE!r}\n")
    torn = folder / "runs" / "four" / "20260101T000000Z"
    torn.mkdir(parents=True)
    (torn / "config.yaml").write_text("name: four\n" + config)
    (torn / "history.csv").write_text("epoch,loss\n1,0.5\n2,oh\n")
    return folder


@pytest.fixture(scope="module")
def site(desk):
    """Three models, of which two are in the chart."""
    return build(desk / "site", models="[lr]*et5[0_]*", runs=desk / "runs", receipts=desk / "configs/receipts")


def pages(site):
    return [site, *sorted((site.parent / "models").glob("*.html"))]


def test_in_a_browser(browser, site):
    inside = site.parent.as_uri()
    for page in pages(site)[:2]:
        for width, dark in ((1280, False), (PHONE, True)):
            with opened(browser, page, width=width, dark=dark) as seen:
                seen.page.evaluate("for (const image of document.images) image.loading = 'eager'")
                seen.page.wait_for_function("[...document.images].every(image => image.naturalWidth > 0)")
                assert seen.troubles == seen.sticking_out() == seen.faint() == []
                assert all(request.startswith(inside) for request in seen.requests)
                assert not seen.scrolls_sideways()
                assert (sum(seen.background()) < 100) == dark


def test_a_card_s_picture_begins_at_the_first_box(browser, site):
    with opened(browser, site) as seen:
        sources = seen.page.evaluate("[...document.querySelectorAll('.card img')].map(i => i.getAttribute('src'))")
    assert sources
    for source in sources:
        file, view = source.split("#")
        top = float(re.search(r"viewBox\(0,([\d.]+),", view)[1])
        heights = [float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)"', (site.parent / file).read_text())]
        above = [y for y in heights if y < top]
        assert 2 <= len(above) <= 3  # the name and its totals, on one line or two
        assert min(y for y in heights if y > top) < top + 40


def test_every_link_leads_somewhere(browser, site, desk):
    for page in pages(site):
        with opened(browser, page) as seen:
            links = seen.page.evaluate("[...document.links].map(link => link.href)")
            for link in links:
                file, _, place = link.partition("#")
                if file == page.as_uri():
                    assert seen.page.query_selector(f"#{place}"), link
                elif not link.startswith("http"):
                    assert Path(file.removeprefix("file://").replace("%20", " ")).is_file(), link
            if page == site:
                seen.page.click("#runs a >> text=one")
                assert seen.page.title() == "the report"


def test_search_task_and_sorting(browser, site):
    with opened(browser, site) as seen:
        page = seen.page

        def shown():
            return [card.get_attribute("id") for card in page.query_selector_all(".card") if card.is_visible()]

        everything = shown()
        assert everything == ["lenet5_1998", "resnet50", "resnet50_v1_5"]
        assert page.inner_text("#shown") == "3 of 3"
        page.fill("#words", "He 2016 v1.5")
        assert shown() == ["resnet50_v1_5"]
        assert not page.is_visible("#row-resnet50")
        page.fill("#words", "DOCUMENT recognition")  # the paper's title
        assert shown() == ["lenet5_1998"]
        page.fill("#words", "nothing at all")
        assert page.inner_text("#shown") == "0 of 3"
        page.fill("#words", "")
        page.select_option("#task", "image-classification")
        assert shown() == everything
        page.click("#comparison th >> text=parameters")
        rows = page.query_selector_all("#comparison tbody th")
        assert [row.inner_text() for row in rows][-1] == "lenet5_1998"


def test_it_says_what_the_catalogue_says(browser, site):
    spec = zoo.describe("resnet50")
    with opened(browser, site.parent / "models" / "resnet50.html") as seen:
        said = seen.page.inner_text("body")
        for words in (
            spec.paper.title,
            "3.8e9",
            f"{spec.counts.macs:,}",
            f"{spec.counts.trainable:,}",
            "22.85 %",
            spec.weights[0].hash,
            *spec.deviations,
        ):
            assert words in said, words
        assert seen.page.query_selector("#diagram svg title").text_content() == "resnet50"
    with opened(browser, site) as seen:
        row = seen.page.inner_text("#row-resnet50").split("\t")
        assert row[2:5] == ["25,557,032", "3,857,973,248", "50"]
        assert float(row[6]) == reported_accuracy(spec).percent
        assert seen.page.query_selector("#chart svg")


def test_results_and_runs(site, desk):
    found = {result.config: result for result in read_receipts(desk / "configs/receipts")}
    lenet = found["lenet5_digits"]
    assert (lenet.model, lenet.seeds, lenet.accuracies) == ("lenet5", (9, 10), (0.75, 0.5))
    assert (lenet.mean, lenet.spread) == (0.625, pytest.approx(0.1767767))
    assert (found[HOSTILE].model, found[HOSTILE].spread) == (None, None)
    rows = read_runs(desk / "runs")
    assert [row.name for row in rows] == ["one", "one", "three", "four"]
    assert [row.state for row in rows][:2] == ["not finished, 1 epoch", "finished"]
    assert rows[2].state.startswith("cannot be read: ")
    assert rows[3].state.endswith("history.csv, row 3 is damaged: could not convert string to float: 'oh'")
    assert rows[1].figures["accuracy"] == 0.875
    page = site.read_text()
    assert "0.6250" in page
    assert "<script>alert" not in page
    assert "2 January 2026, 03:04 UTC" in page
    assert (site.parent / "receipts" / "a9.json").read_text() == receipt("lenet5_digits", 9, 0.75)


def test_the_same_bytes_again_in_the_old_one_s_place(desk, tmp_path):
    for folder in (tmp_path / "a", tmp_path / "a"):
        build(folder, models="mlp", receipts=desk / "configs/receipts")
    words = ["gallery", "--out", str(tmp_path / "b"), "--models", "mlp", "--receipts", str(desk / "configs/receipts")]
    said = CliRunner().invoke(app, words, catch_exceptions=False)
    assert said.stdout == f"written: {tmp_path}/b/index.html\n"
    files = sorted(str(p.relative_to(tmp_path / "a")) for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert files == [
        "gallery.json",
        "index.html",
        "models/mlp.html",
        "models/mlp.svg",
        "receipts/a10.json",
        "receipts/a9.json",
        "receipts/b.json",
    ]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_what_is_refused(site, desk, tmp_path, monkeypatch):
    with pytest.raises(ZooError, match="no model matches 'nothing'"):
        build(tmp_path / "x", models="nothing")
    for words in ({"runs": tmp_path / "none"}, {"receipts": tmp_path / "none"}):
        with pytest.raises(ZooError, match="there is no folder"):
            build(tmp_path / "x", models="mlp", **words)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    with pytest.raises(ZooError, match=r"mine holds what no gallery wrote: thesis.tex; expected"):
        build(mine, models="mlp")
    with pytest.raises(ZooError, match=r"thesis.tex is a file"):
        build(mine / "thesis.tex", models="mlp")
    with pytest.raises(ZooError, match=r"cannot write .*; choose another --out"):
        build(mine / "thesis.tex" / "site", models="mlp")
    old = Path(shutil.copytree(site.parent, tmp_path / "old"))
    (old / ".git").mkdir()
    (old / ".git" / "HEAD").write_text("ref")
    with pytest.raises(ZooError, match=r"old holds what no gallery wrote: .git;"):
        build(old, models="mlp")
    (tmp_path / "broken.json").write_text('{"config": "x"}')
    with pytest.raises(ZooError, match=r"broken.json is no receipt of a run with a test accuracy: KeyError"):
        build(tmp_path / "x", models="mlp", receipts=tmp_path)

    def full(*_):
        raise ZooError("no space left")

    shutil.rmtree(old / ".git")
    before = (old / "index.html").read_bytes()
    monkeypatch.setattr("zoo.io.files.write", full)
    with pytest.raises(ZooError, match="no space left"):
        build(old, models="mlp", receipts=desk / "configs/receipts")
    assert (old / "index.html").read_bytes() == before
    assert not [name for name in os.listdir(tmp_path) if ".part." in name or ".old." in name]


@pytest.mark.slow
@pytest.mark.ci
def test_the_whole_catalogue(browser, tmp_path):
    site = build(tmp_path / "site")
    assert len(pages(site)) == 1 + len(zoo.list_models())
    for page in pages(site):
        with opened(browser, page, width=PHONE) as seen:
            assert seen.troubles == seen.sticking_out() == seen.faint() == []
            assert not seen.scrolls_sideways()
