"""What differs between two models: known pairs, equal models, other wirings; as a list and as a picture."""

import xml.etree.ElementTree as ET

import keras
import matplotlib.image
import pytest
from keras import layers

from zoo.analysis.plot import act, draw_difference
from zoo.analysis.summarise import outline
from zoo.draw.diff_page import diff_page, plot_diff
from zoo.draw.shapes import Box, Line, Text
from zoo.errors import ZooError
from zoo.graph.diff import diff_models

PAIRS = [("resnet50", "resnet50_v1_5"), ("vgg16", "vgg19"), ("lenet5", "lenet5_1998"), ("resnet18", "resnet34")]


@pytest.fixture(scope="module")
def found():
    made = {pair: diff_models(*map(outline, pair)) for pair in PAIRS}
    keras.backend.clear_session()
    return made


def shown(diff):
    return [change for change in diff.changes if change.kind != "settings"]


def test_resnet_v1_5_moves_the_stride_from_the_1x1_to_the_3x3(found):
    diff = found[PAIRS[0]]
    changes = shown(diff)
    assert {change.kind for change in changes} == {"changed"}
    assert [change.block for change in changes] == [f"conv{n}_1" for n in (3, 3, 4, 4, 5, 5)]
    for first, second in zip(changes[::2], changes[1::2], strict=True):
        (_, before, after), (_, small, large) = first.facts
        assert before.replace(", /2", "") == after != before
        assert int(large.split("×")[0]) == 2 * int(small.split("×")[0])
        ((_, before, after),) = second.facts
        assert ", /2" in after
        assert ", /2" not in before
    assert ("  BatchNormalization epsilon", "1.001e-05 → 1e-05 (53 layers, conv1 … conv5_3_c)") in diff.lines()
    assert [row.kind for row in diff.rows].count("changed") == 3


def test_vgg19_has_three_layers_more_than_vgg16(found):
    assert [(change.kind, change.layer) for change in found[PAIRS[1]].changes] == [
        ("added", "conv3_4"),
        ("added", "conv4_4"),
        ("added", "conv5_4"),
    ]
    assert "multiply-adds 15,470,264,320 → 19,632,062,464 (+26.9%)" in found[PAIRS[1]].text()


def test_the_lenets_differ_as_their_papers_say(found):
    lines = dict(found[PAIRS[2]].lines())
    assert lines["~ s2"] == "2×2 avg pool, /2 → 2×2 subsampling · scaled tanh; 0 → 12 parameters"
    assert lines["~ c3"].endswith("2,416 → 1,516 parameters")
    assert "+ RBF, 10" in lines
    assert "~ flatten" not in " ".join(lines)


def test_blocks_that_are_added_in_a_row_are_told_and_drawn_once(found):
    diff = found[PAIRS[3]]
    assert [line for line in diff.lines() if "conv4_3" in line[0]] == [
        ("+ conv4_3 … conv4_6", "4 blocks of 3×3 conv, 256 · BN · ReLU; 3×3 conv, 256 · BN; + · ReLU"),
    ]
    words = [mark.words for mark in diff_page(diff).marks if isinstance(mark, Text)]
    assert words.count("×4") == 1
    assert "conv4_3 … conv4_6" in words


def test_what_is_removed_one_way_is_added_the_other():
    one, two = outline("vgg11"), outline("vgg13")
    there, back = diff_models(one, two), diff_models(two, one)
    assert (
        [change.layer for change in there.changes]
        == [change.layer for change in back.changes]
        == [
            "conv1_2",
            "conv2_2",
        ]
    )
    assert {change.kind for change in there.changes} == {"added"}
    assert {change.kind for change in back.changes} == {"removed"}
    assert [(a, b) for _, b, a in back.changes[0].facts] == [(b, a) for _, b, a in there.changes[0].facts]


def test_equal_models_have_no_difference():
    diff = diff_models(outline("resnet20_cifar"), outline("resnet20_cifar"))
    assert diff.changes == []
    assert diff.text().splitlines() == ["resnet20_cifar → resnet20_cifar", "no difference"]
    boxes = [mark for mark in diff_page(diff).marks if isinstance(mark, Box)]
    assert len(boxes) == 1


