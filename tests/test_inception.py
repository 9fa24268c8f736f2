"""What is special to GoogLeNet and Inception v3: heads, pooling at the borders, LRN's place, torchvision's habits."""

from functools import cache

import keras
import numpy as np
import pytest

from zoo.catalog.rows import CATALOG
from zoo.errors import ZooError
from zoo.graph.counts import count
from zoo.models import googlenet as paper
from zoo.models import googlenet_bn as torch_googlenet
from zoo.models import inception_v3 as released
from zoo.models import inception_v3_tv as torch_inception

MORE = (pytest.mark.slow, pytest.mark.ci)
RNG = np.random.default_rng(0)


@cache
def built(build, **arguments):
    """The net without values in its weights."""
    with keras.StatelessScope(initialize_variables=False):
        return build(**arguments)


def inputs_of(model, name):
    """Names of the layers that feed a layer."""
    tensors = model.get_layer(name)._inbound_nodes[0].input_tensors
    return [tensor._keras_history.operation.name for tensor in tensors]


@pytest.mark.parametrize(
    ("name", "build", "heads"),
    [
        ("googlenet", paper.googlenet, {"aux1": "inception_4a", "aux2": "inception_4d"}),
        ("googlenet_bn", torch_googlenet.googlenet_bn, {"aux1": "inception_4a", "aux2": "inception_4d"}),
        ("inception_v3", released.inception_v3, {"aux1": "mixed7"}),
        ("inception_v3_tv", torch_inception.inception_v3_tv, {"aux1": "mixed7"}),
    ],
)
def test_heads_count_as_the_row_says_and_come_after_the_main_output(name, build, heads):
    model = built(build, aux=True)
    assert count(model) == CATALOG[name].aux_counts
    assert model.output_names == ["predictions", *(f"{head}_predictions" for head in heads)]
    assert {head: inputs_of(model, f"{head}_pool") for head in heads} == {k: [v] for k, v in heads.items()}


