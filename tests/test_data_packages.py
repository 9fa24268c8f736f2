"""Data sets of tensorflow-datasets and of Hugging Face's datasets, built here: no network is needed."""

import importlib.util
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from test_data import same, settings, take

from zoo.data import load
from zoo.errors import ZooError
from zoo.io.installation import install

TEXTS = ["a good film", "a bad film", "good, good!", "bad as can be"] * 6
SHAPES = dict(image_size=6, fit="resize", validation=0.25, batch_size=4)
WORDS = dict(kind="tokens", validation=0.25, batch_size=4)


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (6 + seed % 3, 7, 3), np.uint8)
    return tf.io.encode_png(pixels).numpy()


# -- Hugging Face ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hf(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    return pytest.importorskip("datasets", reason=f"needs `{install('hf')}`")


def hf_images(hf, path, *, labels=None, **columns):
    """24 images in `train`, 6 in `test`, saved; the label is a ClassLabel unless `labels` are given."""
    parts = {}
    for part, count in (("train", 24), ("test", 6)):
        given = {
            "image": [{"bytes": png(i), "path": None} for i in range(count)],
            "label": labels or [i % 2 for i in range(count)],
        } | columns
        kinds = {"image": hf.Image(), "label": hf.Value("int64") if labels else hf.ClassLabel(names=["cat", "dog"])}
        parts[part] = hf.Dataset.from_dict({k: v[:count] for k, v in given.items()}, features=hf.Features(kinds))
    hf.DatasetDict(parts).save_to_disk(str(path))
    return parts


