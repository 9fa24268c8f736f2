"""The summary: its rows add up to the model, and every number follows from its formula."""

import json
import math
import re

import keras
import pytest
from typer.testing import CliRunner

import zoo
from zoo.analysis.summarise import outline, summary
from zoo.catalog import registry
from zoo.cli import app
from zoo.errors import ZooError
from zoo.graph import counts as counting
from zoo.graph.formulas import FIELD, FIXED, MACS, PARAMETERS, derive
from zoo.graph.read import model_graph
from zoo.layers import GRU, LSTM, BatchNormalization, SimpleRNN

ONE_OF_EACH = [
    "softmax_regression",
    "mlp",
    "lenet5",
    "lenet5_1998",
    "simple_cnn",
    "simple_rnn",
    "lstm_text",
    "bilstm_imdb",
    "gru_text",
    "textcnn",
    "textcnn_static",
    "textcnn_multichannel",
    "alexnet",
    "alexnet_owt",
    "vgg11",
    "vgg11_bn",
    "googlenet",
    "googlenet_bn",
    "inception_v3",
    "inception_v3_tv",
    "resnet18",
    "resnet50",
    "resnet50_v1_5",
    "resnet20_cifar",
    "mobilenet",
    "mobilenet_025_128",
    "xception",
]


def calculated(arithmetic):
    """The value of a line of arithmetic as it is printed."""
    assert re.fullmatch(r"[\d\s+*/().-]|(ceil|floor|[\d\s+*/().-])+", arithmetic), arithmetic
    return eval(arithmetic, {"__builtins__": {}, "ceil": math.ceil, "floor": math.floor})


def explained(model):
    """Every layer's explanation by name, and the same layer as it was counted on the built model."""
    found = {e.name: e for e in summary(model, all_layers=True, explain=True).explanations}
    rows = {row.name: row for row in counting.count_layers(model)}
    assert found.keys() == rows.keys()
    return [(found[name], rows[name]) for name in rows]


def total(explanation, what):
    return sum(step.value for step in explanation.steps if step.what == what)


def assert_derived(model):
    """Shape, parameters, multiply-adds and receptive field of every layer by its formulas, against Keras."""
    for found, row in explained(model):
        layer = model.get_layer(row.name)
        assert found.note in ("", "frozen: none of its weights is trained"), (row.name, found.note)
        for step in found.steps:
            assert calculated(step.arithmetic) == step.value, (row.name, step)
        assert found.output_shape == row.output_shape
        assert derive(layer, found.input_shapes).shape == row.output_shape, row.name
        held = (row.trainable, row.non_trainable) if layer.trainable else (row.non_trainable, 0)
        assert (total(found, PARAMETERS), total(found, FIXED)) == held, row.name
        assert total(found, MACS) == row.macs, row.name
        fields = [step.value for step in found.steps if step.what.startswith(FIELD)]
        if fields:
            assert set(fields) <= set(row.receptive_field), row.name
        elif row.kernel and max(row.kernel) > 1 and len(row.output_shape) == 3:
            pytest.fail(f"{row.name} has no line for its receptive field")


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_every_number_of_every_layer_follows_from_its_formula(name):
    assert_derived(outline(name))


def test_one_of_each_is_every_builder():
    assert {registry.describe(n).builder for n in ONE_OF_EACH} >= {
        registry.describe(n).builder for n in zoo.list_models() if n != "simple_cnn_mnist"
    }


@pytest.mark.parametrize("name", ["lenet5", "gru_text"])
def test_an_outline_counts_like_a_model_with_weights(name):
    built = zoo.create_model(name)
    assert counting.count_layers(outline(name)) == counting.count_layers(built)
    assert summary(built) == summary(name)
    assert all(weight._value is None for weight in outline(name).weights)  # VGG-16 in 30 ms, not in 9 s


L = keras.layers


