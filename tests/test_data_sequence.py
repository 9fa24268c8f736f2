"""Numbers over time: windows against numpy's, blocks that do not touch, files that are refused, a run on them."""

import csv
import re

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from running import train

import zoo
from zoo.analysis.data_report import report
from zoo.analysis.embed.space import word_space
from zoo.cli import tables
from zoo.config import Config
from zoo.data import DataInfo, Preprocessor, load
from zoo.errors import ZooError
from zoo.runs.confusion import mistakes
from zoo.runs.evaluate import dataset_of
from zoo.runs.export import export

WRONG = 320 + 11 + 3 * 5  # the last step of test window 5, where a test block begins at step 320
COLUMNS = ("speed", "turn")


def recording(steps=200, seed=0):
    """float64 (T, 2) and a class for each step: "fast" where the speed is high, for some steps in a row."""
    rng = np.random.default_rng(seed)
    fast = np.repeat(rng.random(-(-steps // 5)) < 0.5, 5)[:steps]
    values = np.stack([100 + 20 * fast + rng.normal(0, 3, steps), rng.normal(0, 0.01, steps)], axis=1)
    return values, np.where(fast, "fast", "slow")


def write_csv(path, values, labels):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*COLUMNS, "label"])
        rows.writerows([*map(repr, map(float, row)), label] for row, label in zip(values, labels, strict=True))
    return path


def config(path, *overrides, model="simple_rnn"):
    return Config.from_dict(
        {
            "name": "tiny",
            "model": {"name": model, "args": {"units": 8}},
            "data": {"name": "sequence", "path": str(path), "window": 12, "stride": 3, "batch_size": 8},
            "train": {"epochs": 2, "optimizer": {"name": "adam", "learning_rate": 0.02}},
        }
    ).override(*overrides)


def parts(dataset):
    batches = {"train": dataset.train.in_order(), "validation": dataset.validation, "test": dataset.test}
    return {
        part: tuple(np.concatenate(c) for c in zip(*b.as_numpy_iterator(), strict=True))
        for part, b in batches.items()
        if b is not None
    }


def expected(values, labels, block, seen, window=12, stride=3):
    """Windows of the block by numpy, standardised by the steps seen in training; indices of the last steps' classes."""
    scaled = (values - values[seen].mean(axis=0)) / values[seen].std(axis=0)
    x = sliding_window_view(scaled[block], window, axis=0).transpose(0, 2, 1)[::stride]
    y = (sliding_window_view(labels[block] == "slow", window)[::stride, -1]).astype(np.int32)
    return x, y


def test_windows_are_numpys_and_blocks_do_not_touch(tmp_path):
    values, labels = recording()
    found = load(config(write_csv(tmp_path / "a.csv", values, labels)).data, seed=0)
    blocks = {"train": slice(0, 144), "validation": slice(144, 160), "test": slice(160, 200)}
    assert found.info.class_names == ("fast", "slow")
    assert found.info.input_shape == (12, 2)
    for part, (x, y) in parts(found).items():
        want_x, want_y = expected(values, labels, blocks[part], slice(0, 144))
        np.testing.assert_allclose(x, want_x, atol=1e-5)
        np.testing.assert_array_equal(y, want_y)
        assert len(x) == (144 - 12) // 3 + 1 if part == "train" else len(x) < 11
    assert found.names[0] == "steps 1 to 12"
    assert found.names[found.splits["test"][0]] == "steps 161 to 172"
    assert found.names[found.splits["test"][-1]] == "steps 188 to 199"


def test_training_batches_are_those_windows_in_another_order(tmp_path):
    values, labels = recording()
    found = load(config(write_csv(tmp_path / "a.csv", values, labels)).data, seed=3)
    epoch = found.train.stream().take(found.train.steps_per_epoch)
    x, y = (np.concatenate(c) for c in zip(*epoch.as_numpy_iterator(), strict=True))
    order = found.train.order(0).numpy()
    in_order = parts(found)["train"]
    np.testing.assert_array_equal(x, in_order[0][order])
    np.testing.assert_array_equal(y, in_order[1][order])


def test_arrays_and_a_table_give_the_same(tmp_path):
    values, labels = recording()
    table = parts(load(config(write_csv(tmp_path / "a.csv", values, labels)).data, seed=0))
    np.save(tmp_path / "a.npy", values)
    np.save(tmp_path / "y.npy", labels)
    arrays = parts(load(config(tmp_path / "a.npy", f"data.labels={tmp_path / 'y.npy'}").data, seed=0))
    for part in table:
        np.testing.assert_array_equal(table[part][0], arrays[part][0])
        np.testing.assert_array_equal(table[part][1], arrays[part][1])


def test_one_column_of_a_table_and_whole_numbers_as_classes(tmp_path):
    values, labels = recording()
    path = write_csv(tmp_path / "a.csv", values, np.where(labels == "fast", "10", "9"))
    found = load(config(path, "data.columns=[speed]", "data.validation=0").data, seed=0)
    assert found.info.class_names == ("9", "10")
    assert found.info.input_shape == (12, 1)
    assert found.validation is None
    assert found.info.preprocessing["mean"] == pytest.approx([values[:159, 0].mean()])  # the last window's end


def test_a_folder_keeps_its_parts_and_a_column_that_never_changes_is_left_at_zero(tmp_path):
    (one, y_one), (other, y_other) = recording(200), recording(60, seed=1)
    one[:, 1] = other[:, 1] = 7
    write_csv(tmp_path / "train.csv", one, y_one)
    write_csv(tmp_path / "test.csv", other, y_other)
    found = load(config(tmp_path).data, seed=0)
    assert found.info.sizes == {"train": (180 - 12) // 3 + 1, "validation": (20 - 12) // 3 + 1, "test": 17}
    x = parts(found)["test"][0]
    want = (sliding_window_view(other[:, 0], 12)[::3] - one[:180, 0].mean()) / one[:180, 0].std()
    np.testing.assert_allclose(x[..., 0], want, atol=1e-5)
    assert not x[..., 1].any()
    assert found.names[found.splits["test"][1]] == "test: steps 4 to 15"


def broken(path, row, text):
    lines = path.read_text().split("\n")
    path.write_text("\n".join([*lines[: row - 1], text, *lines[row:]]))


@pytest.mark.parametrize(
    ("row", "text", "message"),
    [
        (5, "1,2", r"a.csv, row 5, has 2 fields; expected 3, as in the first row"),
        (6, "1,abc,slow", r"a.csv, row 6, has 'abc' in 'turn'; expected a finite number; correct it, or name the"),
        (7, "nan,1,slow", r"a.csv, row 7, has 'nan' in 'speed'; expected a finite number"),
        (8, "1,,slow", r"a.csv, row 8, has '' in 'turn'"),
        (9, "1,2,", r"a.csv, row 9, has no label"),
        (1, "speed,turn,class", r"a.csv has no column 'label' \(its first row is speed, turn, class\)"),
        (1, "speed,speed,label", r"a.csv has two columns 'speed'"),
        (200, "1,2,still", r"a.csv, steps 188 to 199 \(test part\), end in the class 'still'"),
    ],
)
def test_a_table_that_is_refused(tmp_path, row, text, message):
    path = write_csv(tmp_path / "a.csv", *recording())
    broken(path, row, text)
    with pytest.raises(ZooError, match=message):
        load(config(path).data, seed=0)


class Harm:
    def __reduce__(self):
        return (print, ("opened",))


@pytest.mark.parametrize(
    ("values", "labels", "overrides", "message"),
    [
        (np.zeros((30, 2, 2)), np.zeros(30, int), [], r"a.npy holds float64 of shape \(30, 2, 2\); expected numbers"),
        (np.array([1.0, np.inf] * 100), np.zeros(200, int), [], r"a.npy, row 2, holds inf in column 0"),
        (np.array([Harm()] * 9, object), np.zeros(9, int), [], r"a.npy holds pickled Python objects"),
        (np.zeros(200), np.zeros(199, int), [], r"y.npy holds 199 classes for 200 time steps in .*a.npy"),
        (np.zeros(200), np.zeros(200), [], r"y.npy holds float64 of shape \(200,\); expected a whole number or a name"),
        (np.zeros(200), np.zeros(200, int), [], r"all windows of the training part of .*a.npy end in the class '0'"),
        (np.zeros(30), np.arange(30) % 2, [], r"the validation part of .*a.npy has 3 time steps; expected at least 12"),
        (np.zeros(200), np.arange(200) % 2, ["data.columns=[a]"], r"data.columns is given with .*a.npy"),
        (np.zeros(200), np.arange(200) % 2, ["data.labels=null"], r"a.npy holds no classes; .* set data.labels"),
    ],
)
def test_arrays_that_are_refused(tmp_path, capsys, values, labels, overrides, message):
    np.save(tmp_path / "a.npy", values, allow_pickle=True)
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(ZooError, match=message):
        load(config(tmp_path / "a.npy", f"data.labels={tmp_path / 'y.npy'}", *overrides).data, seed=0)
    assert "opened" not in capsys.readouterr().out


def test_a_file_that_is_cut_or_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(200))
    whole = path.read_bytes()
    claims = whole.replace(b"(200,), }" + 7 * b" ", b"(2000000000,), }", 1)
    assert claims != whole
    for contents in (whole[:500], claims, whole.replace(b")", b"(", 1), b"PK\x03\x04 no zip", b"1 2", b""):
        path.write_bytes(contents)
        with pytest.raises(ZooError, match=r"a\.npy is no whole \.npy file"):
            load(config(path, f"data.labels={path}").data, seed=0)
    (tmp_path / "a.txt").write_text("1 2")
    with pytest.raises(ZooError, match=re.escape("a.txt is neither .csv nor .npy")):
        load(config(tmp_path / "a.txt").data, seed=0)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.window=0"], "data.window: expected a positive integer or null, got 0"),
        (["data.stride=0"], "data.stride: expected a positive integer, got 0"),
        (["data.folds=3"], "data.folds: cannot be used: windows of one sequence are parted in time"),
        (["data.bucket=true"], "data.bucket: is for texts, but 'sequence' gives sequences of numbers"),
        (["model.name=textcnn"], "'textcnn' takes texts, but 'sequence' gives sequences of numbers; choose from imdb"),
        (["model.name=lenet5"], "'lenet5' takes images, but 'sequence' gives sequences of numbers"),
    ],
)
def test_settings_that_are_refused(overrides, message):
    with pytest.raises(ZooError, match=message):
        config("a.csv", *overrides)


