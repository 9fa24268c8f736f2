"""Rows of the ResNets: v1 as printed, v1.5 (stride in the 3x3), and the CIFAR-10 nets."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper, WeightSource

PAPER = Paper(
    title="Deep residual learning for image recognition",
    authors="K. He, X. Zhang, S. Ren, J. Sun",
    year=2016,
    venue="CVPR",
    url="https://arxiv.org/abs/1512.03385",
)
KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/resnet"
TORCH = "https://download.pytorch.org/models"
TIMM = "https://huggingface.co/timm"

# Counted: trainable, total, MACs; Table 1's FLOPs, which are multiply-adds.
V1 = {
    18: (11_689_512, 11_699_112, 1_814_073_344, "1.8e9"),
    34: (21_797_672, 21_814_696, 3_663_761_408, "3.6e9"),
    50: (25_557_032, 25_610_152, 3_857_973_248, "3.8e9"),
    101: (44_549_160, 44_654_504, 7_570_194_432, "7.6e9"),
    152: (60_192_808, 60_344_232, 11_282_415_616, "11.3e9"),
}
V1_5 = {50: 4_089_184_256, 101: 7_801_405_440, 152: 11_513_626_624}  # MACs; parameters as V1
# Counted: trainable, total, MACs; Table 6's millions of parameters.
CIFAR = {
    20: (269_722, 271_098, 40_551_040, "0.27 M"),
    32: (464_154, 466_426, 68_862_592, "0.46 M"),
    44: (658_586, 661_754, 97_174_144, "0.66 M"),
    56: (853_018, 857_082, 125_485_696, "0.85 M"),
    110: (1_727_962, 1_736_058, 252_887_680, "1.7 M"),
}
# Top-1 (and top-5) error with 10 crops; the CIFAR-10 nets' test error.
ERRORS = {
    18: ("27.88 %",),
    34: ("24.52 %", "7.46 %"),
    50: ("22.85 %", "6.71 %"),
    101: ("21.75 %", "6.05 %"),
    152: ("21.43 %", "5.71 %"),
}
CIFAR_ERRORS = {20: "8.75 %", 32: "7.51 %", 44: "7.17 %", 56: "6.97 %", 110: "6.43 %"}
RECALLED = "as recalled from the paper"
KERAS_MD5 = {  # with top, without
    50: ("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"),
    101: ("f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"),
    152: ("100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"),
}
KERAS_ACCURACY = {  # as Keras's page prints it
    50: "top-1 74.9 %, top-5 92.1 %",
    101: "top-1 76.4 %, top-5 92.8 %",
    152: "top-1 76.6 %, top-5 93.1 %",
}
TORCHVISION = {  # the hash that begins the file's SHA-256, accuracy as the source prints it
    18: ("f37072fd", "top-1 69.758 %"),
    34: ("b627a593", "top-1 73.314 %"),
    50: ("0676ba61", "top-1 76.13 %"),
    101: ("63fe2227", "top-1 77.374 %"),
    152: ("394f9c45", "top-1 78.312 %"),
}
TORCHVISION_V2 = {50: "11ad3fa6", 101: "cd907fc2", 152: "f82ba261"}

PADDING = "explicit padding before conv1, pool1 and every strided 3x3"


def _keras(depth: int) -> tuple[WeightSource, ...]:
    file = f"{KERAS}/resnet{depth}_weights_tf_dim_ordering_tf_kernels"
    return tuple(
        WeightSource(
            name="keras",
            url=f"{file}{'' if top else '_notop'}.h5",
            hash=f"md5:{md5}",
            layout="keras_h5",
            preprocessing="caffe",
            licence="MIT (K. He)",
            include_top=top,
            accuracy=KERAS_ACCURACY[depth] if top else "",
        )
        for top, md5 in zip((True, False), KERAS_MD5[depth], strict=True)
    )


def _torchvision(depth: int) -> tuple[WeightSource, ...]:
    prefix, accuracy = TORCHVISION[depth]
    files = [("torchvision", f"{TORCH}/resnet{depth}-{prefix}.pth", f"sha256:{prefix}", "torch", accuracy)]
    if depth in TORCHVISION_V2:
        second = TORCHVISION_V2[depth]
        files.append(("torchvision_v2", f"{TORCH}/resnet{depth}-{second}.pth", f"sha256:{second}", "torch_v2", ""))
    # timm has the first of these, and needs no torch to be read.
    files.append(("timm", f"{TIMM}/resnet{depth}.tv_in1k/resolve/main/model.safetensors", "", "torch", accuracy))
    return tuple(
        WeightSource(
            name=name,
            url=url,
            hash=published,
            layout="torch",
            preprocessing=preprocessing,
            licence="BSD-3-Clause (torchvision)",
            accuracy=figure,
        )
        for name, url, published, preprocessing, figure in files
    )


def _v1(depth: int) -> ModelSpec:
    trainable, total, macs, printed = V1[depth]
    block = "basic" if depth < 50 else "bottleneck"
    blocks = {18: 2, 34: 3, 50: 3, 101: 3, 152: 3}[depth]
    return ModelSpec(
        name=f"resnet{depth}",
        builder="zoo.models.resnet:resnet",
        summary=f"v1 as printed: {depth} layers of {block} blocks, projection shortcuts (option B)",
        task="image-classification",
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(trainable, total, macs),
        features=f"conv5_{blocks}_relu",
        paper=PAPER,
        args={"depth": depth},
        printed=(Figure("multiply-adds", printed, "Table 1"),),
        accuracy=tuple(
            Figure(f"{what} error, ImageNet, 10 crops", error, RECALLED)
            for what, error in zip(("top-1", "top-5"), ERRORS[depth], strict=False)
        ),
        deviations=(PADDING,),
        weights=_torchvision(depth) if depth < 50 else _keras(depth),
    )


def _v1_5(depth: int) -> ModelSpec:
    trainable, total, _, _ = V1[depth]
    return ModelSpec(
        name=f"resnet{depth}_v1_5",
        builder="zoo.models.resnet_v1_5:resnet_v1_5",
        summary=f"v1.5: {depth} layers, the stride in the 3x3 (torchvision's resnet{depth})",
        task="image-classification",
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(trainable, total, V1_5[depth]),
        features="conv5_3_relu",
        paper=PAPER,
        args={"depth": depth},
        deviations=("the stride is in the 3x3 convolution, not in the first 1x1", PADDING),
        weights=_torchvision(depth),
    )


def _cifar(depth: int) -> ModelSpec:
    trainable, total, macs, printed = CIFAR[depth]
    return ModelSpec(
        name=f"resnet{depth}_cifar",
        builder="zoo.models.resnet_cifar:resnet_cifar",
        summary=f"the CIFAR-10 net of {depth} layers, parameter-free shortcuts (option A)",
        task="image-classification",
        input_shape=(32, 32, 3),
        classes=10,
        counts=Counts(trainable, total, macs),
        features=f"conv4_{(depth - 2) // 6}_relu",
        paper=PAPER,
        args={"depth": depth},
        printed=(Figure("parameters", printed, "Table 6"),),
        accuracy=(Figure("top-1 error, CIFAR-10", CIFAR_ERRORS[depth], RECALLED),),
        deviations=("the strided 3x3 has explicit padding, so that its grid is the shortcut's",),
        config="resnet20_cifar10.yaml" if depth == 20 else None,
    )


ROWS: tuple[ModelSpec, ...] = (*map(_v1, V1), *map(_v1_5, V1_5), *map(_cifar, CIFAR))
