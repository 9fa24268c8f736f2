"""Images and texts of the Hugging Face `datasets` package: by name out of its own cache, or from a local copy.

`data.path` is a folder that `save_to_disk` wrote, or a .parquet file, or a folder of them named by their part. Only
tables are read: since its version 4 the package runs no code that comes with a data set.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tensorflow as tf

from zoo.data.images.files import ImageFiles, columns, digest, listed
from zoo.data.images.headers import Unreadable, measure
from zoo.data.raw import Raw
from zoo.data.sources.folders import PARTS
from zoo.data.sources.official import own
from zoo.data.sources.tfrecord import class_indices, raw_records
from zoo.data.text.vocabulary import raw_texts
from zoo.errors import ZooError, did_you_mean
from zoo.io.installation import install

if TYPE_CHECKING:
    from zoo.config import DataConfig

WANT = "a folder of save_to_disk, or .parquet files named train, validation and test"


@dataclass(frozen=True, kw_only=True)
class ImageRows(ImageFiles):
    """N images in the rows of tables, read as they are needed: the tables stay on disk, mapped into memory."""

    tables: tuple[Any, ...]  # of datasets.Dataset, one column of encoded images
    spots: np.ndarray  # int64 (N, 2): table and row

    def places(self, rows: np.ndarray) -> np.ndarray:
        """int64 (len(rows), 2)."""
        return self.spots[rows]

    def fetch(self, place: tf.Tensor) -> tf.Tensor:
        """The bytes of the image in a row. Traceable, at the price of a call into Python."""
        return tf.ensure_shape(tf.numpy_function(self._bytes, [place], tf.string, stateful=False), [])

    def _bytes(self, spot: np.ndarray) -> bytes:
        table, row = map(int, spot)
        return contents(self.tables[table][row]["image"])

    def rows(self, mask: np.ndarray) -> ImageRows:
        """Those where the mask is true."""
        return replace(cast(ImageRows, super().rows(mask)), spots=self.spots[mask])


def read(data: DataConfig) -> Raw:
    """`ImageRows` or `Texts`, as `data.kind` says; the class names are those of the label column where it has them."""
    if importlib.util.find_spec("datasets") is None:
        raise ZooError("data.name=hf needs the package datasets", "", f"`{install('hf')}`")
    parts, left = _parts(_tables(data))
    notes = (f"parts that are left out: {', '.join(left)}",) if left else ()
    content = data.image if data.kind == "image" else data.text
    for part, table in parts.items():
        for option, column in (("image" if data.kind == "image" else "text", content), ("label", data.label)):
            if column not in table.column_names:
                raise ZooError(
                    f"the {part} part has no column '{column}' (it has {', '.join(table.column_names)})",
                    f"the column that data.{option} names",
                    f"set data.{option}; {did_you_mean(column, table.column_names)}",
                )
    classes = getattr(parts["train"].features[data.label], "names", None)
    labels = [(part, i, label) for part, table in parts.items() for i, label in enumerate(table[data.label])]
    wrong = next((f"{part}, row {i}" for part, i, label in labels if not isinstance(label, int | str)), None)
    if wrong:
        raise ZooError(f"{wrong} has no label in '{data.label}'", "a name or a whole number", "set data.label")
    if data.kind == "image":
        files, rows, corrupt = _look(parts, data)
        labels = [labels[i] for i in rows]
    names, of = [f"{part}, row {i}" for part, i, _ in labels], [part for part, *_ in labels]
    if "train" not in of:
        what = listed(corrupt) if data.kind == "image" and corrupt else "it has no rows"
        raise ZooError(f"nothing of the training part can be read: {what}", WANT, "correct data.path")
    class_names, y = class_indices(names, [label for *_, label in labels], [""] * len(of), of, classes, first=0)
    if data.kind == "image":
        return replace(raw_records(data.name, class_names, files, y, of, corrupt), notes=notes)
    texts = [text for table in parts.values() for text in table[data.text]]
    for name, text in zip(names, texts, strict=True):
        if not isinstance(text, str):
            raise ZooError(f"{name} has no text in '{data.text}'", "a string", "set data.text, or correct the row")
    return raw_texts(data.name, class_names, list(zip(texts, map(int, y), of, strict=True)), notes)


def contents(image: Any) -> bytes:
    """The encoded bytes of a value of an image column, or of the file it names."""
    if image is None or (not image.get("bytes") and not image.get("path")):
        return b""
    return image["bytes"] or Path(image["path"]).read_bytes()


def _tables(data: DataConfig) -> Mapping[str, Any]:
    """{part as the data set calls it: datasets.Dataset}."""
    import datasets

    try:
        if data.path is None:
            found = datasets.load_dataset(data.dataset, data.subset)
        else:
            path = own(data, want=WANT)
            files = [path] if path.is_file() else sorted(path.rglob("*.parquet"))
            if not files:
                found = datasets.load_from_disk(str(path))
            else:
                by_part = {}
                for file in files:
                    name = "train" if len(files) == 1 else file.name.replace(".", "-").split("-")[0]
                    by_part.setdefault(name, []).append(str(file))
                found = datasets.load_dataset("parquet", data_files=by_part)
    except ZooError:
        raise
    except Exception as e:  # the package raises its own, pyarrow's, the hub's and the network's errors
        where = f"data.path={data.path}" if data.path else f"the data set {data.dataset}"
        reason = " ".join(str(e).split())[:160].replace(";", ",")
        raise ZooError(
            f"{where} cannot be loaded by the package datasets ({type(e).__name__}: {reason})",
            WANT if data.path else "a data set of the hub, in the cache or with a connection to the internet",
            "correct data.path" if data.path else "correct data.dataset, or give data.path to a local copy",
        ) from e
    return found if isinstance(found, dict) else {"train": found}


def _parts(found: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The tables by the zoo's names of the parts, and the names of those that are none."""
    parts = {part: found[name] for part, names in PARTS.items() for name in reversed(names) if name in found}
    if "train" not in parts:
        raise ZooError(f"the data set has no training part (it has {', '.join(found)})", "train", "choose another")
    used = {name for names in PARTS.values() for name in names}
    return parts, [name for name in found if name not in used]


def _look(parts: Mapping[str, Any], data: DataConfig) -> tuple[ImageRows, list[int], dict[str, str]]:
    """The images that have a header of theirs, their places among all rows, and {row: what is wrong with it}."""
    import datasets

    tables, seen, rows, wrong, place = [], [], [], {}, -1
    for part, whole in parts.items():
        if not isinstance(whole.features[data.image], datasets.Image):
            kind = type(whole.features[data.image]).__name__
            raise ZooError(f"the column '{data.image}' holds {kind}", "images", "set data.image, or data.kind=tokens")
        table = whole.select_columns([data.image]).cast_column(data.image, datasets.Image(decode=False))
        table = table if data.image == "image" else table.rename_column(data.image, "image")
        for i, row in enumerate(table):
            place += 1
            try:
                image = contents(row["image"])
                seen.append((f"{part}, row {i}", measure(image), digest(image, len(image)), (len(tables), i)))
                rows.append(place)
            except (Unreadable, OSError) as e:
                wrong[f"{part}, row {i}"] = str(e)
        tables.append(table)
    files = ImageRows(
        root=Path(data.path or data.dataset),
        names=tuple(name for name, *_ in seen),
        digests=tuple(own for _, _, own, _ in seen),
        tables=tuple(tables),
        spots=np.array([spot for *_, spot in seen], np.int64).reshape(-1, 2),
        **columns(*zip(*(header for _, header, *_ in seen), strict=True)),
    )
    return files, rows, wrong
