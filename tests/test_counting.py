"""The counter against brute force: a layer of ones on an input of ones sums up its own multiply-adds."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Dense,
    DepthwiseConv2D,
    SeparableConv2D,
    SimpleRNN,
    TimeDistributed,
)

from zoo import layers
from zoo.errors import ZooError
from zoo.graph.counts import count, count_layers
from zoo.models.lenet5_1998 import lenet5_1998
from zoo.models.vgg import vgg


def model_of(layer, shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv2D(6, 3), (9, 8, 4)),
        (Conv2D(6, (3, 2), strides=2), (9, 8, 4)),
        (Conv2D(6, 3, groups=2), (9, 8, 4)),
        (Conv2D(6, 3, dilation_rate=2), (9, 8, 4)),
        (Conv1D(6, 3), (9, 4)),
        (Conv3D(2, 2), (3, 4, 5, 2)),
        (DepthwiseConv2D(3, depth_multiplier=2), (9, 8, 4)),
        (Conv2DTranspose(6, 3, strides=2), (5, 4, 3)),
        (Dense(5), (7,)),
        (Dense(5), (3, 7)),
        (layers.ConnectionTableConv2D([[0, 1], [1, 2, 3], [3]], 3), (6, 5, 4)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.Layer) else "x".join(map(str, value)),
)
def test_macs_are_the_sum_over_ones(layer, shape):
    model = model_of(layer, shape)
    layer.set_weights([np.zeros(w.shape) if "bias" in w.name else np.ones(w.shape) for w in layer.weights])
    assert count(model).macs == np.sum(model(np.ones((1, *shape), "float32")))


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (Conv2D(6, 3, padding="same"), (4, 4, 2), 4 * 4 * 6 * 9 * 2),
        (SeparableConv2D(6, 3), (9, 8, 4), 7 * 6 * (9 * 4 + 4 * 6)),
        (SimpleRNN(5), (7, 3), 7 * 5 * (3 + 5)),
        (LSTM(5), (7, 3), 7 * 4 * 5 * (3 + 5)),
        (GRU(5), (7, 3), 7 * 3 * 5 * (3 + 5)),
        (Bidirectional(LSTM(5)), (7, 3), 2 * 7 * 4 * 5 * (3 + 5)),
        (TimeDistributed(Dense(5)), (7, 3), 7 * 3 * 5),
        (layers.RBF(10), (84,), 840),
        (layers.BatchNormalization(), (4, 4, 2), 0),
        (layers.Subsampling(), (4, 4, 2), 0),
        (keras.layers.MaxPooling2D(2), (4, 4, 2), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.Layer) else "",
)
def test_macs_by_hand(layer, shape, macs):
    assert count(model_of(layer, shape)).macs == macs


def test_open_size_has_no_macs():
    model = model_of(Conv2D(6, 3), (None, None, 3))
    assert count(model).macs is None
    assert count(model).trainable == 6 * (27 + 1)


def test_parameters_leave_out_seeds_and_keep_statistics_apart():
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Dropout(0.5)(inputs)
    x = layers.BatchNormalization(name="bn")(x)
    model = keras.Model(inputs, x)
    counts = count(model)
    assert (counts.trainable, counts.total) == (4, 8)
    rows = {r.class_name: (r.trainable, r.non_trainable) for r in count_layers(model)}
    assert rows == {"InputLayer": (0, 0), "Dropout": (0, 0), "BatchNormalization": (4, 4)}


def test_nested_models_are_walked_and_shared_layers_counted_per_call():
    inner_input = keras.Input((6, 6, 2))
    inner = keras.Model(inner_input, Conv2D(2, 3, padding="same", name="conv")(inner_input), name="inner")
    inputs = keras.Input((6, 6, 2))
    model = keras.Model(inputs, inner(inner(inputs)))
    rows = [r for r in count_layers(model) if r.name == "inner.conv"]
    once = 36 * 2 * 9 * 2
    assert [r.macs for r in rows] == [once, once]
    assert [r.trainable for r in rows] == [38, 0]
    assert count(model).macs == 2 * once
    assert [r.receptive_field for r in rows] == [(3, 3), (5, 5)]


def test_sequential_models_count_too():
    model = keras.Sequential([keras.Input((7,)), Dense(5), Dense(2)])
    assert count(model).macs == 7 * 5 + 5 * 2


def test_unbuilt_model_is_refused():
    with pytest.raises(ZooError, match="has not been built; expected a functional or built model; call it once"):
        count(keras.Sequential([Dense(2)], name="later"))


def test_receptive_field_is_where_the_gradient_reaches():
    inputs = keras.Input((64, 64, 1))
    x = Conv2D(1, 5, strides=2, padding="same", name="a")(inputs)
    x = keras.layers.ZeroPadding2D(1)(x)
    x = keras.layers.AveragePooling2D(3, 2, name="b")(x)
    left = Conv2D(1, 3, padding="same", name="c")(x)
    x = keras.layers.Add(name="add")([left, x])
    x = Conv2D(1, 3, dilation_rate=2, padding="same", name="d")(x)
    model = keras.Model(inputs, x)
    for layer in model.layers:
        layer.set_weights([np.ones(w.shape) for w in layer.weights])
    image = tf.ones((1, 64, 64, 1))
    with tf.GradientTape() as tape:
        tape.watch(image)
        y = model(image)[0, 8, 8, 0]
    reached = tape.gradient(y, image).numpy()[0, :, :, 0] != 0
    size = tuple(int(reached.any(axis=axis).sum()) for axis in (1, 0))
    assert count_layers(model)[-1].receptive_field == size


def test_receptive_field_of_vgg16_is_the_known_one():
    rows = {r.name: r.receptive_field for r in count_layers(vgg(16, input_shape=(64, 64, 3), classes=2))}
    assert rows["conv5_3"] == (196, 196)
    assert rows["pool5"] == (212, 212)
    assert rows["fc6"] is None


def test_lenet5_1998_layer_by_layer_as_printed():
    # Sec. II.B: trainable parameters, and connections with each unit's bias.
    printed = {
        "c1": (156, 122_304),
        "s2": (12, 5_880),
        "c3": (1_516, 151_600),
        "s4": (32, 2_000),
        "c5": (48_120, 48_120),
        "f6": (10_164, 10_164),
        "rbf": (0, 840),
    }
    rows = {r.name: r for r in count_layers(lenet5_1998())}
    total = 0
    for name, (parameters, connections) in printed.items():
        row = rows[name]
        units = int(np.prod(row.output_shape))
        biases = 0 if name == "rbf" else units
        found = (4 * units if name in ("s2", "s4") else row.macs) + biases
        assert (row.trainable, found) == (parameters, connections), name
        total += found
    assert total == 340_908
