"""Published weights at work, on files in the official layout that the test writes itself; and fine-tuning from them."""

import json
from dataclasses import replace

import keras
import keras_files
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

import zoo
from zoo.analysis.explain.asking import Question, answer
from zoo.analysis.explain.maps import grad_cam
from zoo.config import Config
from zoo.errors import ZooError
from zoo.runs import catalogue_nets, weight_files
from zoo.runs.job import prepare

pytestmark = pytest.mark.usefixtures("undrawn")

NET = "mobilenet_025_128"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file as Keras publishes it, the net it came from, and a class index."""
    folder = tmp_path_factory.mktemp("published")
    twin = keras.applications.MobileNet(
        input_shape=(128, 128, 3), alpha=0.25, weights=None, classifier_activation="softmax"
    )
    keras_files.randomize(twin)
    keras_files.save(twin, folder / "file.h5")
    index = {str(i): [f"n{i:08d}", f"class_{i}"] for i in range(1000)}
    (folder / "index.json").write_text(json.dumps(index))
    return folder, twin


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (146, 146, 3), dtype="uint8")  # 256 for 224, as 146 for 128
    (tmp_path / "photo.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return tmp_path / "photo.png", pixels


def test_a_photo_is_labelled_as_by_keras(published, photo):
    folder, twin = published
    path, pixels = photo
    expected = twin.predict(pixels[None, 9:137, 9:137] / 127.5 - 1.0, verbose=0)[0]
    (row,) = catalogue_nets.classify(NET, [str(path)], str(folder / "file.h5"), class_index=folder / "index.json")
    assert row["label"] == f"class_{expected.argmax()}"
    assert list(row["probabilities"].values()) == sorted(row["probabilities"].values(), reverse=True)
    for i in (0, 1, 999):
        assert row["probabilities"][f"class_{i}"] == pytest.approx(expected[i], rel=1e-3)


def test_what_is_no_photo_or_no_index_is_refused(published, photo, tmp_path, monkeypatch):
    folder, _ = published
    text, weights = tmp_path / "text.png", str(folder / "file.h5")
    text.write_text("no")
    with pytest.raises(ZooError, match=r"text.png is not an image"):
        catalogue_nets.classify(NET, [str(text)], weights, class_index=folder / "index.json")
    with pytest.raises(ZooError, match="is not the ImageNet class index"):
        catalogue_nets.class_names(folder / "file.h5")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue_nets, "CLASS_INDEX", "http://127.0.0.1:9/index.json")
    with pytest.raises(ZooError, match=r"could not be downloaded from .*imagenet_class_index.json.*--class-index"):
        catalogue_nets.class_names()
    with pytest.raises(ZooError, match="lenet5 has no published weights"):
        catalogue_nets.classify("lenet5", [str(photo[0])], str(folder / "file.h5"))


def test_a_photo_is_explained_by_published_weights(published, photo, tmp_path):
    """Grad-CAM of Keras's own net, which the file came from, in the picture's own folder."""
    folder, twin = published
    path, pixels = photo
    asked = Question(
        NET,
        (str(path),),
        weights=str(folder / "file.h5"),
        class_index=str(folder / "index.json"),
        output=tmp_path / "explained.png",
    ).checked()
    found = answer(asked, draw=True)
    (row,) = found.plain
    batch = pixels[None, 9:137, 9:137] / np.float32(127.5) - 1
    best = int(twin.predict(batch, verbose=0)[0].argmax())
    heat = grad_cam(twin, batch, best, layer="conv_pw_13_relu")[0]
    assert (row["label"], row["layer"], row["window"]) == (f"class_{best}", "conv_pw_13_relu", [9, 9, 128, 128])
    np.testing.assert_allclose(row["heat"], heat, rtol=1e-2, atol=1e-3 * heat.max())
    assert found.written == tmp_path / "explained.png"
    assert found.written.stat().st_size > 10_000
    with pytest.raises(ZooError, match=r"index.json is no published file of mobilenet_025_128; .* the ending tells"):
        answer(replace(asked, weights=str(folder / "index.json")), draw=False)


def test_an_imported_file_is_one_of_our_own(published, tmp_path):
    folder, twin = published
    made = weight_files.import_weights(NET, str(folder / "file.h5"), tmp_path / "m.weights.h5")
    x = np.random.default_rng(0).normal(size=(1, 128, 128, 3)).astype("float32")
    ours = zoo.create_model(NET, weights=made, classifier_activation="softmax")
    np.testing.assert_allclose(ours(x), twin(x), atol=1e-5)
    with pytest.raises(ZooError, match=r"ends in .weights.h5"):
        weight_files.import_weights(NET, str(folder / "file.h5"), tmp_path / "m.h5")
    with pytest.raises(ZooError):
        weight_files.import_weights("mobilenet_050_128", str(folder / "file.h5"), tmp_path / "n.weights.h5")
    assert not (tmp_path / "n.weights.h5").exists()


def tuned(published, output, *overrides):
    return Config.from_dict(
        {
            "name": "tuned",
            "model": {"name": NET, "weights": str(published[0] / "file.h5")},
            "data": {"name": "synthetic", "samples": 60, "classes": 3, "shape": [128, 128, 3], "batch_size": 16},
            "train": {"epochs": 1, "freeze": "backbone"},
            "runtime": {"output": str(output)},
        }
    ).override(*overrides)


def test_fine_tuning_moves_the_head_and_nothing_else(published, tmp_path):
    job = prepare(tuned(published, tmp_path))
    pretrained = zoo.create_model(NET, weights=published[0] / "file.h5")
    body = {v.path: np.asarray(v) for v in pretrained.weights if "predictions" not in v.path}
    assert job.model.output_shape == (None, 3)
    assert {v.path.split("/")[0] for v in job.model.trainable_variables} == {"predictions"}
    head = np.asarray(job.model.get_layer("predictions").kernel).copy()
    job.model.fit(job.data.train.stream(), steps_per_epoch=2, shuffle=False, verbose=0)
    for variable in job.model.weights:
        if variable.path in body:  # moving statistics too: a frozen BatchNorm is in inference mode
            np.testing.assert_array_equal(variable, body[variable.path], err_msg=variable.path)
    assert np.abs(head - job.model.get_layer("predictions").kernel).max() > 0


def test_the_second_phase_starts_from_the_run_of_the_first(resnet_run):
    second = prepare(resnet_run.config.override(f"model.weights={resnet_run.path}", "train.freeze=null"))
    trained = zoo.create_model("resnet18", classes=3, input_shape=(32, 32, 3), weights=resnet_run.path)
    for one, other in zip(second.model.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(second.model.trainable_variables) > 2


def test_a_freeze_that_fits_nothing_or_all_is_refused(published, tmp_path):
    with pytest.raises(ZooError, match=r"'conv_dw_\*x' fits no layer"):
        prepare(tuned(published, tmp_path, "train.freeze='conv_dw_*x'"))
    with pytest.raises(ZooError, match=r"'\*' leaves nothing"):
        prepare(tuned(published, tmp_path, "train.freeze='*'"))
    job = prepare(tuned(published, tmp_path, "train.freeze='conv1*'"))
    assert not job.model.get_layer("conv1").trainable
    assert job.model.get_layer("conv_pw_1").trainable


@pytest.mark.parametrize(
    "format", ["torchvision", pytest.param("safetensors", marks=(pytest.mark.slow, pytest.mark.ci))]
)
def test_an_export_round_trips(tmp_path, format, resnet_run):
    made = weight_files.export(resnet_run, format, tmp_path / "x.safetensors")
    words = {"classes": 3, "input_shape": (32, 32, 3)}
    ours, back = (zoo.create_model("resnet18", weights=w, **words) for w in (resnet_run.path, made))
    for one, other in zip(ours.weights, back.weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    with pytest.raises(ZooError, match=r"x\.safetensors"):
        zoo.create_model("resnet34", weights=made, **words)


@pytest.fixture(scope="module")
def resnet_run(tmp_path_factory):
    """The first phase of a fine-tuning: the head alone is trained."""
    import io

    config = Config.from_dict(
        {
            "name": "res",
            "model": {"name": "resnet18"},
            "train": {"epochs": 1, "freeze": "backbone"},
            "runtime": {"output": str(tmp_path_factory.mktemp("res"))},
            "data": {"name": "synthetic", "samples": 40, "classes": 3, "shape": [32, 32, 3], "image_size": 32},
        }
    )
    return zoo.train(config, console=Console(file=io.StringIO()))


def test_any_net_goes_into_safetensors_and_back(tmp_path):
    from zoo.weights import safetensors

    model = zoo.create_model("lenet5")
    safetensors.save(model, tmp_path / "lenet5.safetensors")
    back = zoo.create_model("lenet5", weights=tmp_path / "lenet5.safetensors")
    for one, other in zip(model.weights, back.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    model.get_layer("c1").bias.assign(np.full(6, np.inf))
    safetensors.save(model, tmp_path / "inf.safetensors")
    with pytest.raises(ZooError, match="not finite in c1/bias"):
        zoo.create_model("lenet5", weights=tmp_path / "inf.safetensors")
    with pytest.raises(ZooError, match=r"predictions/bias has shape \(10,\); expected \(4,\)"):
        zoo.create_model("lenet5", classes=4, weights=tmp_path / "lenet5.safetensors")
