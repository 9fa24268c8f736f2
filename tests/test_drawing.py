"""Diagrams: what stands on the page, that it fits, that it is the same every time, without a system Graphviz."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import keras
import matplotlib.image
import pytest
from browsing import PHONE, opened
from keras import layers

from zoo import errors
from zoo.analysis.plot import model_named
from zoo.build import create
from zoo.catalog.rows import CATALOG
from zoo.draw.diagram import FORMATS, plot
from zoo.draw.page import SHEET, page
from zoo.draw.plain import mermaid, text_diagram
from zoo.draw.shapes import Box, Line, Text
from zoo.draw.style import text_width
from zoo.draw.svg import svg_text
from zoo.graph.blocks import model_blocks
from zoo.graph.items import Group, Parallel, Unit, item_nodes, item_params
from zoo.graph.read import model_graph
from zoo.io.formats import short

BY_BUILDER = {spec.builder: name for name, spec in reversed(CATALOG.items())}
MORE_SMALL = ["lenet5_1998", "mlp", "simple_cnn", "gru_text", "resnet20_cifar"]
SVG = "{http://www.w3.org/2000/svg}"
LEAST_PRINT = 8.0  # size of a title on an A4 page, pixels of 1/96 inch (6 points)


def blocks_of(model):
    return model_blocks(model_graph(model))


def without_values(name, **words):
    """The net without values in its weights: VGG's would be half a gigabyte."""
    with keras.StatelessScope(initialize_variables=False):
        return create.create_model(name, **words)


def residual_net(repeats=3, filters=8):
    """Stem, one projecting block, then equal blocks: what ResNets are made of."""
    x = inputs = keras.Input((16, 16, 3), name="input")
    x = layers.Conv2D(4, 3, padding="same", name="stem")(x)
    for k in range(repeats + 1):
        strides = 2 if k == 0 else 1
        y = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name=f"b{k}_a")(x)
        y = layers.BatchNormalization(name=f"b{k}_a_bn")(y)
        y = layers.ReLU(name=f"b{k}_a_relu")(y)
        y = layers.Conv2D(filters, 3, padding="same", name=f"b{k}_b")(y)
        if k == 0:
            x = layers.Conv2D(filters, 1, strides, name=f"b{k}_proj")(x)
        x = layers.Add(name=f"b{k}_add")([y, x])
        x = layers.ReLU(name=f"b{k}_relu")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(5, name="predictions")(x), name="residual")


@pytest.fixture(scope="module", params=list(BY_BUILDER.values()))
def drawn(request):
    """(model, blocks, drawing) of one model for each builder, with auxiliary heads where there are some."""
    words = {"aux": True} if CATALOG[request.param].aux_counts else {}
    model = without_values(request.param, **words)
    blocks = blocks_of(model)
    yield model, blocks, page(blocks)[0]
    keras.backend.clear_session()


def test_every_layer_and_every_parameter_is_on_the_page(drawn):
    model, blocks, _ = drawn
    heads = [head for _, head in blocks.sides]
    assert sum(item_params(item) * item.repeat for item in (*blocks.items, *heads)) == blocks.graph.params
    shown = {name for item in (*blocks.items, *heads) for name in item_nodes(item)}
    folded = any(item.repeat > 1 for item in blocks.items)
    assert folded or shown == set(blocks.graph.nodes)
    assert len(heads) == len(model.outputs) - 1


def test_texts_stay_in_their_boxes_and_on_the_page(drawn):
    _, _, drawing = drawn
    for text in (mark for mark in drawing.marks if isinstance(mark, Text)):
        assert text.room[0] - 0.5 <= text.left, text
        assert text.left + text.width <= text.room[1] + 0.5, text
        assert text.left >= 0, text
        assert text.left + text.width <= drawing.width, text


