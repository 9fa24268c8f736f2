"""`weights=` end to end: sources of the catalogue, a server on the loopback, hashes, tops, heads, kinds of files."""

import dataclasses
import hashlib
import http.server
import json
import re
import shutil
import threading
from pathlib import Path

import keras
import keras_files
import numpy as np
import pytest
import torch_nets
from keras.src.applications import inception_v3, resnet, vgg16, vgg19, xception
from safetensors.numpy import save_file

from zoo.build import create as build
from zoo.catalog.rows import CATALOG
from zoo.catalog.sources import WANTED, source_of
from zoo.catalog.spec import WeightSource
from zoo.errors import ZooError
from zoo.weights import load, manifest, sources

NAME, SIDE = "mobilenet_025_128", 32


@pytest.fixture(scope="module")
def nets():
    return {}


@pytest.fixture(autouse=True)
def built_once(nets, monkeypatch):
    """The small net is built once for all; whoever asks for it again gets it with the weights it was born with."""
    original = build._build

    def again(name, *words):
        if name != NAME:
            return original(name, *words)
        if repr(words) not in nets:
            model = original(name, *words)
            nets[repr(words)] = model, model.get_weights()
        model, born = nets[repr(words)]
        model.set_weights(born)
        return model

    monkeypatch.setattr(build, "_build", again)


@pytest.fixture(scope="module")
def theirs():
    model = keras.applications.MobileNet(
        weights=None, alpha=0.25, input_shape=(SIDE, SIDE, 3), classes=1000, classifier_activation=None
    )
    keras_files.randomize(model)
    return model


@pytest.fixture(scope="module")
def published_once(theirs, tmp_path_factory):
    """A folder of files as Keras publishes them: with top and without."""
    folder = tmp_path_factory.mktemp("published")
    keras_files.save(theirs, folder / "mobilenet_2_5_128_tf.h5", age=2, chunk=20)
    trunk = keras.Model(theirs.input, theirs.get_layer("conv_pw_13_relu").output)
    keras_files.save(trunk, folder / "mobilenet_2_5_128_tf_no_top.h5", age=2)
    return folder


@pytest.fixture
def published(published_once, tmp_path):
    """A copy of it, to be spoilt."""
    return shutil.copytree(published_once, tmp_path / "published")


@pytest.fixture
def server(published):
    """The folder on the loopback; `.requests` lists what was asked for, `.cut` breaks off after so many bytes."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(published))

        def do_GET(self):
            self.server.requests.append(self.path)
            path = published / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: self.server.cut])

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        http_server.requests, http_server.cut = [], None
        thread = threading.Thread(target=http_server.serve_forever)
        thread.start()
        yield http_server
        http_server.shutdown()
        thread.join()


@pytest.fixture
def row(server, published, tmp_path, monkeypatch):
    """The catalogue's row with its files on the loopback and their hashes; an empty cache."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    rows = tuple(
        dataclasses.replace(
            source,
            url=f"http://127.0.0.1:{server.server_port}/{Path(source.url).name}",
            hash="md5:" + hashlib.md5((published / Path(source.url).name).read_bytes()).hexdigest(),
        )
        for source in CATALOG[NAME].weights
    )
    monkeypatch.setitem(CATALOG, NAME, dataclasses.replace(CATALOG[NAME], weights=rows))
    return CATALOG[NAME]


def cached(tmp_path):
    return sorted(path.name for path in (tmp_path / "keras" / "models").iterdir())


def create(**words):
    keras.utils.set_random_seed(0)
    return build.create_model(NAME, input_shape=(SIDE, SIDE, 3), **words)


def images():
    return np.random.default_rng(3).normal(size=(2, SIDE, SIDE, 3)).astype("float32")


