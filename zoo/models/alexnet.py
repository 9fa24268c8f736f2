"""AlexNet: the 2012 net, its two towers as grouped convolutions.

A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural networks",
NIPS 2012, https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks

As printed: Sec. 3.5: 96@11x11/4, 256@5x5, 384, 384, 256@3x3, 4096, 4096, 1000; conv2, conv4 and conv5 see
only the maps of their own GPU (`groups=2`); ReLU, then LRN (k=2, n=5, alpha=1e-4, beta=.75, alpha not divided
by n) after conv1 and conv2; overlapping 3x3/2 pooling; dropout .5 after fc6 and fc7 (Sec. 4.2); N(0, .01)
weights, bias 1 in conv2, conv4, conv5 and the hidden dense layers (Sec. 5).
Deviation: the input is 227x227, since the printed 224 does not give 55x55 without padding.
"""

import keras

from zoo.layers import LocalResponseNormalization
from zoo.models.common import check_input, logits


def alexnet(
    *, input_shape=(227, 227, 3), classes: int = 1000, dropout: float = 0.5, name: str = "alexnet"
) -> keras.Model:
    """(227, 227, 3) -> (1000) logits. Sides of at least 67; raises ZooError below that."""
    check_input(input_shape, 67, name, classes=classes)
    layers = keras.layers
    inputs = keras.Input(input_shape, name="input")
    x = _conv(inputs, "conv1", 96, 11, strides=4, padding="valid")  # 55x55x96
    x = LocalResponseNormalization(name="norm1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)  # 27x27x96
    x = _conv(x, "conv2", 256, 5, groups=2, bias=1.0)  # 27x27x256
    x = LocalResponseNormalization(name="norm2")(x)
    x = layers.MaxPooling2D(3, 2, name="pool2")(x)  # 13x13x256
    x = _conv(x, "conv3", 384, 3)  # 13x13x384
    x = _conv(x, "conv4", 384, 3, groups=2, bias=1.0)
    x = _conv(x, "conv5", 256, 3, groups=2, bias=1.0)  # 13x13x256
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)  # 6x6x256
    x = layers.Flatten(name="flatten")(x)  # 9216
    for number in (6, 7):
        x = layers.Dense(4096, activation="relu", name=f"fc{number}", **_initial(1.0))(x)
        x = layers.Dropout(dropout, name=f"drop{number}")(x)
    return keras.Model(inputs, logits(x, classes, name="fc8", **_initial(0.0)), name=name)


def _conv(x, name, filters, size, *, strides=1, padding="same", groups=1, bias=0.0):
    return keras.layers.Conv2D(
        filters, size, strides, padding, groups=groups, activation="relu", name=name, **_initial(bias)
    )(x)


def _initial(bias):
    return {
        "kernel_initializer": keras.initializers.RandomNormal(0.0, 0.01),
        "bias_initializer": keras.initializers.Constant(bias),
    }
