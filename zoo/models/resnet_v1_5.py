"""ResNet v1.5: the bottleneck nets with the stride in the 3x3 convolution, the net of most public weights.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385; the stride in the 3x3 is fb.resnet.torch's (S. Gross, M. Wilber, 2016).

As printed: Table 1, 50, 101 and 152 layers, as in `resnet`.
Deviation: in conv3_1, conv4_1 and conv5_1 the 3x3 has the stride; it is named `conv3_1_b_s2`, so that weights
of v1, which has the same shapes, do not fit by name. Explicit padding as torchvision; BatchNorm with epsilon
1e-5 and momentum .9; He-normal weights.
"""

import keras

from zoo.layers import BatchNormalization
from zoo.models.common import check_choice, check_input, logits

# Table 1: blocks of conv2_x, conv3_x, conv4_x, conv5_x.
TABLE_1 = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
WIDTHS = (64, 128, 256, 512)  # of the 3x3 convolutions, stage by stage


def resnet_v1_5(
    depth: int = 50, *, input_shape=(224, 224, 3), classes: int = 1000, name: str = "resnet50_v1_5"
) -> keras.Model:
    """(224, 224, 3) -> (1000) logits of the column with `depth` layers.

    Sides of at least 32, or None; raises ZooError below that and for a depth other than 50, 101 and 152.
    """
    check_choice(name, "depth", depth, TABLE_1)
    check_input(input_shape, 32, name, classes=classes, dynamic=True)
    inputs = keras.Input(input_shape, name="input")
    x = keras.layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = _conv(x, "conv1", 64, 7, 2)  # 112x112x64
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = keras.layers.MaxPooling2D(3, 2, name="pool1")(x)  # 56x56x64
    for stage, (width, blocks) in enumerate(zip(WIDTHS, TABLE_1[depth], strict=True), 2):
        for number in range(1, blocks + 1):
            strides = 2 if stage > 2 and number == 1 else 1
            x = _bottleneck(x, f"conv{stage}_{number}", width, strides)  # 56x56, 28x28, 14x14, 7x7
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 2048
    return keras.Model(inputs, logits(x, classes), name=name)


def _bottleneck(x, name, width, strides):
    """(H, W, C) -> (H / strides, W / strides, 4 width): 1x1, 3x3 with the stride, 1x1."""
    shortcut = x
    if strides > 1 or x.shape[-1] != 4 * width:
        shortcut = _conv(x, f"{name}_proj", 4 * width, 1, strides, relu=False)
    x = _conv(x, f"{name}_a", width, 1, 1)
    if strides > 1:
        x = keras.layers.ZeroPadding2D(1, name=f"{name}_b_s2_pad")(x)
        x = _conv(x, f"{name}_b_s2", width, 3, strides)
    else:
        x = _conv(x, f"{name}_b", width, 3, 1)
    x = _conv(x, f"{name}_c", 4 * width, 1, 1, relu=False)
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _conv(x, name, filters, size, strides, *, relu=True):
    x = keras.layers.Conv2D(
        filters,
        size,
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
