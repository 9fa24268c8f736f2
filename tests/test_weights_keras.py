"""Keras's official .h5 files: every age of the layout is read; what does not fit is refused in one sentence."""

import shutil

import h5py
import keras
import keras_files
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from zoo.build import create
from zoo.errors import ZooError
from zoo.weights import keras_h5

SIDE, CLASSES = 32, 5
MORE = (pytest.mark.slow, pytest.mark.ci)


@pytest.fixture(scope="module")
def theirs():
    """A small MobileNet of keras.applications."""
    model = keras.applications.MobileNet(
        weights=None, alpha=0.25, input_shape=(SIDE, SIDE, 3), classes=CLASSES, classifier_activation=None
    )
    keras_files.randomize(model)
    return model


@pytest.fixture(scope="module")
def born():
    """Our model, and its weights before any file was read."""
    keras.utils.set_random_seed(0)
    model = create.create_model("mobilenet_025_128", input_shape=(SIDE, SIDE, 3), classes=CLASSES)
    return model, model.get_weights()


@pytest.fixture
def ours(born):
    model, weights = born
    model.set_weights(weights)
    return model


@pytest.fixture(scope="module")
def whole_file(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "weights.h5"
    keras_files.save(theirs, path)
    return path


@pytest.fixture
def file(whole_file, tmp_path):
    """A copy, to be spoilt."""
    return shutil.copy(whole_file, tmp_path / "weights.h5")


def load(model, path, name="mobilenet_025_128", **words):
    keras_h5.load(model, path, name=name, **words)


def logits(model):
    return np.asarray(model(np.random.default_rng(3).normal(size=(2, SIDE, SIDE, 3)).astype("float32")))


def refusal(model, path, name="mobilenet_025_128", **words) -> str:
    """The sentence; the model must be as it was."""
    before = [np.array(v) for v in model.weights]
    with pytest.raises(ZooError) as caught:
        load(model, path, name, **words)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "layout",
    [
        {"age": 1},
        {"age": 2},
        {"age": 3},
        {"chunk": 7},
        {"chunk": 1, "whole": True},
        {"whole": True, "age": 3},
    ],
    ids=str,
)
def test_every_age_of_the_layout(theirs, ours, layout, tmp_path):
    keras_files.save(theirs, tmp_path / "weights.h5", **layout)
    load(ours, tmp_path / "weights.h5")
    np.testing.assert_allclose(logits(ours), logits(theirs), atol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras 3.15 on NumPy 2.4
def test_a_file_that_keras_itself_writes(theirs, ours, tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, theirs)
    load(ours, tmp_path / "weights.h5")
    np.testing.assert_allclose(logits(ours), logits(theirs), atol=1e-4)


def test_conv_preds_of_the_published_mobilenets_is_a_1x1_convolution(theirs, ours, file):
    with h5py.File(file, "a") as h5:
        kernel = h5["conv_preds/conv_preds/kernel:0"][()]
        del h5["conv_preds/conv_preds/kernel:0"]
        h5["conv_preds/conv_preds/kernel:0"] = kernel.reshape(1, 1, *kernel.shape[-2:])
    load(ours, file)
    np.testing.assert_allclose(logits(ours), logits(theirs), atol=1e-4)


def test_depthwise_kernels_under_keras_2s_name(theirs, ours, file):
    with h5py.File(file, "a") as h5:
        for number in range(1, 14):
            layer = f"conv_dw_{number}"
            h5[layer].move(f"{layer}/kernel:0", f"{layer}/depthwise_kernel:0")
            h5[layer].attrs["weight_names"] = [f"{layer}/depthwise_kernel:0".encode()]
    load(ours, file)
    np.testing.assert_allclose(logits(ours), logits(theirs), atol=1e-4)


@pytest.mark.parametrize("first", [pytest.param(n, marks=MORE) if n != 95 else n for n in (1, 95, 998)])
def test_inception_is_mapped_by_number_wherever_numbering_begins(first, tmp_path):
    theirs = keras.applications.InceptionV3(weights=None, input_shape=(75, 75, 3), include_top=False, pooling="avg")
    keras_files.randomize(theirs)
    rename = {}
    for kind, cls in (("conv2d", keras.layers.Conv2D), ("batch_normalization", keras.layers.BatchNormalization)):
        layers = [layer.name for layer in theirs.layers if isinstance(layer, cls)]
        layers.sort(
            key=lambda name: (
                int((name.split("_")[-1:] if name[-1].isdigit() and "_" in name else ["0"])[0]) if name != kind else 0
            )
        )
        rename |= {name: f"{kind}_{number}" for number, name in enumerate(layers, first)}
    keras_files.save(theirs, tmp_path / "weights.h5", rename=rename)
    ours = create.create_model("inception_v3", input_shape=(75, 75, 3))
    load(ours, tmp_path / "weights.h5", "inception_v3", without=frozenset({"predictions"}))
    trunk = keras.Model(ours.input, ours.get_layer("avg_pool").output)
    x = np.random.default_rng(3).normal(size=(1, 75, 75, 3)).astype("float32")
    np.testing.assert_allclose(trunk(x), theirs(x), atol=1e-4)
    keras.backend.clear_session()


def test_xception_of_keras_1(tmp_path):
    theirs = keras.applications.Xception(weights=None, input_shape=(71, 71, 3), classes=3, classifier_activation=None)
    keras_files.randomize(theirs)
    numbered = [layer.name for layer in theirs.layers if layer.name.startswith(("conv2d", "batch_norm"))]
    order = sorted(numbered, key=lambda name: int(name.rpartition("_")[2]) if name[-1].isdigit() else 0)
    rename = {}
    for old, new in (("conv2d", "convolution2d"), ("batch_normalization", "batchnormalization")):
        same = [name for name in order if name.startswith(old)]
        assert len(same) == 4
        rename |= {name: f"{new}_{number}" for number, name in enumerate(same, 1)}
    keras_files.save(theirs, tmp_path / "weights.h5", age=1, rename=rename)
    ours = create.create_model("xception", input_shape=(71, 71, 3), classes=3)
    load(ours, tmp_path / "weights.h5", "xception")
    x = np.random.default_rng(3).normal(size=(1, 71, 71, 3)).astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-4)
    keras.backend.clear_session()


