"""The layers the papers need, all serializable: faster twins of Keras's own, and what Keras does not have.

Twins are subclasses of Keras's layer with the same weights, names and numbers, so `isinstance` holds and
files of weights fit. Everything else cites the place in its paper.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import ops

register = keras.saving.register_keras_serializable(package="zoo")


@register
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's BatchNormalization computed by TensorFlow's one fused op: same weights and numbers, faster.

    Keras 3 normalizes by a chain of small ops. This one takes `FusedBatchNormV3` for batches of images (rank
    4, channels last, float32 / float16 / bfloat16 with float32 statistics) and leaves everything else (masks,
    other ranks and axes, `synchronized`, `renorm`, float64) to Keras. The op goes by its raw name because
    the public wrapper silently raises an epsilon of 1e-5 to 1.001e-5. In inference the layer is one scale and one
    shift per channel: of a convolution and a fused op TensorFlow makes one for which oneDNN has only a reference
    kernel on processors without AVX-512, 25 times slower.

    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167
    """

    def call(self, inputs, training=None, mask=None):
        if mask is not None or not self._fusible(inputs):
            return super().call(inputs, training=training, mask=mask)
        gamma = tf.convert_to_tensor(self.gamma) if self.scale else tf.ones(inputs.shape[-1:])
        beta = tf.convert_to_tensor(self.beta) if self.center else tf.zeros(inputs.shape[-1:])
        if not (training and self.trainable):
            scale = gamma * tf.math.rsqrt(tf.convert_to_tensor(self.moving_variance) + self.epsilon)
            shift = beta - tf.convert_to_tensor(self.moving_mean) * scale
            return tf.cast(tf.cast(inputs, "float32") * scale + shift, inputs.dtype)
        empty = tf.zeros([0])
        out = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=gamma, offset=beta, mean=empty, variance=empty, epsilon=self.epsilon, is_training=True
        )
        # The op returns the unbiased variance (n / (n - 1)); Keras averages the biased one.
        n = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), "float32")
        self._average(self.moving_mean, out.batch_mean, 1.0)
        self._average(self.moving_variance, out.batch_variance, tf.maximum(n - 1.0, 1.0) / n)
        return out.y

    def _fusible(self, inputs) -> bool:
        return (
            len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and inputs.shape[-1] is not None
            and inputs.dtype in (tf.float32, tf.float16, tf.bfloat16)
            and self.compute_dtype == inputs.dtype.name
            and self.variable_dtype == "float32"
            and not self.synchronized
            and not self.renorm
        )

    def _average(self, moving, batch, correction) -> None:
        moving.assign(moving * self.momentum + batch * (correction * (1.0 - self.momentum)))


@register
class SimpleRNN(keras.layers.SimpleRNN):
    """Keras's SimpleRNN; every recurrent layer of the zoo is made here."""


@register
class LSTM(keras.layers.LSTM):
    """Keras's LSTM; every recurrent layer of the zoo is made here.

    The input projection stays inside the time loop: one product for all steps gave equal numbers but was slower
    on the CPU without XLA (LSTM .5-.9x), and no faster with it for GRU (1.0x).
    """


@register
class GRU(keras.layers.GRU):
    """Keras's GRU; every recurrent layer of the zoo is made here."""


