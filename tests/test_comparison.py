"""Models side by side: what is counted, whose accuracy it is, and that the picture can be read."""

import json
import xml.etree.ElementTree as ET

import keras
import pytest
from typer.testing import CliRunner

import zoo
from zoo.analysis.compare_models import compare_models, reported_accuracy
from zoo.cli import app
from zoo.draw.bubbles import Bubble, bubbles_figure
from zoo.errors import ZooError

IMAGENET = [n for n in zoo.list_models() if (a := reported_accuracy(zoo.describe(n))) and a.data == "ImageNet"]


def of(name, other="softmax_regression"):
    return compare_models([name, other]).models[0]


# What is counted


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("lenet5_1998", 7),
        ("lenet5", 5),
        ("alexnet", 8),
        ("vgg16", 16),
        ("vgg19_bn", 19),
        ("googlenet", 22),
        ("resnet18", 18),
        ("resnet50", 50),
        ("resnet152_v1_5", 152),
        ("resnet20_cifar", 20),
        ("mobilenet", 28),
        ("xception", 37),
        ("bilstm_imdb", 2),
        ("textcnn", 2),
        ("mlp", 3),
    ],
)
def test_the_depth_is_the_one_papers_speak_of(name, depth):
    assert of(name).depth == depth


def test_counts_are_the_catalogues():
    model = of("resnet50")
    counts = zoo.describe("resnet50").counts
    assert (model.parameters, model.macs) == (counts.trainable, counts.macs)


def test_activations_are_the_outputs_of_all_layers():
    model = zoo.create_model("lenet5")
    assert isinstance(model.layers[0], keras.layers.InputLayer)
    by_hand = 28 * 28 * 6 + 14 * 14 * 6 + 10 * 10 * 16 + 5 * 5 * 16 + 120 + 120 + 84 + 10
    assert of("lenet5").activations == 4 * by_hand


def test_accuracies_are_the_papers_before_the_weights():
    paper = reported_accuracy(zoo.describe("resnet50"))
    assert (paper.percent, paper.data, paper.how, paper.source) == (77.15, "ImageNet", "10 crops", "the paper")
    assert reported_accuracy(zoo.describe("xception")).percent == 79.0  # printed as .790
    weights = reported_accuracy(zoo.describe("resnet50_v1_5"))
    assert (weights.percent, weights.source) == (76.13, "torchvision's weights")
    assert reported_accuracy(zoo.describe("googlenet")) is None  # only a top-5 error is printed
    assert reported_accuracy(zoo.describe("mlp")) is None


@pytest.mark.parametrize("name", zoo.list_models())
def test_every_reported_accuracy_can_be_read(name):
    spec = zoo.describe(name)
    for figure in spec.accuracy:
        what, data = figure.what.split(", ")[:2]
        assert what in ("top-1 error", "top-5 error", "top-1 accuracy", "top-5 accuracy")
        assert data in ("ImageNet", "CIFAR-10", "MNIST", "MR")
        assert figure.where
    accuracy = reported_accuracy(spec)
    if accuracy is not None:
        assert 50 < accuracy.percent < 100


# What is printed


def test_the_table_says_whose_accuracy_it_is():
    text = compare_models(["resnet50", "resnet18", "googlenet_bn", "mlp"]).text(80)
    lines = text.splitlines()
    assert lines[0].split() == ["model", "parameters", "MACs", "depth", "activations", "accuracy"]
    assert lines[2].split() == ["resnet50", "25,557,032", "3.86", "G", "50", "141.0", "MiB", "77.15", "%", "[1]"]
    assert lines[4].split()[-2:] == ["%", "[2]"]
    assert lines[5].split()[-1] == "-"
    assert "[1] the paper: top-1, ImageNet, 10 crops, as recalled from the paper" in text
    assert "[2] torchvision's weights: top-1, ImageNet, as their source states" in text
    assert "activations: the outputs of all layers for one input" in " ".join(text.split())


def test_it_fits_the_terminal(monkeypatch):
    found = compare_models(["resnet152_v1_5", "mobilenet_100_224", "textcnn_multichannel", "vgg19_bn", "alexnet"])
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        assert max(map(len, found.text().splitlines())) <= width, width


