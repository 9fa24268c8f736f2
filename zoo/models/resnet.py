"""ResNet v1: deep residual nets as printed, the stride in a bottleneck's first 1x1 convolution.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385

As printed: Table 1, 18, 34, 50, 101 and 152 layers; BatchNorm between each convolution and its ReLU, no bias
in the convolutions; projections where the shape changes (option B); strides in the first convolution of
conv3_1, conv4_1 and conv5_1; He-normal weights; no dropout.
Deviation: explicit padding of 3 before conv1 and of 1 before pool1 and a strided 3x3 (as Caffe, Keras and
torchvision; TensorFlow's "same" would shift the grid). BatchNorm has momentum .9 and the epsilon of the
public weights: 1e-5 for 18 and 34 (torchvision), 1.001e-5 for 50, 101 and 152 (Keras). The stride in the 3x3
is another net: `resnet_v1_5`.
"""

import keras

from zoo.layers import BatchNormalization
from zoo.models.common import check_choice, check_input, logits

# Table 1: blocks of conv2_x, conv3_x, conv4_x, conv5_x.
TABLE_1 = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
WIDTHS = (64, 128, 256, 512)  # of the 3x3 convolutions, stage by stage


def resnet(depth: int = 50, *, input_shape=(224, 224, 3), classes: int = 1000, name: str = "resnet50") -> keras.Model:
    """(224, 224, 3) -> (1000) logits of the column with `depth` layers.

    Sides of at least 32, or None; raises ZooError below that and for a depth that Table 1 does not have.
    """
    check_choice(name, "depth", depth, TABLE_1)
    check_input(input_shape, 32, name, classes=classes, dynamic=True)
    block, epsilon = (_bottleneck, 1.001e-5) if depth >= 50 else (_basic, 1e-5)
    inputs = keras.Input(input_shape, name="input")
    x = keras.layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = _conv(x, "conv1", 64, 7, 2, epsilon)  # 112x112x64
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = keras.layers.MaxPooling2D(3, 2, name="pool1")(x)  # 56x56x64
    for stage, (width, blocks) in enumerate(zip(WIDTHS, TABLE_1[depth], strict=True), 2):
        for number in range(1, blocks + 1):
            strides = 2 if stage > 2 and number == 1 else 1
            x = block(x, f"conv{stage}_{number}", width, strides, epsilon)  # 56x56, 28x28, 14x14, 7x7
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)  # 512 or 2048
    return keras.Model(inputs, logits(x, classes), name=name)


def _basic(x, name, width, strides, epsilon):
    """(H, W, C) -> (H / strides, W / strides, width): two 3x3 (Fig. 5, left)."""
    shortcut = x
    if strides > 1 or x.shape[-1] != width:
        shortcut = _conv(x, f"{name}_proj", width, 1, strides, epsilon, relu=False)
    if strides > 1:
        x = keras.layers.ZeroPadding2D(1, name=f"{name}_a_pad")(x)
    x = _conv(x, f"{name}_a", width, 3, strides, epsilon)
    x = _conv(x, f"{name}_b", width, 3, 1, epsilon, relu=False)
    return _join(shortcut, x, name)


def _bottleneck(x, name, width, strides, epsilon):
    """(H, W, C) -> (H / strides, W / strides, 4 width): 1x1, 3x3, 1x1 (Fig. 5, right)."""
    shortcut = x
    if strides > 1 or x.shape[-1] != 4 * width:
        shortcut = _conv(x, f"{name}_proj", 4 * width, 1, strides, epsilon, relu=False)
    x = _conv(x, f"{name}_a", width, 1, strides, epsilon)
    x = _conv(x, f"{name}_b", width, 3, 1, epsilon)
    x = _conv(x, f"{name}_c", 4 * width, 1, 1, epsilon, relu=False)
    return _join(shortcut, x, name)


def _conv(x, name, filters, size, strides, epsilon, *, relu=True):
    x = keras.layers.Conv2D(
        filters,
        size,
        strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        kernel_initializer=_he(),
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=epsilon, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _join(shortcut, x, name):
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _he():
    """N(0, 2 / n), n the inputs of a unit (He et al. 2015, Eq. 10); not truncated, as Keras's `he_normal` is."""
    return keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
