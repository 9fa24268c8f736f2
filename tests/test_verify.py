"""`zoo verify`: right rows pass, a wrong net is named with the layer where it departs, and the table says so."""

import dataclasses
import json
from pathlib import Path

import keras
import pytest

from zoo.analysis import verify
from zoo.build import create
from zoo.catalog.rows import CATALOG
from zoo.errors import ZooError
from zoo.graph.counts import count_layers
from zoo.models import lenet5, mobilenet, resnet

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def right():
    """Verdicts of rows that are as they should be."""
    return verify.verify(["lenet5", "bilstm_imdb"])


def test_rows_without_a_twin(right):
    lenet, text = right
    assert lenet.ok
    assert lenet.counted == lenet.row == CATALOG["lenet5"].counts
    assert (lenet.twin, lenet.parity, lenet.wrong) == (None, None, ())
    assert text.ok


def test_a_row_with_a_twin_and_weights():
    (verdict,) = verify.verify(["mobilenet_025_128"])
    assert verdict.ok
    assert verdict.twin == "keras.applications.MobileNet"
    assert 0 <= verdict.parity < verify.TOLERANCE
    assert verdict.weights == ("keras",)
    assert json.loads(json.dumps(verdict.to_dict()))["counted"]["trainable"] == 470_072


def test_the_table(right):
    row = {"model": "softmax_regression", "ok": False, "wrong": ("7,851 trainable parameters counted",)}
    wrong = dataclasses.replace(right[1], **row)
    text = verify.table([right[0], wrong])
    assert "61,706" in text
    assert "60,000" in text  # the paper's
    assert text.splitlines()[2].endswith("ok")
    assert "WRONG" in text
    assert "softmax_regression: 7,851 trainable parameters counted" in text
    assert "1 of 2 rows are as the catalogue says" in text


def test_a_wrong_row_is_told_from_a_wrong_net(monkeypatch):
    row = CATALOG["lenet5"]
    counts = dataclasses.replace(row.counts, trainable=60_000)
    monkeypatch.setitem(CATALOG, "lenet5", dataclasses.replace(row, counts=counts))
    (verdict,) = verify.verify(["lenet5"])
    assert not verdict.ok
    assert verdict.wrong == (
        "61,706 trainable parameters counted, 60,000 in the row; every layer is as it should be, so the row is wrong",
    )


def test_a_wrong_net_is_named_with_its_first_layer(monkeypatch):
    original = lenet5.lenet5

    def other(**words):
        model = original(**words)
        x = keras.layers.Dense(85, name="f6")(model.get_layer("f6").input)
        return keras.Model(model.input, keras.layers.Dense(words["classes"], name=model.layers[-1].name)(x))

    monkeypatch.setattr(lenet5, "lenet5", other)
    (verdict,) = verify.verify(["lenet5"])
    assert not verdict.ok
    assert "the first layer that departs is f6: 10,285 parameters" in verdict.wrong[0]
    assert "expected 10,164 parameters" in verdict.wrong[0]


def test_another_function_of_equal_counts_is_named_with_its_first_layer(monkeypatch):
    original = mobilenet.bn_relu6

    def other(x, name):
        if name == "conv_pw_4":
            x = keras.layers.ReLU(name="early")(x)
        return original(x, name)

    monkeypatch.setattr(mobilenet, "bn_relu6", other)
    (verdict,) = verify.verify(["mobilenet_025_128"])
    assert not verdict.ok
    assert "by" in verdict.wrong[0]
    assert verdict.wrong[0].endswith("the first layer that departs is conv_pw_4_bn")


def test_a_bias_folded_by_the_importer_is_no_departure(monkeypatch):
    original = resnet.BatchNormalization

    def other(**words):
        return original(**words | ({"epsilon": 0.5} if words["name"] == "conv3_1_b_bn" else {}))

    monkeypatch.setattr(resnet, "BatchNormalization", other)
    (verdict,) = verify.verify(["resnet50"])
    assert verdict.wrong[0].endswith("the first layer that departs is conv3_1_b_bn")


def test_an_unknown_name():
    with pytest.raises(ZooError, match="did you mean 'lenet5'"):
        verify.verify(["lenet55"])


def test_heads_are_counted_too(monkeypatch):
    row = CATALOG["googlenet"]
    wrong = dataclasses.replace(row.aux_counts, macs=1)
    monkeypatch.setitem(CATALOG, "googlenet", dataclasses.replace(row, aux_counts=wrong))
    (verdict,) = verify.verify(["googlenet"])
    assert verdict.wrong == ("with aux=True: 1,591,044,096 multiply-adds counted, 1 in the row",)


def test_the_shipped_layers_are_the_goldens(request):
    """`layers.txt` tells at a user's desk what the goldens tell here; --update-golden writes it from them."""
    if request.config.getoption("--update-golden"):
        verify.LAYERS.write_text(shipped(), encoding="utf-8")
    kept = verify._reference()
    assert set(kept) == set(CATALOG)
    for name, lines in kept.items():
        golden = {}
        for line in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            layer, *_, parameters = line.split()
            if parameters != "0":
                golden[layer] = parameters
        fields = [line.split() for line in lines]
        ours = {layer: t if o == "0" else f"{t}+{o}" for layer, t, o, _ in fields if (t, o) != ("0", "0")}
        assert ours == golden, name
        assert sum(int(line.split()[3]) for line in lines) == (CATALOG[name].counts.macs or 0), name


def shipped() -> str:
    text = "# Layers of every row: name, trainable parameters, other parameters, multiply-adds. Written by\n"
    text += "# pytest tests/test_verify.py --update-golden\n"
    for name in CATALOG:
        lines = verify.layer_lines(count_layers(create.create_model(name)))
        text += "\n".join([f"[{name}]", *lines]) + "\n"
        keras.backend.clear_session()
    return text


@pytest.mark.slow
@pytest.mark.ci
def test_the_whole_catalogue():
    verdicts = verify.verify()
    assert len(verdicts) == len(CATALOG)
    assert [v.model for v in verdicts if not v.ok] == []
    assert sum(v.parity is not None for v in verdicts) == 2 + 3 + 1 + 17 + 1
