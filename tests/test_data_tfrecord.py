"""TFRecord shards: the items of the folder they were made of, and one sentence for each way to be wrong."""

import importlib.util
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from test_data import same, settings, take
from test_data_folder import block, folder, huge_png, save

from zoo.data import load
from zoo.data.images.tfrecords import payloads
from zoo.errors import ZooError

pytestmark = pytest.mark.usefixtures("undrawn")

spec = importlib.util.spec_from_file_location(
    "make_tfrecord", Path(__file__).parent.parent / "scripts" / "make_tfrecord.py"
)
make_tfrecord = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_tfrecord)

KEYS = {"image": "image/encoded", "label": "image/class/label", "label_text": "image/class/text"}


def records(path, **changes):
    words = {"path": str(path), "fit": "resize", "image_size": 8, "validation": 0.25}
    return settings("tfrecord", **KEYS | words | changes)


def write(path, *examples):
    """Examples given as {key: bytes or int}, or as bytes of any kind."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for values in examples:
            writer.write(values if isinstance(values, bytes) else example(values))
    return path


def example(values):
    def feature(value):
        value = value if isinstance(value, list) else [value]
        if isinstance(value[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
        if isinstance(value[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=value))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=value))

    features = tf.train.Features(feature={key: feature(value) for key, value in values.items()})
    return tf.train.Example(features=features).SerializeToString()


def png(colour: int) -> bytes:
    return tf.io.encode_png(np.full((4, 5, 3), colour, np.uint8)).numpy()


def item(label, colour=0, **more):
    return {"image/encoded": png(colour), "image/class/label": label} | more


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    counts = {"train/ant": 9, "train/bee": 8, "train/cat": 7, "val/ant": 3, "val/bee": 2, "val/cat": 2}
    return folder(tmp_path_factory.mktemp("images"), counts)


@pytest.fixture(scope="module")
def made(images, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "records"
    make_tfrecord.write(images, out, 3)
    return out


@pytest.fixture
def shards(made, tmp_path):
    """A copy to be spoilt."""
    return shutil.copytree(made, tmp_path / "records")


# -- the same items --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("in_memory", "batch_size"), [(2**30, 4), (0, 5)])
def test_records_train_just_as_their_folder(images, made, monkeypatch, in_memory, batch_size):
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", in_memory)
    words = {"batch_size": batch_size, "augment": {"shift": 1, "flip": "horizontal"}}
    want, got = load(block(images, **words), seed=3), load(records(made, **words), seed=3)
    assert got.train._x.dtype == (tf.uint8 if in_memory else tf.int64)  # pixels, or where they stand
    assert got.info.class_names == ("ant", "bee", "cat")
    assert got.info.hash == want.info.hash
    assert got.info.class_counts == want.info.class_counts
    steps = got.train.steps_per_epoch
    epochs = take(want.train.stream(), 2 * steps)
    assert same(take(got.train.stream(), 2 * steps), epochs)
    assert same(take(got.train.stream(1, 2), steps - 2), epochs[steps + 2 :])
    for part in ("validation", "test"):
        assert same(take(getattr(got, part), -1), take(getattr(want, part), -1))


def test_the_index_agrees_with_tensorflow(made):
    for path in sorted(made.glob("*-of-*")):
        mine = [payload for _, payload in payloads(path, lambda _: None)]
        assert mine == list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
        raw = path.read_bytes()
        assert all(raw[at : at + len(payload)] == payload for at, payload in payloads(path, lambda _: None))


def test_shards_are_the_same_bytes_again_and_listed(images, made, tmp_path):
    manifest = make_tfrecord.write(images, tmp_path / "again", 3)
    names = sorted(path.name for path in made.iterdir())
    assert names == ["manifest.json", *sorted(manifest["shards"])]
    assert "val-" not in str(names)
    assert all((made / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)
    assert sum(shard["records"] for shard in manifest["shards"].values()) == 31
    assert np.sum([shard["class_counts"] for shard in manifest["shards"].values()], axis=0).tolist() == [12, 10, 9]
    with pytest.raises(ZooError, match=r"again is there and not empty; expected a folder of its own; name another, or"):
        make_tfrecord.write(images, tmp_path / "again", 3)
    make_tfrecord.write(images, tmp_path / "again", 2, overwrite=True)
    assert len(list((tmp_path / "again").iterdir())) == 5
    (tmp_path / "again" / "thesis.txt").write_text("years of work")
    with pytest.raises(ZooError, match=r"again holds more than shards and their manifest.json"):
        make_tfrecord.write(images, tmp_path / "again", 2, overwrite=True)
    with pytest.raises(ZooError, match="7 validation images cannot fill 8 shards"):
        make_tfrecord.write(images, tmp_path / "other", 8)
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_one_part_a_glob_and_one_file(made):
    whole = load(records(made), seed=0)
    assert whole.info.sizes == {"train": 19, "validation": 7, "test": 5}
    assert load(records(f"{made}/train-*", validation=0.3), seed=0).info.sizes == {
        "train": 13,
        "validation": 6,
        "test": 5,
    }
    one = load(records(made / "train-00001-of-00003", test=0.4, validation=0.0), seed=0)
    assert sum(one.info.sizes.values()) == 8
    assert "train-00001-of-00003, record 1" in one.names


# -- labels ----------------------------------------------------------------------------------------------------------


def test_labels_without_a_manifest(tmp_path):
    """Numbers from 0 or 1, with gaps, named or not; names as labels."""
    many = {"test": 0.4, "validation": 0.0}
    write(tmp_path / "train-a", *[item(label, text=b"") for label in (7, 3, 10, 3, 7, 10, 3, 7, 10)])
    data = load(records(tmp_path / "train-a", **many), seed=0)
    assert data.info.class_names == ("3", "7", "10")
    assert np.sum(list(data.info.class_counts.values()), axis=0).tolist() == [3, 3, 3]

    named = [item(label, **{"image/class/text": text}) for label, text in ((1, b"crane"), (0, b"owl"), (2, b"crane"))]
    write(tmp_path / "train-b", *named * 3)
    assert load(records(tmp_path / "train-b", **many), seed=0).info.class_names == ("owl", "crane (1)", "crane (2)")

    write(tmp_path / "train-c", *[{"pixels": png(9), "kind": kind} for kind in (b"owl", b"ant") * 4])
    data = load(records(tmp_path / "train-c", image="pixels", label="kind", **many), seed=0)
    assert data.info.class_names == ("ant", "owl")


@pytest.mark.parametrize(
    ("examples", "changes", "message"),
    [
        (
            [{"img": png(1), "label": 1}] * 4,
            {},
            r"train, record 1 has no 'image/encoded' \(it has img, label\); .* data.image names; set data.image; ",
        ),
        (
            [{"image/encoded": png(1), "image/class/labels": 1}] * 4,
            {},
            r"record 1 has no 'image/class/label' .*; set data.label; did you mean 'image/class/labels'\?",
        ),
        ([item(1)] * 4, {"label_text": "name"}, "record 1 has no 'name' .* data.label_text names"),
        ([item(1)] * 4, {}, "the training part holds only the class '1'; expected two or more classes"),
        ([item(1), item(2)], {}, "class '1' has 1 item, too few"),
        (
            [item(1), {"image/encoded": png(1), "image/class/label": [1, 2]}, item(3)] * 3,
            {"validation": 0.0},
            r"record 2 \('image/class/label' holds 2 values\)",
        ),
        (
            [item(1), item(2.5), item(3)] * 3,
            {"validation": 0.0},
            r"record 2 \('image/class/label' holds a number, no label\)",
        ),
        (
            [item(1), item(2)] * 3,
            {"image": "image/class/label"},
            r"no image of the training part can be read: .*record 1 \('image/class/label' holds a number, no image\)",
        ),
        ([b"hello"] * 3, {}, r"record 1 \(not a tf.train.Example\)"),
        ([], {}, r"no image of the training part can be read: train \(0 bytes\)"),
    ],
)
def test_records_that_do_not_fit(tmp_path, examples, changes, message):
    with pytest.raises(ZooError, match=message):
        load(records(write(tmp_path / "train", *examples), **changes), seed=0)


def test_a_label_that_training_does_not_have(tmp_path):
    write(tmp_path / "train-00000-of-00001", *[item(1), item(2)] * 4)
    write(tmp_path / "test-00000-of-00001", item(1), item(5))
    with pytest.raises(ZooError, match=r"test-00000-of-00001, record 2 has the label 5, which the training part does"):
        load(records(tmp_path), seed=0)


# -- what is wrong ---------------------------------------------------------------------------------------------------


def offsets(path):
    return [at for at, _ in payloads(path, lambda _: None)]


def flip(path, at):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_every_damaged_record_is_named_or_skipped(shards, monkeypatch):
    first, second, third = (shards / f"train-{i:05d}-of-00003" for i in range(3))
    flip(first, offsets(first)[2] + 40)
    flip(second, offsets(second)[4] - 9)  # inside of a length
    third.write_bytes(third.read_bytes()[:-30])
    sentence = (
        r"3 of 28 images in .*records cannot be read: train-00000-of-00003, record 3 \(wrong checksum\), train-00001-"
        r"of-00003, record 5 \(damaged length\), train-00002-of-00003, record 8 \(cut short\); .* data.on_corrupt=skip"
    )
    with pytest.raises(ZooError, match=sentence):
        load(records(shards), seed=0)
    data = load(records(shards, on_corrupt="skip"), seed=0)
    assert sum(data.info.sizes.values()) == 25  # four of the second shard lie behind a damaged length, one is cut off
    assert "they are skipped" in data.info.notes[0]


def test_images_inside_that_cannot_be_read(tmp_path, monkeypatch):
    good = [item(1), item(2)] * 4
    whole = (folder(tmp_path / "x", {"a": 1}) / "a" / "000.jpg").read_bytes()
    bad = [{"image/encoded": content, "image/class/label": 1} for content in (b"", b"text", huge_png(), whole[:-60])]
    write(tmp_path / "train", *good, *bad)
    sentence = (
        r"4 of 12 images .*: train, record 10 \(not a JPEG, PNG, BMP or GIF file\), train, record 11 \(30,000x30,000 "
        r"pixels, over the limit of 67 million\), train, record 12 \(damaged\), train, record 9 \(0 bytes\)"
    )
    for limit in (2**30, 0):
        monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", limit)
        with pytest.raises(ZooError, match=sentence):
            load(records(tmp_path / "train"), seed=0)
        data = load(records(tmp_path / "train", on_corrupt="skip", test=0.25), seed=0)
        assert sum(len(y) for _, y in take(data.train.stream(), data.train.steps_per_epoch)) == 4


def test_the_manifest_is_held_to(shards):
    (shards / "train-00002-of-00003").rename(shards / "spare")
    with pytest.raises(ZooError, match="records lacks train-00002-of-00003; expected all 3 shards, since train-00000"):
        load(records(shards), seed=0)
    (shards / "spare").rename(shards / "train-00002-of-00003")
    write(shards / "train-00001-of-00003", item(1), item(2))
    with pytest.raises(ZooError, match=r"train-00001-of-00003 is not the shard that manifest.json lists \(it holds 2"):
        load(records(shards), seed=0)
    manifest = json.loads((shards / "manifest.json").read_text())
    (shards / "more-train.tfrecord").write_bytes(b"")
    with pytest.raises(ZooError, match=r"records holds more-train.tfrecord, which manifest.json does not"):
        load(records(shards), seed=0)
    (shards / "more-train.tfrecord").unlink()
    for path in shards.glob("validation-*"):
        path.unlink()
    with pytest.raises(ZooError, match=r"records lacks validation-00000-of-00003, .*, which manifest.json lists"):
        load(records(shards), seed=0)
    for text in ("[]", "{", json.dumps(manifest | {"shards": {"a": 1}})):
        (shards / "manifest.json").write_text(text)
        with pytest.raises(ZooError, match=r"manifest.json is not a manifest of shards; .*; restore or remove it"):
            load(records(shards), seed=0)


def test_files_that_are_no_shards(tmp_path):
    with pytest.raises(ZooError, match=r"data.path is missing; expected a folder or a glob of TFRecord files"):
        load(settings("tfrecord", path=None), seed=0)
    with pytest.raises(ZooError, match="holds no TFRecord files; expected a folder or a glob"):
        load(records(tmp_path), seed=0)
    with pytest.raises(ZooError, match="does not exist, nor does it match a file"):
        load(records(tmp_path / "train-*"), seed=0)
    (tmp_path / "train-0-of-1").write_bytes(b"Some text that is no record")
    with pytest.raises(ZooError, match="train-0-of-1 is not a TFRecord file, or damaged in its first bytes"):
        load(records(tmp_path), seed=0)
    (tmp_path / "train-0-of-1").write_bytes(b"\x1f\x8b\x08" + bytes(20))
    with pytest.raises(ZooError, match=r"train-0-of-1 is gzip-compressed; expected uncompressed TFRecords.*gunzip"):
        load(records(tmp_path), seed=0)
    (tmp_path / "test-0-of-1").write_bytes(b"")
    (tmp_path / "train-0-of-1").unlink()
    with pytest.raises(ZooError, match="has no training part among its 1 files"):
        load(records(tmp_path), seed=0)
    (tmp_path / "train-0-of-99999999999999").write_bytes(b"")
    with pytest.raises(ZooError, match="lacks train-00000000000000-of-99999999999999"):
        load(records(tmp_path), seed=0)


def test_a_length_that_claims_too_much(tmp_path):
    from zoo.data.images.tfrecords import _masked_crc

    length = struct.pack("<Q", 2**62)
    write(tmp_path / "train", *[item(1), item(2)] * 4)
    with open(tmp_path / "train", "ab") as file:
        file.write(length + struct.pack("<I", _masked_crc(length)) + bytes(64))
    with pytest.raises(ZooError, match=r"train, record 9 \(cut short\)"):
        load(records(tmp_path / "train"), seed=0)


def test_images_of_several_sizes_and_greys(tmp_path):
    for i in range(6):
        save(tmp_path / "in" / "ab"[i % 2] / f"{i}.png", Image.new("L", (5 + i, 9), 40 * i))
    make_tfrecord.write(tmp_path / "in", tmp_path / "out", 1)
    assert load(records(tmp_path / "out", validation=0.0, test=0.4), seed=0).info.input_shape == (8, 8, 1)
