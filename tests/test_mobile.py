"""What is special to MobileNet and Xception: the sixteen rows, ReLU6 and padding, blocks and where ReLU stands."""

import keras
import numpy as np
import pytest

from zoo.catalog.registry import builder
from zoo.catalog.rows import CATALOG
from zoo.errors import ZooError
from zoo.models.mobilenet import TABLE_1, mobilenet
from zoo.models.xception import xception

SIXTEEN = [(alpha, side) for alpha in (1.0, 0.75, 0.5, 0.25) for side in (224, 192, 160, 128)]


def row(alpha, side):
    return CATALOG[f"mobilenet_{round(100 * alpha):03d}_{side}"]


@pytest.mark.parametrize(("alpha", "side"), SIXTEEN)
def test_mobilenets_row_follows_from_table_1(alpha, side):
    # Sec. 3.2: depthwise 9 M F F, pointwise M N F F, with M and N thinned by alpha.
    side //= 2
    channels = int(32 * alpha)
    weights = macs = 27 * channels
    macs *= side**2
    norms = channels
    for stride, filters in TABLE_1:
        filters = int(filters * alpha)
        side //= stride
        layer = 9 * channels + channels * filters
        weights, macs, norms = weights + layer, macs + layer * side**2, norms + channels + filters
        channels = filters
    weights, macs = weights + (channels + 1) * 1000, macs + channels * 1000
    counts = row(alpha, 2 * 16 * side).counts
    assert (counts.trainable, counts.total, counts.macs) == (weights + 2 * norms, weights + 4 * norms, macs)


def test_there_are_sixteen_mobilenets_by_name_and_one_without():
    names = [name for name in CATALOG if name.startswith("mobilenet")]
    assert names == ["mobilenet", *(row(*size).name for size in SIXTEEN)]
    assert CATALOG["mobilenet"].counts == row(1.0, 224).counts


@pytest.mark.parametrize(("alpha", "side"), SIXTEEN)
def test_mobilenets_printed_figures_are_the_counted_ones(alpha, side):
    spec = row(alpha, side)
    counted = {"parameters": spec.counts.trainable / 1e6, "multiply-adds": spec.counts.macs / 1e6}
    for figure in spec.printed:
        assert float(figure.printed.split()[0]) == pytest.approx(counted[figure.what], rel=0.07, abs=0.05)


def test_a_named_mobilenet_is_mobilenet_with_its_alpha():
    spec = row(0.25, 128)
    model = builder(spec.name)(**spec.args, input_shape=spec.input_shape)
    assert model.get_layer("conv_pw_13").filters == 256
    assert model.count_params() == spec.counts.total


def test_mobilenet_clips_at_six_and_pads_below_and_right():
    model = mobilenet(0.25, input_shape=(32, 32, 3), classes=2)
    assert {layer.max_value for layer in model.layers if isinstance(layer, keras.layers.ReLU)} == {6.0}
    strided = [
        layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D) and layer.strides[0] == 2
    ]
    assert [layer.name for layer in strided] == ["conv_dw_2", "conv_dw_4", "conv_dw_6", "conv_dw_12"]
    for layer in strided:
        pad = model.get_layer(layer.name.replace("dw", "pad"))
        assert pad.padding == ((0, 1), (0, 1))
        assert layer.input is pad.output


@pytest.mark.parametrize("alpha", [0, -1, 1 / 33, "wide", True, float("nan")])
def test_an_alpha_without_filters_is_refused(alpha):
    with pytest.raises(ZooError, match=r"was given alpha=.*; expected a number of at least 1/32; set alpha"):
        mobilenet(alpha, input_shape=(32, 32, 3))


@pytest.mark.parametrize(("build", "smallest"), [(mobilenet, 31), (xception, 7)])
def test_the_smallest_input_works_and_one_less_is_refused(build, smallest):
    model = build(input_shape=(smallest, smallest, 1), classes=3)
    assert model(np.ones((1, smallest, smallest, 1), "float32")).shape == (1, 3)
    with pytest.raises(ZooError, match=f"height and width of at least {smallest}"):
        build(input_shape=(smallest - 1, smallest, 1))


def test_xception_is_figure_5():
    model = xception(input_shape=(71, 71, 3), classes=2)
    separable = [layer for layer in model.layers if isinstance(layer, keras.layers.SeparableConv2D)]
    entry, last = [128, 128, 256, 256, 728, 728], [728, 1024, 1536, 2048]
    assert [layer.filters for layer in separable] == [*entry, *([728] * 24), *last]
    assert {layer.activation for layer in separable} == {keras.activations.linear}  # Sec. 4.7
    assert [layer.name for layer in model.layers if "shortcut" in layer.name and "bn" not in layer.name] == [
        f"block{block}_shortcut" for block in (2, 3, 4, 13)
    ]
    names = [layer.name for layer in model.layers]
    # No ReLU before block2's first convolution: block1 ends in one. None after the additions of block13.
    assert "block2_sepconv1_act" not in names
    assert "block3_sepconv1_act" in names
    assert names.index("block14_sepconv1_act") > names.index("block14_sepconv1_bn")


def test_xception_drops_half_before_the_classifier():
    model = xception(input_shape=(71, 71, 3))
    assert model.layers[-2].rate == 0.5
    assert model.layers[-1].name == "predictions"
