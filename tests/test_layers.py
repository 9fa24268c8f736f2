"""Each layer's numbers against Keras's own or against NumPy."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import layers
from zoo.models.lenet5_1998 import TABLE_1


@pytest.fixture
def images():
    return (np.random.default_rng(0).normal(size=(4, 3, 5, 7)) * 3 + 1).astype("float32")


def both(arguments, shape):
    """Keras's BatchNormalization and ours, with the same non-trivial weights."""
    pair = keras.layers.BatchNormalization(**arguments), layers.BatchNormalization(**arguments)
    rng = np.random.default_rng(1)
    values = None
    for layer in pair:
        layer.build(shape)
        values = values or [rng.uniform(0.5, 2.0, w.shape) for w in layer.weights]
        layer.set_weights(values)
    return pair


def step(layer, x, *, jit=False, training=True, mask=None):
    """Output, gradients of input and weights, and the statistics after one call."""
    x = tf.constant(x)
    weighting = tf.reshape(tf.linspace(-1.0, 1.0, tf.size(x)), x.shape)

    @tf.function(jit_compile=jit)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training, **({} if mask is None else {"mask": mask}))
            loss = tf.reduce_sum(tf.cast(y, "float32") * weighting)
        return y, tape.gradient(loss, [x, *[v.value for v in layer.trainable_variables]])

    y, gradients = run(x)
    tensors = [y, *gradients, *[w.value for w in layer.non_trainable_weights]]
    return y.dtype, [tf.cast(t, "float32").numpy() for t in tensors]


def assert_same(arguments, x, rtol=1e-5, atol=1e-5, trainable=True, **call):
    theirs, ours = both(arguments, x.shape)
    theirs.trainable = ours.trainable = trainable
    (dtype, expected), (own_dtype, found) = step(theirs, x, **call), step(ours, x, **call)
    assert own_dtype == dtype
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)


@pytest.mark.parametrize("jit", [False, True], ids=["plain", "jit"])
@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
def test_batchnorm_equals_keras(images, jit, training):
    assert_same({"epsilon": 1e-5, "momentum": 0.9}, images, jit=jit, training=training)


@pytest.mark.parametrize("arguments", [{"scale": False}, {"center": False}, {"scale": False, "center": False}])
def test_batchnorm_without_scale_or_center(images, arguments):
    assert_same(arguments, images)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_batchnorm_keeps_float32_statistics_in_mixed_precision(images, policy):
    assert_same({"dtype": policy}, images, rtol=1e-2, atol=1e-2)
    theirs, ours = both({"dtype": policy}, images.shape)
    step(theirs, images), step(ours, images)
    np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-5)


def test_batchnorm_takes_epsilon_as_given():
    # TensorFlow's public wrapper raises 1e-5 to 1.001e-5, visible where the variance is small.
    x = (np.random.default_rng(0).normal(size=(4, 3, 5, 7)) * 1e-4).astype("float32")
    theirs, ours = both({"epsilon": 1e-5, "center": False}, x.shape)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-4, atol=1e-7)


def test_batchnorm_frozen_is_inference(images):
    assert_same({}, images, trainable=False)
    _, ours = both({}, images.shape)
    ours.trainable = False
    before = ours.moving_mean.numpy()
    ours(images, training=True)
    np.testing.assert_array_equal(ours.moving_mean, before)


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (6, 7)),
        ({}, (6, 5, 7)),
        ({"axis": 1}, (4, 3, 5, 7)),
        ({"renorm": True}, (4, 3, 5, 7)),
        ({"dtype": "float64"}, (4, 3, 5, 7)),
        ({}, (1, 1, 1, 7)),
    ],
)
def test_batchnorm_leaves_the_rest_to_keras(arguments, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(arguments.get("dtype", "float32"))
    theirs, ours = both(arguments, shape)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-5, atol=1e-5)
    for a, b in zip(theirs.weights, ours.weights, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def test_batchnorm_with_mask_and_synchronized(images):
    mask = np.random.default_rng(2).random(images.shape[:-1]) > 0.5
    assert_same({}, images, mask=mask)
    assert_same({"synchronized": True}, images)


def test_batchnorm_runs_one_fused_op(images):
    layer = layers.BatchNormalization()
    layer.build(images.shape)
    graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(images).graph
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("FusedBatchNormV3") == 1
    assert "Rsqrt" not in kinds


@pytest.mark.parametrize("name", ["BatchNormalization", "LSTM", "GRU", "SimpleRNN"])
def test_twins_are_keras_layers_with_the_same_weights(name):
    arguments, shape = ({}, (2, 4, 4, 3)) if name == "BatchNormalization" else ({"units": 5}, (2, 4, 3))
    theirs, ours = getattr(keras.layers, name)(**arguments), getattr(layers, name)(**arguments)
    assert isinstance(ours, type(theirs))
    theirs.build(shape), ours.build(shape)
    assert [(w.name, w.shape) for w in ours.weights] == [(w.name, w.shape) for w in theirs.weights]
    ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)


def test_bidirectional_keeps_our_layers():
    layer = keras.layers.Bidirectional(layers.LSTM(3))
    assert type(layer.forward_layer) is type(layer.backward_layer) is layers.LSTM