def test_zoo_data_measures_and_draws_windows(tmp_path):
    values, labels = recording()
    made = report(config(write_csv(tmp_path / "a.csv", values, labels)), tmp_path / "windows.svg")
    x, _ = expected(values, labels, slice(0, 144), slice(0, 144))
    assert made.values["largest"] == pytest.approx(x.max(axis=(0, 1)), abs=1e-3)
    assert made.values["spread"] == pytest.approx(x.std(axis=(0, 1)), abs=1e-3)
    assert made.duplicates["train and test"]["count"] == 0
    drawn = (tmp_path / "windows.svg").read_text()
    assert all(f">{name}</text>" in drawn for name in (*COLUMNS, "step", "fast", "slow"))
    assert "sequence: 12x2 steps and columns" in tables.data(made)


# -- nets and runs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "gates"), [("simple_rnn", 1), ("lstm_text", 4), ("bilstm_imdb", 8)])
def test_recurrent_nets_read_numbers_without_an_embedding(name, gates):
    model = zoo.create_model(name, input_shape=(12, 3), units=5, classes=4)
    assert model.input_shape == (None, 12, 3)
    assert model.inputs[0].dtype == "float32"
    wide = 10 if name == "bilstm_imdb" else 5
    assert model.count_params() == gates * (3 * 5 + 5 * 5 + 5) + wide * 4 + 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"mask": True}, "gru_text was given mask=True with features=3; expected no mask: numbers have no padding"),
        ({"features": 0}, "gru_text was given features=0"),
    ],
)
def test_words_that_do_not_go_with_numbers(words, message):
    with pytest.raises(ZooError, match=message):
        zoo.create_model("gru_text", **{"input_shape": (12, 3), **words})


