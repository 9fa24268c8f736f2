"""Where torchvision and timm keep the weights of each layer: our layer names to the modules of their state dicts.

A table takes the names of the model's layers with weights, in their order, and the file's keys, and gives the torch
module of each layer; {} when torchvision has no such net. Names as of torchvision 0.2 to 0.24.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

Table = Callable[[list[str], Collection[str]], dict[str, str]]


def _alexnet(ours: list[str], theirs: Collection[str]) -> dict[str, str]:
    places = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}
    names = {name: f"features.{place}" for name, place in places.items()}
    return names | {"fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}


def _vgg(ours: list[str], theirs: Collection[str]) -> dict[str, str]:
    """Places in a chain of convolution, (BatchNorm,) ReLU and, at the end of a stage, pooling."""
    names, place, stage = {}, 0, "1"
    for name in ours:
        if match := re.fullmatch(r"conv(\d)_\d", name):
            place += match[1] != stage
            stage = match[1]
            names[name] = f"features.{place}"
            place += 2
            if f"{name}_bn" in ours:
                names[f"{name}_bn"] = f"features.{place - 1}"
                place += 1
    if "head.fc.weight" in theirs:  # timm
        return names | {"fc6": "pre_logits.fc1", "fc7": "pre_logits.fc2", "fc8": "head.fc"}
    return names | {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}


def _resnet(ours: list[str], theirs: Collection[str]) -> dict[str, str]:
    names = {"conv1": "conv1", "conv1_bn": "bn1", "predictions": "fc"}
    for name in ours:
        if match := re.fullmatch(r"conv(\d)_(\d+)_(a|b|b_s2|c|proj)(_bn)?", name):
            block = f"layer{int(match[1]) - 1}.{int(match[2]) - 1}"
            if match[3] == "proj":
                names[name] = f"{block}.downsample.{1 if match[4] else 0}"
            else:
                names[name] = f"{block}.{'bn' if match[4] else 'conv'}{'abc'.index(match[3][0]) + 1}"
    return names


def _resnet_v1(ours: list[str], theirs: Collection[str]) -> dict[str, str]:
    """Basic blocks are torchvision's; its bottleneck nets are v1.5, another function with equal shapes."""
    return {} if "conv2_1_c" in ours else _resnet(ours, theirs)


def _googlenet(ours: list[str], theirs: Collection[str]) -> dict[str, str]:
    stem = {"conv1": "conv1", "conv2_reduce": "conv2", "conv2": "conv3"}
    branches = {"1x1": "1", "3x3_reduce": "2.0", "3x3": "2.1", "5x5_reduce": "3.0", "5x5": "3.1", "pool_proj": "4.1"}
    names = {"predictions": "fc"}
    for name in ours:
        convolution, part = (name.removesuffix("_bn"), "bn") if name.endswith("_bn") else (name, "conv")
        if match := re.fullmatch(r"(aux\d)_(conv|fc|predictions)", convolution):
            names[name] = f"{match[1]}.{ {'conv': f'conv.{part}', 'fc': 'fc1', 'predictions': 'fc2'}[match[2]] }"
        elif match := re.fullmatch(r"inception_(\d[a-e])_(.+)", convolution):
            names[name] = f"inception{match[1]}.branch{branches[match[2]]}.{part}"
        elif convolution in stem:
            names[name] = f"{stem[convolution]}.{part}"
    return names


def _inception_v3(ours: list[str], theirs: Collection[str]) -> dict[str, str]:
    modules = ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")
    stem = dict(
        zip(
            ("conv1", "conv2", "conv3", "conv4", "conv5"),
            ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3"),
            strict=True,
        )
    )
    names = {"predictions": "fc", "aux1_predictions": "AuxLogits.fc"}
    for name in ours:
        convolution, part = (name.removesuffix("_bn"), "bn") if name.endswith("_bn") else (name, "conv")
        if match := re.fullmatch(r"aux1_conv(\d)", convolution):
            names[name] = f"AuxLogits.conv{int(match[1]) - 1}.{part}"
        elif match := re.fullmatch(r"mixed(\d+)_(.+)", convolution):
            branch = "_pool" if match[2] == "pool_proj" else match[2]
            names[name] = f"Mixed_{modules[int(match[1])]}.branch{branch}.{part}"
        elif convolution in stem:
            names[name] = f"Conv2d_{stem[convolution]}.{part}"
    return names


TABLES: dict[str, Table] = {
    "zoo.models.alexnet_owt:alexnet_owt": _alexnet,
    "zoo.models.vgg:vgg": _vgg,
    "zoo.models.vgg_bn:vgg_bn": _vgg,
    "zoo.models.resnet:resnet": _resnet_v1,
    "zoo.models.resnet_v1_5:resnet_v1_5": _resnet,
    "zoo.models.googlenet_bn:googlenet_bn": _googlenet,
    "zoo.models.inception_v3_tv:inception_v3_tv": _inception_v3,
}
HEADS = ("aux1.", "aux2.", "AuxLogits.")  # in every file, wanted only by a model built with aux=True
