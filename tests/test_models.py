"""Common checks over the whole catalogue: a new row is tested here without a new test.

At full size a model is only built and counted, without values in its weights. What runs (a forward pass, a few
steps) is built at the smallest input its own error message names.
"""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo.analysis.summarise import outline
from zoo.build import create
from zoo.catalog.rows import CATALOG
from zoo.errors import ZooError
from zoo.graph.counts import count, count_layers
from zoo.models import alexnet, lenet5_1998, mlp, recurrent, resnet, resnet_cifar, resnet_v1_5, vgg

GOLDEN = Path(__file__).parent / "golden"
IMAGES = [name for name, spec in CATALOG.items() if spec.task == "image-classification"]
# One row for each builder: the first. The other rows differ in numbers that the counts already hold.
BY_BUILDER = {spec.builder: name for name, spec in reversed(CATALOG.items())}
FIRST = [name for name in CATALOG if name in BY_BUILDER.values()]
FIRST_IMAGES = [name for name in FIRST if name in IMAGES]
MORE = (pytest.mark.slow, pytest.mark.ci)
# The blocks of a shallower row, only more often; and what lies between the widest and the narrowest MobileNet.
DEEP = ("resnet101", "resnet152", "resnet44_cifar", "resnet56_cifar", "resnet110_cifar")
BETWEEN = ("mobilenet_075", "mobilenet_050", "mobilenet_100_192", "mobilenet_100_160", "mobilenet_025_1[69]")
ROWS = [pytest.param(n, marks=MORE) if re.match("|".join(DEEP + BETWEEN), n) else n for n in CATALOG]
# Small enough at their smallest input to be trained and saved in a moment.
LIGHT = [
    "softmax_regression",
    "mlp",
    "lenet5",
    "lenet5_1998",
    "simple_cnn",
    "simple_cnn_mnist",
    "simple_rnn",
    "lstm_text",
    "bilstm_imdb",
    "gru_text",
    "resnet20_cifar",
]
ALIKE = {"lenet5", "simple_cnn_mnist", "lstm_text", "gru_text"}  # to simple_cnn, bilstm_imdb and simple_rnn
DEEPEST = {"resnet20_cifar"}  # a third of the time of all


@pytest.fixture(scope="module", params=ROWS)
def full(request):
    """(row, model) at the size of the row, built once for all tests."""
    yield CATALOG[request.param], outline(request.param)
    keras.backend.clear_session()


def without_values():
    """Variables made in here have shapes and nothing else: VGG-16 in a moment."""
    return keras.StatelessScope(initialize_variables=False)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def smallest_side(name: str) -> int:
    """The side below which the model refuses, as its sentence says."""
    try:
        create.create_model(name, input_shape=(1, 1, 1), classes=3)
    except ZooError as error:
        return int(re.search(r"height and width of at least (\d+)", str(error))[1])
    return 1


def small(name: str, **words) -> keras.Model:
    """The model at its smallest size with one channel, or a text model with a small vocabulary."""
    if name in IMAGES:
        side = max(smallest_side(name), 4)
        return create.create_model(name, input_shape=(side, side, 1), **words)
    sizes = {"vocabulary_size": 20, "embedding_dim": 8}
    if "recurrent" in CATALOG[name].builder:
        sizes["units"] = 8
    return create.create_model(name, input_shape=(12,), **sizes, **words)


def batch(model: keras.Model, samples: int = 12, classes: int = 3):
    rng = np.random.default_rng(0)
    shape = (samples, *model.input_shape[1:])
    x = rng.integers(0, 20, shape) if model.inputs[0].dtype == "int32" else rng.normal(size=shape)
    return x.astype(model.inputs[0].dtype), rng.integers(0, classes, samples).astype("int32")


def test_counts_equal_the_row(full):
    spec, model = full
    assert count(model) == spec.counts


