"""Rows of the Inception family: GoogLeNet and Inception v3, each as its paper and as torchvision has it."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper, WeightSource

IMAGES = "image-classification"

GOING_DEEPER = Paper(
    title="Going deeper with convolutions",
    authors="C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich",
    year=2015,
    venue="CVPR",
    url="https://arxiv.org/abs/1409.4842",
)
RETHINKING = Paper(
    title="Rethinking the Inception architecture for computer vision",
    authors="C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna",
    year=2016,
    venue="CVPR",
    url="https://arxiv.org/abs/1512.00567",
)

GLOBAL_POOLING = "the 7x7 average pooling is global, for other sizes than 224"
RELEASED = "the released net, whose stem and number of modules are not quite Table 1's"
RESCALING = "re-scaling of the input to [-1, 1] is left to preprocessing"
RECALLED = "as recalled from the paper"

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3"
TORCH = "https://download.pytorch.org/models"


def _keras(suffix: str, md5: str, accuracy: str = "") -> WeightSource:
    return WeightSource(
        name="keras",
        url=f"{KERAS}/inception_v3_weights_tf_dim_ordering_tf_kernels{suffix}.h5",
        hash=f"md5:{md5}",
        layout="keras_h5",
        preprocessing="tf",
        licence="Apache-2.0 (Google)",
        include_top=not suffix,
        accuracy=accuracy,
    )


def _torchvision(file: str, preprocessing: str, accuracy: str) -> WeightSource:
    return WeightSource(
        name="torchvision",
        url=f"{TORCH}/{file}.pth",
        hash=f"sha256:{file.rpartition('-')[2]}",
        layout="torch",
        preprocessing=preprocessing,
        licence="BSD-3-Clause (torchvision)",
        accuracy=accuracy,
    )


ROWS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="googlenet",
        builder="zoo.models.googlenet:googlenet",
        summary="Inception v1 as printed: LRN, 5x5 branches, two auxiliary heads on request",
        task=IMAGES,
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(6_998_552, 6_998_552, 1_582_671_872),
        aux_counts=Counts(13_378_280, 13_378_280, 1_591_044_096),
        features="inception_5b",
        paper=GOING_DEEPER,
        printed=(Figure("multiply-adds", "1,502 M", "Table 1, summed"),),
        accuracy=(Figure("top-5 error, ImageNet, one net, 1 crop", "10.07 %", RECALLED),),
        deviations=(
            GLOBAL_POOLING,
            "Table 1's conv1 row (2.7 K parameters, 34 M operations) is no 7x7 convolution's (9.4 K, 118 M)",
            "LRN constants, overhanging pooling and initial weights are the released Caffe net's",
        ),
    ),
    ModelSpec(
        name="googlenet_bn",
        builder="zoo.models.googlenet_bn:googlenet_bn",
        summary="torchvision's GoogLeNet, for its public weights: BatchNorm, 3x3 where the paper has 5x5",
        task=IMAGES,
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(6_624_904, 6_639_464, 1_498_376_192),
        aux_counts=Counts(13_004_888, 13_019_960, 1_506_748_416),
        features="inception_5b",
        paper=GOING_DEEPER,
        deviations=(
            "BatchNorm in every convolution, no bias, no LRN",
            "3x3 kernels in the 5x5 branch (pytorch/vision#906)",
            "pool4 is 2x2/2, heads average to 4x4, dropout of 20 % before the classifier",
            GLOBAL_POOLING,
            RESCALING,
        ),
        weights=(_torchvision("googlenet-1378be20", "torch_googlenet", "top-1 69.778 %, top-5 89.53 %"),),
    ),
    ModelSpec(
        name="inception_v3",
        builder="zoo.models.inception_v3:inception_v3",
        summary="Inception v3 as released and as in Keras: BatchNorm without scale, one head on request",
        task=IMAGES,
        input_shape=(299, 299, 3),
        classes=1000,
        counts=Counts(23_817_352, 23_851_784, 5_713_216_096),
        aux_counts=Counts(27_143_152, 27_179_376, 5_718_899_296),
        features="mixed10",
        paper=RETHINKING,
        printed=(
            Figure("parameters", "less than 25 million", "abstract"),
            Figure("multiply-adds", "5 billion", "abstract"),
        ),
        accuracy=(
            Figure("top-1 error, ImageNet, 1 crop", "21.2 %", RECALLED),
            Figure("top-5 error, ImageNet, 1 crop", "5.6 %", RECALLED),
        ),
        deviations=(RELEASED, "average pools leave their padding out"),
        weights=(
            _keras("", "9a0d58056eeedaa3f26cb7ebd46da564", "top-1 77.9 %, top-5 93.7 %"),
            _keras("_notop", "bcbd6486424b2319ff4ef7d526e38f63"),
        ),
    ),
    ModelSpec(
        name="inception_v3_tv",
        builder="zoo.models.inception_v3_tv:inception_v3_tv",
        summary="torchvision's Inception v3, for its weights: BatchNorm with scale, pools count the padding",
        task=IMAGES,
        input_shape=(299, 299, 3),
        classes=1000,
        counts=Counts(23_834_568, 23_869_000, 5_713_216_096),
        aux_counts=Counts(27_161_264, 27_197_488, 5_718_899_296),
        features="mixed10",
        paper=RETHINKING,
        deviations=(
            RELEASED,
            "average pools count the zeros around the image",
            "dropout of 50 % before the classifier",
            RESCALING,
        ),
        weights=(
            _torchvision("inception_v3_google-0cc3c7bd", "torch_inception", "top-1 77.294 %, top-5 93.45 %"),
            WeightSource(
                name="timm",
                url="https://huggingface.co/timm/inception_v3.tv_in1k/resolve/main/model.safetensors",
                hash="",
                layout="torch",
                preprocessing="torch_inception",
                licence="BSD-3-Clause (torchvision)",
            ),
        ),
    ),
)
