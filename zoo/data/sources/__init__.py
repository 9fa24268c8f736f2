"""The data sets by name. A new source is one file with `read(data) -> Raw` and one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zoo.data.sources import (
    cifar,
    digits,
    hf,
    image_folder,
    imdb,
    mnist,
    reuters,
    sequence,
    synthetic,
    tables,
    text_folder,
    tfds,
    tfrecord,
)


@dataclass(frozen=True)
class Source:
    """How a data set is read, and whether it can be read from `data.path`."""

    read: Callable
    takes_path: bool = True


SOURCES = {
    "digits": Source(digits.read, takes_path=False),
    "mnist": Source(mnist.read_mnist),
    "fashion_mnist": Source(mnist.read_fashion_mnist),
    "cifar10": Source(cifar.read_cifar10),
    "cifar100": Source(cifar.read_cifar100),
    "imdb": Source(imdb.read),
    "reuters": Source(reuters.read),
    "image_folder": Source(image_folder.read),
    "tfrecord": Source(tfrecord.read),
    "tfds": Source(tfds.read),
    "hf": Source(hf.read),
    "text_folder": Source(text_folder.read),
    "csv": Source(tables.read),
    "tsv": Source(tables.read),
    "jsonl": Source(tables.read),
    "sequence": Source(sequence.read),
    "synthetic": Source(synthetic.read, takes_path=False),
}
