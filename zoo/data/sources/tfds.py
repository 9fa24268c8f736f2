"""Images and texts of TensorFlow Datasets: its prepared TFRecord shards, read by the index that all shards get.

`data.dataset` is "name", "name/config" or "name/config:1.0.0"; `data.path` is its `data_dir` (null: its own cache), or
the folder of one prepared version. What is not there yet is downloaded and prepared by the package.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.images.files import listed
from zoo.data.images.tfrecords import features, payloads
from zoo.data.raw import Raw
from zoo.data.sources.folders import PARTS
from zoo.data.sources.official import own
from zoo.data.sources.tfrecord import Keys, class_indices, raw_records, scan
from zoo.data.text.vocabulary import raw_texts, utf8
from zoo.errors import ZooError, did_you_mean
from zoo.io.installation import install

if TYPE_CHECKING:
    from zoo.config import DataConfig

WANT = "a data_dir of TensorFlow Datasets, or the folder of one prepared version"
_NAME = re.compile(r"\w+(/[\w.-]+)?(:\d+\.\d+\.\d+)?")  # no community namespace, whose code would come from elsewhere


def read(data: DataConfig) -> Raw:
    """`ImageRecords` or `Texts`, as `data.kind` says; the class names are those of the label where it has them."""
    if importlib.util.find_spec("tensorflow_datasets") is None:
        raise ZooError("data.name=tfds needs the package tensorflow-datasets", "", f"`{install('tfds')}`")
    builder = _builder(data)
    content = data.image if data.kind == "image" else data.text
    for option, key in (("image" if data.kind == "image" else "text", content), ("label", data.label)):
        if key not in builder.info.features:
            raise ZooError(
                f"{builder.info.full_name} has no '{key}' (it has {', '.join(sorted(builder.info.features))})",
                f"the feature that data.{option} names",
                f"set data.{option}; {did_you_mean(key, sorted(builder.info.features))}",
            )
    shards, notes = _shards(builder)
    classes = getattr(builder.info.features[data.label], "names", None)
    if data.kind == "image":
        records, labels, texts, wrong = scan(list(shards), Keys(data.image, data.label), {})
        of = [shards[records.shards[i]] for i in records.spans[:, 0]]
        if "train" not in of:
            raise ZooError(f"no image of the training part can be read: {listed(wrong)}", WANT, "prepare it anew")
        class_names, y = class_indices(records.names, labels, texts, of, classes, first=0)
        return raw_records(data.name, class_names, records, y, of, wrong)
    names, texts, labels, of = [], [], [], []
    for path, part in shards.items():
        for number, (_, payload) in enumerate(payloads(path, lambda _: None), start=1):
            where = f"{path.name}, record {number}"
            if isinstance(payload, str):
                raise ZooError(f"{where} cannot be read ({payload})", WANT, "prepare it anew")
            given = features(payload)
            names.append(where)
            texts.append(utf8(given[content][0], where))
            labels.append(given[data.label][0])
            of.append(part)
    labels = [label.decode("utf-8", "replace") if isinstance(label, bytes) else label for label in labels]
    class_names, y = class_indices(names, labels, [""] * len(names), of, classes, first=0)
    return raw_texts(data.name, class_names, list(zip(texts, map(int, y), of, strict=True)), notes)


def _builder(data: DataConfig) -> Any:
    """A builder whose files are there."""
    import tensorflow_datasets as tfds

    if data.dataset is not None and not _NAME.fullmatch(data.dataset):
        raise ZooError(f"data.dataset={data.dataset} is no name of a data set", "name/config:1.0.0", "correct it")
    try:
        if data.path is not None and (own(data, want=WANT, file=False) / "dataset_info.json").is_file():
            return tfds.builder_from_directory(str(Path(data.path).expanduser()))
        if data.dataset is None:
            raise ZooError(f"{data.path} is not the folder of one version", WANT, "set data.dataset")
        builder = tfds.builder(data.dataset, data_dir=data.path)
        builder.download_and_prepare()
    except ZooError:
        raise
    except Exception as e:  # the package raises its own, the network's and each builder's errors
        reason = " ".join(str(e).split())[:160].replace(";", ",")
        raise ZooError(
            f"{data.dataset or data.path} cannot be loaded by TensorFlow Datasets ({type(e).__name__}: {reason})",
            f"{WANT}, or a connection to the internet",
            "correct data.dataset or data.path",
        ) from e
    return builder


def _shards(builder: Any) -> tuple[dict[Path, str], tuple[str, ...]]:
    """{shard: part}, the parts in their order; and what is to be said about the others."""
    info = builder.info
    if info.file_format is not None and info.file_format.value != "tfrecord":
        raise ZooError(f"{info.full_name} is kept as {info.file_format.value}", "tfrecord", "prepare it as tfrecord")
    shards, used = {}, set()
    for part, names in PARTS.items():
        name = next((name for name in names if name in info.splits), None)
        for path in map(Path, info.splits[name].filepaths if name else ()):
            if not path.is_file():
                raise ZooError(f"{path} does not exist", f"all shards of {info.full_name}", "prepare it anew")
            shards[path] = part
        used.add(name)
    if "train" not in shards.values():
        raise ZooError(f"{info.full_name} has no training part (it has {', '.join(info.splits)})", "train", "")
    left = [name for name in info.splits if name not in used]
    return shards, (f"parts that are left out: {', '.join(left)}",) if left else ()
