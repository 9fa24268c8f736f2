"""Preprocessing comes with the weights: into a config, into training, into prediction, the same tensor each time."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from typer.testing import CliRunner

import zoo
from zoo.catalog import sources
from zoo.catalog.rows import CATALOG
from zoo.catalog.spec import WeightSource
from zoo.cli import app
from zoo.config import Config
from zoo.data import load
from zoo.data.preprocess import Preprocessor
from zoo.errors import ZooError
from zoo.runs.catalogue_nets import imported, settings_of
from zoo.runs.job import prepare, resolve, wanted_by_weights

TINY = "mobilenet_025_128"
PUBLISHED = [
    ("resnet50", "keras"),
    ("mobilenet", "keras"),
    ("inception_v3", "keras"),
    ("resnet50_v1_5", "torchvision"),
    ("resnet50_v1_5", "torchvision_v2"),
    ("googlenet_bn", "torchvision"),
    ("inception_v3_tv", "torchvision"),
]
SIDE = {"torchvision_v2": 232}  # to which a source brings the shorter side; 256 for 224 and 342 for 299 otherwise


def photos(folder, size=(256, 320)):
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for i in range(10):
            coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), "uint8"))
            coarse.resize(size[::-1], Image.BICUBIC).save(folder / name / f"{i}.png")
    return folder


def published_recipe(pixels, name, source, side):
    """The source's own evaluation in NumPy: a square from the middle, and what its training did to pixels."""
    height, width = pixels.shape[:2]
    top, left = (height - side) // 2, (width - side) // 2
    x = pixels[top : top + side, left : left + side].astype("float64")
    if source == "keras" and name == "resnet50":
        return x[..., ::-1] - [103.939, 116.779, 123.68]
    if source == "keras" or name in ("googlenet_bn", "inception_v3_tv"):
        return x / 127.5 - 1
    return (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]


def folder_config(name, weights, path, **data):
    return Config.from_dict(
        {
            "name": "tuned",
            "model": {"name": name, "weights": weights},
            "data": {"name": "image_folder", "path": str(path), "batch_size": 4, **data},
        }
    )


@pytest.mark.parametrize(("name", "source"), PUBLISHED)
def test_prediction_and_training_and_the_sources_recipe_give_one_tensor(tmp_path, name, source):
    side = CATALOG[name].input_shape[0]
    shorter = SIDE.get(source, 342 if side == 299 else 256)
    photos(tmp_path, (shorter, shorter + 64))
    predicted = Preprocessor(settings_of(name, source)).images([tmp_path / "cat" / "0.png"])[0]
    config = resolve(folder_config(name, source, tmp_path))
    dataset = load(config.data, seed=0, input_shape=(side, side, None))
    place = dataset.names.index("cat/0.png")
    part = next(part for part, rows in dataset.splits.items() if place in rows)
    batches = dataset.train.in_order() if part == "train" else getattr(dataset, part)
    rows = np.concatenate([np.asarray(x) for x, _ in batches])
    trained = rows[list(dataset.splits[part]).index(place)]
    np.testing.assert_array_equal(trained, predicted)
    pixels = np.asarray(Image.open(tmp_path / "cat" / "0.png"))
    np.testing.assert_allclose(predicted, published_recipe(pixels, name, source, side), atol=2e-4)


def test_a_photo_of_another_size_differs_by_the_resampler_alone(tmp_path):
    """Against PIL: the shorter side to 256, 224 from the middle."""
    photos(tmp_path, (375, 500))
    path = tmp_path / "cat" / "0.png"
    settings = settings_of("mobilenet", "keras")
    ours = Preprocessor(settings).pixels(Preprocessor(settings).images([path]))[0].astype(float)
    image = Image.open(path).resize((round(500 * 256 / 375), 256), Image.BILINEAR)
    left = (image.width - 224) // 2
    theirs = np.asarray(image.crop((left, 16, left + 224, 240)), float)
    assert np.abs(ours - theirs).mean() < 2
    whole = Preprocessor(settings_of("mobilenet", "keras", whole=True)).images([path])
    assert np.abs(whole - Preprocessor(settings).images([path])).mean() > 0.1


def test_the_config_says_what_the_weights_brought(tmp_path):
    photos(tmp_path / "p")
    config = resolve(folder_config("resnet50", "keras", tmp_path / "p"))
    assert config.data.channel_order == "bgr"
    assert config.data.mean == (103.939, 116.779, 123.68)
    assert (config.data.pixel_range, config.data.fit, config.data.color) == ((0.0, 255.0), "crop", "rgb")
    assert config.origins["data.mean"] == "weights"
    assert resolve(config) == config
    (tmp_path / "c.yaml").write_text(config.override("data.mean=null").to_yaml())
    text = CliRunner().invoke(app, ["config", str(tmp_path / "c.yaml")]).stdout
    assert "bgr" in text
    plain = f"model: {{name: resnet50, weights: keras}}\ndata: {{name: image_folder, path: {tmp_path}/p}}\n"
    (tmp_path / "d.yaml").write_text(plain)
    text = CliRunner().invoke(app, ["config", str(tmp_path / "d.yaml")]).stdout
    assert any("103.939" in line and line.endswith("weights") for line in text.splitlines())