def test_lrn_divides_by_the_sum_over_near_maps(images):
    k, alpha, beta, radius = 2.0, 0.3, 0.75, 2
    expected = np.empty_like(images)
    for i in range(7):
        near = images[..., max(0, i - radius) : i + radius + 1]
        expected[..., i] = images[..., i] / (k + alpha * (near**2).sum(-1)) ** beta
    found = layers.LocalResponseNormalization(radius, k, alpha, beta)(images)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_grouped_convolution_is_two_towers():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    layer = keras.layers.Conv2D(6, 3, groups=2, use_bias=False)
    found = layer(x)
    kernel = layer.kernel.numpy()
    towers = [tf.nn.conv2d(x[..., 2 * g : 2 * g + 2], kernel[..., 3 * g : 3 * g + 3], 1, "VALID") for g in (0, 1)]
    np.testing.assert_allclose(found, np.concatenate(towers, -1), atol=1e-5)


def test_scaled_tanh_maps_one_to_one():
    x = np.array([-1.0, 0.0, 1.0, 2.0], "float32")
    found = layers.ScaledTanh()(x)
    np.testing.assert_allclose(found, [-1.0, 0.0, 1.0, 1.7159 * np.tanh(4 / 3)], atol=2e-5)


def test_subsampling_sums_four_times_coefficient_plus_bias():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    layer = layers.Subsampling()
    layer.build(x.shape)
    coefficient, bias = np.array([0.1, 0.2, 0.3], "float32"), np.array([1.0, 2.0, 3.0], "float32")
    layer.set_weights([coefficient, bias])
    sums = sum(x[:, i:4:2, j::2] for i in (0, 1) for j in (0, 1))
    np.testing.assert_allclose(layer(x), sums * coefficient + bias, atol=1e-5)
    assert layer.compute_output_shape((None, 5, 4, 3)) == (None, 2, 2, 3)


def test_connection_table_sees_only_its_maps():
    x = np.random.default_rng(0).normal(size=(2, 7, 7, 6)).astype("float32")
    layer = layers.ConnectionTableConv2D(TABLE_1, 5)
    layer.build(x.shape)
    kernel, bias = (np.random.default_rng(1).normal(size=w.shape).astype("float32") for w in layer.weights)
    layer.set_weights([kernel, bias])
    assert kernel.shape == (5, 5, 60)
    expected, position = [], 0
    for j, row in enumerate(TABLE_1):
        total = bias[j]
        for i in row:
            total = total + tf.nn.conv2d(x[..., i : i + 1], kernel[..., position, None, None], 1, "VALID")
            position += 1
        expected.append(total)
    np.testing.assert_allclose(layer(x), np.concatenate(expected, -1), atol=1e-4)


def test_connection_table_scales_weights_by_each_maps_fan_in():
    layer = layers.ConnectionTableConv2D(TABLE_1, 5)
    layer.build((None, 14, 14, 6))
    largest = np.abs(layer.kernel.numpy()).max((0, 1))
    assert (largest[:18] <= 2.4 / 75).all()
    assert (largest[18:54] <= 2.4 / 100).all()
    assert (largest[54:] <= 2.4 / 150).all()


def test_rbf_is_the_squared_distance():
    x = np.random.default_rng(0).normal(size=(2, 84)).astype("float32")
    layer = layers.RBF()
    prototypes = layers.prototypes(10, 84)
    expected = ((x[:, :, None] - prototypes) ** 2).sum(1)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)
    assert layer.trainable_weights == []
    np.testing.assert_allclose(np.diag(layer(prototypes.T)), 0.0, atol=1e-4)


@pytest.mark.parametrize(("units", "features"), [(10, 84), (26, 84), (3, 5)])
def test_prototypes_are_distinct_signs(units, features):
    found = layers.prototypes(units, features)
    assert found.shape == (features, units)
    assert set(np.unique(found)) == {-1.0, 1.0}
    assert len({tuple(column) for column in found.T}) == units


def test_option_a_shortcut_drops_pixels_and_appends_zero_maps():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    found = layers.OptionAShortcut(7)(x).numpy()
    assert found.shape == (2, 3, 2, 7)
    np.testing.assert_array_equal(found[..., :3], x[:, ::2, ::2])
    np.testing.assert_array_equal(found[..., 3:], 0.0)


def test_uniform_fan_in_bounds():
    values = layers.UniformFanIn()((5, 5, 6, 16)).numpy()
    assert np.abs(values).max() <= 2.4 / 150
    assert np.abs(values).max() > 2.3 / 150


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5, scale=False),
        layers.LSTM(4, dropout=0.1),
        layers.GRU(4, reset_after=False),
        layers.SimpleRNN(4),
        layers.LocalResponseNormalization(1, 1.0, 2e-5, 0.5),
        layers.ScaledTanh(),
        layers.Subsampling(),
        layers.ConnectionTableConv2D([[0], [0, 1]], 3),
        layers.RBF(7),
        layers.OptionAShortcut(8, 3),
        layers.UniformFanIn(4, seed=1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_serialized_and_back(layer):
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert config["registered_name"].startswith("zoo>")
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    # A config that leaves an argument out would also equal itself: look at what the layer holds.
    arguments = inspect.signature(type(layer)).parameters
    held = {key: value for key, value in vars(layer).items() if isinstance(value, (int, float, tuple))}
    assert {key: vars(again)[key] for key in held if key in arguments} == {
        key: value for key, value in held.items() if key in arguments
    }
