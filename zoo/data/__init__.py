"""Data: a name and settings become batches, `load(config.data, seed=...) -> Dataset`.

source (sources/*.py) -> checks -> hash -> splits -> preprocessing -> streams
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.batches import TrainStream, in_order
from zoo.data.dataset import DataInfo, Dataset
from zoo.data.images.augment import augmentation
from zoo.data.images.decode_all import take
from zoo.data.images.decoding import CROP_SHARE
from zoo.data.images.files import ImageFiles, common_shape
from zoo.data.preprocess import Preprocessor
from zoo.data.raw import Raw
from zoo.data.sources import SOURCES
from zoo.data.splits import split
from zoo.data.text.buckets import Buckets
from zoo.data.text.tokens import decode
from zoo.data.text.vocabulary import Texts, default_batch, default_length, index
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    from zoo.config import DataConfig

__all__ = ["DataInfo", "Dataset", "Preprocessor", "TrainStream", "decode", "load"]

IN_MEMORY_BYTES = 2**30  # float32 images above this are made anew for each batch, image files read anew


def load(data: DataConfig, *, seed: int, input_shape: Sequence[int | None] | None = None) -> Dataset:
    """The data set a config names, split, preprocessed and batched.

    Args:
        data: the `data` block of a config.
        seed: `runtime.seed`: the order of training batches and their augmentation; never the split.
        input_shape: what the model takes where that is known, (H, W, C), (T,) or (T, F): the default for
            `data.image_size` and `data.maxlen`.

    Raises ZooError for a file, an item or a setting that does not fit.
    """
    source = SOURCES.get(data.name)
    if source is None:
        raise ZooError(
            f"unknown data set '{data.name}'",
            "one of " + ", ".join(SOURCES),
            did_you_mean(data.name, SOURCES),
        )
    if data.path is not None and not source.takes_path:
        raise ZooError(f"data.path={data.path} cannot be used: {data.name} reads no file", "", "remove data.path")
    shape = tuple(input_shape) if input_shape is not None else None
    raw: Raw = source.read(data)
    if raw.validation is not None and data.folds:
        raise ZooError(
            f"data.folds={data.folds}, but {data.path} has a validation part of its own",
            "a training part alone, from which the folds are cut",
            "remove data.folds, or move the items into the training part",
        )
    if raw.validation is not None and not data.validation:
        raise ZooError(
            f"data.validation is 0, but {data.path} has a validation part of its own",
            "a share above 0 (the part is then used as it is)",
            "remove data.validation, or move the part away",
        )
    hashed = raw.hash()
    y = np.concatenate([items.y for items in raw.parts.values()])
    splits = split(
        raw.train.y,
        None if raw.validation is None else raw.validation.y,
        None if raw.test is None else raw.test.y,
        test=data.test,
        validation=data.validation,
        limit=data.limit,
        seed=data.split_seed,
        class_names=raw.class_names,
        folds=data.folds,
        fold=data.fold or 1,
    )
    longest = None
    if isinstance(raw.train.x, Texts):
        raw = index(raw, splits["train"], num_words=data.num_words, min_count=data.min_count)
        longest = default_length(raw.train.x.lengths[splits["train"]])
    if raw.kind == "image":
        settings = _image_settings(data, raw, shape)
    elif raw.kind == "frames":
        settings = _frame_settings(data, raw, splits["train"], shape)
    else:
        settings = _token_settings(data, raw, shape, longest or int(raw.train.x.lengths.max()))
    preprocessor = Preprocessor(settings)
    sized = isinstance(raw.train.x, ImageFiles)
    taken = transform = None
    notes = raw.notes
    if sized:
        taken = take(raw, splits, preprocessor, skip=data.on_corrupt == "skip", limit=IN_MEMORY_BYTES)
        x, splits, read = taken.x, taken.splits, taken.read
        notes += taken.notes
    else:
        x = {part: _rows(raw, part, rows, preprocessor) for part, rows in splits.items()}
    model_shape = _model_shape(settings)
    if raw.kind == "image":
        items = sum(map(len, splits.values()))
        if sized:  # a quarter of the bytes of float32
            transform = preprocessor.scale if read is None else lambda places: preprocessor.scale(read(places))
        elif 4 * np.prod(model_shape, dtype=object) * items > IN_MEMORY_BYTES:
            transform = preprocessor.batch
        else:
            x = {part: preprocessor.array(pixels) for part, pixels in x.items()}
    elif raw.kind == "frames":
        transform = preprocessor.framer.cutter(raw.train.x.values)

    augment = buckets = None
    batch_size = data.batch_size
    if batch_size is None:
        batch_size = default_batch(len(splits["train"]))
        notes += (f"batches of {batch_size} texts, by default for {len(splits['train']):,} of them",)
    if data.bucket and raw.kind == "tokens":
        lengths = raw.train.x.lengths[splits["train"]]
        buckets = Buckets.of_lengths(lengths, settings["length"], settings["pad"])
        notes += (buckets.describe(lengths, batch_size),)
    if raw.kind == "image":
        augment = augmentation(preprocessor, x["train"], transform, **vars(data.augment))
    labels = {part: y[rows] for part, rows in splits.items()}
    train = TrainStream(
        x["train"],
        labels["train"],
        batch_size=batch_size,
        seed=seed,
        transform=transform,
        augment=augment,
        buckets=buckets,
    )
    validation, test = (
        in_order(x[part], labels[part], batch_size, transform) if len(splits[part]) else None
        for part in ("validation", "test")
    )
    info = DataInfo(
        name=raw.name,
        kind=raw.kind,
        class_names=raw.class_names,
        input_shape=model_shape,
        sizes={part: len(rows) for part, rows in splits.items()},
        class_counts={
            part: np.bincount(y[rows], minlength=len(raw.class_names)).tolist() for part, rows in splits.items()
        },
        hash=hashed,
        preprocessing=settings,
        vocabulary_size=raw.vocabulary_size,
        notes=notes,
        vocabulary=raw.vocabulary,
    )
    named = sized or raw.kind == "frames"
    names = [name for items in raw.parts.values() for name in items.x.names] if named else None
    return Dataset(train, validation, test, info, splits, labels, names, taken.recheck if taken else None)


def _rows(raw: Raw, part: str, rows: np.ndarray, preprocessor: Preprocessor) -> np.ndarray:
    """The items of one part: raw pixels, tokens as the model takes them, or where windows begin."""
    items, first = raw.origin(part)
    if raw.kind == "frames":
        return items.x.starts[rows - first]
    if raw.kind == "tokens":
        return preprocessor.rows(items.x, rows - first)
    height, width = items.x.shape[1:3]
    preprocessor.check_size(height, width, f"each image of {raw.name}")
    return items.x[rows - first]


def _image_settings(data: DataConfig, raw: Raw, shape: tuple[int | None, ...] | None) -> dict[str, Any]:
    files = isinstance(raw.train.x, ImageFiles)
    height, width, channels = common_shape(raw) if files else raw.train.x.shape[1:]
    if shape is not None:
        if len(shape) != 3:
            raise ZooError(f"the model takes input of shape {shape}", f"(height, width, channels) for {raw.name}", "")
        channels = shape[2] or channels
    if files and data.color != "auto":
        channels = _channels_of(data.color, shape)
    if data.image_size is not None:
        size = data.image_size
        height, width = (size, size) if isinstance(size, int) else tuple(size)
        if shape is not None and any(
            want not in (None, got) for want, got in zip(shape, (height, width), strict=False)
        ):
            raise ZooError(
                f"data.image_size={data.image_size} does not fit the model's input {shape}",
                f"{shape[0]}x{shape[1]}",
                "remove data.image_size or change the model's input_shape",
            )
    elif shape is not None:
        height, width = shape[0] or height, shape[1] or width
    if height is None or width is None:
        raise ZooError(f"the images of {raw.name} have different sizes", "one size for all", "set data.image_size")
    told = {} if data.channel_order == "rgb" else {"channel_order": data.channel_order}
    told |= {} if data.fit != "crop" or data.crop == CROP_SHARE else {"crop": data.crop}
    return told | {
        "kind": "image",
        "shape": [int(height), int(width), int(channels)],
        "fit": data.fit,
        "pixel_range": [float(v) for v in data.pixel_range],
        "mean": None if data.mean is None else [float(v) for v in data.mean],
        "std": None if data.std is None else [float(v) for v in data.std],
    }


def _frame_settings(
    data: DataConfig, raw: Raw, train: np.ndarray, shape: tuple[int | None, ...] | None
) -> dict[str, Any]:
    if shape is not None and len(shape) != 2:
        raise ZooError(
            f"the model takes input of shape {shape}", f"(steps, columns) for {raw.name}", "choose a recurrent model"
        )
    if shape is not None and shape[0] not in (None, data.window):
        raise ZooError(
            f"data.window={data.window} does not fit the model's input of {shape[0]} steps",
            f"{shape[0]}",
            "change data.window or the model's sequence_length",
        )
    return raw.train.x.settings(train, data.stride)


def _model_shape(settings: dict[str, Any]) -> tuple[int, ...]:
    if settings["kind"] == "image":
        return tuple(settings["shape"])
    return (settings["window"], len(settings["columns"])) if settings["kind"] == "frames" else (settings["length"],)


def _channels_of(color: str, shape: tuple[int | None, ...] | None) -> int:
    channels = {"grey": 1, "rgb": 3}[color]
    if shape is not None and shape[2] not in (None, channels):
        raise ZooError(
            f"data.color={color} gives {channels} channel{'s' if channels > 1 else ''}, but the model takes {shape[2]}",
            "the same number",
            "remove data.color or change the model's input_shape",
        )
    return channels


def _token_settings(data: DataConfig, raw: Raw, shape: tuple[int | None, ...] | None, default: int) -> dict[str, Any]:
    if shape is not None and len(shape) != 1:
        raise ZooError(f"the model takes input of shape {shape}", f"(length,) for {raw.name}", "choose a text model")
    known = shape[0] if shape else None
    if data.maxlen and known and data.maxlen != known:
        raise ZooError(
            f"data.maxlen={data.maxlen} does not fit the model's input of {known} tokens",
            f"{known}",
            "remove data.maxlen or change the model's sequence_length",
        )
    length = data.maxlen or known or default
    return {
        "kind": "tokens",
        "length": int(length),
        "pad": data.pad,
        "truncate": data.truncate,
    }