def test_output_is_one_float32_logit_a_class(full):
    spec, model = full
    assert model.output_shape == (None, spec.classes)
    assert model.output.dtype == "float32"
    last = model.layers[-1]
    assert getattr(last, "activation", keras.activations.linear) is keras.activations.linear


def test_names(full):
    spec, model = full
    names = [layer.name for layer in model.layers]
    assert model.name == spec.name
    assert not [name for name in names if "/" in name]
    assert spec.features in names


def test_golden(full, request):
    spec, model = full
    path = GOLDEN / f"{spec.name}.txt"
    text = "\n".join(golden_lines(model)) + "\n"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden for {spec.name}; run pytest tests/test_models.py --update-golden and review"
    assert text == path.read_text(encoding="utf-8"), "the net has changed; if it should, run --update-golden"


def golden_lines(model):
    """One line a layer: name, class, kernel, stride, padding, shape, parameters."""
    for row in count_layers(model):
        words = [row.name, row.class_name]
        for key in ("kernel", "stride", "padding"):
            value = getattr(row, key)
            if value is not None:
                words.append(f"{key}=" + (value if isinstance(value, str) else "x".join(map(str, value))))
        if row.dilation and set(row.dilation) != {1}:
            words.append("dilation=" + "x".join(map(str, row.dilation)))
        if row.groups != 1:
            words.append(f"groups={row.groups}")
        words.append("x".join(map(str, row.output_shape)) or "scalar")
        parameters = f"{row.trainable}" + (f"+{row.non_trainable}" if row.non_trainable else "")
        yield "  ".join([*words, parameters])


@pytest.mark.parametrize("name", FIRST)
def test_other_classes_one_channel_and_float32_logits_under_bfloat16(name):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        with without_values():
            model = small(name, classes=3)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.output_shape == (None, 3)
    assert model.output.dtype == "float32"
    assert [layer for layer in model.layers if layer.compute_dtype == "bfloat16" and layer.weights] or name == (
        "softmax_regression"
    )
    keras.backend.clear_session()


@pytest.mark.parametrize("name", FIRST_IMAGES)
def test_too_small_an_image_is_one_sentence(name):
    side = smallest_side(name)
    if side > 1:
        sentence = rf"{name} was given input_shape \({side}, {side - 1}, 3\); expected height and width of at least"
        with pytest.raises(ZooError, match=sentence):
            create.create_model(name, input_shape=(side, side - 1, 3))


@pytest.mark.parametrize("name", FIRST)
def test_every_layer_is_named(name):
    # A name that Keras makes up (conv2d_7) changes with what was built before.
    with without_values():
        first, second = small(name, classes=3), small(name, classes=3)
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    keras.backend.clear_session()


@pytest.mark.parametrize("name", FIRST)
def test_zero_classes_is_one_sentence(name):
    with pytest.raises(ZooError, match="classes=0"):
        create.create_model(name, classes=0)


# Wide layers on biases of 1 (AlexNet) and squared distances (the RBF) overshoot at Adam's 1e-3.
RATES = {"alexnet": 1e-5, "lenet5_1998": 1e-4}


def trained(name):
    model = small(name, classes=3, **({"dropout": 0.0} if name == "alexnet" else {}))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATES.get(name, 1e-3)), loss, jit_compile=False)
    x, y = batch(model)
    return [float(model.train_on_batch(x, y)) for _ in range(15)]


@pytest.mark.parametrize("name", [pytest.param(n, marks=MORE) if n in ALIKE | DEEPEST else n for n in LIGHT])
def test_a_few_steps_lower_the_loss(name):
    losses = trained(name)
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < losses[0]


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("name", [name for name in FIRST if name not in LIGHT])
def test_a_few_steps_lower_the_loss_of_the_heavy(name):
    losses = trained(name)
    keras.backend.clear_session()
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < losses[0]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras 3.15 on NumPy 2.4
@pytest.mark.parametrize("name", [pytest.param(n, marks=MORE) if n in ALIKE else n for n in LIGHT])
def test_keras_file_there_and_back(name, tmp_path):
    model = small(name, classes=3)
    x, _ = batch(model, 2)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.parametrize("name", ["resnet18", "resnet50_v1_5", "resnet20_cifar"])