def test_plain_data():
    found = json.loads(json.dumps(compare_models(["alexnet", "mlp"]).to_dict()))
    assert found["models"][0]["accuracy"]["percent"] == 59.3
    assert found["models"][1]["accuracy"] is None
    assert "float32" in found["counted"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["resnet50"], "1 model is given; expected two or more to compare"),
        (["resnet50", "resnet50"], "resnet50 is given twice"),
        (["resnet50", "resnet5"], "did you mean"),
    ],
)
def test_mistakes_are_sentences(names, sentence):
    with pytest.raises(ZooError, match=sentence):
        compare_models(names)


# The picture


def test_the_picture_and_who_is_not_in_it(tmp_path):
    found = compare_models(["resnet50", "mlp", "resnet20_cifar", "vgg16"], tmp_path / "bubbles.svg")
    assert found.left_out == {
        "mlp": "whose top-1 accuracy is not reported",
        "resnet20_cifar": "which was tested on CIFAR-10, not on ImageNet",
    }
    assert "not in the picture: mlp, whose top-1 accuracy is not reported" in found.text(80)
    words = "".join(ET.parse(tmp_path / "bubbles.svg").getroot().itertext())
    for word in ("resnet50", "vgg16", "multiply-adds for one input", "top-1 accuracy on ImageNet, %"):
        assert word in words
    assert "mlp" not in words


def test_without_any_accuracy_there_is_no_picture(tmp_path):
    with pytest.raises(ZooError, match=r"no accuracy is reported for mlp or lenet5; .*leave -o out"):
        compare_models(["mlp", "lenet5"], tmp_path / "bubbles.png")
    assert not list(tmp_path.iterdir())


def test_a_wrong_suffix_is_refused(tmp_path):
    with pytest.raises(ZooError, match=r"cannot draw into bubbles\.gif"):
        compare_models(["resnet18", "resnet34"], tmp_path / "bubbles.gif")


def bubbles(names):
    made = []
    for name in names:
        spec, accuracy = zoo.describe(name), reported_accuracy(zoo.describe(name))
        made.append(Bubble(name, spec.counts.macs, accuracy.percent, spec.counts.trainable, name[:4], name[-1] == "5"))
    return made


@pytest.mark.parametrize(
    "names",
    [IMAGENET, ["resnet50", "vgg16"], ["alexnet", "vgg16", "googlenet_bn", "resnet50", "inception_v3", "mobilenet"]],
    ids=["all", "two", "six"],
)
def test_labels_touch_neither_each_other_nor_the_frame(names):
    figure = bubbles_figure(bubbles(names), "ImageNet")
    figure.draw_without_rendering()
    (ax,) = figure.axes
    renderer = figure.canvas.get_renderer()
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in ax.texts}
    assert boxes.keys() == set(names)
    frame = ax.get_window_extent()
    for name, box in boxes.items():
        assert frame.x0 <= box.x0, name
        assert box.x1 <= frame.x1, name
        assert frame.y0 <= box.y0, name
        assert box.y1 <= frame.y1, name
        assert [other for other in boxes if box.overlaps(boxes[other])] == [name]
    (key,) = figure.legends
    whole = figure.bbox
    for text in key.get_texts():
        box = text.get_window_extent(renderer)
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert box.y0 >= frame.y1


def test_a_bubbles_area_is_its_parameters():
    figure = bubbles_figure(
        [Bubble("a", 10**9, 70.0, 4_000_000, "a", True), Bubble("b", 2 * 10**9, 75.0, 10**6, "b", False)], "ImageNet"
    )
    (ax,) = figure.axes
    sizes = {tuple(c.get_offsets()[0].tolist()): c for c in ax.collections if len(c.get_offsets())}
    a, b = sizes[(1e9, 70.0)], sizes[(2e9, 75.0)]
    assert a.get_sizes()[0] == pytest.approx(4 * b.get_sizes()[0])
    assert len(a.get_facecolor()) == 1
    assert len(b.get_facecolor()) == 0  # hollow: not the paper's figure


def test_the_same_models_give_the_same_bytes(tmp_path):
    for name in ("one.png", "two.png"):
        compare_models(["resnet18", "vgg11"], tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_command(tmp_path):
    words = ["compare", "resnet18", "mlp", "-o", str(tmp_path / "bubbles.png")]
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, words)
    assert done.stdout.startswith("model ")
    assert done.stdout.endswith(f"\nwritten: {tmp_path}/bubbles.png\n")
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert [model["name"] for model in found["models"]] == ["resnet18", "mlp"]
