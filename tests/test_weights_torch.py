"""torchvision's state dicts, in and out: parity with torch by logits it wrote, exact round trips, refusals."""

import json
import sys
from functools import lru_cache

import keras
import numpy as np
import pytest
import torch_nets
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from zoo.build import create
from zoo.errors import ZooError
from zoo.io.installation import install
from zoo.weights import torch as torch_files

NETS = sorted(path.stem for path in torch_nets.FOLDER.glob("*.json"))
MORE = (pytest.mark.slow, pytest.mark.ci)
LARGE = ("alexnet_owt", "vgg11_bn", "vgg16", "inception_v3_tv")  # VGG-16's logits are tested as timm writes it
AUX = ("googlenet_bn", "inception_v3_tv")


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)
    yield
    keras.backend.clear_session()


def golden(name):
    return json.loads((torch_nets.FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)  # most tests ask for ResNet-18, and drawing its 11 million numbers would be half of each
def state_of(name):
    return {key: torch_nets.draw(key, shape) for key, shape in golden(name)["shapes"].items()}


def model_of(name, file=None, **words):
    facts = golden(file or name)
    words = {"input_shape": tuple(facts["input"]), "classes": facts["classes"]} | words
    return create.create_model(name, **words)


@pytest.fixture(scope="module")
def resnet18():
    """One model for all refusals, since each of them leaves it as it was."""
    return model_of("resnet18")


def refusal(model, path, name, **words) -> str:
    """The sentence; the model must be as it was."""
    before = [np.array(v) for v in model.weights]
    with pytest.raises(ZooError) as caught:
        torch_files.load(model, path, name=name, **words)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", [pytest.param(n, marks=MORE) if n in LARGE else n for n in NETS])
def test_logits_agree_with_torch_and_the_round_trip_is_exact(name, tmp_path):
    facts, state = golden(name), state_of(name)
    save_file(state, tmp_path / "in.safetensors")
    model = model_of(name, **({"aux": True} if name in AUX else {}))
    torch_files.load(model, tmp_path / "in.safetensors", name=name)
    out = model(torch_nets.images(*facts["input"][:2]))
    for ours, theirs in zip(out if isinstance(out, list) else [out], facts["logits"], strict=True):
        theirs = np.array(theirs)
        assert np.abs(np.asarray(ours) - theirs).max() / theirs.std() < 1e-3

    torch_files.save_torch(model, tmp_path / "out.safetensors")
    again = load_file(tmp_path / "out.safetensors")
    assert set(again) == {key for key in state if not key.endswith("num_batches_tracked")}
    for key, value in again.items():
        np.testing.assert_array_equal(value, state[key], err_msg=key)
    with safe_open(tmp_path / "out.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}  # as torch writes it; loaders look for it


@pytest.mark.parametrize("name", ["googlenet_bn", pytest.param("inception_v3_tv", marks=MORE)])
def test_heads_of_the_file_are_left_out_of_a_model_without(name, tmp_path):
    save_file(state_of(name), tmp_path / "in.safetensors")
    torch_files.load(model_of(name), tmp_path / "in.safetensors", name=name)


def test_heads_the_file_lacks_are_missed(tmp_path):
    state = {key: value for key, value in state_of("googlenet_bn").items() if not key.startswith("aux2.")}
    save_file(state, tmp_path / "in.safetensors")
    sentence = refusal(model_of("googlenet_bn", aux=True), tmp_path / "in.safetensors", "googlenet_bn")
    assert "it lacks aux2.conv.conv.weight" in sentence


def test_vgg_as_timm_writes_it(tmp_path):
    state = state_of("vgg16")
    renamed = {}
    for key, value in state.items():
        for old, new in (("classifier.0", "pre_logits.fc1"), ("classifier.3", "pre_logits.fc2")):
            if key == f"{old}.weight":
                value = value.reshape(4096, *((512, 1, 2) if old == "classifier.0" else (4096, 1, 1)))
            key = key.replace(old, new)
        renamed[key.replace("classifier.6", "head.fc")] = value
    save_file(renamed, tmp_path / "in.safetensors")
    model = model_of("vgg16")
    torch_files.load(model, tmp_path / "in.safetensors", name="vgg16")
    theirs = np.array(golden("vgg16")["logits"][0])
    assert np.abs(np.asarray(model(torch_nets.images(32, 64))) - theirs).max() / theirs.std() < 1e-3


def test_a_head_can_be_left_fresh(tmp_path):
    save_file(state_of("resnet18"), tmp_path / "in.safetensors")
    model = model_of("resnet18", classes=3)
    assert "fc.weight has shape (7, 512); expected (3, 512)" in refusal(model, tmp_path / "in.safetensors", "resnet18")
    torch_files.load(model, tmp_path / "in.safetensors", name="resnet18", without=frozenset({"predictions"}))
    np.testing.assert_array_equal(model.get_layer("conv1_bn").gamma, state_of("resnet18")["bn1.weight"])


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("resnet50_v1_5", "resnet50"),
        ("resnet18", "resnet34"),
        ("alexnet_owt", "alexnet"),
        *(
            pytest.param(*pair, marks=MORE)
            for pair in [
                ("vgg11_bn", "vgg11"),
                ("googlenet_bn", "googlenet"),
                ("resnet50_v1_5", "resnet18"),
                ("inception_v3_tv", "inception_v3"),
                ("vgg11_bn", "resnet18"),
            ]
        ),
    ],
)
def test_the_model_a_file_is_for_is_named(file, name, tmp_path):
    save_file(
        {key: np.zeros(shape, "float16") for key, shape in golden(file)["shapes"].items()}, tmp_path / "in.safetensors"
    )
    side = {"alexnet": 67, "inception_v3": 75}.get(name, 32)
    sentence = refusal(model_of(name, file, input_shape=(side, side, 3)), tmp_path / "in.safetensors", name)
    assert f"holds weights of {file}, not of {name}" in sentence
    assert ("equal shapes" in sentence) == ((file, name) == ("resnet50_v1_5", "resnet50"))


