"""`zoo data`: what a config's data are, as the model will see them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from zoo.config import Config
    from zoo.data import Dataset

LOOKED_AT = 2048  # training items from which ranges are taken
TIMED_SECONDS = 2.0
SHOWN_IMAGES, SHOWN_WINDOWS, SHOWN_TEXTS, SHOWN_PAIRS = 32, 12, 5, 5
PAD, START, UNKNOWN = 0, 1, 2  # as in keras.datasets


@dataclass(frozen=True)
class DataReport:
    """Everything `zoo data` prints.

    Attributes:
        values: of the training inputs after augmentation and preprocessing; images and numbers: least, largest, mean
            and spread of each channel or column; texts: lengths in words, and the shares that are padding, cut off,
            unknown words.
        duplicates: {"train and test": {"count", "pairs": [[item, item], ...]}, ...}: items of the second part that look
            to the model just as one of the first does; `other_label` counts those of another class.
        examples: texts as the model reads them, with their class; images are drawn instead.
        samples_per_second: of the training stream, without a model.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    class_counts: dict[str, list[int]]
    hash: str
    vocabulary_size: int | None
    values: dict[str, Any]
    duplicates: dict[str, Any]
    examples: list[dict[str, str]]
    samples_per_second: float
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def report(config: Config, picture: Path | None = None) -> DataReport:
    """Load a config's data and look at them; `picture` is where examples of images are drawn.

    Raises:
        ZooError: a mistake in the data or the config, a picture of texts.
    """
    from zoo import data
    from zoo.build.create import wanted_shape
    from zoo.runs.job import resolve

    config = resolve(config)
    loaded = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config))
    info = loaded.info
    if picture is not None and info.kind == "tokens":
        raise ZooError(f"{info.name} gives texts, of which there is no picture", "images", "leave out --output")
    with loaded.reading():
        if picture is not None:
            _draw(loaded, picture)
        return DataReport(
            name=info.name,
            kind=info.kind,
            input_shape=info.input_shape,
            class_names=info.class_names,
            class_counts=info.class_counts,
            hash=info.hash,
            vocabulary_size=info.vocabulary_size,
            values=_lengths(loaded) if info.kind == "tokens" else _ranges(loaded),
            duplicates=_duplicates(loaded),
            examples=_texts(loaded) if info.kind == "tokens" and info.vocabulary is not None else [],
            samples_per_second=_speed(loaded),
            notes=info.notes,
        )


def _first(loaded: Dataset, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` training items of epoch 0, augmented."""
    import numpy as np

    train = loaded.train
    batches = list(train.stream().take(min(train.steps_per_epoch, -(-count // train.batch_size))).as_numpy_iterator())
    x, y = (np.concatenate(column) for column in zip(*batches, strict=True))
    return x[:count], y[:count]


def _ranges(loaded: Dataset) -> dict[str, Any]:
    x, _ = _first(loaded, LOOKED_AT)
    axes = tuple(range(x.ndim - 1))
    found = {"least": x.min(axes), "largest": x.max(axes), "mean": x.mean(axes), "spread": x.std(axes)}
    return {key: [round(float(v), 4) for v in values] for key, values in found.items()}


def _lengths(loaded: Dataset) -> dict[str, Any]:
    import numpy as np

    x, _ = _first(loaded, LOOKED_AT)
    words = (x > START).sum(axis=1)
    return {
        "length": x.shape[1],
        "words": {"least": int(words.min()), "median": int(np.median(words)), "largest": int(words.max())},
        "padding": round(float((x == PAD).mean()), 4),
        "full": round(float((x != PAD).all(axis=1).mean()), 4),
        "unknown": {part: _unknown(batches) for part, batches in _parts(loaded).items()},
    }


def _unknown(batches: tf.data.Dataset) -> float:
    """The share of words that are not in the vocabulary."""
    unknown = words = 0
    for x, _ in batches.as_numpy_iterator():
        unknown, words = unknown + int((x == UNKNOWN).sum()), words + int((x > START).sum())
    return round(unknown / max(1, words), 4)


def _parts(loaded: Dataset) -> dict[str, tf.data.Dataset]:
    parts = {"train": loaded.train.in_order(), "validation": loaded.validation, "test": loaded.test}
    return {part: batches for part, batches in parts.items() if batches is not None}


def _duplicates(loaded: Dataset) -> dict[str, Any]:
    """Items of two parts that are equal after preprocessing, before augmentation."""
    seen: dict[str, dict[bytes, tuple[int, int]]] = {}  # part -> digest -> first item, label
    found = {}
    for part, batches in _parts(loaded).items():
        rows = iter(loaded.splits[part])
        own: dict[bytes, tuple[int, int]] = {}
        hits = {before: [] for before in seen}
        for x, y in batches.as_numpy_iterator():
            for item, label in zip(x, y, strict=True):
                digest, row = hashlib.blake2b(item.tobytes(), digest_size=16).digest(), int(next(rows))
                for before, there in seen.items():
                    if digest in there:
                        hits[before].append((there[digest], (row, int(label))))
                own.setdefault(digest, (row, int(label)))
        for before, pairs in hits.items():
            found[f"{before} and {part}"] = {
                "count": len(pairs),
                "other_label": sum(one[1] != other[1] for one, other in pairs),
                "pairs": [[_name(loaded, one[0]), _name(loaded, other[0])] for one, other in pairs[:SHOWN_PAIRS]],
            }
        seen[part] = own
    return found


def _name(loaded: Dataset, row: int) -> str:
    return loaded.names[row] if loaded.names is not None else f"item {row}"


def _texts(loaded: Dataset) -> list[dict[str, str]]:
    from zoo.data import decode

    x, y = _first(loaded, SHOWN_TEXTS)
    names, words = loaded.info.class_names, loaded.info.vocabulary
    return [{"class": names[label], "text": decode(row, words)} for row, label in zip(x, y, strict=True)]


def _draw(loaded: Dataset, path: Path) -> None:
    from zoo.data import Preprocessor
    from zoo.draw.samples import plot_samples, plot_windows

    x, y = _first(loaded, SHOWN_IMAGES)
    names, shape = loaded.info.class_names, "x".join(map(str, loaded.info.input_shape))
    preprocessor = Preprocessor.from_dict(loaded.info.preprocessing)
    title = f"{loaded.info.name}: {shape}, as the net sees them"
    if preprocessor.framer:
        shown = [names[label] for label in y[:SHOWN_WINDOWS]]
        plot_windows(x[:SHOWN_WINDOWS], shown, preprocessor.framer.columns, path, title=title)
        return
    pixels = preprocessor.pixels(x)
    plot_samples(pixels, [names[label] for label in y], path, title=title)


def _speed(loaded: Dataset) -> float:
    """Training items per second, after the first batch, for two seconds or two epochs."""
    batches = iter(loaded.train.stream())
    next(batches)
    items, start = 0, time.perf_counter()
    for _ in range(2 * loaded.train.steps_per_epoch):
        items += int(next(batches)[0].shape[0])
        if time.perf_counter() - start > TIMED_SECONDS:
            break
    return round(items / (time.perf_counter() - start), 1)