def test_a_head_can_be_left_fresh(theirs, file, tmp_path):
    model = create.create_model("mobilenet_025_128", input_shape=(SIDE, SIDE, 3), classes=3)
    fresh = np.array(model.get_layer("predictions").kernel)
    load(model, file, without=frozenset({"predictions"}))
    np.testing.assert_array_equal(model.get_layer("predictions").kernel, fresh)
    np.testing.assert_array_equal(model.get_layer("conv1").kernel, theirs.get_layer("conv1").kernel)


# -- refusals ------------------------------------------------------------------------------------------------------


def rewritten(file, key, value=None, layer=None):
    """Replace, or with `value=None` remove, one data set and its name."""
    layer = layer or key.split("/")[0]
    with h5py.File(file, "a") as h5:
        if f"{layer}/{key}" in h5:
            del h5[f"{layer}/{key}"]
        names = [n for n in h5[layer].attrs["weight_names"] if n.decode() != key]
        if value is not None:
            h5[f"{layer}/{key}"] = value
            names.append(key.encode())
        h5[layer].attrs["weight_names"] = np.array(names, dtype="S")
    return file


def test_a_missing_tensor(ours, file):
    sentence = refusal(ours, rewritten(file, "conv_pw_3_bn/beta:0"))
    assert "it lacks conv_pw_3_bn/beta; expected a tensor of shape (32,)" in sentence


def test_a_surplus_tensor(ours, file):
    sentence = refusal(ours, rewritten(file, "conv_pw_3/gamma:0", np.zeros(32, "float32")))
    assert "it holds conv_pw_3/gamma, which the model has no place for" in sentence


def test_a_surplus_layer(ours, file):
    with h5py.File(file, "a") as h5:
        h5["conv_pw_14/kernel:0"] = np.zeros(3, "float32")
        h5["conv_pw_14"].attrs["weight_names"] = [b"kernel:0"]
        h5.attrs["layer_names"] = [*h5.attrs["layer_names"], b"conv_pw_14"]
    assert "it holds conv_pw_14/kernel, which the model has no place for" in refusal(ours, file)


def test_the_bias_before_a_batchnorm_is_folded_not_refused(theirs, ours, file):
    bias = np.random.default_rng(0).normal(size=32).astype("float32")
    load(ours, rewritten(file, "conv_pw_3/bias:0", bias))
    mean = theirs.get_layer("conv_pw_3_bn").moving_mean
    np.testing.assert_allclose(ours.get_layer("conv_pw_3_bn").moving_mean, np.asarray(mean) - bias, rtol=1e-6)


def test_a_name_of_no_known_role_is_surplus(ours, file):
    sentence = refusal(ours, rewritten(file, "conv_pw_3/scale:0", np.zeros(32, "float32")))
    assert "it holds conv_pw_3/conv_pw_3/scale:0, which the model has no place for" in sentence


def test_two_tensors_of_one_role(ours, file):
    sentence = refusal(ours, rewritten(file, "conv_pw_3/kernel_1:0", np.zeros((1, 1, 16, 32), "float32")))
    assert "conv_pw_3/conv_pw_3/kernel_1:0, which the model has no place for" in sentence