def test_a_config_that_says_otherwise_is_told_and_stands(tmp_path):
    photos(tmp_path)
    notes = prepare(folder_config(TINY, _saved(tmp_path), tmp_path, pixel_range=[0.0, 1.0])).notes
    brought, other = (line for line in notes if "the weights" in line)
    assert "bring their preprocessing: " in brought
    assert "data.crop=0.875" in brought
    assert "want data.pixel_range=[-1.0, 1.0], but the config says data.pixel_range=[0.0, 1.0]" in other


def _saved(folder):
    """A file of fresh weights as `zoo import-weights` writes one of Keras's."""
    from zoo.weights import manifest

    path = folder.parent / "fresh.weights.h5"
    manifest.save(zoo.create_model(TINY, classes=2), path, {"source": "keras", "wanted": sources.wanted("tf")})
    return str(path)


def test_an_imported_file_keeps_its_source(tmp_path):
    photos(tmp_path / "p")
    path = _saved(tmp_path / "p")
    assert imported(path)["pixel_range"] == [-1.0, 1.0]
    assert settings_of(TINY, path)["pixel_range"] == [-1.0, 1.0]
    config = resolve(folder_config(TINY, path, tmp_path / "p"))
    assert config.data.pixel_range == (-1.0, 1.0)
    assert prepare(config).data.info.preprocessing_origin == "weights"


def test_a_run_brings_its_own(tmp_path):
    (tmp_path / "config.yaml").write_text("")
    settings = {"kind": "image", "shape": [8, 8, 3], "fit": "resize", "pixel_range": [-1.0, 1.0], "mean": None}
    settings["std"] = [2.0]
    (tmp_path / "data.json").write_text(json.dumps({"preprocessing": settings}))
    photos(tmp_path / "p")
    whose, wanted = wanted_by_weights(folder_config(TINY, str(tmp_path), tmp_path / "p"))
    assert whose == f"the run {tmp_path}"
    assert wanted["data.pixel_range"] == [-1.0, 1.0]
    assert (wanted["data.std"], wanted["data.color"], wanted["data.fit"]) == ([2.0], "rgb", "resize")
    arrays = folder_config(TINY, str(tmp_path), tmp_path / "p").override("data={name: cifar10}")
    assert not {"data.fit", "data.crop", "data.color"} & set(wanted_by_weights(arrays)[1])


def test_a_file_of_an_uncertain_source_is_known_by_its_hash_or_refused(tmp_path, monkeypatch):
    """torchvision's first and second recipes and timm's file share a layout, and want other crops."""
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights of somebody")
    with pytest.raises(ZooError) as caught:
        sources.source_of("resnet50_v1_5", path)
    assert "may be of torchvision or torchvision_v2 or timm" in str(caught.value)
    assert "model.weights_source: torchvision in a config" in str(caught.value)
    assert sources.source_of("resnet50_v1_5", path, "torchvision_v2").preprocessing == "torch_v2"
    rows = tuple(
        WeightSource("second", "", f"sha256:{sources.digest(path, 'sha256')[:8]}", "torch", "torch_v2", "")
        if row.name == "torchvision_v2"
        else row
        for row in CATALOG["resnet50_v1_5"].weights
    )
    monkeypatch.setitem(CATALOG, "resnet50_v1_5", _with(CATALOG["resnet50_v1_5"], rows))
    assert sources.source_of("resnet50_v1_5", path).name == "second"


def _with(spec, weights):
    from dataclasses import replace

    return replace(spec, weights=weights)


def test_colours_change_alike_in_either_order():
    """Augmentation of a blue-green-red input is that of its red-green-blue twin, turned round."""
    from zoo.data.images.augment import augmentation

    pixels = np.random.default_rng(1).integers(0, 256, (6, 8, 8, 3)).astype("float32")
    made = {}
    for order in ("rgb", "bgr"):
        settings = {"kind": "image", "shape": [8, 8, 3], "fit": "resize", "pixel_range": [0, 255], "mean": [1, 2, 3]}
        settings |= {"std": None, "channel_order": order}
        settings["mean"] = settings["mean"][:: 1 if order == "rgb" else -1]
        preprocessor = Preprocessor(settings)
        x = preprocessor.array(pixels)
        augment = augmentation(preprocessor, x, saturation=0.5, pca=0.1, brightness=0.2)
        made[order] = augment.apply(tf.constant(x), augment.draw(6, 0, tf.constant(0))).numpy()
        np.testing.assert_allclose(preprocessor.pixels(x), pixels)
    np.testing.assert_allclose(made["bgr"][..., ::-1], made["rgb"], rtol=1e-4, atol=1e-3)
    assert np.abs(made["rgb"] - x).max() > 1


def test_grey_photos_become_what_colour_weights_want(tmp_path):
    photos(tmp_path / "p", (128, 128))
    for path in (tmp_path / "p").rglob("*.png"):
        Image.open(path).convert("L").save(path)
    job = prepare(folder_config(TINY, _saved(tmp_path / "p"), tmp_path / "p"))
    assert job.data.info.input_shape == (128, 128, 3)
    assert any("data.color" in line for line in job.notes)


def test_bgr_needs_colours():
    settings = {"kind": "image", "shape": [8, 8, 1], "fit": "resize", "pixel_range": [0, 1], "mean": None, "std": None}
    with pytest.raises(ZooError, match="channel_order is bgr, but the images are grey"):
        Preprocessor({**settings, "channel_order": "bgr"})
