#!/usr/bin/env python
"""Write an official data set as files of one's own: `scripts/convert.py cifar-10-batches-py OUT`.

    cifar-10-batches-py, cifar-100-python (folder or .tar.gz)   -> OUT/train/CLASS/00000.png, OUT/test/CLASS/...
    a folder with the four IDX files of MNIST (.gz or unpacked) -> the same, the classes are the digits
    aclImdb (folder or .tar.gz)                                 -> OUT/train.csv, OUT/test.csv with text,label

What SOURCE is, is seen from what stands in it. `data: {name: image_folder, path: OUT}`, or `csv`, then trains on the
same items in the same order as the official files do: images are named by their place among those of their part.
"""

import argparse
import csv
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from zoo.io.terminal import quiet_tensorflow

quiet_tensorflow()
import numpy as np
import tensorflow as tf

from zoo.config.data_block import DataConfig
from zoo.data.raw import Items, Raw
from zoo.data.sources import cifar, mnist, text_folder
from zoo.data.sources.archives import members
from zoo.errors import ZooError

READERS: dict[str, Callable[[DataConfig], Raw]] = {
    "cifar10": cifar.read_cifar10,
    "cifar100": cifar.read_cifar100,
    "mnist": mnist.read_mnist,
    "text_folder": text_folder.read,
}
WANT = "cifar-10-batches-py, cifar-100-python or aclImdb (folder or .tar.gz), or a folder of MNIST's IDX files"


def recognised(source: Path) -> str:
    """The name of the data set in a folder or an archive.

    Raises ZooError when it is none of those that are known here.
    """
    if source.is_dir():
        there = {path.name for path in source.iterdir()}
        if any({name, name.removesuffix(".gz")} & there for name in mnist.FASHION_MD5):
            return "mnist"
        for known in (cifar.CIFAR10, cifar.CIFAR100):
            if known.folder in there or any((source / name).is_file() for name in known.train + known.test):
                return known.name
        if (source / "train").is_dir():
            return "text_folder"
    elif source.is_file():
        for where, member, _ in members(source, WANT, lambda *_: False):
            for known in (cifar.CIFAR10, cifar.CIFAR100):
                if member.isfile() and where.name in known.train + known.test:
                    return known.name
            if member.isfile() and where.suffix == ".txt" and len(where.parts) > 2:
                return "text_folder"
    else:
        raise ZooError(f"there is no {source}", WANT, "correct the path")
    raise ZooError(f"{source} holds no official data set that is known here", WANT, "name another")


def convert(source: Path, out: Path) -> dict[str, int]:
    """The official files in `source` as an image folder or CSV files in `out` -> {part: items}.

    Raises ZooError for a source that is unknown or damaged, and for an `out` that is not empty; `out` is there whole
    or not at all.
    """
    source, out = source.resolve(), out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ZooError(f"{out} is there and not empty", "a folder of its own", "name another")
    if out.is_relative_to(source):
        raise ZooError(f"{out} is inside of {source}", "a folder of its own", "name another")
    name = recognised(source)
    raw = READERS[name](DataConfig(name=name, path=str(source)))
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.part.", dir=out.parent))
    try:
        whole = scratch / "whole"  # with the mode that the user's new folders have
        whole.mkdir()
        for part, items in raw.parts.items():
            (write_images if raw.kind == "image" else write_texts)(whole / part, items, raw.class_names)
        if out.exists():
            out.rmdir()
        whole.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {part: len(items) for part, items in raw.parts.items()}


def write_images(folder: Path, items: Items, class_names: tuple[str, ...]) -> None:
    """uint8 (N, H, W, C) -> folder/CLASS/00000.png, ...; without loss."""
    digits = max(5, len(str(len(items) - 1)))
    for label in np.unique(items.y):
        (folder / class_names[label]).mkdir(parents=True)
    for i, (pixels, label) in enumerate(zip(items.x, items.y, strict=True)):
        (folder / class_names[label] / f"{i:0{digits}d}.png").write_bytes(tf.io.encode_png(pixels).numpy())


def write_texts(stem: Path, items: Items, class_names: tuple[str, ...]) -> None:
    """N texts -> stem.csv with the columns text and label."""
    with open(f"{stem}.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["text", "label"])
        writer.writerows((text, class_names[label]) for text, label in zip(items.x.texts, items.y, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help=WANT)
    parser.add_argument("out", type=Path, help="the folder that is written")
    args = parser.parse_args()
    try:
        counts = convert(args.source, args.out)
    except (ZooError, OSError) as e:
        print(e, file=sys.stderr)
        sys.exit(2)
    print(f"{args.out}: " + ", ".join(f"{count} {part}" for part, count in counts.items()))


if __name__ == "__main__":
    main()
