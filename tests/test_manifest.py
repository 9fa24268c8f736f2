"""The zoo's own weight files: every small model through a file and back, and files nobody should load."""

import resource

import h5py
import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ZooError
from zoo.weights import manifest

SMALL = (
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
)
ALIKE = {"simple_cnn_mnist", "lstm_text", "gru_text"}  # to simple_cnn, bilstm_imdb and simple_rnn
MORE = (pytest.mark.slow, pytest.mark.ci)
TEXT = {"vocabulary_size": 30, "embedding_dim": 4, "units": 3, "input_shape": (7,)}


def build(name):
    return zoo.create_model(name, **(TEXT if zoo.describe(name).task == "text-classification" else {}))


def example(model):
    shape = (2, *model.input_shape[1:])
    rng = np.random.default_rng(0)
    return rng.integers(0, 30, shape) if model.inputs[0].dtype == "int32" else rng.normal(size=shape).astype("float32")


@pytest.mark.parametrize("name", [pytest.param(n, marks=MORE) if n in ALIKE else n for n in SMALL])
def test_a_file_gives_the_same_net_back(name, tmp_path):
    model = build(name)
    manifest.save(model, tmp_path / "x.weights.h5")
    again = build(name)
    manifest.load(again, tmp_path / "x.weights.h5")
    x = example(model)
    np.testing.assert_array_equal(model(x, training=False), again(x, training=False))
    assert [p.name for p in tmp_path.iterdir()] == ["x.weights.h5"]


@pytest.mark.parametrize("optimizer", [None, "adam"])
def test_no_room_is_an_error_and_not_a_crash_of_hdf5(optimizer, tmp_path):
    model = build("lenet5")
    model.compile(optimizer) if optimizer else None
    model.optimizer.build(model.trainable_variables) if optimizer else None
    path = tmp_path / "x.weights.h5"
    manifest.save(model, path)
    before = path.read_bytes()
    assert len(before) <= manifest._most(model)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - 1000, limits[1]))
    try:
        with pytest.raises(ZooError, match=r"could not write .*File too large.*untouched"):
            manifest.save(model, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.weights.h5"]


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "lenet5.weights.h5"
    manifest.save(build("lenet5"), path)
    return path


def refused(path, match, model="lenet5", **words):
    with pytest.raises(ZooError, match=match):
        manifest.load(zoo.create_model(model, **words), path)


def test_keras_itself_reads_the_file(saved):
    build("lenet5").load_weights(saved)


def test_a_flipped_byte_is_noticed(saved):
    with h5py.File(saved) as file:
        offset = file["layers/conv2d/vars/0"].id.get_offset()
    content = bytearray(saved.read_bytes())
    content[offset + 5] ^= 4
    saved.write_bytes(content)
    refused(saved, r"is damaged: c1/kernel does not match its SHA-256")


def test_a_truncated_file_is_refused(saved):
    saved.write_bytes(saved.read_bytes()[:1000])
    refused(saved, "cannot be read")


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    model = build("lenet5")
    model.get_layer("c3").bias.assign(np.full(16, np.nan))
    manifest.save(model, tmp_path / "n.weights.h5")
    refused(tmp_path / "n.weights.h5", "not finite in c3/bias")


def test_another_model_is_refused_by_name(saved):
    refused(saved, "does not fit mlp: it holds c1/kernel", "mlp")
    refused(saved, r"predictions/kernel has shape \(84, 10\); expected \(84, 7\)", classes=7)


def test_a_file_without_manifest_is_refused(tmp_path):
    build("lenet5").save_weights(tmp_path / "k.weights.h5")
    refused(tmp_path / "k.weights.h5", "has no manifest")


def test_layers_without_names_keep_their_paths():
    def unnamed():
        inputs = keras.Input((4,))
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(3)(inputs)))

    expected = ["dense_0/kernel", "dense_0/bias", "dense_1/kernel", "dense_1/bias"]
    assert manifest.paths(unnamed()) == manifest.paths(unnamed()) == expected


def test_v1_and_v1_5_do_not_exchange_weights(tmp_path):
    shape = {"input_shape": (32, 32, 3), "classes": 2}
    manifest.save(zoo.create_model("resnet50", **shape), tmp_path / "v1.weights.h5")
    refused(tmp_path / "v1.weights.h5", "it holds conv3_1_b/kernel", "resnet50_v1_5", **shape)