def test_googlenets_pooling_windows_overhang_by_one():
    for size in (8, 9, 10, 11):
        image = np.abs(RNG.normal(size=(1, size, size + 1, 2))).astype("float32")
        x = keras.Input(image.shape[1:])
        pooled = keras.Model(x, paper.max_pool(x, "pool"))(image).numpy()
        # Caffe and torch's ceil_mode: ceil((n - 3) / 2) + 1 windows, the last one cut at the border.
        rows, columns = (-(-(n - 3) // 2) + 1 for n in (size, size + 1))
        cut = [
            [image[0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max((0, 1)) for j in range(columns)] for i in range(rows)
        ]
        np.testing.assert_array_equal(pooled[0], np.array(cut))


@pytest.mark.parametrize(
    ("build", "sides"),
    [
        (paper.googlenet, {"conv1": 112, "pool1": 56, "pool2": 28, "pool3": 14, "pool4": 7}),
        (torch_googlenet.googlenet_bn, {"conv1": 112, "pool1": 56, "pool2": 28, "pool3": 14, "pool4": 7}),
    ],
)
def test_googlenets_sides_are_table_1s(build, sides):
    model = built(build)
    assert {name: model.get_layer(name).output.shape[1] for name in sides} == sides


def test_torchs_googlenet_rounds_its_last_pooling_up():
    shape = (208, 208, 3)  # 13 before the pooling
    assert built(torch_googlenet.googlenet_bn, input_shape=shape).get_layer("pool4").output.shape[1] == 7
    assert built(paper.googlenet, input_shape=shape).get_layer("pool4").output.shape[1] == 6


def test_googlenet_normalizes_after_the_first_pooling_and_before_the_second():
    model = built(paper.googlenet)
    assert inputs_of(model, "norm1") == ["pool1"]
    assert inputs_of(model, "conv2_reduce") == ["norm1"]
    assert inputs_of(model, "norm2") == ["conv2"]
    assert inputs_of(model, "pool2_pad") == ["norm2"]


def test_googlenets_normalization_is_caffes():
    image = RNG.normal(scale=30, size=(1, 2, 2, 7)).astype("float32")
    x = keras.Input(image.shape[1:])
    ours = keras.Model(x, paper.norm(x, "norm"))(image).numpy()
    near = np.array([(image[..., max(0, c - 2) : c + 3] ** 2).sum(-1) for c in range(7)]).transpose(1, 2, 3, 0)
    np.testing.assert_allclose(ours, image / (1 + 1e-4 / 5 * near) ** 0.75, rtol=1e-5)


def test_the_5x5_branch_is_5x5_in_the_paper_and_3x3_at_torchvision():
    for model, kernel in ((built(paper.googlenet), (5, 5)), (built(torch_googlenet.googlenet_bn), (3, 3))):
        assert {layer.kernel_size for layer in model.layers if layer.name.endswith("_5x5")} == {kernel}


def test_torchs_heads_average_over_its_own_uneven_windows():
    image = RNG.normal(size=(1, 14, 14, 3)).astype("float32")
    ours = keras.layers.AdaptiveAveragePooling2D((4, 4))(image).numpy()
    edges = [(0, 4), (3, 7), (7, 11), (10, 14)]  # floor(14 i / 4), ceil(14 (i + 1) / 4)
    mean = [[image[0, a:b, c:d].mean((0, 1)) for c, d in edges] for a, b in edges]
    np.testing.assert_allclose(ours[0], np.array(mean), rtol=1e-4, atol=1e-6)


def test_inceptions_average_pool_leaves_the_padding_out_and_torchs_counts_it():
    ones = np.ones((1, 5, 5, 1), "float32")
    x = keras.Input((5, 5, 1))
    means = {}
    for module in (released, torch_inception):
        branch = keras.Model(x, module.average_pool(x, 2, "module"))
        pool = keras.Model(x, branch.get_layer("module_pool").output)
        means[module] = pool(ones).numpy()[0, :, :, 0]
    assert np.all(means[released] == 1)
    np.testing.assert_allclose(means[torch_inception][0], [4 / 9, 6 / 9, 6 / 9, 6 / 9, 4 / 9], rtol=1e-6)
    np.testing.assert_allclose(means[torch_inception][1:4, 1:4], 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("build", "scale", "momentum"),
    [
        (torch_googlenet.googlenet_bn, True, 0.9),
        (released.inception_v3, False, 0.99),
        (torch_inception.inception_v3_tv, True, 0.9),
    ],
)
def test_batch_normalization_is_the_sources(build, scale, momentum):
    norms = [layer for layer in built(build).layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {(n.scale, n.momentum, n.epsilon) for n in norms} == {(scale, momentum, 1e-3)}


@pytest.mark.parametrize(
    ("build", "smallest", "arguments"),
    [
        (paper.googlenet, 31, {}),
        (paper.googlenet, 79, {"aux": True}),
        (torch_googlenet.googlenet_bn, 15, {}),
        pytest.param(torch_googlenet.googlenet_bn, 31, {"aux": True}, marks=MORE),
        (released.inception_v3, 75, {}),
        pytest.param(torch_inception.inception_v3_tv, 75, {}, marks=MORE),
    ],
)
def test_the_smallest_input_works_and_one_less_is_refused(build, smallest, arguments):
    model = build(**arguments, input_shape=(smallest, smallest, 1), classes=3)
    logits = model(np.ones((1, smallest, smallest, 1), "float32"), training=False)
    assert {tuple(t.shape) for t in (logits if isinstance(logits, list) else [logits])} == {(1, 3)}
    with pytest.raises(ZooError, match=f"height and width of at least {smallest}"):
        build(**arguments, input_shape=(smallest, smallest - 1, 1))


def test_inceptions_head_needs_the_papers_size():
    with pytest.raises(ZooError, match="at least 299"):
        released.inception_v3(aux=True, input_shape=(298, 299, 3))