@register
class LocalResponseNormalization(keras.layers.Layer):
    """(H, W, C) -> same: x / (k + alpha * sum of squares over n = 2 * depth_radius + 1 near maps) ** beta.

    AlexNet 2012, Sec. 3.3, with the paper's constants as defaults. `alpha` multiplies the plain sum; Caffe's
    `alpha` is divided by n first, so its nets pass `alpha=1e-4 / 5`. Always computed in float32.
    """

    def __init__(self, depth_radius=2, k=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        self.depth_radius, self.k = int(depth_radius), float(k)
        self.alpha, self.beta = float(alpha), float(beta)

    def call(self, inputs):
        x = tf.cast(inputs, "float32")
        x = tf.nn.local_response_normalization(x, self.depth_radius, self.k, self.alpha, self.beta)
        return tf.cast(x, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"depth_radius": self.depth_radius, "k": self.k, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}


@register
class ScaledTanh(keras.layers.Layer):
    """A tanh(S x) with A = 1.7159 and S = 2/3, so that f(1) = 1, f(-1) = -1 (LeCun 1998, Eq. 6, App. A)."""

    def call(self, inputs):
        return 1.7159 * ops.tanh(inputs * (2.0 / 3.0))

    def compute_output_shape(self, input_shape):
        return input_shape


@register
class UniformFanIn(keras.initializers.Initializer):
    """U(-2.4 / F, 2.4 / F), F the number of inputs of the unit (LeCun 1998, App. A).

    Args:
        fan_in: F; None takes the product of all axes but the last.
        seed: an integer, or None for Keras's global seed.
    """

    def __init__(self, fan_in: int | None = None, seed: int | None = None):
        self.fan_in, self.seed = fan_in, seed

    def __call__(self, shape, dtype=None):
        limit = 2.4 / (self.fan_in or int(np.prod(shape[:-1])))
        return keras.initializers.RandomUniform(-limit, limit, seed=self.seed)(shape, dtype=dtype)

    def get_config(self):
        return {"fan_in": self.fan_in, "seed": self.seed}


@register
class Subsampling(keras.layers.Layer):
    """(H, W, C) -> (H // 2, W // 2, C): each 2x2 block's sum times a coefficient plus a bias, per map.

    LeCun 1998, Sec. II.B (S2, S4): 2 C trainable parameters; the squashing follows as a layer of its own.
    """

    def build(self, input_shape):
        channels = (input_shape[-1],)
        self.coefficient = self.add_weight(shape=channels, initializer=UniformFanIn(4), name="coefficient")
        self.bias = self.add_weight(shape=channels, initializer="zeros", name="bias")

    def call(self, inputs):
        return ops.average_pool(inputs, 2) * (4.0 * self.coefficient) + self.bias

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height and height // 2, width and width // 2, channels)


@register
class ConnectionTableConv2D(keras.layers.Layer):
    """(H, W, C) -> (H - k + 1, W - k + 1, F): a valid convolution; output map j sees only maps `table[j]`.

    LeCun 1998, Table I. Only the kernels that exist are weights: `kernel` is (k, k, number of connections),
    in the order of the table; `bias` is (F,).

    Args:
        table: for each output map the indices of its input maps.
        kernel_size: k.
    """

    def __init__(self, table, kernel_size=5, **kwargs):
        super().__init__(**kwargs)
        self.table = tuple(tuple(int(i) for i in row) for row in table)
        self.kernel_size = int(kernel_size)

    @property
    def connections(self) -> int:
        """The number of (input map, output map) pairs."""
        return sum(len(row) for row in self.table)

    def build(self, input_shape):
        maps, k = input_shape[-1], self.kernel_size
        # Where in `kernel` each pair lies; absent pairs point at the zero put behind the last one.
        self._index = np.full((maps, len(self.table)), self.connections, "int32")
        pairs = [(i, j) for j, row in enumerate(self.table) for i in row]
        for position, (i, j) in enumerate(pairs):
            self._index[i, j] = position
        # Fan-in differs from map to map (75, 100, 150): each kernel is scaled by its own (App. A).
        fan_in = np.array([len(self.table[j]) * k * k for _, j in pairs], "float32")

        def initializer(shape, dtype=None):
            return keras.random.uniform(shape, -2.4, 2.4, dtype=dtype) / fan_in

        self.kernel = self.add_weight(shape=(k, k, len(pairs)), initializer=initializer, name="kernel")
        self.bias = self.add_weight(shape=(len(self.table),), initializer="zeros", name="bias")

    def call(self, inputs):
        k, maps = self.kernel_size, self._index.shape[0]
        kernel = ops.pad(ops.convert_to_tensor(self.kernel), [(0, 0), (0, 0), (0, 1)])
        kernel = ops.reshape(ops.take(kernel, self._index.ravel(), axis=-1), (k, k, maps, len(self.table)))
        return ops.conv(inputs, kernel, padding="valid") + self.bias

    def compute_output_shape(self, input_shape):
        sides = (side and side - self.kernel_size + 1 for side in input_shape[1:3])
        return (input_shape[0], *sides, len(self.table))

    def get_config(self):
        table = [list(row) for row in self.table]
        return {**super().get_config(), "table": table, "kernel_size": self.kernel_size}


# LeCun 1998, Fig. 3: the targets of F6 are stylised 7 x 12 bitmaps of the ASCII characters (redrawn here).
DIGIT_BITMAPS = """
..###..  ...#...  .#####.  #######  ....#..  #######  ..####.  #######  .#####.  .#####.
.#...#.  ..##...  #.....#  .....#.  ...##..  #......  .#.....  #.....#  #.....#  #.....#
#.....#  .#.#...  #.....#  ....#..  ..#.#..  #......  #......  .....#.  #.....#  #.....#
#.....#  #..#...  ......#  ...#...  .#..#..  #......  #......  .....#.  #.....#  #.....#
#.....#  ...#...  .....#.  ..####.  .#..#..  #.####.  #......  ....#..  .#...#.  #.....#
#.....#  ...#...  ....#..  ......#  #...#..  ##....#  #.####.  ....#..  ..###..  .#...##
#.....#  ...#...  ...#...  ......#  #...#..  ......#  ##....#  ...#...  .#...#.  ..###.#
#.....#  ...#...  ..#....  ......#  #######  ......#  #.....#  ...#...  #.....#  ......#
#.....#  ...#...  .#.....  ......#  ....#..  ......#  #.....#  ..#....  #.....#  ......#
#.....#  ...#...  #......  #.....#  ....#..  #.....#  #.....#  ..#....  #.....#  .....#.
.#...#.  ...#...  #......  #.....#  ....#..  #.....#  #.....#  .#.....  #.....#  ....#..
..###..  #######  #######  .#####.  ....#..  .#####.  .#####.  .#.....  .#####.  .###...
"""


def prototypes(units: int, features: int) -> np.ndarray:
    """(features, units) of -1 and +1: the ten digits' bitmaps for (84, 10), else seeded coin flips.

    LeCun 1998, Sec. II.B: the components could have been chosen at random with equal probabilities.
    """
    if (units, features) != (10, 84):
        return np.random.default_rng(1998).choice([-1.0, 1.0], (features, units)).astype("float32")
    rows = [line.split() for line in DIGIT_BITMAPS.split("\n") if line]
    digits = ["".join(row[digit] for row in rows) for digit in range(10)]
    return np.array([[1.0 if pixel == "#" else -1.0 for pixel in digit] for digit in digits], "float32").T


@register
class RBF(keras.layers.Layer):
    """(F) -> (units): the squared distance to each class's fixed prototype, y_i = sum_j (x_j - w_ij)^2.

    LeCun 1998, Eq. 7. `prototypes` (F, units) is a weight that is not trained. Small means alike.
    """

    def __init__(self, units=10, **kwargs):
        super().__init__(**kwargs)
        self.units = int(units)

    def build(self, input_shape):
        def initializer(shape, dtype=None):
            return ops.convert_to_tensor(prototypes(self.units, shape[0]), dtype)

        self.prototypes = self.add_weight(
            shape=(input_shape[-1], self.units), initializer=initializer, trainable=False, name="prototypes"
        )

    def call(self, inputs):
        return ops.sum(ops.square(ops.expand_dims(inputs, -1) - self.prototypes), axis=-2)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@register
class OptionAShortcut(keras.layers.Layer):
    """(H, W, C) -> (ceil(H / strides), ceil(W / strides), filters): fewer pixels, new maps of zeros behind.

    He 2015, Sec. 4.2: the identity shortcut of option A, without parameters.
    """

    def __init__(self, filters, strides=2, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.strides = int(filters), int(strides)

    def call(self, inputs):
        x = inputs[:, :: self.strides, :: self.strides, :]
        return ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, self.filters - inputs.shape[-1])])

    def compute_output_shape(self, input_shape):
        sides = (side and -(-side // self.strides) for side in input_shape[1:3])
        return (input_shape[0], *sides, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}
