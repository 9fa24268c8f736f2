"""VGG: very deep nets of 3x3 convolutions.

K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015,
https://arxiv.org/abs/1409.1556

As printed: Table 1, columns A, B, D and E (11, 13, 16 and 19 weight layers); 3x3 convolutions with padding 1,
ReLU after each, 2x2/2 max pooling, 4096, 4096, 1000; dropout .5 after fc6 and fc7 (Sec. 3.1).
Deviation: weights by Glorot and Bengio, which Sec. 3.1 names as the way without pre-training; columns A-LRN
and C are left out.
"""

import keras

from zoo.models.common import check_choice, check_input, logits

# Table 1: maps of each convolution, stage by stage; a 2x2 max pooling ends a stage.
TABLE_1 = {
    11: ((64,), (128,), (256, 256), (512, 512), (512, 512)),  # A
    13: ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),  # B
    16: ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),  # D
    19: ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),  # E
}


def vgg(
    depth: int = 16,
    *,
    input_shape=(224, 224, 3),
    classes: int = 1000,
    dropout: float = 0.5,
    name: str = "vgg16",
) -> keras.Model:
    """(224, 224, 3) -> (1000) logits of the column with `depth` weight layers.

    Sides of at least 32; raises ZooError below that and for a depth that Table 1 does not have.
    """
    check_choice(name, "depth", depth, TABLE_1)
    check_input(input_shape, 32, name, classes=classes)
    layers = keras.layers
    x = inputs = keras.Input(input_shape, name="input")
    for stage, widths in enumerate(TABLE_1[depth], 1):
        for number, filters in enumerate(widths, 1):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{stage}_{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)  # 112x112, 56x56, 28x28, 14x14, 7x7
    x = layers.Flatten(name="flatten")(x)  # 25088
    for number in (6, 7):
        x = layers.Dense(4096, activation="relu", name=f"fc{number}")(x)
        x = layers.Dropout(dropout, name=f"drop{number}")(x)
    return keras.Model(inputs, logits(x, classes, name="fc8"), name=name)
