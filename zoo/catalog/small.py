"""Rows of the small image models: baselines, LeNet-5 twice, Keras's first convolutional nets."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper

IMAGES = "image-classification"

LENET = Paper(
    title="Gradient-based learning applied to document recognition",
    authors="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner",
    year=1998,
    venue="Proceedings of the IEEE 86(11)",
    url="http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf",
)

ROWS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="softmax_regression",
        builder="zoo.models.softmax_regression:softmax_regression",
        summary="one dense layer on the pixels",
        task=IMAGES,
        input_shape=(28, 28, 1),
        classes=10,
        counts=Counts(7_850, 7_850, 7_840),
        features="flatten",
    ),
    ModelSpec(
        name="mlp",
        builder="zoo.models.mlp:mlp",
        summary="784-512-512-10 with ReLU and dropout .2",
        task=IMAGES,
        input_shape=(28, 28, 1),
        classes=10,
        counts=Counts(669_706, 669_706, 668_672),
        features="dropout2",
        deviations=("the logits have no softmax",),
    ),
    ModelSpec(
        name="lenet5",
        builder="zoo.models.lenet5:lenet5",
        summary="LeNet-5 as taught: tanh, average pooling without parameters",
        task=IMAGES,
        input_shape=(32, 32, 1),
        classes=10,
        counts=Counts(61_706, 61_706, 416_520),
        features="c5",
        paper=LENET,
        printed=(Figure("parameters", "60,000", "Sec. II.B"),),
        deviations=(
            "C3 sees every map of S2 (no Table I)",
            "S2 and S4 average, without parameters and without squashing",
            "plain tanh in place of 1.7159 tanh(2x/3)",
            "a dense output layer in place of the RBF units",
        ),
        config="lenet5_mnist.yaml",
    ),
    ModelSpec(
        name="lenet5_1998",
        builder="zoo.models.lenet5_1998:lenet5_1998",
        summary="LeNet-5 as printed: connection table, trainable subsampling, RBF outputs",
        task=IMAGES,
        input_shape=(32, 32, 1),
        classes=10,
        counts=Counts(60_000, 60_840, 326_520),
        features="c5_tanh",
        paper=LENET,
        printed=(
            Figure("parameters", "60,000", "Sec. II.B"),
            Figure("connections", "340,908", "Sec. II.B"),
        ),
        accuracy=(
            Figure("top-1 error, MNIST", "0.95 %", "as recalled from the paper"),
            Figure("top-1 error, MNIST, with distortions", "0.8 %", "as recalled from the paper"),
        ),
        deviations=(
            "the logits are minus the RBF distances",
            "the RBF bitmaps are redrawn after Fig. 3",
            "biases begin at 0",
        ),
    ),
    ModelSpec(
        name="simple_cnn",
        builder="zoo.models.simple_cnn:simple_cnn",
        summary="Keras's CIFAR-10 example: 32, 32, pool, 64, 64, pool, 512, 10",
        task=IMAGES,
        input_shape=(32, 32, 3),
        classes=10,
        counts=Counts(1_250_858, 1_250_858, 20_741_120),
        features="pool2",
        deviations=("the logits have no softmax",),
    ),
    ModelSpec(
        name="simple_cnn_mnist",
        builder="zoo.models.simple_cnn:simple_cnn_mnist",
        summary="64 and 32 filters 3x3, one dense layer",
        task=IMAGES,
        input_shape=(28, 28, 1),
        classes=10,
        counts=Counts(203_434, 203_434, 11_190_528),
        features="conv2",
        deviations=("the logits have no softmax",),
    ),
)
