"""What each source's weights expect of their input, as data: it goes with the weights, never into a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.errors import ZooError, did_you_mean

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# channels: their order. pixel_range: what black and white become; mean and std, per channel in that order, act after
# it. resize: length of the shorter side before a square of `crop` is cut from the middle; None: the image is brought
# to `crop` x `crop` as a whole.
PREPROCESSING: dict[str, Mapping[str, Any]] = {
    "caffe": {
        "channels": "bgr",
        "pixel_range": (0.0, 255.0),
        "mean": (103.939, 116.779, 123.68),
        "std": None,
        "resize": None,
        "crop": None,
    },
    "tf": {"channels": "rgb", "pixel_range": (-1.0, 1.0), "mean": None, "std": None, "resize": None, "crop": None},
    "torch": {
        "channels": "rgb",
        "pixel_range": (0.0, 1.0),
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "resize": 256,
        "crop": 224,
    },
    "torch_v2": {
        "channels": "rgb",
        "pixel_range": (0.0, 1.0),
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "resize": 232,
        "crop": 224,
    },
    # torchvision's GoogLeNet and Inception v3 undo mean and std inside the model: what is left is [-1, 1].
    "torch_googlenet": {
        "channels": "rgb",
        "pixel_range": (-1.0, 1.0),
        "mean": None,
        "std": None,
        "resize": 256,
        "crop": 224,
    },
    "torch_inception": {
        "channels": "rgb",
        "pixel_range": (-1.0, 1.0),
        "mean": None,
        "std": None,
        "resize": 342,
        "crop": 299,
    },
}


def preprocessing(name: str, input_shape: tuple[int, int, int]) -> dict[str, Any]:
    """The settings of a source, completed for a model's input.

    Args:
        name: `WeightSource.preprocessing`.
        input_shape: (height, width, channels) of the model.

    Returns:
        kind, shape, fit, pixel_range, mean, std as in `DataInfo.preprocessing`, and channels ("rgb" or "bgr"),
        resize and crop (None: the whole image is brought to the shape).

    Raises:
        ZooError: an unknown name.
    """
    if name not in PREPROCESSING:
        raise ZooError(f"unknown preprocessing '{name}'", mend=did_you_mean(name, PREPROCESSING))
    row = dict(PREPROCESSING[name])
    for key in ("pixel_range", "mean", "std"):
        row[key] = None if row[key] is None else list(row[key])
    if row["crop"] is not None and row["crop"] != input_shape[0]:  # another size, in the same proportion
        row["resize"] = round(row["resize"] * input_shape[0] / row["crop"])
        row["crop"] = input_shape[0]
    return {"kind": "image", "shape": list(input_shape), "fit": "resize", **row}
