"""MobileNet: depthwise separable convolutions, thinned by a width multiplier alpha.

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017,
https://arxiv.org/abs/1704.04861

As printed: Table 1 row by row, BatchNorm and a rectifier after every convolution (Fig. 3), alpha on every
    layer and any resolution (Sec. 3.3, 3.4); the classifier is the table's fully connected layer.
Deviation: the rectifier is ReLU6, as in the authors' code, where the paper says ReLU.
Deviation: the last depthwise row's "s2" is a misprint (its output is 7 x 7 in the next row); here it is s1.
Deviation: the 7x7 average pooling is global, so that any resolution can be used.
Not printed: strides of 2 pad one row below and one column on the right (0, 1), as TensorFlow does for even
    sides; BatchNorm epsilon 1e-3, momentum 0.99; a dropout of 0.1 % before the classifier; Glorot-uniform
    kernels. All as in Keras, and layer names too.
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.layers import BatchNormalization
from zoo.models.common import ZooError, check_input, logits

# Table 1 below the first convolution: stride of the depthwise row, filters of the 1x1 row.
TABLE_1 = (
    (1, 64),  # 112 x 112
    (2, 128),  # 56 x 56
    (1, 128),
    (2, 256),  # 28 x 28
    (1, 256),
    (2, 512),  # 14 x 14
    (1, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (2, 1024),  # 7 x 7
    (1, 1024),
)


def mobilenet(
    alpha: float = 1.0,
    *,
    dropout: float = 1e-3,
    input_shape=(224, 224, 3),
    classes: int = 1000,
    name: str = "mobilenet",
) -> keras.Model:
    """Images (H, W, C) -> logits (classes); 224, 192, 160 or 128 in the paper, 31 and more possible.

    Args:
        alpha: the width multiplier; 1, 0.75, 0.5 or 0.25 in the paper, any that leaves a filter possible.
        dropout: share dropped before the classifier.

    Raises:
        ZooError: the input is too small, a size is no positive number, or alpha leaves no filters.
    """
    check_input(input_shape, 31, name, classes=classes, dynamic=True)
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 1 / 32 <= alpha < 100:
        raise ZooError(f"{name} was given alpha={alpha!r}", "a number of at least 1/32", "set alpha, 1 is the paper's")

    inputs = layers.Input(input_shape, name="input")  # 224 x 224 x 3
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(inputs)
    x = bn_relu6(x, "conv1")  # 112 x 112 x 32 alpha
    for number, (strides, filters) in enumerate(TABLE_1, start=1):
        x = separable(x, int(filters * alpha), strides, number)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 1024 alpha
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, logits(x, classes), name=name)


def separable(x, filters: int, strides: int, number: int):
    """(H, W, C) -> (H / strides, W / strides, filters): Fig. 3, right."""
    if strides == 2:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        name=f"conv_dw_{number}",
    )(x)
    x = bn_relu6(x, f"conv_dw_{number}")
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"conv_pw_{number}")(x)
    return bn_relu6(x, f"conv_pw_{number}")


def bn_relu6(x, name: str):
    x = BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)
