"""AlexNet in one tower, the net of most public weights.

A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014,
https://arxiv.org/abs/1404.5997

As printed: the paper prints no table of layers; this is torchvision's `alexnet`, named after it:
    64@11x11/4,
192@5x5, 384, 256, 256@3x3, 4096, 4096, 1000 on 224x224, no local response normalization.
Deviation: none from torchvision's layers, dropout (.5, before fc6 and fc7) and weights (U(-1/sqrt(F),
    1/sqrt(F)),
but biases begin at 0); its adaptive pooling to 6x6 is left out: at 224x224 it is the identity, and other sizes
have an fc6 of their own size.
"""

import keras

from zoo.models.common import check_input, logits


def alexnet_owt(
    *, input_shape=(224, 224, 3), classes: int = 1000, dropout: float = 0.5, name: str = "alexnet_owt"
) -> keras.Model:
    """(224, 224, 3) -> (1000) logits. Sides of at least 63; raises ZooError below that."""
    check_input(input_shape, 63, name, classes=classes)
    layers = keras.layers
    inputs = keras.Input(input_shape, name="input")
    x = layers.ZeroPadding2D(2, name="conv1_pad")(inputs)
    x = _conv(x, "conv1", 64, 11, strides=4, padding="valid")  # 55x55x64
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)  # 27x27x64
    x = _conv(x, "conv2", 192, 5)  # 27x27x192
    x = layers.MaxPooling2D(3, 2, name="pool2")(x)  # 13x13x192
    x = _conv(x, "conv3", 384, 3)  # 13x13x384
    x = _conv(x, "conv4", 256, 3)
    x = _conv(x, "conv5", 256, 3)  # 13x13x256
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)  # 6x6x256
    x = layers.Flatten(name="flatten")(x)  # 9216
    for number in (6, 7):
        x = layers.Dropout(dropout, name=f"drop{number}")(x)
        x = layers.Dense(4096, activation="relu", kernel_initializer=_uniform(), name=f"fc{number}")(x)
    return keras.Model(inputs, logits(x, classes, name="fc8", kernel_initializer=_uniform()), name=name)


def _conv(x, name, filters, size, *, strides=1, padding="same"):
    return keras.layers.Conv2D(
        filters, size, strides, padding, activation="relu", kernel_initializer=_uniform(), name=name
    )(x)


def _uniform():
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
