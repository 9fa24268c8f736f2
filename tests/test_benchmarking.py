"""`zoo benchmark`: the parts are found, and the quickest is measured; what they find is the machine's affair."""

import re

import pytest

from zoo.errors import ZooError
from zoo.experiments import benchmark


def test_a_part_is_measured(monkeypatch, capfd):
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    benchmark.measure(["start"])
    list_, help_ = capfd.readouterr().out.splitlines()
    assert re.fullmatch(r"zoo list +\d+\.\d\d s \(median of 2\)", list_)
    assert re.fullmatch(r"zoo --help +\d+\.\d\d s \(median of 2\)", help_)


def test_a_ratio_is_the_median_of_the_rounds(capsys):
    benchmark.report("net", [2.0, 9.0, 3.0], [1.0, 3.0, 2.0], "steps/s", "Keras")
    assert capsys.readouterr().out.endswith("ratio 2.000\n")


def test_an_unknown_part_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.setitem(benchmark.PARTS, "start", None)
    with pytest.raises(ZooError, match="unknown part 'biuld'; did you mean 'build'"):
        benchmark.measure(["start", "biuld"])