@pytest.mark.parametrize("weights", ["imagenet", "keras"])
def test_a_source_is_downloaded_once_and_gives_its_logits(row, server, theirs, tmp_path, weights):
    model = create(weights=weights)
    np.testing.assert_allclose(model(images()), theirs(images()), atol=1e-4)
    create(weights=weights)
    assert server.requests == ["/mobilenet_2_5_128_tf.h5"]
    assert cached(tmp_path) == ["mobilenet_2_5_128_tf.h5"]


def test_without_top_the_file_without_top_is_taken(row, server, theirs, tmp_path):
    model = create(weights="imagenet", include_top=False, pooling="avg")
    expected = keras.Model(theirs.input, theirs.get_layer("conv_pw_13_relu").output)(images())
    got = keras.Model(model.inputs[0], model.outputs[0])(images())
    np.testing.assert_allclose(got, np.mean(expected, (1, 2)), atol=1e-4)
    assert server.requests == ["/mobilenet_2_5_128_tf_no_top.h5"]


def test_files_with_and_without_top_fit_models_without(published):
    for name in ("mobilenet_2_5_128_tf.h5", "mobilenet_2_5_128_tf_no_top.h5"):
        create(weights=published / name, include_top=False, classes=3)


def test_a_file_without_top_does_not_fit_a_model_with_one(published):
    with pytest.raises(ZooError, match=r"it lacks predictions/kernel; expected .*; .* needs include_top=False"):
        create(weights=published / "mobilenet_2_5_128_tf_no_top.h5")


def test_the_download_prints_nothing_on_stdout(row, capsys):
    create(weights="imagenet")
    assert capsys.readouterr().out == ""


def test_a_damaged_file_in_the_cache_is_fetched_again(row, server, tmp_path):
    create(weights="imagenet")
    path = tmp_path / "keras" / "models" / "mobilenet_2_5_128_tf.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    create(weights="imagenet")
    assert len(server.requests) == 2


def test_an_interrupted_download_leaves_nothing(row, server, tmp_path):
    server.cut = 100_000
    with pytest.raises(ZooError, match="could not be downloaded from http://127"):
        create(weights="imagenet")
    assert cached(tmp_path) == []
    server.cut = None
    create(weights="imagenet")


def test_a_file_that_is_not_the_published_one_is_not_kept(row, published, tmp_path):
    path = published / "mobilenet_2_5_128_tf.h5"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ZooError, match=r"is not the published file: its md5 is [0-9a-f]{32}; expected [0-9a-f]{32}"):
        create(weights="imagenet")
    assert cached(tmp_path) == []


def test_without_a_network_the_sentence_names_url_file_and_place(row, server, tmp_path, monkeypatch):
    source = dataclasses.replace(row.weights[0], url="http://127.0.0.1:9/mobilenet_2_5_128_tf.h5")
    monkeypatch.setitem(CATALOG, NAME, dataclasses.replace(row, weights=(source,)))
    with pytest.raises(ZooError) as caught:
        create(weights="imagenet")
    place = tmp_path / "keras" / "models" / "mobilenet_2_5_128_tf.h5"
    for part in (source.url, str(place), "refused", "give its path as weights"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_the_servers_answer(row, published):
    (published / "mobilenet_2_5_128_tf.h5").unlink()
    with pytest.raises(ZooError, match="the server answers 404"):
        create(weights="imagenet")


def test_a_file_put_into_the_cache_by_hand_is_taken(row, server, published, tmp_path):
    (tmp_path / "keras" / "models").mkdir(parents=True)
    name = "mobilenet_2_5_128_tf.h5"
    (tmp_path / "keras" / "models" / name).write_bytes((published / name).read_bytes())
    create(weights="imagenet")
    assert server.requests == []


def test_a_local_file_of_a_published_name_must_be_that_file(row, published):
    path = published / "mobilenet_2_5_128_tf.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        ZooError, match=r"bears the name of the published keras weights of mobilenet_025_128 and differs"
    ):
        create(weights=path)
    path.rename(published / "my.h5")
    create(weights=published / "my.h5")


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (
            "imagent",
            "unknown weights 'imagent' for mobilenet_025_128; expected a file, a run folder or one of "
            "imagenet, keras; did you mean 'imagenet'?",
        ),
        ("absent.h5", "there is no weights file absent.h5"),
        ("some/folder/absent", "there is no weights file some/folder/absent"),
    ],
)
def test_what_weights_does_not_know(weights, sentence):
    with pytest.raises(ZooError, match=re.escape(sentence)):
        create(weights=weights)