def test_another_shape(ours, file):
    sentence = refusal(ours, rewritten(file, "conv_pw_3/kernel:0", np.zeros((1, 1, 16, 16), "float32")))
    assert "conv_pw_3/kernel has shape (1, 1, 16, 16); expected (1, 1, 32, 32)" in sentence


def test_other_classes(file):
    model = create.create_model("mobilenet_025_128", input_shape=(SIDE, SIDE, 3), classes=3)
    sentence = refusal(model, file)
    assert "has shape" in sentence
    assert "classes" in sentence


def test_a_huge_declared_shape_is_refused_before_it_is_read(ours, file):
    with h5py.File(file, "a") as h5:
        del h5["conv1/conv1/kernel:0"]
        h5.create_dataset("conv1/conv1/kernel:0", (10**6, 10**6), "float32", chunks=(1000, 1000))  # 4 TB of nothing
    assert "conv1/kernel has shape (1000000, 1000000)" in refusal(ours, file)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_numbers_that_are_not_finite(ours, file, poison):
    with h5py.File(file, "a") as h5:
        h5["conv_pw_9_bn/conv_pw_9_bn/gamma:0"][5] = poison
    assert "conv_pw_9_bn/gamma holds numbers that are not finite" in refusal(ours, file)


def test_integers(ours, file):
    sentence = refusal(ours, rewritten(file, "conv_pw_3/kernel:0", np.zeros((1, 1, 32, 32), "int64")))
    assert "conv_pw_3/kernel holds int64; expected floating-point numbers" in sentence


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file(ours, file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert f"the weights file {file} cannot be read" in refusal(ours, file)


def test_random_bytes_in_the_structure_never_leave_a_traceback(ours, file):
    content = file.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(content)
        start = int(rng.integers(0, 4000))
        damaged[start : start + 16] = rng.bytes(16)
        file.write_bytes(damaged)
        try:
            load(ours, file)
        except ZooError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_no_file(ours, tmp_path):
    assert "there is no weights file" in refusal(ours, tmp_path / "absent.h5")


def test_a_layer_of_another_file_is_not_followed(ours, file, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["kernel:0"] = np.zeros((3, 3, 3, 8), "float32")
    with h5py.File(file, "a") as h5:
        del h5["conv1/conv1/kernel:0"]
        h5["conv1/conv1/kernel:0"] = h5py.ExternalLink("other.h5", "/kernel:0")
    assert "is damaged: /conv1 names conv1/kernel:0 and has none" in refusal(ours, file)


def test_keras_3s_own_layout_is_told_apart(theirs, ours, tmp_path):
    theirs.save_weights(tmp_path / "new.weights.h5")
    assert "is not in Keras's official layout: it has no layer_names" in refusal(ours, tmp_path / "new.weights.h5")


def test_a_file_of_another_width_is_named(file):
    model = create.create_model("mobilenet", input_shape=(SIDE, SIDE, 3), classes=CLASSES)
    assert "holds weights of mobilenet with alpha=0.25, not of mobilenet" in refusal(model, file, "mobilenet")


@pytest.fixture(scope="module")
def resnet_file(tmp_path_factory):
    theirs = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), classes=CLASSES)
    path = tmp_path_factory.mktemp("resnet") / "weights.h5"
    keras_files.save(theirs, path)
    keras.backend.clear_session()
    return path


@pytest.mark.parametrize(
    "name",
    [
        "resnet50_v1_5",
        "resnet18",
        "mobilenet_025_128",
        *(pytest.param(name, marks=MORE) for name in ("resnet101", "vgg16", "googlenet")),
    ],
)
def test_weights_of_resnet50_v1_fit_no_other_net(name, resnet_file):
    side = 32 if name != "googlenet" else 224
    model = create.create_model(name, input_shape=(side, side, 3), classes=CLASSES)
    sentence = refusal(model, resnet_file, name)
    twin = " (equal shapes, but the strides are in other convolutions)" if name == "resnet50_v1_5" else ""
    assert f"holds weights of resnet50, not of {name}{twin}; expected weights of {name}; load them into" in sentence
    keras.backend.clear_session()


def test_v1_fits_itself_under_every_name_of_the_classifier(resnet_file):
    with h5py.File(resnet_file, "a") as h5:
        h5.move("predictions", "probs")
        h5.attrs["layer_names"] = [n if n != b"predictions" else b"probs" for n in h5.attrs["layer_names"]]
        h5["probs"].attrs["weight_names"] = [b"predictions/kernel:0", b"predictions/bias:0"]
    model = create.create_model("resnet50", input_shape=(32, 32, 3), classes=CLASSES)
    load(model, resnet_file, "resnet50")
