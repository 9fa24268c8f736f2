"""Builders as a user would write them, with everything that makes resuming hard: dropout and BatchNorm."""

import keras

from zoo.layers import BatchNormalization


def small(*, input_shape=(8, 8, 1), classes=3, width=4):
    """(8, 8, 1) -> (3) logits; layers unnamed, as in a first notebook."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(width, 3)(inputs)
    x = BatchNormalization()(x)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(inputs, keras.layers.Dense(classes)(x))