@pytest.mark.parametrize("suffix", [".keras", ".pkl", ".npz"])
def test_files_of_other_kinds_are_refused(suffix, tmp_path):
    (tmp_path / f"model{suffix}").write_bytes(b"x")
    with pytest.raises(ZooError, match=f"model{suffix} is no weights file that can be read"):
        create(weights=tmp_path / f"model{suffix}")


def test_a_net_without_published_weights_says_so():
    with pytest.raises(ZooError, match="no weights of lenet5 are published"):
        build.create_model("lenet5", weights="imagenet")


def test_pth_sources_need_torch_before_anything_is_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ZooError, match=r"torch is not installed; .*`pip install '.*\[torch\]'`; or weights='timm'"):
        build.create_model("resnet18", weights="imagenet")
    assert not (tmp_path / "keras").exists()


# -- heads ---------------------------------------------------------------------------------------------------------


def test_another_number_of_classes_is_refused_unless_the_head_is_skipped(published, theirs):
    path = published / "mobilenet_2_5_128_tf.h5"
    with pytest.raises(ZooError, match=r"conv_preds/kernel has shape .*1000.*expected \(256, 3\)"):
        create(weights=path, classes=3)
    for skip_head in (True, "auto"):
        model = create(classes=3)
        load.load(model, NAME, path, skip_head=skip_head)
        np.testing.assert_array_equal(model.get_layer("conv1").kernel, theirs.get_layer("conv1").kernel)


def test_auto_keeps_a_head_of_the_same_classes(published, theirs):
    model = create()
    load.load(model, NAME, published / "mobilenet_2_5_128_tf.h5", skip_head="auto")
    np.testing.assert_allclose(model(images()), theirs(images()), atol=1e-4)


def test_skipping_the_head_of_a_vgg_needs_its_hidden_layers(tmp_path):
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), include_top=False)
    keras_files.save(theirs, tmp_path / "vgg.h5")
    model = build.create_model("vgg16", input_shape=(32, 32, 3), classes=3)
    with pytest.raises(ZooError, match="it lacks fc1/kernel"):
        load.load(model, "vgg16", tmp_path / "vgg.h5", skip_head=True)
    trunk = build.create_model("vgg16", input_shape=(64, 64, 3), weights=tmp_path / "vgg.h5", include_top=False)
    np.testing.assert_array_equal(trunk.get_layer("conv5_3").kernel, theirs.get_layer("block5_conv3").kernel)
    keras.backend.clear_session()


def test_torch_files_come_through_the_same_door(tmp_path):
    state = {k: torch_nets.draw(k, s) for k, s in resnet18_shapes().items()}
    save_file(state, tmp_path / "resnet18.safetensors")
    model = build.create_model(
        "resnet18", input_shape=(32, 32, 3), classes=7, weights=tmp_path / "resnet18.safetensors"
    )
    np.testing.assert_array_equal(model.get_layer("predictions").bias, state["fc.bias"])
    fine = build.create_model("resnet18", input_shape=(32, 32, 3), classes=3)
    load.load(fine, "resnet18", tmp_path / "resnet18.safetensors", skip_head="auto")
    np.testing.assert_array_equal(fine.get_layer("conv5_2_b").kernel, model.get_layer("conv5_2_b").kernel)
    trunk = build.create_model("resnet18", include_top=False, weights=tmp_path / "resnet18.safetensors")
    np.testing.assert_array_equal(trunk.get_layer("conv5_2_b").kernel, model.get_layer("conv5_2_b").kernel)
    keras.backend.clear_session()