def test_open_sides_where_the_net_ends_in_global_pooling(name):
    with without_values():
        model = create.create_model(name, input_shape=(None, None, 3), classes=3)
    assert model.output_shape == (None, 3)
    assert count(model).macs is None


def test_open_sides_are_refused_before_a_dense_layer():
    with pytest.raises(ZooError, match=r"input_shape \(None, None, 3\); expected .* and no None"):
        vgg.vgg(16, input_shape=(None, None, 3))


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 0), (32, 32, None)])
def test_an_image_shape_has_three_sides_and_channels(shape):
    with pytest.raises(ZooError, match=r"expected \(height, width, channels\) with one channel or more"):
        resnet.resnet(50, input_shape=shape)


@pytest.mark.parametrize(
    ("builder", "depth", "mend"),
    [
        (resnet.resnet, 51, "expected one of 18, 34, 50, 101, 152; did you mean 50?"),
        (vgg.vgg, "17", "expected one of 11, 13, 16, 19; choose from 11, 13, 16, 19"),
        (resnet_cifar.resnet_cifar, 21, "expected one of 8, 14, 20, 26, 32, 38, ...; did you mean 20?"),
    ],
)
def test_unknown_depth_names_the_known(builder, depth, mend):
    with pytest.raises(ZooError, match=re.escape(mend)):
        builder(depth)


@pytest.mark.parametrize("word", ["vocabulary_size", "embedding_dim", "units", "sequence_length"])
def test_text_sizes_below_one_are_refused(word):
    with pytest.raises(ZooError, match=f"lstm_text was given {word}=0; expected a whole number of 1 or more"):
        recurrent.lstm_text(**{word: 0})


def test_text_of_any_length():
    model = recurrent.gru_text(sequence_length=None)
    assert model.input_shape == (None, None)
    assert model(np.ones((2, 5), "int32")).shape == (2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CATALOG))
def test_values_in_the_weights_change_no_count(name):
    assert count(create.create_model(name)) == CATALOG[name].counts
    keras.backend.clear_session()


def test_gru_reset_before_has_one_bias():
    assert count(recurrent.gru_text(reset_after=False)).trainable == 1_317_121


def test_v1_and_v1_5_differ_in_names_but_not_in_shapes():
    shape = {"input_shape": (64, 64, 3), "classes": 2}
    with without_values():
        v1, v1_5 = resnet.resnet(50, **shape), resnet_v1_5.resnet_v1_5(50, **shape)
    assert [w.shape for w in v1.weights] == [w.shape for w in v1_5.weights]
    only = {layer.name for layer in v1_5.layers} - {layer.name for layer in v1.layers}
    assert {"conv3_1_b_s2", "conv4_1_b_s2", "conv5_1_b_s2"} < only


def test_rbf_classes_other_than_ten():
    model = lenet5_1998.lenet5_1998(classes=26)
    assert model.output_shape == (None, 26)


def test_lenet5_1998_prefers_the_prototype():
    model = lenet5_1998.lenet5_1998()
    rbf = model.get_layer("rbf")
    head = keras.Model(rbf.input, model.output)
    assert np.argmax(head(rbf.prototypes.numpy().T), -1).tolist() == list(range(10))


def test_paper_arguments_reach_the_layers():
    assert [layer.units for layer in mlp.mlp((32, 16, 8)).layers if isinstance(layer, keras.layers.Dense)] == [
        32,
        16,
        8,
        10,
    ]
    assert alexnet.alexnet(classes=2, input_shape=(67, 67, 1), dropout=0.1).get_layer("drop6").rate == 0.1