@pytest.mark.parametrize(
    ("layer", "shape", "lines"),
    [
        (
            L.Conv2D(96, 11, strides=4),
            (227, 227, 3),
            ["(227 - 11 + 2*0)/4 + 1 = 55", "96 * 11*11*3 + 96 = 34,944", "55*55 * 96 * 11*11*3 = 105,415,200"],
        ),
        (L.Conv2D(8, 3, strides=2), (8, 8, 1), ["floor((8 - 3 + 2*0)/2) + 1 = 3"]),
        (
            L.Conv2D(8, (1, 7), padding="same", strides=2, use_bias=False),
            (9, 10, 4),
            ["ceil(9/2) = 5", "ceil(10/2) = 5", "8 * 1*7*4 = 224  (no biases)"],
        ),
        (
            L.Conv2D(8, 3, dilation_rate=2),
            (9, 9, 1),
            ["(9 - 5 + 2*0)/1 + 1 = 5  (a kernel of 3 dilated by 2 spans 5)", "1 + (3 - 1)*2*1 = 5"],
        ),
        (
            L.Conv2D(256, 5, groups=2, padding="same"),
            (27, 27, 96),
            ["256 * 5*5*(96/2) + 256 = 307,456", "256 * 5*5*96 + 256 = 614,656  (2 times the weights)"],
        ),
        (
            L.DepthwiseConv2D(3, depth_multiplier=2),
            (8, 8, 4),
            ["8 * 3*3 + 8 = 80", "6*6 * 8 * 3*3 = 2,592", "6*6 * 8 * 3*3*4 = 10,368  (4 times as many)"],
        ),
        (
            L.SeparableConv2D(16, 3, padding="same", depth_multiplier=2),
            (8, 8, 4),
            ["8 * 3*3 + 16 * 8 + 16 = 216", "8*8 * 8 * 3*3 = 4,608  (depthwise)", "8*8 * 16 * 8 = 8,192  (pointwise)"],
        ),
        (L.Conv1D(4, 3, padding="causal"), (10, 2), ["ceil(10/1) = 10", "4 * 3*2 + 4 = 28"]),
        (L.Conv3D(2, 3), (5, 6, 7, 1), ["(5 - 3 + 2*0)/1 + 1 = 3", "2 * 3*3*3*1 + 2 = 56"]),
        (L.AveragePooling1D(3), (10, 2), ["floor((10 - 3 + 2*0)/3) + 1 = 3"]),
        (L.ZeroPadding1D(2), (10, 2), ["2 + 10 + 2 = 14"]),
        (L.Dense(5), (3, 4), ["4*5 + 5 = 25", "3 * 4*5 = 60"]),
        (L.Embedding(100, 8), (7,), ["100*8 = 800"]),
        (BatchNormalization(scale=False), (4, 4, 3), ["1 * 3 = 3  (beta)", "2 * 3 = 6  (moving mean and variance)"]),
        (LSTM(64), (200, 128), ["4*(64*(128 + 64) + 64) = 49,408", "200 * 4 * 64*(128 + 64) = 9,830,400"]),
        (LSTM(64, use_bias=False, return_sequences=True), (200, 128), ["4*(64*(128 + 64)) = 49,152"]),
        (GRU(64, reset_after=True), (200, 128), ["3*(64*(128 + 64) + 2*64) = 37,248"]),
        (GRU(64, reset_after=False), (200, 128), ["3*(64*(128 + 64) + 64) = 37,056"]),
        (SimpleRNN(64), (200, 128), ["(128 + 64)*64 + 64 = 12,352", "200 * 1 * 64*(128 + 64) = 2,457,600"]),
        (L.Bidirectional(LSTM(64)), (200, 128), ["2 * 4*(64*(128 + 64) + 64) = 98,816", "64 + 64 = 128"]),
        (L.Bidirectional(SimpleRNN(4), merge_mode="sum"), (9, 3), ["2 * ((3 + 4)*4 + 4) = 64"]),
        (L.Flatten(), (6, 6, 256), ["6*6*256 = 9,216"]),
        (L.GlobalMaxPooling2D(keepdims=True), (6, 6, 5), []),
    ],
)
def test_the_formula_of_one_layer(layer, shape, lines):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    assert_derived(model)
    written = [str(step) for step in explained(model)[1][0].steps]
    for line in lines:
        assert line in written, written