def test_boxes_lie_in_each_other_or_apart(drawn):
    _, _, drawing = drawn
    boxes = [mark for mark in drawing.marks if isinstance(mark, Box)]
    for k, a in enumerate(boxes):
        assert a.x >= 0
        assert a.x + a.w <= drawing.width
        assert a.y + a.h <= drawing.height
        for b in boxes[k + 1 :]:
            apart = a.x + a.w <= b.x or b.x + b.w <= a.x or a.y + a.h <= b.y or b.y + b.h <= a.y
            assert apart or a.ref == b.ref or inside(b, a), (a, b)


def inside(b, a):
    return a.x <= b.x and b.x + b.w <= a.x + a.w and a.y <= b.y and b.y + b.h <= a.y + a.h


def test_no_line_runs_through_a_text(drawn):
    _, _, drawing = drawn
    texts = [mark for mark in drawing.marks if isinstance(mark, Text)]
    for line in (mark for mark in drawing.marks if isinstance(mark, Line)):
        for (ax, ay), (bx, by) in zip(line.points, line.points[1:], strict=False):
            for text in texts:
                beside = max(ax, bx) <= text.left + 0.5 or min(ax, bx) >= text.left + text.width - 0.5
                assert beside or max(ay, by) <= text.y - 0.75 * text.size or min(ay, by) >= text.y + 1, (line, text)


def test_it_is_legible_on_one_sheet(drawn):
    _, _, drawing = drawn
    scale = min(SHEET[0] / drawing.width, SHEET[1] / drawing.height)
    titles = [mark.size for mark in drawing.marks if isinstance(mark, Text) and mark.bold]
    assert min(titles) * scale >= LEAST_PRINT


