"""Builders as a user would write them, with everything that makes resuming hard: dropout and BatchNorm."""

import keras

from zoo.layers import BatchNormalization


def headed(*, input_shape=(8, 8, 1), classes=3):
    """(8, 8, 1) -> [(3), (3), (3)] logits: an answer and two side heads."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    first = BatchNormalization()(keras.layers.Dense(8, activation="relu")(x))
    second = keras.layers.Dense(8, activation="relu")(keras.layers.Dropout(0.3)(first))
    heads = [keras.layers.Dense(classes)(t) for t in (second, first, x)]
    return keras.Model(inputs, heads)


def small(*, input_shape=(8, 8, 1), classes=3, width=4):
    """(8, 8, 1) -> (3) logits; layers unnamed, as in a first notebook."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(width, 3)(inputs)
    x = BatchNormalization()(x)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(inputs, keras.layers.Dense(classes)(x))


def lenet5_dropout(*, input_shape=(28, 28, 1), classes=10):
    """(28, 28, 1) -> (10) logits: LeNet-5 with dropout before its last two layers."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(6, 5, padding="same", activation="tanh")(inputs)
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Conv2D(16, 5, activation="tanh")(x)
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Dense(120, activation="tanh")(keras.layers.Flatten()(x))
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.Dense(84, activation="tanh")(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(inputs, keras.layers.Dense(classes)(x))