def resnet18_shapes():
    return json.loads((torch_nets.FOLDER / "resnet18.json").read_text(encoding="utf-8"))["shapes"]


def test_a_file_of_the_zoos_own_is_read_by_its_manifest(tmp_path):
    model = create(classes=3)
    keras_files.randomize(model)
    manifest.save(model, tmp_path / "best.weights.h5")
    expected = model(images())
    assert np.abs(expected - create(classes=3)(images())).max() > 0.1
    np.testing.assert_array_equal(create(classes=3, weights=tmp_path / "best.weights.h5")(images()), expected)


def test_copy_from_a_run_of_other_classes():
    donor, model = create(classes=5), create(classes=3)
    with pytest.raises(ZooError, match="predictions differs"):
        load.copy(donor, model)
    donor.get_layer("conv1").kernel.assign(np.ones((3, 3, 3, 8), "float32"))
    load.copy(donor, model, skip_head="auto")
    assert np.all(model.get_layer("conv1").kernel == 1)


# -- the catalogue -------------------------------------------------------------------------------------------------


def test_hashes_and_urls_are_those_of_the_installed_keras():
    listed = {source.url: source.hash for row in CATALOG.values() for source in row.weights if source.name == "keras"}
    for depth in (50, 101, 152):
        for top, md5 in zip(("", "_notop"), resnet.WEIGHTS_HASHES[f"resnet{depth}"], strict=True):
            url = f"{resnet.BASE_WEIGHTS_PATH}resnet{depth}_weights_tf_dim_ordering_tf_kernels{top}.h5"
            assert listed[url] == f"md5:{md5}"
    for module in (vgg16, vgg19, inception_v3, xception):
        text = Path(module.__file__).read_text(encoding="utf-8")
        for url in (module.WEIGHTS_PATH, module.WEIGHTS_PATH_NO_TOP):
            published = listed[url].removeprefix("md5:")
            after = text[text.rindex(Path(url).name) :]  # the call of get_file
            assert published in after[:300]


def test_every_source_is_complete():
    for row in CATALOG.values():
        for source in row.weights:
            assert isinstance(source, WeightSource)
            assert source.url.startswith("https://")
            assert source.layout in ("keras_h5", "torch")
            assert source.preprocessing in WANTED
            assert source.licence
            assert re.fullmatch(r"|md5:[0-9a-f]{32}|sha256:[0-9a-f]{8,64}", source.hash)
            if source.url.endswith(".pth"):
                assert f"-{source.hash.removeprefix('sha256:')}.pth" in source.url


def test_cached_files_have_names_of_their_own():
    files = [(sources.file_name(s), s.url) for row in CATALOG.values() for s in row.weights]
    assert len({name for name, _ in files}) == len({url for _, url in files})
    source = next(s for s in CATALOG["resnet50_v1_5"].weights if s.name == "timm")
    assert sources.file_name(source) == "timm_resnet50.tv_in1k.safetensors"


def test_the_beginning_of_a_sha256_is_checked(tmp_path):
    (tmp_path / "file").write_bytes(b"zoo")
    digest = hashlib.sha256(b"zoo").hexdigest()
    assert sources.matches(tmp_path / "file", f"sha256:{digest[:8]}")
    assert not sources.matches(tmp_path / "file", "sha256:00000000")


def test_preprocessing_of_a_file_is_its_sources():
    assert source_of("resnet50", "imagenet").preprocessing == "caffe"
    assert source_of("resnet50", "folder/my.h5").preprocessing == "caffe"
    assert source_of("resnet50_v1_5", "resnet50-11ad3fa6.pth").preprocessing == "torch_v2"
    assert source_of("vgg16", "any.safetensors").preprocessing == "torch"
    assert source_of("googlenet_bn", "torchvision").preprocessing == "torch_googlenet"
    assert source_of("lenet5", "my.h5") is None
