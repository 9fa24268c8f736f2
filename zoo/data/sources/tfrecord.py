"""Images in TFRecord shards, by the keys of ImageNet's own: image/encoded, image/class/label, image/class/text.

`data.path` is a folder, a glob or one file; the part is a word of the file's name: train-00000-of-01024,
validation-*, flowers-test.tfrecord-*. Source of the keys: build_imagenet_data.py of tensorflow/models.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.images.files import columns, digest, listed
from zoo.data.images.headers import Header, Unreadable, measure
from zoo.data.images.tfrecords import ImageRecords, features, payloads
from zoo.data.raw import Items, Raw
from zoo.data.sources.folders import PARTS
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    from zoo.config import DataConfig

MANIFEST = "manifest.json"  # written by scripts/make_tfrecord.py
SHOWN = 8  # names in a sentence
LABEL_TEXT = "image/class/text"
WANT = "a folder or a glob of TFRecord files named train-*, validation-*, test-*"


@dataclass(frozen=True)
class Keys:
    """The features of an Example that are looked at."""

    image: str
    label: str
    label_text: str = LABEL_TEXT


@dataclass
class Seen:
    """What one shard holds, a list per column, and {record: what is wrong with it}."""

    names: list[str] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    labels: list[int | str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    sha256: str = ""


def read(data: DataConfig) -> Raw:
    """`ImageRecords` with labels; the class names are those of the manifest, of the records, or the labels."""
    if data.path is None:
        raise ZooError("data.path is missing", WANT, "set data.path")
    shards = _found(data.path)
    if len(shards) > 1:  # one alone was asked for by its name
        _check_numbers(shards)
    manifest = read_manifest(shards[0].parent)
    if manifest and Path(data.path).expanduser().is_dir():
        _check_complete(shards, manifest)
    parts = _parts(shards)
    keys = Keys(data.image, data.label, data.label_text)
    records, labels, texts, wrong = scan(list(parts), keys, manifest.get("shards", {}))
    of = [parts[records.shards[i]] for i in records.spans[:, 0]]
    if "train" not in of:
        raise ZooError(f"no image of the training part can be read: {listed(wrong)}", WANT, "correct data.path")
    class_names, y = class_indices(records.names, labels, texts, of, manifest.get("classes"))
    return raw_records(data.name, class_names, records, y, of, wrong)


def raw_records(
    name: str, class_names: Sequence[str], records: ImageRecords, y: np.ndarray, of: Sequence[str], wrong: dict
) -> Raw:
    """What the loader wants of a source; `of` is the part of each record."""
    of = np.array(of)
    items = {part: Items(records.rows(of == part), y[of == part]) for part in PARTS if (of == part).any()}
    return Raw(
        name,
        "image",
        tuple(class_names),
        items["train"],
        items.get("test"),
        validation=items.get("validation"),
        corrupt=wrong,
    )


def scan(
    shards: Sequence[Path], keys: Keys, manifest: dict[str, dict[str, Any]]
) -> tuple[ImageRecords, list[int | str], list[str], dict[str, str]]:
    """Every record of the shards, in order -> their images, labels and texts of labels, and what cannot be read.

    `manifest` is what the manifest says of the shards, by name. Raises ZooError when a key is missing, and for a shard
    that is not the one of the manifest.
    """
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1))) as pool:
        seen = list(pool.map(lambda path: _look(path, keys), shards))
    for path, one in zip(shards, seen, strict=True):
        if not one.wrong and path.name in manifest and manifest[path.name]["sha256"] != one.sha256:
            raise ZooError(
                f"{path} is not the shard that {MANIFEST} lists (it holds {len(one.names)} records, of other bytes)",
                f"{manifest[path.name]['records']} records with SHA-256 {manifest[path.name]['sha256']}",
                f"copy it again, or remove {MANIFEST}",
            )
    records = ImageRecords(
        root=shards[0].parent,
        names=tuple(name for one in seen for name in one.names),
        digests=tuple(own for one in seen for own in one.digests),
        **columns(*zip(*(header for one in seen for header in one.headers), strict=True)),
        shards=tuple(shards),
        spans=np.array([(i, *span) for i, one in enumerate(seen) for span in one.spans], np.int64).reshape(-1, 3),
    )
    wrong = {name: why for one in seen for name, why in one.wrong.items()}
    labels, texts = ([value for one in seen for value in getattr(one, column)] for column in ("labels", "texts"))
    return records, labels, texts, wrong


def _look(path: Path, keys: Keys) -> Seen:
    seen, sha256 = Seen(), hashlib.sha256()
    number = 0
    for number, (offset, payload) in enumerate(payloads(path, sha256.update), start=1):
        name = f"{path.name}, record {number}"
        if isinstance(payload, str):
            seen.wrong[name] = payload
            continue
        try:
            given = features(payload)
            image = _value(given, keys.image, "image", name, path)
            label = _value(given, keys.label, "label", name, path)
            header = measure(image)
        except ValueError as e:  # Unreadable among them
            seen.wrong[name] = str(e)
            continue
        text = (given.get(keys.label_text) or [b""])[0]
        if keys.label_text != LABEL_TEXT:
            text = _value(given, keys.label_text, "label_text", name, path)
        seen.names.append(name)
        seen.headers.append(header)
        seen.digests.append(digest(image, len(image)))
        seen.spans.append((offset + payload.index(image), len(image)))
        seen.labels.append(label.decode("utf-8", "replace") if isinstance(label, bytes) else label)
        seen.texts.append(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))
    if not number:
        seen.wrong[path.name] = "0 bytes"
    seen.sha256 = sha256.hexdigest()
    return seen


def _value(given: dict[str, list], key: str, option: str, name: str, path: Path) -> bytes | int:
    """The one value of a feature. Raises ZooError where it is missing, Unreadable where there are more."""
    if not given.get(key):
        raise ZooError(
            f"{path.parent / name} has no '{key}' (it has {', '.join(sorted(given)[:SHOWN]) or 'nothing'})",
            f"the feature that data.{option} names",
            f"set data.{option}; {did_you_mean(key, given)}",
        )
    value = given[key][0]
    if len(given[key]) > 1:
        raise Unreadable(f"'{key}' holds {len(given[key])} values")
    if isinstance(value, float) or (option == "image" and not isinstance(value, bytes)):
        raise Unreadable(f"'{key}' holds a number, no {option}")
    return value


def class_indices(
    names: Sequence[str],
    labels: Sequence[int | str],
    texts: Sequence[str],
    of: Sequence[str],
    classes: Sequence[str] | None = None,
    first: int = 1,
) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels as they stand -> class names and int32 indices.

    With `classes` a label is a number from `first`: 1 in ImageNet's. Otherwise the classes are the labels of the
    training part, sorted, named by their texts.
    """
    if classes is not None:
        known = {label: i for i, label in enumerate(range(first, first + len(classes)))}
    else:
        there = {label for label, part in zip(labels, of, strict=True) if part == "train"}
        numbers = all(isinstance(label, int) for label in there)
        known = {label: i for i, label in enumerate(sorted(there, key=None if numbers else str))}
        said = {label: text for label, text in zip(reversed(labels), reversed(texts), strict=True) if text}
        classes = [said.get(label, str(label)) for label in known]
        classes = [n if classes.count(n) == 1 else f"{n} ({label})" for n, label in zip(classes, known, strict=True)]
    if len(known) < 2:
        held = f"only the class '{classes[0]}'" if len(known) else "no images that can be read"
        raise ZooError(f"the training part holds {held}", "two or more classes", "correct data.path or data.label")
    for name, label in zip(names, labels, strict=True):
        if label not in known:
            shown = list(known)
            raise ZooError(
                f"{name} has the label {label!r}, which the training part does not have",
                f"one of {', '.join(map(str, shown[:SHOWN]))}{f', ... {shown[-1]}' if len(shown) > SHOWN else ''}",
                "correct it, or leave that part out",
            )
    return tuple(classes), np.array([known[label] for label in labels], np.int32)


