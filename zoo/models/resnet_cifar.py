"""The CIFAR-10 ResNets: 6n + 2 layers with parameter-free shortcuts.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016, Sec. 4.2,
https://arxiv.org/abs/1512.03385

As printed: a 3x3 convolution of 16 maps, then 2n layers each of 16, 32 and 64 maps at 32x32, 16x16 and 8x8,
global average pooling, ten outputs; identity shortcuts everywhere (option A): every other pixel, zeros for
the new maps; BatchNorm, He-normal weights, no dropout.
Deviation: where the paper is silent, a strided 3x3 has explicit padding 1, so that its grid is the
shortcut's; BatchNorm has epsilon 1e-5 and momentum .9; the new zero maps stand behind the old ones.
"""

import keras

from zoo.layers import BatchNormalization, OptionAShortcut
from zoo.models.common import check_choice, check_input, logits

WIDTHS = (16, 32, 64)  # Sec. 4.2, maps at 32x32, 16x16, 8x8


def resnet_cifar(
    depth: int = 20, *, input_shape=(32, 32, 3), classes: int = 10, name: str = "resnet20_cifar"
) -> keras.Model:
    """(32, 32, 3) -> (10) logits of the net with `depth` = 6n + 2 layers.

    Sides of at least 4, or None; raises ZooError below that and for a depth that is not 6n + 2.
    """
    check_choice(name, "depth", depth, range(8, 1208, 6))
    check_input(input_shape, 4, name, classes=classes, dynamic=True)
    inputs = keras.Input(input_shape, name="input")
    x = _conv(inputs, "conv1", 16, 1)  # 32x32x16
    for stage, width in enumerate(WIDTHS, 2):
        for number in range(1, (depth - 2) // 6 + 1):
            strides = 2 if stage > 2 and number == 1 else 1
            x = _block(x, f"conv{stage}_{number}", width, strides)  # 32x32x16, 16x16x32, 8x8x64
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 64
    return keras.Model(inputs, logits(x, classes, kernel_initializer=_he()), name=name)


def _block(x, name, width, strides):
    """(H, W, C) -> (H / strides, W / strides, width)."""
    shortcut = x
    if strides > 1:
        shortcut = OptionAShortcut(width, strides, name=f"{name}_shortcut")(x)
        x = keras.layers.ZeroPadding2D(1, name=f"{name}_a_pad")(x)
    x = _conv(x, f"{name}_a", width, strides)
    x = _conv(x, f"{name}_b", width, 1, relu=False)
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _conv(x, name, filters, strides, *, relu=True):
    x = keras.layers.Conv2D(
        filters,
        3,
        strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        kernel_initializer=_he(),
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _he():
    """N(0, 2 / n), n the inputs of a unit (He et al. 2015, Eq. 10); not truncated, as Keras's `he_normal` is."""
    return keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
