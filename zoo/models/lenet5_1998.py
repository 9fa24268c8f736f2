"""LeNet-5 as the 1998 paper prints it: connection table, trainable subsampling, scaled tanh, RBF outputs.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proc. IEEE 86(11), 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf

As printed: Fig. 2 and Sec. II.B: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164 trainable parameters
(60,000 in all); S2 and S4 multiply the sum of four by a coefficient, add a bias and are squashed; the
squashing is 1.7159 tanh(2x/3); ten Euclidean RBF units over fixed 7x12 bitmaps; weights from U(-2.4/F, 2.4/F)
(App. A).
Deviation: the logits are minus the RBF distances, so that argmax and softmax cross-entropy work (the paper's
Eq. 8 takes the distance of the right class, Eq. 9 adds a term for the wrong ones); the bitmaps are redrawn
after Fig. 3; biases begin at 0; for other than ten classes the prototypes are seeded coin flips, which Sec.
II.B allows.
"""

import keras

from zoo.layers import RBF, ConnectionTableConv2D, ScaledTanh, Subsampling, UniformFanIn
from zoo.models.common import check_input

# Table I: which maps of S2 each map of C3 sees.
TABLE_1 = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


def lenet5_1998(*, input_shape=(32, 32, 1), classes: int = 10, name: str = "lenet5_1998") -> keras.Model:
    """(32, 32, 1) -> (10) logits. Sides of at least 32; raises ZooError below that."""
    check_input(input_shape, 32, name, classes=classes)
    layers = keras.layers
    inputs = keras.Input(input_shape, name="input")
    x = layers.Conv2D(6, 5, kernel_initializer=UniformFanIn(), name="c1")(inputs)  # 28x28x6
    x = ScaledTanh(name="c1_tanh")(x)
    x = Subsampling(name="s2")(x)  # 14x14x6
    x = ScaledTanh(name="s2_tanh")(x)
    x = ConnectionTableConv2D(TABLE_1, 5, name="c3")(x)  # 10x10x16
    x = ScaledTanh(name="c3_tanh")(x)
    x = Subsampling(name="s4")(x)  # 5x5x16
    x = ScaledTanh(name="s4_tanh")(x)
    x = layers.Conv2D(120, 5, kernel_initializer=UniformFanIn(), name="c5")(x)  # 1x1x120
    x = ScaledTanh(name="c5_tanh")(x)
    x = layers.Flatten(name="flatten")(x)  # 120
    x = layers.Dense(84, kernel_initializer=UniformFanIn(), name="f6")(x)
    x = ScaledTanh(name="f6_tanh")(x)
    x = RBF(classes, dtype="float32", name="rbf")(x)  # 10 distances
    x = layers.Rescaling(-1.0, dtype="float32", name="predictions")(x)  # near means likely
    return keras.Model(inputs, x, name=name)