def test_another_wiring_of_the_same_layers_and_another_setting_are_found():
    def net(crossed, epsilon=1e-3):
        x = keras.Input((4,), name="input")
        a, b = layers.Dense(4, name="a")(x), layers.Dense(4, name="b")(x)
        c, d = layers.Dense(4, name="c")(b if crossed else a), layers.Dense(4, name="d")(a if crossed else b)
        y = layers.BatchNormalization(epsilon=epsilon, name="bn")(layers.Concatenate(name="both")([c, d]))
        return keras.Model(x, y, name="net")

    crossed = shown(diff_models(net(False), net(True)))
    assert {change.layer for change in crossed} & {"c", "d"}
    other = diff_models(net(False), net(False, 1e-5))
    assert [change.kind for change in other.changes] == ["settings"]
    assert other.lines() == [("  BatchNormalization epsilon", "0.001 → 1e-05 (both)")]
    assert "no layer differs but in settings" in other.text()


@pytest.mark.parametrize("pair", PAIRS)
def test_the_picture_holds_its_texts_and_marks_each_difference(found, pair):
    drawing = diff_page(found[pair])
    texts = [mark for mark in drawing.marks if isinstance(mark, Text)]
    for text in texts:
        assert text.left >= 0, text
        assert text.left + text.width <= drawing.width, text
        assert text.room[0] - 0.5 <= text.left, text
        assert text.left + text.width <= text.room[1] + 0.5, text
    signs = [text.words for text in texts if text.colour == "#ffffff" and text.words in "+-~"]
    changed = sum(2 for change in found[pair].changes if change.kind == "changed")
    assert signs.count("~") == changed
    assert ("+" in signs) == any(change.kind == "added" for change in found[pair].changes)


def test_no_line_leads_on_below_the_end_of_a_model():
    def net(*sizes):
        return keras.Sequential([keras.Input((4,)), *(layers.Dense(n, name=f"d{n}") for n in sizes)], name="net")

    for pair in ((net(3), net(3, 2, 1)), (net(3, 2, 1), net(3))):
        drawing = diff_page(diff_models(*pair))
        lines = [mark for mark in drawing.marks if isinstance(mark, Line)]
        boxes = [mark for mark in drawing.marks if isinstance(mark, Box)]
        ends = [line.points[-1] for line in lines if line.arrow]
        assert len(ends) == len(lines) == 2
        assert all(any(box.y == pytest.approx(y) for box in boxes) for _, y in ends)


def test_every_format_the_same_bytes_twice(tmp_path):
    for k in "ab":
        models = outline("lenet5"), outline("mlp")
        for suffix in (".svg", ".png", ".txt"):
            plot_diff(*models, tmp_path / f"{k}{suffix}", dpi=72)
        keras.backend.clear_session()
    for suffix in (".svg", ".png", ".txt"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    ET.parse(tmp_path / "a.svg")
    assert matplotlib.image.imread(tmp_path / "a.png")[..., :3].std() > 0.02


def test_the_command_prints_the_list_and_draws(tmp_path):
    words = {"diff": "lenet5_1998", "schedule": False, "width": 80}
    said = act(["lenet5"], tmp_path / "d.svg", "blocks", **words)
    assert said[0].startswith("lenet5 → lenet5_1998\n1 layer added, 7 layers changed")
    assert all(len(line) <= 80 for line in said[0].splitlines())
    assert said[1] == f"written: {tmp_path / 'd.svg'}"
    assert act(["lenet5"], "-", "blocks", **words) == [said[0].rstrip("\n")]
    with pytest.raises(ZooError, match="2 things are given; expected one to draw; --diff takes the other"):
        act(["lenet5", "mlp"], None, "blocks", **words)
    with pytest.raises(ZooError, match="'lenet6' is neither a model, a run folder nor a config; did you mean"):
        draw_difference("lenet5", "lenet6", tmp_path / "e.svg")
    with pytest.raises(ZooError, match=r"cannot draw into e\.html: '\.html' names no format"):
        draw_difference("lenet5", "mlp", tmp_path / "e.html")
    assert [file.name for file in tmp_path.iterdir()] == ["d.svg"]
