"""The chosen image files as pixels in memory, or as what makes pixels of them batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import tensorflow as tf

from zoo.data.images.decoding import decode
from zoo.data.images.files import ImageFiles, listed
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.data.preprocess import Preprocessor
    from zoo.data.raw import Raw

PIXELS = 2**28  # decoded by one call, a second or two: between calls the process can be stopped
WANT = "JPEG, PNG, BMP or GIF files"


@dataclass(frozen=True)
class Taken:
    """The chosen files, as far as they can be read."""

    x: Mapping[str, np.ndarray | tf.Tensor]  # part -> uint8 (N, H, W, C), or N places
    splits: Mapping[str, np.ndarray]
    read: Callable[[tf.Tensor], tf.Tensor] | None  # a batch of places -> pixels; None if `x` are pixels
    notes: tuple[str, ...]  # what is to be said about the files left out
    recheck: Callable[[], None] | None  # for places: raises ZooError, naming those that can no longer be read


def take(raw: Raw, splits: Mapping[str, np.ndarray], preprocessor: Preprocessor, *, skip: bool, limit: int) -> Taken:
    """The chosen files as pixels if these fit into `limit` bytes, otherwise as places to be read again and again.

    Raises ZooError, naming the files, when some cannot be read and they are not to be skipped.
    """
    origins = {part: raw.origin(part) for part in splits}
    for part, rows in splits.items():
        items, first = origins[part]
        for i in rows - first if preprocessor.settings["fit"] == "pad" else ():
            height, width = items.x.sizes[i]
            preprocessor.check_size(height, width, str(items.x.root / items.x.names[i]))
    everything = [cast(ImageFiles, items.x) for items in raw.parts.values()]
    kinds = {str(kind) for files in everything for kind in np.unique(files.kinds)}
    sized = all((files.sizes == preprocessor.shape[:2]).all() for files in everything)
    fits = int(np.prod(preprocessor.shape)) * sum(map(len, splits.values())) <= limit
    held = fits and everything[0].held is not None
    fetch = tf.identity if held else replace(everything[0], held=None).fetch  # which lives as long as what reads by it

    def pixels(place: tf.Tensor) -> tf.Tensor:
        return preprocessor.file(fetch(place), kinds=kinds, sized=sized)

    def glance(place: tf.Tensor) -> tf.Tensor:  # a JPEG at an eighth of its size, without keeping anything
        return tf.shape(decode(fetch(place), kinds=kinds, ratio=8))

    rows = {part: splits[part] - first for part, (_, first) in origins.items()}
    places = {p: items.x.held[rows[p]] if held else items.x.places(rows[p]) for p, (items, _) in origins.items()}
    extents = np.concatenate([items.x.sizes[rows[p]].prod(axis=1, dtype=np.int64) for p, (items, _) in origins.items()])
    spec = tf.TensorSpec(preprocessor.shape, tf.uint8)
    if fits:
        found, x = _decoded(places, extents, pixels, spec)
    else:
        found, _ = _decoded(places, extents, glance, tf.TensorSpec([3], tf.int32))
        x = {part: places[part][good] for part, good in found.items()}
    kept = {part: splits[part][good] for part, good in found.items()}
    wrong = dict(raw.corrupt)
    for part, (items, first) in origins.items():
        wrong |= {items.x.names[i - first]: "damaged" for i in np.setdiff1d(splits[part], kept[part])}
    root, total = raw.train.x.root, len(raw.corrupt) + sum(map(len, (items for items in raw.parts.values())))
    said = f"{len(wrong)} of {total} images in {root} cannot be read: {listed(wrong)}"
    empty = [part for part in kept if len(splits[part]) and not len(kept[part])]
    if empty:
        raise ZooError(f"no image is left in the {empty[0]} part: {said}", WANT, "mend them")
    if wrong and not skip:
        raise ZooError(said, WANT, "mend or remove them, or set data.on_corrupt=skip")
    notes = (f"{said}; they are skipped",) if wrong else ()
    if fits:
        return Taken(x, kept, None, notes, None)
    names = {part: [items.x.names[i - first] for i in kept[part]] for part, (items, first) in origins.items()}

    def recheck() -> None:
        still, _ = _decoded(x, np.ones(sum(map(len, x.values()))), glance, tf.TensorSpec([3], tf.int32))
        gone = {part: np.setdiff1d(np.arange(len(x[part])), still[part]) for part in x}
        lost = {names[part][i]: "gone or damaged" for part, rows in gone.items() for i in rows}
        if lost:
            raise ZooError(
                f"of the images in {root} {len(lost)} can no longer be read: {listed(lost)}",
                "the files that were there at the beginning",
                "put them back, and give the command again",
            )

    return Taken(x, kept, _each(pixels, spec, x["train"], at_once=2), notes, recheck)


def _decoded(
    places: Mapping[str, np.ndarray], extents: np.ndarray, one: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec
) -> tuple[dict[str, np.ndarray], dict[str, tf.Tensor]]:
    """Which places of each part can be read, and what `one` made of them; `extents`: pixels, of all parts in turn."""
    every = np.concatenate(list(places.values()))
    each = _each(one, spec, every, at_once=os.cpu_count() or 1)
    found, values = [], []
    with tf.device("/CPU:0"):
        for rows in np.split(np.arange(len(every)), np.flatnonzero(np.diff(np.cumsum(extents) // PIXELS)) + 1):
            try:
                values.append(each(tf.constant(every[rows])))
            except tf.errors.ResourceExhaustedError:  # no memory: nothing that a file could be blamed for
                raise
            except tf.errors.OpError:
                rows = rows[_readable(one, every[rows])]
                values.append(each(tf.constant(every[rows])) if len(rows) else tf.zeros([0, *spec.shape], spec.dtype))
            found.append(rows)
        good, value = np.concatenate(found), tf.concat(values, axis=0) if len(values) > 1 else values[0]
        first, given, read = 0, {}, {}
        for part, own in places.items():
            low, high = np.searchsorted(good, [first, first + len(own)])
            given[part], read[part] = good[low:high] - first, value[low:high]
            first += len(own)
    return given, read


def _each(
    one: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec, places: np.ndarray, *, at_once: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    """What `one` makes of each of a batch of places like these, `at_once` of them at a time, as a graph made once.

    In a pipeline of single images each would cost more than the decoding of a small one.
    """
    like = tf.constant(places[:1])

    def batch(places: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(one, places, fn_output_signature=spec, parallel_iterations=at_once)

    return tf.function(batch, input_signature=[tf.TensorSpec([None, *like.shape[1:]], like.dtype)], autograph=False)


def _readable(one: Callable[[tf.Tensor], tf.Tensor], places: np.ndarray) -> np.ndarray:
    """The indices of the places of which `one` makes something."""
    both = tf.autograph.experimental.do_not_convert(lambda i, place: (i, one(place)))  # it takes seconds
    items = tf.data.Dataset.from_tensor_slices(tf.constant(places)).enumerate()
    items = items.map(both, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).ignore_errors()
    return np.array([int(i) for i, _ in items], np.int64)
