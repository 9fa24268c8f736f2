"""Which model of the catalogue a foreign file is for, told by the names and shapes of its tensors.

Keras's names have the role of a tensor after a slash ("block1_conv1/kernel"), torch's after a dot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Blocks of conv4_x (Keras) and of layer3 (torch).
BOTTLENECKS = {6: "50", 23: "101", 36: "152"}
BASIC = {2: "18", 6: "34"}
VGG = {8: "vgg11", 10: "vgg13", 13: "vgg16", 16: "vgg19"}  # convolutions


def identify(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """A catalogue name ("resnet50"), or None where it cannot be told.

    Args:
        shapes: the file's tensors, names as `zoo.weights` writes them.
    """
    if any("/" in key for key in shapes):
        return _keras(shapes)
    return _torch(shapes)


def _keras(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    layers = {key.partition("/")[0] for key in shapes}
    if "conv2_block1_preact_bn" in layers:
        return "Keras's ResNet v2, which the zoo does not have,"
    if "conv2_block1_1_conv" in layers:
        depth = BOTTLENECKS.get(_largest(r"conv4_block(\d+)_1_conv", layers))
        return depth and f"resnet{depth}"
    if "block14_sepconv2" in layers:
        return "xception"
    if "block5_conv3" in layers:
        return "vgg19" if "block5_conv4" in layers else "vgg16"
    if "conv_dw_13" in layers:
        return _mobilenet(shapes)
    if sum(bool(re.fullmatch(r"conv(olution)?2d(_\d+)?", layer)) for layer in layers) == 94:
        return "inception_v3"
    return None


def _mobilenet(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    shape = shapes.get("conv1/kernel", ())
    if shape[:2] != (3, 3) or len(shape) != 4:
        return None
    alpha = shape[3] / 32
    return "mobilenet" if alpha == 1 else f"mobilenet with alpha={alpha:g}"


def _torch(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    if "layer4.0.conv1.weight" in shapes:
        return _torch_resnet(shapes)
    if any(key.startswith("Mixed_7c.") for key in shapes):
        return "inception_v3_tv"
    if any(key.startswith("inception5b.") for key in shapes):
        return "googlenet_bn"
    first = shapes.get("features.0.weight", ())
    if first[2:] == (11, 11):
        return "alexnet_owt"
    if first[2:] == (3, 3):
        convolutions = sum(key.startswith("features.") and len(shape) == 4 for key, shape in shapes.items())
        normalized = any(key.endswith(".running_mean") for key in shapes)
        plain = VGG.get(convolutions)
        return plain and plain + ("_bn" if normalized else "")
    return None


def _torch_resnet(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    blocks = 1 + _largest(r"layer3\.(\d+)\.conv1\.weight", shapes)
    if "layer1.0.conv3.weight" not in shapes:
        depth = BASIC.get(blocks)
        return depth and f"resnet{depth}"
    if shapes.get("layer1.0.conv2.weight", ())[:2] != (64, 64):
        return None  # ResNeXt and wide ResNets have the same names
    depth = BOTTLENECKS.get(blocks)
    return depth and f"resnet{depth}_v1_5"


def _largest(pattern: str, names: Iterable[str]) -> int:
    return max((int(match[1]) for name in names if (match := re.fullmatch(pattern, name))), default=0)