def _found(path: str) -> list[Path]:
    """The shards at `data.path`, by name."""
    given = Path(path).expanduser()
    if given.is_file():
        return [given]
    if given.is_dir():
        names = [p for p in sorted(given.iterdir()) if p.is_file() and not p.name.startswith(".")]
        shards = [p for p in names if ".tfrecord" in p.name or re.search(r"-\d+-of-\d+$", p.name)]
    else:
        shards = [p for p in map(Path, sorted(glob.glob(str(given)))) if p.is_file()]
    if not shards:
        what = "holds no TFRecord files" if given.is_dir() else "does not exist, nor does it match a file"
        raise ZooError(f"data.path={path} {what}", WANT, "correct data.path")
    return shards


def _parts(shards: Sequence[Path]) -> dict[Path, str]:
    """{shard: part}, the parts in their order; all is training where no name says a part."""
    words = {word: part for part, names in PARTS.items() for word in names}
    found = {p: next((words[w] for w in re.split(r"[-_.]", p.name) if w in words), None) for p in shards}
    if not any(found.values()):
        found = dict.fromkeys(found, "train")
    for path, part in found.items():
        if part is None:
            raise ZooError(f"the name of {path} says no part", "train, validation or test in it", "rename or remove it")
    if "train" not in found.values():
        raise ZooError(f"{shards[0].parent} has no training part among its {len(shards)} files", WANT, "rename them")
    order = list(PARTS)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1])))


def _check_numbers(shards: Sequence[Path]) -> None:
    """Of files named ...-00003-of-00008 all eight are there."""
    there = {path.name for path in shards}
    for path in shards:
        if counted := re.fullmatch(r"(.*-)\d+-of-(\d+)", path.name):
            stem, total = counted.groups()
            every = (f"{stem}{i:0{len(total)}d}-of-{total}" for i in range(int(total)))
            lacking = list(islice((name for name in every if name not in there), SHOWN))
            if lacking:
                raise ZooError(
                    f"{path.parent} lacks {', '.join(lacking)}{' ...' if len(lacking) == SHOWN else ''}",
                    f"all {int(total)} shards, since {path.name} is there",
                    "copy them too",
                )


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `scripts/make_tfrecord.py` wrote beside the shards; empty if it did not."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        good = (
            all(isinstance(name, str) for name in manifest["classes"])
            and len(manifest["classes"])
            and all(
                isinstance(shard["records"], int) and isinstance(shard["sha256"], str)
                for shard in manifest["shards"].values()
            )
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise ZooError(
            f"{path} is not a manifest of shards", "what scripts/make_tfrecord.py wrote", "restore or remove it"
        )
    return manifest


def _check_complete(shards: Sequence[Path], manifest: dict[str, Any]) -> None:
    listed, there = set(manifest["shards"]), {path.name for path in shards}
    for names, what in ((listed - there, "lacks {}, which {} lists"), (there - listed, "holds {}, which {} does not")):
        if names:
            shown = ", ".join(sorted(names)[:SHOWN])
            raise ZooError(
                f"{shards[0].parent} {what.format(shown, MANIFEST)}",
                f"the {len(listed)} shards of the manifest",
                f"copy it again, or remove {MANIFEST}",
            )
