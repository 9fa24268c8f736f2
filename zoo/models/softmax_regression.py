"""Softmax regression: one dense layer on the pixels, the zoo's baseline.

Source: textbook (multinomial logistic regression); no paper.
As printed: nothing is printed; 784 x 10 + 10 parameters for 28x28x1.
Deviation: none.
"""

import keras

from zoo.models.common import check_input, logits


def softmax_regression(*, input_shape=(28, 28, 1), classes: int = 10, name: str = "softmax_regression") -> keras.Model:
    """(28, 28, 1) -> (10) logits. Raises ZooError for a bad input_shape or classes."""
    check_input(input_shape, 1, name, classes=classes)
    inputs = keras.Input(input_shape, name="input")
    x = keras.layers.Flatten(name="flatten")(inputs)  # 784
    return keras.Model(inputs, logits(x, classes), name=name)
