"""A multilayer perceptron, 784-512-512-10 with ReLU and dropout.

Source: Keras's example `mnist_mlp.py` (F. Chollet, 2015).
As printed: two hidden layers of 512 units, ReLU, dropout .2 after each.
Deviation: the logits have no softmax; the images are flattened inside the model.
"""

import keras

from zoo.models.common import check_input, logits


def mlp(
    hidden=(512, 512),
    *,
    input_shape=(28, 28, 1),
    classes: int = 10,
    dropout: float = 0.2,
    name: str = "mlp",
) -> keras.Model:
    """(28, 28, 1) -> (10) logits through dense layers of `hidden` units. Raises ZooError as `check_input`."""
    check_input(input_shape, 1, name, classes=classes)
    inputs = keras.Input(input_shape, name="input")
    x = keras.layers.Flatten(name="flatten")(inputs)  # 784
    for number, units in enumerate(hidden, 1):
        x = keras.layers.Dense(units, activation="relu", name=f"hidden{number}")(x)  # 512
        x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    return keras.Model(inputs, logits(x, classes), name=name)
