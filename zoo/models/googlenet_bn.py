"""GoogLeNet as torchvision trains it: BatchNorm after every convolution, for its public weights.

Architecture: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, https://arxiv.org/abs/1409.4842
BatchNorm: Ioffe and Szegedy, ICML 2015, https://arxiv.org/abs/1502.03167
Code: torchvision/models/googlenet.py (which took the weights from TensorFlow)

As printed: the filter numbers of Table 1 and the places of the two heads.
Deviation (torchvision's, kept because the weights need them): BatchNorm (epsilon 1e-3) and no bias in every
    convolution, no LRN; a 3x3 kernel in the "5x5" branch (pytorch/vision#906); pool4 is 2x2/2; heads
    average to 4x4 whatever the input; dropout of 20 % before the classifier; kernels from a normal
    distribution of standard deviation 0.01 cut at two of them. `googlenet` has all of these as the paper
    does.
Deviation: re-scaling of the input from ImageNet's mean and deviation to [-1, 1] is left to preprocessing.
Deviation: biases of the dense layers begin at 0, not torch's uniform draw.
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.layers import BatchNormalization
from zoo.models.common import check_input, logits

# Table 1 below the stem: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj; or the window of a pooling.
TABLE_1 = {
    "inception_3a": (64, 96, 128, 16, 32, 32),
    "inception_3b": (128, 128, 192, 32, 96, 64),
    "pool3": 3,
    "inception_4a": (192, 96, 208, 16, 48, 64),
    "inception_4b": (160, 112, 224, 24, 64, 64),
    "inception_4c": (128, 128, 256, 24, 64, 64),
    "inception_4d": (112, 144, 288, 32, 64, 64),
    "inception_4e": (256, 160, 320, 32, 128, 128),
    "pool4": 2,
    "inception_5a": (256, 160, 320, 32, 128, 128),
    "inception_5b": (384, 192, 384, 48, 128, 128),
}
HEADS = {"inception_4a": "aux1", "inception_4d": "aux2"}


def googlenet_bn(
    aux: bool = False,
    *,
    dropout: float = 0.2,
    aux_dropout: float = 0.7,
    input_shape=(224, 224, 3),
    classes: int = 1000,
    name: str = "googlenet_bn",
) -> keras.Model:
    """Images (H, W, C) -> logits (classes); 224 x 224 in training, 15 and more (31 with heads) possible.

    Args:
        aux: with the auxiliary heads; the outputs are then [main, head on (4a), head on (4d)].
        dropout: share dropped before the classifier.
        aux_dropout: share dropped in each head.

    Raises:
        ZooError: the input is too small, or a size is no positive number.
    """
    check_input(input_shape, 31 if aux else 15, name, classes=classes, dynamic=not aux)
    inputs = layers.Input(input_shape, name="input")  # 224 x 224 x 3
    x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = conv(x, 64, 7, "conv1", strides=2, padding="valid")  # 112 x 112 x 64
    x = max_pool(x, 3, "pool1")  # 56 x 56 x 64
    x = conv(x, 64, 1, "conv2_reduce")
    x = conv(x, 192, 3, "conv2")  # 56 x 56 x 192
    x = max_pool(x, 3, "pool2")  # 28 x 28 x 192

    heads = []
    for row, entry in TABLE_1.items():  # 28 x 28 x 480, 14 x 14 x 832, 7 x 7 x 1024
        x = inception(x, entry, row) if isinstance(entry, tuple) else max_pool(x, entry, row)
        if aux and row in HEADS:
            heads.append(auxiliary(x, classes, aux_dropout, HEADS[row]))

    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 1024
    x = layers.Dropout(dropout, name="dropout")(x)
    x = logits(x, classes, kernel_initializer=narrow())
    return keras.Model(inputs, [x, *heads] if aux else x, name=name)


def inception(x, filters: tuple[int, ...], name: str):
    """(H, W, C) -> (H, W, #1x1 + #3x3 + #5x5 + pool proj): Fig. 2b, the third kernel being 3x3."""
    n1x1, n3x3_reduce, n3x3, n5x5_reduce, n5x5, pool_proj = filters
    branch1 = conv(x, n1x1, 1, f"{name}_1x1")
    branch2 = conv(x, n3x3_reduce, 1, f"{name}_3x3_reduce")
    branch2 = conv(branch2, n3x3, 3, f"{name}_3x3")
    branch3 = conv(x, n5x5_reduce, 1, f"{name}_5x5_reduce")
    branch3 = conv(branch3, n5x5, 3, f"{name}_5x5")  # pytorch/vision#906
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    branch4 = conv(branch4, pool_proj, 1, f"{name}_pool_proj")
    return layers.Concatenate(name=name)([branch1, branch2, branch3, branch4])


def auxiliary(x, classes: int, dropout: float, name: str):
    """14 x 14 x C -> (classes)."""
    x = layers.AdaptiveAveragePooling2D((4, 4), name=f"{name}_pool")(x)  # 4 x 4 x C
    x = conv(x, 128, 1, f"{name}_conv")  # 4 x 4 x 128
    x = layers.Flatten(name=f"{name}_flatten")(x)  # 2048
    x = layers.Dense(1024, activation="relu", kernel_initializer=narrow(), name=f"{name}_fc")(x)
    x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return logits(x, classes, name=f"{name}_predictions", kernel_initializer=narrow())


def conv(x, filters: int, kernel: int, name: str, *, strides: int = 1, padding: str = "same"):
    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        use_bias=False,
        kernel_initializer=narrow(),
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-3, name=f"{name}_bn")(x)  # torch's momentum of 0.1
    return layers.ReLU(name=f"{name}_relu")(x)


def max_pool(x, window: int, name: str):
    """(H, W, C) -> half of both: torch's ceil_mode, the last window may overhang by one.

    The overhang is filled with zeros, which never win: all values are behind a ReLU.
    """
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    return layers.MaxPooling2D(window, strides=2, name=name)(x)


def narrow():
    """One instance for each layer, since an instance repeats its draws."""
    return keras.initializers.TruncatedNormal(stddev=0.01)