@pytest.mark.parametrize("in_memory", [2**30, 0])
def test_images_saved_by_the_package(hf, tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", in_memory)
    parts = hf_images(hf, tmp_path / "saved")
    data = load(settings("hf", path=str(tmp_path / "saved"), **SHAPES), seed=1)
    assert data.info.class_names == ("cat", "dog")
    assert data.info.sizes == {"train": 18, "validation": 6, "test": 6}
    steps = data.train.steps_per_epoch
    epochs = take(data.train.stream(), 2 * steps)
    assert same(take(data.train.stream(1, 2), steps - 2), epochs[steps + 2 :])
    shown = np.concatenate([x for x, _ in data.test])
    want = np.asarray(parts["test"][0]["image"])
    assert want.shape == (6, 7, 3)
    resized = tf.round(tf.image.resize(want.astype(np.float32), (6, 6), antialias=True)) / 255
    assert np.allclose(shown[0], resized)
    parts["train"].to_parquet(str(tmp_path / "files" / "train-00000.parquet"))
    parts["test"].to_parquet(str(tmp_path / "files" / "test-00000.parquet"))
    again = load(settings("hf", path=str(tmp_path / "files"), **SHAPES), seed=1)
    assert again.info.hash == data.info.hash


def test_texts_saved_by_the_package(hf, tmp_path):
    words = {"text": TEXTS, "label": ["pos", "neg"] * 12}
    hf.Dataset.from_dict(words).save_to_disk(str(tmp_path / "saved"))
    data = load(settings("hf", path=str(tmp_path / "saved"), **WORDS), seed=1)
    assert data.info.class_names == ("neg", "pos")
    assert {"good", "film"} <= set(data.info.vocabulary)


def test_what_hf_cannot_read(hf, tmp_path):
    hf_images(hf, tmp_path / "bad", labels=[0, -1, 2] * 8)
    with pytest.raises(ZooError, match=r"train part has no column 'kind' .*; set data.label"):
        load(settings("hf", path=str(tmp_path / "bad"), label="kind", **SHAPES), seed=0)
    with pytest.raises(ZooError, match=r"the train part has no column 'picture' \(it has image, label\); .*set"):
        load(settings("hf", path=str(tmp_path / "bad"), image="picture", **SHAPES), seed=0)
    with pytest.raises(ZooError, match=r"the column 'label' holds Value; expected images"):
        load(settings("hf", path=str(tmp_path / "bad"), image="label", **SHAPES), seed=0)
    spoilt = [{"bytes": b, "path": None} for b in (b"text", png(1), png(2), png(3))] * 6
    columns = {"image": spoilt, "label": [0, 1, 0, 1] * 6}
    kinds = hf.Features({"image": hf.Image(), "label": hf.Value("int64")})
    hf.Dataset.from_dict(columns, features=kinds).save_to_disk(str(tmp_path / "spoilt"))
    with pytest.raises(ZooError, match=r"6 of 24 images .*: train, row 0 \(not a JPEG, PNG, BMP or GIF file\)"):
        load(settings("hf", path=str(tmp_path / "spoilt"), **SHAPES), seed=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZooError, match=r"empty cannot be loaded by the package datasets \(FileNotFoundError"):
        load(settings("hf", path=str(tmp_path / "empty"), **SHAPES), seed=0)


# -- TensorFlow Datasets ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tfds_folder(tmp_path_factory):
    """Two data sets, `made_images` and `made_texts`, prepared in one data_dir."""
    tfds = pytest.importorskip("tensorflow_datasets", reason=f"needs `{install('tfds')}`")

    class Made(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")
        pkg_dir_path = None

        def _split_generators(self, dl_manager):
            return {part: iter(enumerate(examples)) for part, examples in self.PARTS.items()}

        def _generate_examples(self):
            raise NotImplementedError

        def _info(self):
            features = tfds.features.FeaturesDict(self.FEATURES)
            return tfds.core.DatasetInfo(builder=self, features=features, disable_shuffling=True)

    class MadeImages(Made, skip_registration=True):
        FEATURES: ClassVar = {
            "image": tfds.features.Image(encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["b", "a"]),
        }
        PARTS: ClassVar = {
            part: [{"image": tf.io.decode_png(png(i)).numpy(), "label": i % 2} for i in range(count)]
            for part, count in (("train", 24), ("test", 6))
        }

    class MadeTexts(Made, skip_registration=True):
        FEATURES: ClassVar = {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(num_classes=2)}
        PARTS: ClassVar = {"train": [{"text": text, "label": i % 2} for i, text in enumerate(TEXTS)]}

    root = tmp_path_factory.mktemp("tfds")
    for builder in (MadeImages, MadeTexts):
        builder(data_dir=str(root)).download_and_prepare()
    return root


def test_a_prepared_data_set_by_name_and_by_folder(tfds_folder, monkeypatch):
    import tensorflow_datasets as tfds

    data = load(settings("tfds", dataset="made_images", path=str(tfds_folder), **SHAPES), seed=0)
    assert data.info.class_names == ("b", "a")
    assert data.info.sizes == {"train": 18, "validation": 6, "test": 6}
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", 0)
    again = load(settings("tfds", path=str(tfds_folder / "made_images" / "1.0.0"), **SHAPES), seed=0)
    assert again.train._x.dtype == tf.int64  # where the images stand
    assert same(take(again.train.stream(), 6), take(data.train.stream(), 6))
    test = tfds.load("made_images", split="test", data_dir=str(tfds_folder))
    want = [item["label"] for item in test.as_numpy_iterator()]
    assert np.concatenate([y for _, y in take(data.test, -1)]).tolist() == want


def test_prepared_texts(tfds_folder):
    data = load(settings("tfds", dataset="made_texts", path=str(tfds_folder), **WORDS), seed=0)
    assert sum(data.info.sizes.values()) == 24
    assert {"good", "film"} <= set(data.info.vocabulary)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "made_imges"}, r"made_imges cannot be loaded by TensorFlow Datasets \(DatasetNotFoundError"),
        ({"dataset": "huggingface:mnist"}, "data.dataset=huggingface:mnist is no name of a data set"),
        ({"dataset": "made_images", "image": "picture"}, r"has no 'picture' \(it has image, label\); .*; set"),
        ({}, "is not the folder of one version; .*set data.dataset"),
    ],
)
def test_what_tfds_cannot_read(tfds_folder, changes, message):
    with pytest.raises(ZooError, match=message):
        load(settings("tfds", path=str(tfds_folder), **SHAPES | changes), seed=0)


# -- without them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "package"), [("hf", "datasets"), ("tfds", "tensorflow-datasets")])
def test_a_missing_extra_is_one_sentence(monkeypatch, name, package):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ZooError, match=rf"data.name={name} needs the package {package}; `pip install '.*\[{name}\]'`"):
        load(settings(name, dataset="x"), seed=0)
