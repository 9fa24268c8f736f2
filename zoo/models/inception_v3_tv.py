"""Inception v3 as torchvision trains it, for its public weights.

Architecture: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
https://arxiv.org/abs/1512.00567
Code: torchvision/models/inception.py (which took the weights from TensorFlow)

As printed: 299 x 299 input, 35 x 35, 17 x 17 (n = 7) and 8 x 8 modules of Figs. 5, 6 and 7, grid reductions
    of Fig. 10, BatchNorm in every convolution, an auxiliary head with BatchNorm on the last 17 x 17 layer
    (Fig. 8).
Deviation: the released net, which is not quite Table 1; see `inception_v3`.
Deviation (torchvision's, kept because the weights need them): BatchNorm with a scale (epsilon 1e-3,
    momentum 0.1, Keras's 0.9); average pools count the zeros around the image; dropout of 50 % before the
    classifier; kernels from a cut normal distribution of standard deviation 0.1 (0.01 and 0.001 at the end
    of the head).
Deviation: re-scaling of the input from ImageNet's mean and deviation to [-1, 1] is left to preprocessing.
Deviation: biases of the dense layers begin at 0, not torch's uniform draw.
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.layers import BatchNormalization
from zoo.models.common import check_input, logits

# Table 1's first rows, as released: name, filters, kernel, strides, padding; a pooling is 3x3/2.
STEM = (
    ("conv1", 32, (3, 3), 2, "valid"),  # 149 x 149 x 32
    ("conv2", 32, (3, 3), 1, "valid"),  # 147 x 147 x 32
    ("conv3", 64, (3, 3), 1, "same"),  # 147 x 147 x 64
    ("pool1",),  # 73 x 73 x 64
    ("conv4", 80, (1, 1), 1, "valid"),  # 73 x 73 x 80
    ("conv5", 192, (3, 3), 1, "valid"),  # 71 x 71 x 192
    ("pool2",),  # 35 x 35 x 192
)
# What differs from module to module: Fig. 5's pool projection, the inner filters of Fig. 6's 7x7 branches.
FIGURE_5 = {"mixed0": 32, "mixed1": 64, "mixed2": 64}  # 35 x 35 x 256, 288, 288
FIGURE_6 = {"mixed4": 128, "mixed5": 160, "mixed6": 160, "mixed7": 192}  # 17 x 17 x 768
FIGURE_7 = ("mixed9", "mixed10")  # 8 x 8 x 2048


def inception_v3_tv(
    aux: bool = False,
    *,
    dropout: float = 0.5,
    input_shape=(299, 299, 3),
    classes: int = 1000,
    name: str = "inception_v3_tv",
) -> keras.Model:
    """Images (H, W, C) -> logits (classes); 299 x 299 in the paper, 75 and more (299 with the head) possible.

    Args:
        aux: with the auxiliary head; the outputs are then [main, head].
        dropout: share dropped before the classifier.

    Raises:
        ZooError: the input is too small, or a size is no positive number.
    """
    check_input(input_shape, 299 if aux else 75, name, classes=classes, dynamic=True)
    inputs = layers.Input(input_shape, name="input")  # 299 x 299 x 3
    x = inputs
    for row, *convolution in STEM:
        x = conv(x, *convolution, name=row) if convolution else max_pool(x, row)
    for mixed, pool_filters in FIGURE_5.items():
        x = figure_5(x, pool_filters, mixed)
    x = reduction_35(x, "mixed3")  # 17 x 17 x 768
    for mixed, filters in FIGURE_6.items():
        x = figure_6(x, filters, mixed)
    heads = [auxiliary(x, classes, "aux1")] if aux else []
    x = reduction_17(x, "mixed8")  # 8 x 8 x 1280
    for mixed in FIGURE_7:
        x = figure_7(x, mixed)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 2048
    x = layers.Dropout(dropout, name="dropout")(x)
    x = logits(x, classes, kernel_initializer=normal())
    return keras.Model(inputs, [x, *heads] if aux else x, name=name)


def figure_5(x, pool_filters: int, name: str):
    """35 x 35 x C -> 35 x 35 x (224 + pool_filters): Fig. 5, with a 5x5 in the second branch."""
    branch1x1 = conv(x, 64, 1, name=f"{name}_1x1")
    branch5x5 = conv(x, 48, 1, name=f"{name}_5x5_1")
    branch5x5 = conv(branch5x5, 64, 5, name=f"{name}_5x5_2")
    branch3x3dbl = conv(x, 64, 1, name=f"{name}_3x3dbl_1")
    branch3x3dbl = conv(branch3x3dbl, 96, 3, name=f"{name}_3x3dbl_2")
    branch3x3dbl = conv(branch3x3dbl, 96, 3, name=f"{name}_3x3dbl_3")
    branch_pool = average_pool(x, pool_filters, name)
    return layers.Concatenate(name=name)([branch1x1, branch5x5, branch3x3dbl, branch_pool])


def reduction_35(x, name: str):
    """35 x 35 x 288 -> 17 x 17 x 768: Fig. 10."""
    branch3x3 = conv(x, 384, 3, 2, "valid", name=f"{name}_3x3")
    branch3x3dbl = conv(x, 64, 1, name=f"{name}_3x3dbl_1")
    branch3x3dbl = conv(branch3x3dbl, 96, 3, name=f"{name}_3x3dbl_2")
    branch3x3dbl = conv(branch3x3dbl, 96, 3, 2, "valid", name=f"{name}_3x3dbl_3")
    branch_pool = max_pool(x, f"{name}_pool")
    return layers.Concatenate(name=name)([branch3x3, branch3x3dbl, branch_pool])


def figure_6(x, n: int, name: str):
    """17 x 17 x 768 -> 17 x 17 x 768: Fig. 6, a 7x7 as 1x7 and 7x1."""
    branch1x1 = conv(x, 192, 1, name=f"{name}_1x1")
    branch7x7 = conv(x, n, 1, name=f"{name}_7x7_1")
    branch7x7 = conv(branch7x7, n, (1, 7), name=f"{name}_7x7_2")
    branch7x7 = conv(branch7x7, 192, (7, 1), name=f"{name}_7x7_3")
    branch7x7dbl = conv(x, n, 1, name=f"{name}_7x7dbl_1")
    branch7x7dbl = conv(branch7x7dbl, n, (7, 1), name=f"{name}_7x7dbl_2")
    branch7x7dbl = conv(branch7x7dbl, n, (1, 7), name=f"{name}_7x7dbl_3")
    branch7x7dbl = conv(branch7x7dbl, n, (7, 1), name=f"{name}_7x7dbl_4")
    branch7x7dbl = conv(branch7x7dbl, 192, (1, 7), name=f"{name}_7x7dbl_5")
    branch_pool = average_pool(x, 192, name)
    return layers.Concatenate(name=name)([branch1x1, branch7x7, branch7x7dbl, branch_pool])


def reduction_17(x, name: str):
    """17 x 17 x 768 -> 8 x 8 x 1280: Fig. 10 with the 7x7 of Fig. 6."""
    branch3x3 = conv(x, 192, 1, name=f"{name}_3x3_1")
    branch3x3 = conv(branch3x3, 320, 3, 2, "valid", name=f"{name}_3x3_2")
    branch7x7x3 = conv(x, 192, 1, name=f"{name}_7x7x3_1")
    branch7x7x3 = conv(branch7x7x3, 192, (1, 7), name=f"{name}_7x7x3_2")
    branch7x7x3 = conv(branch7x7x3, 192, (7, 1), name=f"{name}_7x7x3_3")
    branch7x7x3 = conv(branch7x7x3, 192, 3, 2, "valid", name=f"{name}_7x7x3_4")
    branch_pool = max_pool(x, f"{name}_pool")
    return layers.Concatenate(name=name)([branch3x3, branch7x7x3, branch_pool])


def figure_7(x, name: str):
    """8 x 8 x C -> 8 x 8 x 2048: Fig. 7, 1x3 and 3x1 side by side."""
    branch1x1 = conv(x, 320, 1, name=f"{name}_1x1")
    branch3x3 = conv(x, 384, 1, name=f"{name}_3x3_1")
    branch3x3 = [
        conv(branch3x3, 384, (1, 3), name=f"{name}_3x3_2a"),
        conv(branch3x3, 384, (3, 1), name=f"{name}_3x3_2b"),
    ]
    branch3x3 = layers.Concatenate(name=f"{name}_3x3")(branch3x3)
    branch3x3dbl = conv(x, 448, 1, name=f"{name}_3x3dbl_1")
    branch3x3dbl = conv(branch3x3dbl, 384, 3, name=f"{name}_3x3dbl_2")
    branch3x3dbl = [
        conv(branch3x3dbl, 384, (1, 3), name=f"{name}_3x3dbl_3a"),
        conv(branch3x3dbl, 384, (3, 1), name=f"{name}_3x3dbl_3b"),
    ]
    branch3x3dbl = layers.Concatenate(name=f"{name}_3x3dbl")(branch3x3dbl)
    branch_pool = average_pool(x, 192, name)
    return layers.Concatenate(name=name)([branch1x1, branch3x3, branch3x3dbl, branch_pool])


def auxiliary(x, classes: int, name: str):
    """17 x 17 x 768 -> (classes): Fig. 8."""
    x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)  # 5 x 5 x 768
    x = conv(x, 128, 1, name=f"{name}_conv1")  # 5 x 5 x 128
    x = conv(x, 768, 5, 1, "valid", name=f"{name}_conv2", stddev=0.01)  # 1 x 1 x 768
    x = layers.GlobalAveragePooling2D(name=f"{name}_avg_pool")(x)  # 768
    return logits(x, classes, name=f"{name}_predictions", kernel_initializer=normal(0.001))


def conv(x, filters: int, kernel, strides: int = 1, padding: str = "same", *, name: str, stddev: float = 0.1):
    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        use_bias=False,
        kernel_initializer=normal(stddev),
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def max_pool(x, name: str):
    return layers.MaxPooling2D(3, strides=2, name=name)(x)


def average_pool(x, filters: int, name: str):
    """(H, W, C) -> (H, W, filters): the mean of nine places, zeros outside included, then 1x1."""
    x = layers.ZeroPadding2D(1, name=f"{name}_pool_pad")(x)
    x = layers.AveragePooling2D(3, strides=1, name=f"{name}_pool")(x)
    return conv(x, filters, 1, name=f"{name}_pool_proj")


def normal(stddev: float = 0.1):
    """One instance for each layer, since an instance repeats its draws."""
    return keras.initializers.TruncatedNormal(stddev=stddev)