def mislabelled():
    values, labels = recording(400)
    labels[WRONG] = "slow" if labels[WRONG] == "fast" else "fast"
    return values, labels


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A net of a recording with one class that is wrong, of test window 5."""
    folder = tmp_path_factory.mktemp("sequence")
    path = write_csv(folder / "a.csv", *mislabelled())
    return train(config(path, f"runtime.output={folder}", "runtime.jit_compile=false"))[0]


def test_a_run_predicts_what_it_evaluates(run, tmp_path):
    values, labels = mislabelled()
    assert run.metrics["test"]["accuracy"] > 0.8
    found = zoo.predict(run, [values[320:]])
    y = labels[320:][11::3]
    assert np.mean([row["label"] == want for row, want in zip(found, y, strict=True)]) == pytest.approx(
        run.metrics["test"]["accuracy"]
    )
    assert found[1]["input"] == "array 0: steps 4 to 15"
    path = write_csv(tmp_path / "new.csv", values[320:], labels[320:])
    again = zoo.predict(run, [str(path)])
    assert [row["probability"] for row in again] == [row["probability"] for row in found]


def test_the_run_folder_holds_what_is_needed(run):
    info = DataInfo.from_dict(run.data)
    assert info.kind == "frames"
    assert info.preprocessing["columns"] == list(COLUMNS)
    x = next(iter(dataset_of(run).test))[0].numpy()
    framer = Preprocessor.from_dict(info.preprocessing).framer
    np.testing.assert_allclose(framer.original(x[0]), recording(400)[0][320:332], rtol=1e-5, atol=1e-5)


def test_a_mistake_is_shown_by_its_steps_and_ranges(run):
    (worst,) = [found for found in mistakes(run, 30) if found.index == 5]
    speed = recording(400)[0][335:347, 0]
    assert worst.name == "steps 336 to 347"
    assert worst.text.startswith(f"speed {speed.min():.4g} to {speed.max():.4g}, turn ")
    assert f"<blockquote>speed {speed.min():.4g} to" in (run.path / "report.html").read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((40, 3)), "array 0 has 3 columns; expected 2, as in training"),
        (np.zeros((11, 2)), "array 0 has 11 time steps; expected at least 12"),
        ("nowhere.csv", "there is no file nowhere.csv"),
    ],
)
def test_inputs_that_are_refused(run, given, message):
    with pytest.raises(ZooError, match=message):
        zoo.predict(run, [given])


def test_words_of_a_text_model_are_refused(tmp_path):
    path = write_csv(tmp_path / "a.csv", *recording())
    with pytest.raises(ZooError, match=r"model\.args\.embedding_dim is given, but the data are numbers, not words"):
        zoo.train(config(path, "model.args.embedding_dim=5", f"runtime.output={tmp_path}"))


def test_an_exported_run_says_how_numbers_are_prepared(run, tmp_path):
    made = export(run, "keras", tmp_path / "out")
    assert made.kept
    text = (tmp_path / "out" / "README.md").read_text()
    assert "your numbers: speed, turn" in text
    assert "12 time steps of 2 numbers" in text
    with pytest.raises(ZooError, match="--raw is for runs on images or texts"):
        export(run, "saved_model", tmp_path / "raw", raw=True)
    assert not (tmp_path / "raw").exists()


def test_what_is_for_images_and_texts_is_refused(run):
    with pytest.raises(ZooError, match="tiny was trained on numbers over time, whose windows nothing here explains"):
        zoo.explain(run, [recording()[0]])
    with pytest.raises(ZooError, match="was trained on sequences of numbers; expected a text run for words"):
        word_space(run)
