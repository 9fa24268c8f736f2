"""Rows of AlexNet, in two towers (2012) and in one (2014)."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper, WeightSource

RECALLED = "as recalled from the paper"

ROWS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="alexnet",
        builder="zoo.models.alexnet:alexnet",
        summary="the 2012 net: two towers as grouped convolutions, LRN, overlapping pooling",
        task="image-classification",
        input_shape=(227, 227, 3),
        classes=1000,
        counts=Counts(60_965_224, 60_965_224, 724_406_816),
        features="pool5",
        paper=Paper(
            title="ImageNet classification with deep convolutional neural networks",
            authors="A. Krizhevsky, I. Sutskever, G. E. Hinton",
            year=2012,
            venue="NIPS",
            url="https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
        ),
        printed=(Figure("parameters", "60 million", "Abstract"),),
        accuracy=(
            Figure("top-1 error, ImageNet, one net, 10 crops", "40.7 %", RECALLED),
            Figure("top-5 error, ImageNet, one net, 10 crops", "18.2 %", RECALLED),
        ),
        deviations=("the input is 227x227, not the printed 224x224",),
    ),
    ModelSpec(
        name="alexnet_owt",
        builder="zoo.models.alexnet_owt:alexnet_owt",
        summary="one tower, as in 'one weird trick' and torchvision",
        task="image-classification",
        input_shape=(224, 224, 3),
        classes=1000,
        counts=Counts(61_100_840, 61_100_840, 714_188_480),
        features="pool5",
        paper=Paper(
            title="One weird trick for parallelizing convolutional neural networks",
            authors="A. Krizhevsky",
            year=2014,
            venue="arXiv",
            url="https://arxiv.org/abs/1404.5997",
        ),
        deviations=(
            "map counts, dropout places and initial weights are torchvision's",
            "no adaptive pooling: other input sizes have an fc6 of their own size",
        ),
        weights=(
            WeightSource(
                name="torchvision",
                url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
                hash="sha256:7be5be79",
                layout="torch",
                preprocessing="torch",
                licence="BSD-3-Clause (torchvision)",
                accuracy="top-1 56.522 %, top-5 79.066 %",
            ),
        ),
    ),
)
