"""GoogLeNet (Inception v1): inception modules with 1x1 reductions, two auxiliary classifiers.

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, https://arxiv.org/abs/1409.4842

As printed: Table 1 row by row, ReLU after every convolution, dropout of 40 % before the classifier;
    auxiliary heads on (4a) and (4d) of Sec. 5: average pooling 5x5/3, 1x1 convolution with 128 filters,
    fully connected 1024, dropout of 70 % (their losses weigh 0.3 in training).
Not printed: taken from the authors' net as released with Caffe (bvlc_googlenet): stem padded by 3 on all
    sides, pooling whose windows may overhang by one, LRN with k = 1, n = 5, alpha = 1e-4 / 5, beta = 0.75
    (after the first pooling, before the second), kernels U(-a, a) with a = sqrt(3 / fan-in), biases 0.2.
Deviation: the 7x7 average pooling is global, so that other sizes than 224 can be used.
Deviation: none in conv1, though Table 1 prints 2.7 K parameters and 34 M operations there: a 7x7 convolution
    from 3 to 64 maps has 9.4 K and 118 M.
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.layers import LocalResponseNormalization
from zoo.models.common import check_input, logits

# Table 1 below the stem: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj.
TABLE_1 = {
    "inception_3a": (64, 96, 128, 16, 32, 32),
    "inception_3b": (128, 128, 192, 32, 96, 64),
    "pool3": None,
    "inception_4a": (192, 96, 208, 16, 48, 64),
    "inception_4b": (160, 112, 224, 24, 64, 64),
    "inception_4c": (128, 128, 256, 24, 64, 64),
    "inception_4d": (112, 144, 288, 32, 64, 64),
    "inception_4e": (256, 160, 320, 32, 128, 128),
    "pool4": None,
    "inception_5a": (256, 160, 320, 32, 128, 128),
    "inception_5b": (384, 192, 384, 48, 128, 128),
}
HEADS = {"inception_4a": "aux1", "inception_4d": "aux2"}  # Sec. 5


def googlenet(
    aux: bool = False,
    *,
    dropout: float = 0.4,
    aux_dropout: float = 0.7,
    input_shape=(224, 224, 3),
    classes: int = 1000,
    name: str = "googlenet",
) -> keras.Model:
    """Images (H, W, C) -> logits (classes); 224 x 224 in the paper, 31 and more (79 with heads) possible.

    Args:
        aux: with the auxiliary heads; the outputs are then [main, head on (4a), head on (4d)].
        dropout: share dropped before the classifier.
        aux_dropout: share dropped in each head.

    Raises:
        ZooError: the input is too small, or a size is no positive number.
    """
    check_input(input_shape, 79 if aux else 31, name, classes=classes, dynamic=not aux)
    inputs = layers.Input(input_shape, name="input")  # 224 x 224 x 3
    x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = conv(x, 64, 7, "conv1", strides=2, padding="valid")  # 112 x 112 x 64
    x = max_pool(x, "pool1")  # 56 x 56 x 64
    x = norm(x, "norm1")
    x = conv(x, 64, 1, "conv2_reduce")
    x = conv(x, 192, 3, "conv2")  # 56 x 56 x 192
    x = norm(x, "norm2")
    x = max_pool(x, "pool2")  # 28 x 28 x 192

    heads = []
    for row, filters in TABLE_1.items():  # 28 x 28 x 480, 14 x 14 x 832, 7 x 7 x 1024
        x = max_pool(x, row) if filters is None else inception(x, filters, row)
        if aux and row in HEADS:
            heads.append(auxiliary(x, classes, aux_dropout, HEADS[row]))

    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 1024
    x = layers.Dropout(dropout, name="dropout")(x)
    x = logits(x, classes, kernel_initializer=xavier())
    return keras.Model(inputs, [x, *heads] if aux else x, name=name)


def inception(x, filters: tuple[int, ...], name: str):
    """(H, W, C) -> (H, W, #1x1 + #3x3 + #5x5 + pool proj): Fig. 2b."""
    n1x1, n3x3_reduce, n3x3, n5x5_reduce, n5x5, pool_proj = filters
    branch1 = conv(x, n1x1, 1, f"{name}_1x1")
    branch2 = conv(x, n3x3_reduce, 1, f"{name}_3x3_reduce")
    branch2 = conv(branch2, n3x3, 3, f"{name}_3x3")
    branch3 = conv(x, n5x5_reduce, 1, f"{name}_5x5_reduce")
    branch3 = conv(branch3, n5x5, 5, f"{name}_5x5")
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    branch4 = conv(branch4, pool_proj, 1, f"{name}_pool_proj")
    return layers.Concatenate(name=name)([branch1, branch2, branch3, branch4])


def auxiliary(x, classes: int, dropout: float, name: str):
    """14 x 14 x C -> (classes): Sec. 5."""
    x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)  # 4 x 4 x C
    x = conv(x, 128, 1, f"{name}_conv")  # 4 x 4 x 128
    x = layers.Flatten(name=f"{name}_flatten")(x)  # 2048
    fc = {"kernel_initializer": xavier(), "bias_initializer": bias()}
    x = layers.Dense(1024, activation="relu", **fc, name=f"{name}_fc")(x)  # 1024
    x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return logits(x, classes, name=f"{name}_predictions", kernel_initializer=xavier())


def conv(x, filters: int, kernel: int, name: str, *, strides: int = 1, padding: str = "same"):
    return layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        activation="relu",
        kernel_initializer=xavier(),
        bias_initializer=bias(),
        name=name,
    )(x)


def max_pool(x, name: str):
    """(H, W, C) -> (H // 2, W // 2, C): 3x3/2, the last window may overhang by one.

    The overhang is filled with zeros, which never win: all values are behind a ReLU.
    """
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)


def norm(x, name: str):
    return LocalResponseNormalization(k=1.0, alpha=1e-4 / 5, beta=0.75, name=name)(x)


def xavier():
    """Caffe's "xavier"; one instance for each layer, since an instance repeats its draws."""
    return keras.initializers.VarianceScaling(1.0, mode="fan_in", distribution="uniform")


def bias():
    return keras.initializers.Constant(0.2)