def test_what_a_convolution_in_one_group_and_in_full_would_be_is_what_keras_builds():
    inputs = keras.Input((27, 27, 96))
    grouped = keras.Model(inputs, L.Conv2D(256, 5, groups=2, name="conv")(inputs))
    whole = keras.Model(inputs, L.Conv2D(256, 5)(inputs))
    assert total(explained(grouped)[1][0], "in one group") == whole.count_params()
    inputs = keras.Input((28, 28, 32))
    deep = keras.Model(inputs, L.SeparableConv2D(64, 3, name="conv")(inputs))
    full = keras.Model(inputs, L.Conv2D(64, 3)(inputs))
    assert total(explained(deep)[1][0], "in a full conv") == counting.count(full).macs


def test_an_open_size_has_no_lines_but_its_parameters():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, L.GlobalAveragePooling2D()(L.Conv2D(4, 3, name="conv")(inputs)))
    found = summary(model, all_layers=True, explain=True)
    assert found.macs is None
    assert [step.what for step in found.explanations[1].steps] == [PARAMETERS, FIELD]
    assert "open" in found.text(80)


def test_a_shared_layer_is_counted_once_and_a_frozen_one_says_so():
    inputs, shared = keras.Input((8,)), L.Dense(8, name="shared")
    model = keras.Model(inputs, L.Dense(1, name="last", trainable=False)(shared(shared(inputs))))
    found = {e.name: e for e in summary(model, explain=True, all_layers=True).explanations}
    assert total(found["shared"], PARAMETERS) == 72
    assert total(found["shared:1"], PARAMETERS) == 0
    assert total(found["shared:1"], MACS) == 64
    assert found["shared:1"].note == "called again: its weights are counted once"
    assert found["last"].note == "frozen: none of its weights is trained"
    text = summary(model).text()
    assert "81 parameters: 72 are trained (these the papers count), 9 are not." in text


def test_a_layer_without_a_formula_says_so():
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, L.Conv2DTranspose(3, 2, name="up")(inputs))
    (up,) = [e for e in summary(model, explain=True).explanations if e.name == "up"]
    assert up.steps == ()
    assert up.note == "no formula is known here; the layer was counted"


# Blocks


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_blocks_add_up_to_the_model(name):
    model = outline(name)
    found, counts = summary(model), counting.count(model)
    assert sum(row.parameters for row in found.rows) == found.parameters == counts.total
    assert sum(row.macs for row in found.rows) == found.macs == counts.macs
    assert found.trainable == registry.describe(name).counts.trainable
    fields = {row.name: row.receptive_field for row in counting.count_layers(model)}
    assert found.rows[-1].output_shape == tuple(model.output.shape[1:])
    widest = [row.receptive_field for row in found.rows if row.receptive_field]
    deepest = [fields[node.name] for node in model_graph(model).nodes.values() if fields.get(node.name)]
    if deepest:
        assert widest[-1] == deepest[-1]


def test_equal_blocks_are_one_row_with_the_numbers_of_all():
    rows = {row.name: row for row in summary("resnet50").rows}
    folded = rows["conv4_2 … conv4_6"]
    assert folded.repeat == 5
    assert folded.parameters == 5 * 1_120_256
    assert folded.receptive_field == (291, 291)  # behind the last of them
    assert folded.what == "1×1 256; 3×3 256; 1×1 1024 + input"
    assert len(rows) == 13


def test_a_repeat_within_a_block_counts_in_full():
    inputs = x = keras.Input((8, 8, 4))
    for k in range(5):
        x = L.Conv2D(4, 3, padding="same", name=f"branch_{k}")(x)
    model = keras.Model(inputs, L.Add(name="sum")([x, inputs]))
    (_, block) = summary(model).rows
    assert block.what == "3×3 4 ×5 + input"
    assert block.parameters == model.count_params()
    assert block.macs == counting.count(model).macs


def test_a_repeat_within_a_side_output_counts_in_full():
    inputs = x = keras.Input((4,))
    for k in range(5):
        x = L.Dense(4, name=f"side_{k}")(x)
    model = keras.Model(inputs, [L.Dense(1, name="main")(inputs), x])
    found = summary(model)
    assert sum(row.macs for row in found.rows) == counting.count(model).macs == 84


