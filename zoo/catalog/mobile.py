"""Rows of the nets of separable convolutions: the sixteen MobileNets of the paper, and Xception."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper, WeightSource

IMAGES = "image-classification"

MOBILENETS = Paper(
    title="MobileNets: efficient convolutional neural networks for mobile vision applications",
    authors="A. G. Howard, M. Zhu, B. Chen, D. Kalenichenko, W. Wang, T. Weyand, M. Andreetto, H. Adam",
    year=2017,
    venue="arXiv",
    url="https://arxiv.org/abs/1704.04861",
)
XCEPTION = Paper(
    title="Xception: deep learning with depthwise separable convolutions",
    authors="F. Chollet",
    year=2017,
    venue="CVPR",
    url="https://arxiv.org/abs/1610.02357",
)

# alpha: trainable and total parameters, which no resolution changes.
PARAMETERS = {
    1.0: (4_231_976, 4_253_864),
    0.75: (2_585_560, 2_601_976),
    0.5: (1_331_592, 1_342_536),
    0.25: (470_072, 475_544),
}
MACS = {
    (1.0, 224): 568_740_352,
    (1.0, 192): 418_121_728,
    (1.0, 160): 290_675_200,
    (1.0, 128): 186_400_768,
    (0.75, 224): 325_400_448,
    (0.75, 192): 239_273_472,
    (0.75, 160): 166_396_800,
    (0.75, 128): 106_770_432,
    (0.5, 224): 149_497_088,
    (0.5, 192): 109_970_432,
    (0.5, 160): 76_524_800,
    (0.5, 128): 49_160_192,
    (0.25, 224): 41_030_272,
    (0.25, 192): 30_212_608,
    (0.25, 160): 21_059_200,
    (0.25, 128): 13_570_048,
}
ACCURACY = {1.0: "70.6 %", 0.75: "68.4 %", 0.5: "63.7 %", 0.25: "50.6 %"}  # top-1 at 224 x 224
RECALLED = "as recalled from the paper"
# (alpha, resolution): millions of parameters and of multiply-adds, where.
PRINTED = {
    (1.0, 224): ("4.2", "569", "Table 6"),
    (0.75, 224): ("2.6", "325", "Table 6"),
    (0.5, 224): ("1.3", "149", "Table 6"),
    (0.25, 224): ("0.5", "41", "Table 6"),
    (1.0, 192): ("4.2", "418", "Table 7"),
    (1.0, 160): ("4.2", "290", "Table 7"),
    (1.0, 128): ("4.2", "186", "Table 7"),
}


KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
XCEPTION_MD5 = ("0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97")  # with top, without


def _mobilenet_weights(alpha: float, resolution: int) -> tuple[WeightSource, ...]:
    """Keras publishes no hashes of these."""
    width = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}[alpha]
    return tuple(
        WeightSource(
            name="keras",
            url=f"{KERAS}/mobilenet/mobilenet_{width}_{resolution}_tf{'' if top else '_no_top'}.h5",
            hash="",
            layout="keras_h5",
            preprocessing="tf",
            licence="Apache-2.0 (Google)",
            include_top=top,
            accuracy="top-1 70.4 %, top-5 89.5 %" if top and (alpha, resolution) == (1.0, 224) else "",
        )
        for top in (True, False)
    )


def _xception_weights() -> tuple[WeightSource, ...]:
    return tuple(
        WeightSource(
            name="keras",
            url=f"{KERAS}/xception/xception_weights_tf_dim_ordering_tf_kernels{'' if top else '_notop'}.h5",
            hash=f"md5:{md5}",
            layout="keras_h5",
            preprocessing="tf",
            licence="MIT (F. Chollet)",
            include_top=top,
            accuracy="top-1 79.0 %, top-5 94.5 %" if top else "",
        )
        for top, md5 in zip((True, False), XCEPTION_MD5, strict=True)
    )


def _mobilenet(name: str, alpha: float, resolution: int) -> ModelSpec:
    printed = PRINTED.get((alpha, resolution))
    return ModelSpec(
        name=name,
        builder="zoo.models.mobilenet:mobilenet",
        summary=f"MobileNet v1, width {alpha:g}, {resolution} x {resolution}",
        task=IMAGES,
        input_shape=(resolution, resolution, 3),
        classes=1000,
        counts=Counts(*PARAMETERS[alpha], MACS[alpha, resolution]),
        features="conv_pw_13_relu",
        paper=MOBILENETS,
        args={"alpha": alpha},
        printed=()
        if printed is None
        else (
            Figure("parameters", f"{printed[0]} M", printed[2]),
            Figure("multiply-adds", f"{printed[1]} M", printed[2]),
        ),
        accuracy=(Figure("top-1 accuracy, ImageNet", ACCURACY[alpha], RECALLED),) if resolution == 224 else (),
        deviations=(
            "ReLU6 where the paper says ReLU, as in the authors' code",
            "the last depthwise row has stride 1; Table 1's s2 is a misprint",
            "the 7x7 average pooling is global, for any resolution",
            "a dropout of 0.1 % before the classifier, as in Keras",
        ),
        weights=_mobilenet_weights(alpha, resolution),
    )


ROWS: tuple[ModelSpec, ...] = (
    _mobilenet("mobilenet", 1.0, 224),
    *(_mobilenet(f"mobilenet_{alpha * 100:03.0f}_{side}", alpha, side) for alpha, side in MACS),
    ModelSpec(
        name="xception",
        builder="zoo.models.xception:xception",
        summary="separable convolutions with residual connections in 14 blocks",
        task=IMAGES,
        input_shape=(299, 299, 3),
        classes=1000,
        counts=Counts(22_855_952, 22_910_480, 8_357_403_496),
        features="block14_sepconv2_act",
        paper=XCEPTION,
        printed=(Figure("parameters", "22,855,952", "Table 3"),),
        accuracy=(
            Figure("top-1 accuracy, ImageNet, 1 crop", "0.790", RECALLED),
            Figure("top-5 accuracy, ImageNet, 1 crop", "0.945", RECALLED),
        ),
        weights=_xception_weights(),
    ),
)
