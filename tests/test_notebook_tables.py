"""Rows of the catalogue and runs show themselves in a notebook."""

import dataclasses
import json
import re
from io import StringIO

import pytest

import zoo
from zoo.analysis.compare_runs import RunComparison
from zoo.experiments.seeds import Series
from zoo.io import terminal
from zoo.runs.folder import Run


def test_a_row_is_a_table_with_its_paper():
    html = zoo.describe("resnet50")._repr_html_()
    assert "25,557,032 trainable" in html
    assert '<a href="https://arxiv.org/abs/1512.03385">' in html
    assert "top-1 error, ImageNet, 10 crops: 22.85 % (as recalled from the paper)" in html
    assert html.count("<tr>") == html.count("</tr>")
    for name in zoo.list_models():
        assert zoo.describe(name)._repr_html_().startswith("<table>")


def test_words_in_it_are_escaped():
    html = dataclasses.replace(zoo.describe("mlp"), summary="<script>")._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_a_run_is_a_table_with_its_figures(tmp_path):
    history = "epoch,loss,accuracy\n1,0.5,0.8\n2,0.25,0.9\n"
    run = Run(tmp_path / "a<b")
    run.path.mkdir()
    (run.path / "history.csv").write_text(history)
    unfinished = run._repr_html_()
    assert "not finished, 2 epochs" in unfinished
    assert "epoch 2, loss 0.25, accuracy 0.9" in unfinished
    assert "a&lt;b" in unfinished
    (run.path / "metrics.json").write_text(json.dumps({"best_epoch": 2, "test": {"loss": 0.3, "accuracy": 0.875}}))
    (run.path / "receipt.json").write_text("{}")
    finished = run._repr_html_()
    assert "finished, 2 epochs" in finished
    assert "not finished" not in finished
    assert "loss 0.3000, accuracy 0.8750" in finished
    assert '<th style="text-align:left">best epoch</th><td style="text-align:left">2</td>' in finished


def test_a_run_shows_its_curves_and_the_way_to_its_page(tmp_path, monkeypatch):
    run = Run(tmp_path / "runs" / "a<b c")
    run.path.mkdir(parents=True)
    (run.path / "history.csv").write_text("epoch,loss,accuracy,val_loss,learning_rate\n1,1,.5,,1\n3,0,.75,2,1\n")
    (run.path / "report.html").write_text("")
    monkeypatch.chdir(tmp_path)
    html = run._repr_html_()
    assert '<a href="runs/a%3Cb%20c/report.html">' in html
    assert "loss, 0 to 2" in html
    assert "accuracy, 0.5 to 0.75" in html
    lines = re.findall(r'points="([^"]*)"', html)
    assert lines == ["4.0,32.0 186.0,60.0", "186.0,4.0", "4.0,60.0 186.0,4.0"]  # a loss, its validation, an accuracy
    (run.path / "history.csv").write_text("epoch,loss\n1,1\n")
    assert "<svg" not in run._repr_html_()


def test_comparisons_and_series_show_their_table():
    """A notebook shows the last value of a cell by `_repr_pretty_`; `print` shows the same."""
    shown = zoo.compare_models(["lenet5", "mlp"])
    printer = StringIO()
    printer.text = printer.write
    shown._repr_pretty_(printer, False)
    assert printer.getvalue() == str(shown) == shown.text()
    assert "61,706" in str(shown)
    for kind in (RunComparison, Series):
        assert kind.__str__ is not object.__str__
        assert hasattr(kind, "_repr_pretty_")


def test_progress_in_a_notebook_is_lines_of_the_standard_output(monkeypatch, capsys):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *_: pytest.fail("a box for each line"))
    terminal.console().print("epoch 1/3")
    assert capsys.readouterr().out == "epoch 1/3\n"


def test_a_notebook_is_no_terminal_whatever_it_says(monkeypatch):
    class OutStream(StringIO):
        """Stands for ipykernel's."""

        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdout", OutStream())
    assert terminal.console().is_terminal
    OutStream.__module__ = "ipykernel.iostream"
    assert not terminal.console().is_terminal
