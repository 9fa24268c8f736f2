"""LeNet-5 as it is taught: the shape of the 1998 net, with the parts that did not survive left out.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proc. IEEE 86(11), 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf

As printed: C1 6@5x5, S2, C3 16@5x5, S4, C5 120@5x5 as a convolution, F6 84, ten outputs; 32x32 input; a
squashing tanh after every layer (Sec. II.B).
Deviation: C3 sees every map of S2 (no Table I); S2 and S4 average without parameters and without squashing;
plain tanh; a dense output layer in place of the RBF units; Glorot-uniform weights. `lenet5_1998` has all of
these as the paper does.
"""

import keras

from zoo.models.common import check_input, logits


def lenet5(*, input_shape=(32, 32, 1), classes: int = 10, name: str = "lenet5") -> keras.Model:
    """(32, 32, 1) -> (10) logits. Sides of at least 32; raises ZooError below that."""
    check_input(input_shape, 32, name, classes=classes)
    layers = keras.layers
    inputs = keras.Input(input_shape, name="input")
    x = layers.Conv2D(6, 5, activation="tanh", name="c1")(inputs)  # 28x28x6
    x = layers.AveragePooling2D(2, name="s2")(x)  # 14x14x6
    x = layers.Conv2D(16, 5, activation="tanh", name="c3")(x)  # 10x10x16
    x = layers.AveragePooling2D(2, name="s4")(x)  # 5x5x16
    x = layers.Conv2D(120, 5, activation="tanh", name="c5")(x)  # 1x1x120
    x = layers.Flatten(name="flatten")(x)  # 120
    x = layers.Dense(84, activation="tanh", name="f6")(x)
    return keras.Model(inputs, logits(x, classes), name=name)