def changed(tmp_path, **changes):
    state = state_of("resnet18")
    for key, value in changes.items():
        key = key.replace("__", ".")
        state = {k: v for k, v in state.items() if k != key} if value is None else state | {key: value}
    save_file(state, tmp_path / "in.safetensors")
    return tmp_path / "in.safetensors"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"layer2__0__bn1__bias": None}, "it lacks layer2.0.bn1.bias; expected a tensor of shape (128,)"),
        ({"layer5__weight": np.zeros(3, "float32")}, "it holds layer5.weight, which the model has no place for"),
        (
            {"layer2__0__conv2__weight": np.zeros((128, 64, 3, 3), "float32")},
            "layer2.0.conv2.weight has shape (128, 64, 3, 3); expected (128, 128, 3, 3)",
        ),
        ({"bn1__weight": np.full(64, np.nan, "float32")}, "bn1.weight holds numbers that are not finite"),
        ({"bn1__weight": np.zeros(64, "int32")}, "bn1.weight holds I32; expected floating-point numbers"),
    ],
)
def test_what_does_not_fit_is_named(changes, sentence, resnet18, tmp_path):
    assert sentence in refusal(resnet18, changed(tmp_path, **changes), "resnet18")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file(share, resnet18, tmp_path):
    content = changed(tmp_path).read_bytes()
    (tmp_path / "in.safetensors").write_bytes(content[: int(len(content) * share)])
    assert "in.safetensors cannot be read" in refusal(resnet18, tmp_path / "in.safetensors", "resnet18")


def test_a_header_that_claims_more_than_there_is(resnet18, tmp_path):
    header = json.dumps({"conv1.weight": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}})
    (tmp_path / "in.safetensors").write_bytes(len(header).to_bytes(8, "little") + header.encode())
    assert "cannot be read" in refusal(resnet18, tmp_path / "in.safetensors", "resnet18")


def test_half_precision_is_read(tmp_path):
    state = {key: value.astype("float16") for key, value in state_of("resnet18").items()}
    save_file(state, tmp_path / "in.safetensors")
    model = model_of("resnet18")
    torch_files.load(model, tmp_path / "in.safetensors", name="resnet18")
    np.testing.assert_array_equal(model.get_layer("conv1_bn").gamma, state["bn1.weight"].astype("float32"))


@pytest.mark.parametrize(
    "name", ["mobilenet_025_128", *(pytest.param(n, marks=MORE) for n in ("resnet50", "inception_v3"))]
)
def test_a_net_that_torchvision_does_not_have_is_not_written(name, tmp_path):
    model = create.create_model(name, input_shape=(75, 75, 3), classes=3)
    with pytest.raises(ZooError, match=f"{name} has no state dict in torchvision"):
        torch_files.save_torch(model, tmp_path / "out.safetensors")
    assert not list(tmp_path.iterdir())


def test_pth_without_torch_says_what_to_install(resnet18, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "in.pth").write_bytes(b"PK")
    sentence = refusal(resnet18, tmp_path / "in.pth", "resnet18")
    assert "needs torch to be read, which is not installed" in sentence
    assert sentence.endswith(f"; `{install('torch')}`")


def test_no_file(resnet18, tmp_path):
    assert "there is no weights file" in refusal(resnet18, tmp_path / "absent.pth", "resnet18")


# -- with torch installed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_pth(wrapped, zipped, tmp_path):
    torch = pytest.importorskip("torch")
    state = {key: torch.from_numpy(np.array(value)) for key, value in state_of("resnet18").items()}
    content = {"state_dict": state} if wrapped else state
    torch.save(content, tmp_path / "in.pth", _use_new_zipfile_serialization=zipped)
    model = model_of("resnet18")
    torch_files.load(model, tmp_path / "in.pth", name="resnet18")
    theirs = np.array(golden("resnet18")["logits"][0])
    assert np.abs(np.asarray(model(torch_nets.images(64, 96))) - theirs).max() / theirs.std() < 1e-3


def test_a_pickle_that_would_run_code_is_refused(resnet18, tmp_path):
    torch = pytest.importorskip("torch")

    class Hostile:
        def __reduce__(self):
            return open, (str(tmp_path / "opened"), "w")

    torch.save({"conv1.weight": Hostile()}, tmp_path / "in.pth")
    assert "in.pth cannot be read" in refusal(resnet18, tmp_path / "in.pth", "resnet18")
    assert not (tmp_path / "opened").exists()


def test_a_pth_of_something_else(resnet18, tmp_path):
    torch = pytest.importorskip("torch")
    torch.save([1, 2], tmp_path / "in.pth")
    assert "is not a state dict" in refusal(resnet18, tmp_path / "in.pth", "resnet18")


def test_torch_loads_what_we_write(tmp_path):
    torch = pytest.importorskip("torch")
    module, height, width = torch_nets.nets()["resnet18"]
    model = model_of("resnet18")
    torch_files.save_torch(model, tmp_path / "out.safetensors")
    state = {key: torch.from_numpy(value) for key, value in load_file(tmp_path / "out.safetensors").items()}
    module.load_state_dict(state, strict=True)
    x = torch_nets.images(height, width)
    with torch.no_grad():
        theirs = module.eval()(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()))[0].numpy()
    assert np.abs(np.asarray(model(x)) - theirs).max() / theirs.std() < 1e-3
