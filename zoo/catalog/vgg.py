"""Rows of VGG, columns A, B, D and E of Table 1, plain and with BatchNorm."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper, WeightSource

PAPER = Paper(
    title="Very deep convolutional networks for large-scale image recognition",
    authors="K. Simonyan, A. Zisserman",
    year=2015,
    venue="ICLR",
    url="https://arxiv.org/abs/1409.1556",
)
KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
TORCH = "https://download.pytorch.org/models"
TIMM = "https://huggingface.co/timm"
OXFORD = "CC BY 4.0 (Visual Geometry Group, Oxford)"

# Table 1's letter, Table 2's millions of parameters; counted: trainable, MACs.
PLAIN = {
    11: ("A", "133 million", 132_863_336, 7_609_090_048),
    13: ("B", "133 million", 133_047_848, 11_308_466_176),
    16: ("D", "138 million", 138_357_544, 15_470_264_320),
    19: ("E", "144 million", 143_667_240, 19_632_062_464),
}
# Top-1 and top-5 error at a single scale of the test images.
ERRORS = {11: ("29.6 %", "10.4 %"), 13: ("28.7 %", "9.9 %"), 16: ("25.6 %", "8.1 %"), 19: ("25.5 %", "8.0 %")}
RECALLED = "as recalled from the paper"
NORMALIZED = {  # trainable, total
    11: (132_868_840, 132_874_344),
    13: (133_053_736, 133_059_624),
    16: (138_365_992, 138_374_440),
    19: (143_678_248, 143_689_256),
}
TORCHVISION = {  # the hash that begins the file's SHA-256, accuracy as the source prints it
    "vgg11": ("8a719046", "top-1 69.02 %, top-5 88.628 %"),
    "vgg13": ("19584684", "top-1 69.928 %, top-5 89.246 %"),
    "vgg16": ("397923af", "top-1 71.592 %, top-5 90.382 %"),
    "vgg19": ("dcbb9e9d", "top-1 72.376 %, top-5 90.876 %"),
    "vgg11_bn": ("6002323d", "top-1 70.37 %"),
    "vgg13_bn": ("abd245e5", "top-1 71.586 %"),
    "vgg16_bn": ("6c64b313", "top-1 73.36 %"),
    "vgg19_bn": ("c79401a0", "top-1 74.218 %"),
}
KERAS_ACCURACY = {"vgg16": "top-1 71.3 %, top-5 90.1 %", "vgg19": "top-1 71.3 %, top-5 90.0 %"}
KERAS_MD5 = {  # with top, without
    "vgg16": ("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"),
}


def _weights(name: str) -> tuple[WeightSource, ...]:
    prefix, accuracy = TORCHVISION[name]
    keras = [
        WeightSource(
            name="keras",
            url=f"{KERAS}/{name}/{name}_weights_tf_dim_ordering_tf_kernels{'' if top else '_notop'}.h5",
            hash=f"md5:{md5}",
            layout="keras_h5",
            preprocessing="caffe",
            licence=OXFORD,
            include_top=top,
            accuracy=KERAS_ACCURACY[name] if top else "",
        )
        for top, md5 in zip((True, False), KERAS_MD5.get(name, ()), strict=False)
    ]
    files = (
        ("torchvision", f"{TORCH}/{name}-{prefix}.pth", f"sha256:{prefix}"),
        ("timm", f"{TIMM}/{name}.tv_in1k/resolve/main/model.safetensors", ""),  # the same weights, without torch
    )
    torch = [
        WeightSource(
            name=source,
            url=url,
            hash=published,
            layout="torch",
            preprocessing="torch",
            licence="BSD-3-Clause (torchvision)",
            accuracy=accuracy,
        )
        for source, url, published in files
    ]
    return (*keras, *torch)


def _plain(depth: int) -> ModelSpec:
    letter, printed, trainable, macs = PLAIN[depth]
    return ModelSpec(
        name=f"vgg{depth}",
        builder="zoo.models.vgg:vgg",
        summary=f"configuration {letter}: {depth} weight layers of 3x3 convolutions",
        task="image-classification",
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(trainable, trainable, macs),
        features="pool5",
        paper=PAPER,
        args={"depth": depth},
        printed=(Figure("parameters", printed, "Table 2"),),
        accuracy=tuple(
            Figure(f"{what} error, ImageNet, single scale", error, RECALLED)
            for what, error in zip(("top-1", "top-5"), ERRORS[depth], strict=True)
        ),
        deviations=("weights by Glorot and Bengio (Sec. 3.1), no pre-training",),
        weights=_weights(f"vgg{depth}"),
    )


def _normalized(depth: int) -> ModelSpec:
    letter, _, _, macs = PLAIN[depth]
    trainable, total = NORMALIZED[depth]
    return ModelSpec(
        name=f"vgg{depth}_bn",
        builder="zoo.models.vgg_bn:vgg_bn",
        summary=f"configuration {letter} with BatchNorm after every convolution",
        task="image-classification",
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(trainable, total, macs),
        features="pool5",
        paper=PAPER,
        args={"depth": depth},
        deviations=("BatchNorm is not in the paper", "initial weights are torchvision's"),
        weights=_weights(f"vgg{depth}_bn"),
    )


ROWS: tuple[ModelSpec, ...] = (*map(_plain, PLAIN), *map(_normalized, NORMALIZED))
