"""The convolutional nets of Keras's first examples: CIFAR-10's and MNIST's.

Source: Keras's example `cifar10_cnn.py` (F. Chollet, 2015) and the two-layer MNIST net of many introductions.
As printed: `simple_cnn` 32, 32, pool, 64, 64, pool, 512, 10 with dropout .25, .25, .5; the first convolution
of each pair is padded "same", the second "valid" (1,250,858 parameters). `simple_cnn_mnist` 64 and 32 filters
3x3.
Deviation: the logits have no softmax.
"""

import keras

from zoo.models.common import check_input, logits


def simple_cnn(
    *,
    input_shape=(32, 32, 3),
    classes: int = 10,
    dropout: tuple[float, float, float] = (0.25, 0.25, 0.5),
    name: str = "simple_cnn",
) -> keras.Model:
    """(32, 32, 3) -> (10) logits. Sides of at least 10; raises ZooError below that."""
    check_input(input_shape, 10, name, classes=classes)
    layers = keras.layers
    inputs = keras.Input(input_shape, name="input")
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1_1")(inputs)  # 32x32x32
    x = layers.Conv2D(32, 3, activation="relu", name="conv1_2")(x)  # 30x30x32
    x = layers.MaxPooling2D(2, name="pool1")(x)  # 15x15x32
    x = layers.Dropout(dropout[0], name="dropout1")(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2_1")(x)  # 15x15x64
    x = layers.Conv2D(64, 3, activation="relu", name="conv2_2")(x)  # 13x13x64
    x = layers.MaxPooling2D(2, name="pool2")(x)  # 6x6x64
    x = layers.Dropout(dropout[1], name="dropout2")(x)
    x = layers.Flatten(name="flatten")(x)  # 2304
    x = layers.Dense(512, activation="relu", name="fc3")(x)
    x = layers.Dropout(dropout[2], name="dropout3")(x)
    return keras.Model(inputs, logits(x, classes), name=name)


def simple_cnn_mnist(*, input_shape=(28, 28, 1), classes: int = 10, name: str = "simple_cnn_mnist") -> keras.Model:
    """(28, 28, 1) -> (10) logits. Sides of at least 5; raises ZooError below that."""
    check_input(input_shape, 5, name, classes=classes)
    inputs = keras.Input(input_shape, name="input")
    x = keras.layers.Conv2D(64, 3, activation="relu", name="conv1")(inputs)  # 26x26x64
    x = keras.layers.Conv2D(32, 3, activation="relu", name="conv2")(x)  # 24x24x32
    x = keras.layers.Flatten(name="flatten")(x)  # 18432
    return keras.Model(inputs, logits(x, classes), name=name)
