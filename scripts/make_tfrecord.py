#!/usr/bin/env python
"""Write a folder of images as TFRecord shards: `scripts/make_tfrecord.py FOLDER OUT --shards 8`.

FOLDER is laid out as for `data.name: image_folder`; OUT gets train-00000-of-00008, ... by ImageNet's own keys, for each
part of FOLDER, and manifest.json with the classes and the SHA-256 of each shard. The same folder gives the same bytes.
`data: {name: tfrecord, path: OUT}` then trains on the same items in the same order as the folder does.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from zoo.io.terminal import quiet_tensorflow

quiet_tensorflow()
import numpy as np
import tensorflow as tf

from zoo.config.data_block import DataConfig
from zoo.data.images.files import listed
from zoo.data.raw import Items
from zoo.data.sources import image_folder
from zoo.data.sources.tfrecord import MANIFEST, read_manifest
from zoo.errors import ZooError
from zoo.io import files as disk

FORMATS = {b"\xff\xd8": "JPEG", b"\x89P": "PNG", b"GI": "GIF", b"BM": "BMP"}


def write(folder: Path, out: Path, shards: int, *, overwrite: bool = False) -> dict:
    """All parts of an image folder as shards in `out` -> the manifest.

    Raises ZooError for files that cannot be read, for more shards than images, and for an `out` that is not empty,
    unless `overwrite` is true: what stands there is then replaced, once everything is written.
    """
    out = out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not overwrite:
            raise ZooError(f"{out} is there and not empty", "a folder of its own", "name another, or give --overwrite")
        if {path.name for path in out.iterdir()} - {MANIFEST, *read_manifest(out).get("shards", {})}:
            raise ZooError(f"{out} holds more than shards and their {MANIFEST}", "those alone", "empty it")
    if out.is_relative_to(folder.resolve()):
        raise ZooError(f"{out} is inside of {folder}", "a folder of its own", "name another")
    raw = image_folder.read(DataConfig(name="image_folder", path=str(folder)))
    if raw.corrupt:
        what = f"images in {folder} cannot be read: {listed(raw.corrupt)}"
        raise ZooError(what, "JPEG, PNG, BMP or GIF files", "mend or remove them")
    for part, items in raw.parts.items():
        if not 0 < shards <= len(items):
            raise ZooError(f"{len(items)} {part} images cannot fill {shards} shards", "at least one each", "lower it")
    manifest = {"classes": list(raw.class_names), "shards": {}}
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.part.", dir=out.parent))
    try:
        for part, items in raw.parts.items():
            for i, rows in enumerate(np.array_split(np.arange(len(items)), shards)):
                path = scratch / f"{part}-{i:05d}-of-{shards:05d}"
                with tf.io.TFRecordWriter(str(path)) as writer:
                    for row in rows:
                        writer.write(example(items, row, raw.class_names))
                counts = np.bincount(items.y[rows], minlength=len(raw.class_names)).tolist()
                manifest["shards"][path.name] = {
                    "records": len(rows),
                    "class_counts": counts,
                    "sha256": disk.sha256(path),
                }
        disk.write_json(scratch / MANIFEST, manifest)
        scratch.chmod(0o777 & ~_umask())
        if out.exists():
            shutil.rmtree(out)  # empty, or shards as seen above
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def example(items: Items, row: int, class_names: tuple[str, ...]) -> bytes:
    """One image with its label, which ImageNet counts from 1."""
    files, label = items.x, int(items.y[row])
    contents = (files.root / files.names[row]).read_bytes()
    height, width = files.sizes[row]
    values = {
        "image/encoded": contents,
        "image/format": FORMATS[contents[:2]].encode(),
        "image/filename": files.names[row].encode(),
        "image/height": int(height),
        "image/width": int(width),
        "image/class/label": label + 1,
        "image/class/text": class_names[label].encode(),
    }
    feature = {
        key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        if isinstance(value, bytes)
        else tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        for key, value in values.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString(deterministic=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="laid out as for data.name: image_folder")
    parser.add_argument("out", type=Path, help="the folder that is written")
    parser.add_argument("--shards", type=int, default=1, help="files per part")
    parser.add_argument("--overwrite", action="store_true", help="replace what stands in OUT")
    args = parser.parse_args()
    try:
        manifest = write(args.folder, args.out, args.shards, overwrite=args.overwrite)
    except (ZooError, OSError, tf.errors.OpError) as e:
        print(e, file=sys.stderr)
        sys.exit(2)
    for name, shard in manifest["shards"].items():
        print(f"{args.out / name}  {shard['records']} records  SHA-256 {shard['sha256'][:12]}")


if __name__ == "__main__":
    main()