def test_the_svg_is_xml_with_selectable_text_and_a_tooltip_on_each_block(drawn):
    model, _, drawing = drawn
    tree = ET.fromstring(svg_text(drawing))
    assert tree.find(f"{SVG}title").text == model.name
    words = [text.text for text in tree.iter(f"{SVG}text")]
    assert any("parameters" in text for text in words)
    blocks = [group for group in tree.iter(f"{SVG}g") if group.get("id")]
    assert blocks
    assert all(group.find(f"{SVG}title").text for group in blocks)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("lenet5", "blocks"),
        ("bilstm_imdb", "blocks"),
        ("lenet5", "layers"),
        *(
            pytest.param(name, level, marks=(pytest.mark.slow, pytest.mark.ci))
            for name, level in [*((name, "blocks") for name in MORE_SMALL), ("bilstm_imdb", "layers")]
        ),
    ],
)
def test_every_format_the_same_bytes_twice_without_dot(name, level, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for suffix in FORMATS:
        first = plot(create.create_model(name), tmp_path / f"a{suffix}", level=level).read_bytes()
        keras.backend.clear_session()
        again = plot(create.create_model(name), tmp_path / f"b{suffix}", level=level).read_bytes()
        assert first == again
        assert len(first) > 150
    ET.parse(tmp_path / "a.svg")
    picture = matplotlib.image.imread(tmp_path / "a.png")
    assert picture[..., :3].std() > 0.02
    assert not list(tmp_path.glob(".*"))


def unnamed_net():
    """Layers, a nested model and an operation that Keras numbers over the whole process."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Add()([layers.Conv2D(4, 1)(inputs), layers.Conv2D(4, 1, name="own_7")(inputs)])
    x = layers.Flatten()(layers.ReLU()(layers.BatchNormalization()(x)) + 1.0)
    return keras.Model(inputs, keras.Sequential([layers.Dense(4), layers.Dense(2)])(x))


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_built_before_does_not_show(suffix, tmp_path):
    first, later = (plot(unnamed_net(), tmp_path / f"{k}{suffix}").read_bytes() for k in "ab")
    assert first == later


def test_unnamed_layers_are_numbered_within_their_model():
    graph = model_graph(unnamed_net())
    assert graph.name == "functional"
    assert list(graph.nodes)[:4] == ["input_layer", "conv2d", "own_7", "add"]
    made = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(2, name="dense_x"), layers.Dense(2)])
    graph = model_graph(made)
    assert list(graph.nodes)[1:] == ["dense", "dense_x", "dense_1"]
    assert [node.macs for node in graph.nodes.values()][1:] == [12, 8, 4]


PROCESS = """
import sys
from pathlib import Path
from zoo.draw.diagram import FORMATS, plot
from zoo.analysis.plot import model_named
for name in sys.argv[2:]:
    for suffix in FORMATS:
        plot(model_named(name), Path(sys.argv[1]) / f"{name}{suffix}")
"""


@pytest.mark.parametrize(
    "names", [["googlenet"], pytest.param(["bilstm_imdb", "resnet20_cifar"], marks=(pytest.mark.slow, pytest.mark.ci))]
)
def test_another_process_draws_the_same_bytes(names, tmp_path):
    seeded = {**os.environ, "PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"}
    subprocess.run([sys.executable, "-c", PROCESS, str(tmp_path), *names], env=seeded, check=True, capture_output=True)
    for name in reversed(names):
        for suffix in FORMATS:
            here = plot(model_named(name), tmp_path / f"here{suffix}")
            assert here.read_bytes() == (tmp_path / f"{name}{suffix}").read_bytes(), (name, suffix)


def test_the_text_fits_a_terminal(drawn):
    model, blocks, _ = drawn
    for width in (80, 60):
        lines = text_diagram(blocks, width).splitlines()
        assert all(len(line) <= width for line in lines[2:])
    assert lines[0] == model.name
    assert sum("identity" in line for line in lines) == sum(
        not branch
        for item in blocks.items
        if isinstance(item, Group)
        for region in item.items
        if isinstance(region, Parallel)
        for branch in region.branches
    )


def test_equal_blocks_in_a_row_are_folded_and_unequal_ones_are_not():
    blocks = blocks_of(residual_net(3))
    titles = [(item.title, item.repeat) for item in blocks.items if isinstance(item, Group)]
    assert titles == [("b0", 1), ("b1 … b3", 3)]
    assert "b1 … b3 ×3" in text_diagram(blocks)
    assert "×3" in {mark.words for mark in page(blocks)[0].marks if isinstance(mark, Text)}


def test_a_shortcut_is_an_empty_branch_and_a_line_into_the_circle():
    projecting, equal = (item.items[0] for item in blocks_of(residual_net()).items if isinstance(item, Group))
    assert [len(branch) for branch in projecting.branches] == [2, 1]
    assert [len(branch) for branch in equal.branches] == [2, 0]
    assert (equal.join.title, equal.join.note) == ("+", "ReLU")
    drawing = page(blocks_of(residual_net()))[0]
    circles = [mark for mark in drawing.marks if type(mark).__name__ == "Circle"]
    into = [line.points[-1] for line in drawing.marks if isinstance(line, Line) and line.arrow]
    assert len(circles) == 2
    assert all((circle.x + circle.r, circle.y) in into for circle in circles)  # from the right: the shortcut


def test_a_shortcut_says_whether_it_is_the_identity_or_a_projection():
    words = [mark.words for mark in page(blocks_of(residual_net()))[0].marks if isinstance(mark, Text)]
    assert [word for word in words if word in ("identity", "projection")] == ["projection", "identity"]


def test_a_layer_that_is_not_trained_says_so_and_is_not_folded_with_one_that_is():
    model = keras.Sequential([keras.Input((4,)), *(layers.Dense(4, name=f"d{k}") for k in range(4))], name="m")
    model.get_layer("d3").trainable = False
    items = blocks_of(model).items
    assert [(item.name, item.note, item.repeat) for item in items[1:]] == [("d0 … d2", "", 3), ("d3", "frozen", 1)]


def test_a_chain_is_one_box_with_what_each_layer_adds():
    first = blocks_of(residual_net()).items[3].items[0].branches[0][0]
    assert (first.title, first.note, first.nodes) == ("3×3 conv, 8", "BN · ReLU", ("b1_a", "b1_a_bn", "b1_a_relu"))


def test_inception_has_four_branches_in_the_order_of_the_paper():
    blocks = blocks_of(without_values("googlenet", aux=True))
    module = next(item for item in blocks.items if isinstance(item, Group) and item.title == "inception_3a")
    region = module.items[0]
    assert isinstance(region, Parallel)
    assert [branch[-1].title for branch in region.branches] == [
        "1×1 conv, 64",
        "3×3 conv, 128",
        "5×5 conv, 32",
        "1×1 conv, 32",
    ]
    assert [len(branch) for branch in region.branches] == [1, 2, 2, 2]
    anchors = [blocks.items[at].title for at, _ in blocks.sides]
    assert anchors == ["inception_4a", "inception_4d"]


def test_branches_that_fork_again_stay_nested():
    blocks = blocks_of(without_values("inception_v3"))
    last = next(item for item in blocks.items if isinstance(item, Group) and item.title == "mixed10")
    assert sum(isinstance(part, Parallel) for branch in last.items[0].branches for part in branch) == 2
    assert [item.title for item in blocks.items if item.repeat == 2] == ["mixed5 … mixed6"]


def test_a_block_with_a_side_head_is_not_folded_away():
    trunk = residual_net(3)
    head = layers.Dense(2, name="side")(layers.Flatten(name="side_flatten")(trunk.get_layer("b2_relu").output))
    blocks = blocks_of(keras.Model(trunk.input, [trunk.output, head], name="sided"))
    assert [item.title for item in blocks.items if isinstance(item, Group)] == ["b0", "b1", "b2", "b3"]
    assert [(blocks.items[at].title, item.title) for at, item in blocks.sides] == [("b2", "side")]


def test_both_directions_of_a_bilstm_and_the_embedding_are_shown():
    blocks = blocks_of(create.create_model("bilstm_imdb"))
    assert [item.kind for item in blocks.items if isinstance(item, Unit)] == ["input", "embedding", "dense"]
    words = text_diagram(blocks)
    assert "LSTM, 64 → · forward" in words
    assert "← LSTM, 64 · backward" in words
    assert "10,000 × 128" in words


def test_layers_called_twice_nested_models_and_open_sizes_are_drawn():
    shared = layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="inner")
    a, b = keras.Input((None, 6), name="a"), keras.Input((None, 6), name="b")
    both = layers.Concatenate(name="both")([shared(a), shared(b)])
    pooled = layers.GlobalMaxPooling1D(name="pooled")(layers.Dense(4, name="mix")(both))
    model = keras.Model([a, b], inner(pooled), name="twice")
    blocks = blocks_of(model)
    assert blocks.graph.params == model.count_params()
    assert "?×8" in text_diagram(blocks)
    assert "model inner" in text_diagram(blocks)
    page(blocks)


def test_a_graph_that_is_not_series_parallel_is_listed_in_order():
    inputs = keras.Input((4,), name="input")
    a, b = layers.Dense(4, name="a")(inputs), layers.Dense(4, name="b")(inputs)
    c = layers.Add(name="c")([a, b])
    d = layers.Add(name="d")([layers.Dense(4, name="e")(b), c])
    model = keras.Model(inputs, layers.Add(name="out")([layers.Dense(4, name="f")(a), c, d]), name="tangle")
    blocks = blocks_of(model)
    shown = [name for item in blocks.items for name in item_nodes(item)]
    assert sorted(shown) == sorted(blocks.graph.nodes)
    page(blocks)


def test_a_name_with_markup_is_escaped(tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="d<&>")], name="a<b>&c")
    tree = ET.parse(plot(model, tmp_path / "m.svg"))
    assert tree.find(f"{SVG}title").text == "a<b>&c"
    assert "<b>&c" not in plot(model, tmp_path / "m.html").read_text()
    assert "d&lt;&amp;&gt;" in mermaid(blocks_of(model))


def test_a_click_on_a_block_opens_its_layers_and_nothing_is_fetched(tmp_path):
    page_text = plot(residual_net(), tmp_path / "m.html").read_text()
    targets = re.findall(r'<a href="#([^"]+-layers)">', page_text)
    assert targets
    assert set(targets) <= set(re.findall(r'<(?:details|tbody) id="([^"]+)"', page_text))
    assert "b1_a_bn" in page_text
    assert {"stem-layers", "b0_proj-layers", "b1_a-layers"} <= set(targets)  # ids are the layers' names
    assert not re.search(r'(src|href)="(https?:)?//', page_text)
    assert "url(" not in page_text


def test_mermaid_edges_name_nodes_that_exist():
    words = mermaid(blocks_of(residual_net()))
    nodes = set(re.findall(r"^\s*(n\d+)[\[(]", words, re.M))
    ends = re.findall(r"^\s*(n\d+) .*--> (n\d+)$", words, re.M)
    assert ends
    assert {name for edge in ends for name in edge} <= nodes
    assert words.count("subgraph") == len(re.findall(r"^\s*end$", words, re.M)) == 2
    assert "-->" not in words[: words.rindex("    end\n")]  # an edge in a subgraph would draw both its ends into it


def test_dots_per_inch_scale_the_picture(tmp_path):
    model = create.create_model("lenet5")
    sizes = [matplotlib.image.imread(plot(model, tmp_path / "m.png", dpi=dpi)).shape for dpi in (96, 192)]
    assert sizes[1][0] == pytest.approx(2 * sizes[0][0], abs=2)


@pytest.mark.parametrize(
    ("file", "words", "message"),
    [
        ("m.gif", {}, "cannot draw into m.gif: '.gif' names no format; expected one of .svg, .png, .html, .mmd, .txt"),
        ("m", {}, "a name without a suffix names no format"),
        ("m.svg", {"level": "layer"}, "unknown level 'layer'; expected blocks or layers; did you mean 'layers'?"),
        ("m.png", {"dpi": 1e6}, "dpi 1e+06 is out of range; expected 10 to 2400"),
    ],
)
def test_mistakes_are_sentences(file, words, message, tmp_path):
    with pytest.raises(errors.ZooError) as caught:
        plot(residual_net(1), tmp_path / file, **words)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.ZooError, match=r"cannot write .*m\.svg: .*; expected a folder that can be written"):
        plot(residual_net(1), tmp_path / "file" / "m.svg")


def test_widths_are_those_matplotlib_draws():
    from matplotlib.textpath import TextPath

    for words in ("3×3 conv, 256", "block4_conv2 … block4_conv3", "BN · ReLU6 · 2.36 M", "← LSTM, 64 →"):
        drawn = TextPath((0, 0), words, size=11, prop={"family": "DejaVu Sans", "weight": "bold"}).get_extents().x1
        assert drawn <= text_width(words, 11, bold=True) <= drawn * 1.1


def test_counts_are_short():
    assert [short(n) for n in (7, 9999, 10_000, 36_928, 999_600, 2_359_808, 102_764_544, 15_470_264_320)] == [
        "7",
        "9,999",
        "10.0 K",
        "36.9 K",
        "1.00 M",
        "2.36 M",
        "103 M",
        "15.5 G",
    ]


def test_in_a_browser_a_click_on_a_box_lights_its_layers_up(browser, tmp_path):
    file = plot(residual_net(), tmp_path / "m.html")
    for width, dark in ((1280, False), (PHONE, True)):
        with opened(browser, file, width=width, dark=dark) as seen:
            rows = seen.page.locator("#b1_a-layers tr")
            assert not rows.first.is_visible()
            seen.page.locator("a[href='#b1_a-layers']").first.click()
            rows.first.wait_for()
            assert rows.all_inner_texts()[1].split() == ["b1_a_bn", "BatchNormalization", "8×8×8", "32"]
            assert not seen.page.locator("#b0_a-layers tr").first.is_visible()
            assert not seen.troubles
            assert not seen.requests
            assert not seen.scrolls_sideways()
            assert (sum(seen.background()) < 120) == dark
