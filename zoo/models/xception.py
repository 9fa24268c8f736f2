"""Xception: depthwise separable convolutions with residual connections.

Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017,
https://arxiv.org/abs/1610.02357

As printed: Fig. 5, entry, middle and exit flow, BatchNorm after every convolution (not shown in the
    figure), no non-linearity inside a separable convolution (Sec. 4.7); dropout of 50 % before the logistic
    regression (Sec. 4.3); no fully connected layers before it.
Not printed: BatchNorm epsilon 1e-3, momentum 0.99, Glorot-uniform kernels, and layer names: all as in
    Keras, whose net is the author's own.
Deviation: none. (Keras's net has no dropout: outside training the two are the same function.)
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.layers import BatchNormalization
from zoo.models.common import check_input, logits

# Fig. 5: the filters of each block's separable convolutions; a block with a pooling ends in 3x3/2.
ENTRY_FLOW = {"block2": (128, 128), "block3": (256, 256), "block4": (728, 728)}
MIDDLE_FLOW = {f"block{number}": (728, 728, 728) for number in range(5, 13)}  # repeated 8 times
EXIT_FLOW = {"block13": (728, 1024)}
LAST = {"block14_sepconv1": 1536, "block14_sepconv2": 2048}


def xception(
    *,
    dropout: float = 0.5,
    input_shape=(299, 299, 3),
    classes: int = 1000,
    name: str = "xception",
) -> keras.Model:
    """Images (H, W, C) -> logits (classes); 299 x 299 in the paper, 7 and more possible.

    Args:
        dropout: share dropped before the classifier.

    Raises:
        ZooError: the input is too small, or a size is no positive number.
    """
    check_input(input_shape, 7, name, classes=classes, dynamic=True)
    inputs = layers.Input(input_shape, name="input")  # 299 x 299 x 3
    x = layers.Conv2D(32, 3, strides=2, use_bias=False, name="block1_conv1")(inputs)  # 149 x 149 x 32
    x = relu(norm(x, "block1_conv1"), "block1_conv1")
    x = layers.Conv2D(64, 3, use_bias=False, name="block1_conv2")(x)  # 147 x 147 x 64
    x = relu(norm(x, "block1_conv2"), "block1_conv2")
    for block, filters in ENTRY_FLOW.items():  # 74 x 74 x 128, 37 x 37 x 256, 19 x 19 x 728
        x = reducing(x, filters, block)
    for block, filters in MIDDLE_FLOW.items():  # 19 x 19 x 728
        x = residual(x, filters, block)
    for block, filters in EXIT_FLOW.items():  # 10 x 10 x 1024
        x = reducing(x, filters, block)
    for convolution, filters in LAST.items():  # 10 x 10 x 2048
        x = relu(norm(separable(x, filters, convolution), convolution), convolution)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 2048
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, logits(x, classes), name=name)


def reducing(x, filters: tuple[int, int], name: str):
    """(H, W, C) -> (H / 2, W / 2, filters[-1]): entry and exit flow, 1x1/2 on the shortcut."""
    shortcut = layers.Conv2D(filters[-1], 1, strides=2, padding="same", use_bias=False, name=f"{name}_shortcut")(x)
    shortcut = norm(shortcut, f"{name}_shortcut")
    x = separables(x, filters, name)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])


def residual(x, filters: tuple[int, ...], name: str):
    """(H, W, 728) -> (H, W, 728): middle flow."""
    return layers.Add(name=f"{name}_add")([separables(x, filters, name), x])


def separables(x, filters: tuple[int, ...], name: str):
    """ReLU, separable convolution, BatchNorm for each of `filters`; block2 begins behind a ReLU already."""
    for number, count in enumerate(filters, start=1):
        convolution = f"{name}_sepconv{number}"
        if convolution != "block2_sepconv1":
            x = relu(x, convolution)
        x = norm(separable(x, count, convolution), convolution)
    return x


def separable(x, filters: int, name: str):
    return layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)


def norm(x, name: str):
    return BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_bn")(x)


def relu(x, name: str):
    return layers.ReLU(name=f"{name}_act")(x)