def test_a_nested_model_is_a_row_with_its_numbers():
    inner = keras.Sequential([keras.Input((16, 16, 3)), L.Conv2D(4, 3), L.ReLU()], name="inner")
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, L.Dense(2, name="last")(L.GlobalAveragePooling2D()(inner(inputs))))
    found = summary(model, explain=True)
    row = found.rows[1]
    assert (row.name, row.parameters, row.macs, row.receptive_field) == ("inner", 112, 21_168, (3, 3))
    assert found.explanations[1].note == "a model of its own: summarize it to have its layers explained"
    assert summary(model, all_layers=True).rows[2].name.startswith("inner.conv2d")


def test_an_auxiliary_head_has_a_row():
    model = zoo.googlenet(aux=True)
    found = summary(model)
    assert sum(row.parameters for row in found.rows) == 13_378_280
    assert [row.name for row in found.rows if "side output" in row.name] == ["aux1 (side output)", "aux2 (side output)"]


def test_explanations_of_blocks_are_those_of_the_first():
    names = [e.name for e in summary("resnet20_cifar", explain=True).explanations]
    assert "conv2_1_a" in names
    assert "conv2_2_a" not in names


# What is printed


@pytest.mark.parametrize("all_layers", [False, True])
@pytest.mark.parametrize("name", ["resnet50", "inception_v3", "bilstm_imdb", "lenet5_1998"])
def test_no_line_is_wider_than_the_terminal(name, all_layers):
    found = summary(name, explain=True, all_layers=all_layers)
    for width in (80, 100, 120, 200):
        text = found.text(width)
        assert max(map(len, text.splitlines())) <= width
        assert text.count("Formulas") == 1


def test_the_table_at_80_columns():
    lines = summary("alexnet").text(80).splitlines()
    assert lines[0] == "alexnet, input 227×227×3"
    assert lines[2].split() == ["block", "what", "output", "parameters", "share", "MACs", "share", "field"]
    conv1 = next(line for line in lines if line.startswith("conv1"))
    assert conv1.split()[-9:] == ["55×55×96", "34,944", "0.1", "%", "105", "M", "14.6", "%", "11"]
    (total,) = [line for line in lines if line.startswith("total")]
    assert total.split()[1:] == ["60,965,224", "724", "M"]


def test_the_explanation_in_words():
    text = summary("gru_text", explain=True).text(80)
    assert "GRU with reset_after: 3(n(m+n)+2n) (a second bias, on the state's product)" in text
    assert "gru  GRU  200×128 -> 64\n  parameters      3*(64*(128 + 64) + 2*64) = 37,248" in text


def test_plain_data():
    found = summary("lenet5", explain=True).to_dict()
    assert sum(row["parameters_share"] for row in found["rows"]) == pytest.approx(1)
    assert sum(row["macs_share"] for row in found["rows"]) == pytest.approx(1)
    c1 = next(e for e in found["explanations"] if e["name"] == "c1")
    assert c1["steps"][1]["arithmetic"] == "6 * 5*5*1 + 6"
    assert c1["steps"][1]["rule"].startswith("parameters = maps")


def test_a_notebook_shows_a_table():
    html = summary("lenet5", explain=True)._repr_html_()
    assert html.count("<tr>") == len(summary("lenet5").rows) + 2
    assert "61,706" in html
    assert "<details>" in html
    evil = keras.Sequential([keras.Input((2,)), L.Dense(1)], name="a<b>c")
    assert "<b>c" not in summary(evil)._repr_html_()


def test_mistakes_are_sentences():
    with pytest.raises(ZooError, match="alexnet"):
        summary("alexnett")
    with pytest.raises(ZooError, match="has not been built"):
        summary(keras.Sequential([L.Dense(1)]))


def test_the_command():
    def said(*words):
        done = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["summary", "lenet5", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert said() == summary("lenet5").text(80) + "\n"
    assert said("--explain", "--all") == summary("lenet5", explain=True, all_layers=True).text(80) + "\n"
    assert json.loads(said("--json"))["parameters"] == 61_706
