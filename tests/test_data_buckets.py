"""Batches of texts of like length, and nets that do not see padding."""

import keras
import numpy as np
import pytest
from running import assert_equal_runs, interrupted, train
from test_data_own_texts import block, in_folder

import zoo
from zoo.config import Config
from zoo.data import load
from zoo.data.text.buckets import MOST, SLACK, Buckets
from zoo.errors import ZooError

pytestmark = pytest.mark.usefixtures("undrawn")


def rows(count=103, longest=90):
    """Texts of 3 to `longest` words, most of them short, each with a word of its own."""
    rng = np.random.default_rng(0)
    sizes = np.minimum(3 + rng.exponential(20, count).astype(int), longest)
    texts = [
        [f"number{i}", ("fine", "dull")[i % 2], *(f"w{rng.integers(9)}" for _ in range(n - 2))]
        for i, n in enumerate(sizes)
    ]
    return [(" ".join(text), "ab"[i % 2]) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return in_folder(tmp_path_factory.mktemp("texts"), rows())


def epoch(stream, data, at=0, skip=0):
    return list(stream.stream(at, skip).take(data.train.steps_per_epoch - skip).as_numpy_iterator())


@pytest.mark.parametrize("pad", ["pre", "post"])
def test_an_epoch_holds_every_text_once_whole_and_in_few_shapes(folder, pad):
    words = {"maxlen": 60, "batch_size": 8, "pad": pad}
    plain = load(block("text_folder", folder, **words), seed=3)
    data = load(block("text_folder", folder, bucket=True, **words), seed=3)
    assert data.train.steps_per_epoch == plain.train.steps_per_epoch
    full, labels = plain.train.arrays()
    for at in (0, 1):
        batches = epoch(data.train, data, at)
        assert {len(y) for _, y in batches[:-1]} == {8}
        assert len({x.shape[1] for x, _ in batches}) <= MOST
        seen = []
        for x, y in batches:
            missing = 60 - x.shape[1]
            back = np.pad(x, [(0, 0), (missing, 0) if pad == "pre" else (0, missing)])
            seen += [(row.tobytes(), label) for row, label in zip(back, y, strict=True)]
            room = (x == 0).sum(axis=1)
            assert x.shape[1] == 60 or room.min() >= SLACK
        assert sorted(seen) == sorted((row.tobytes(), label) for row, label in zip(full, labels, strict=True))
    assert [x.shape for x, _ in epoch(data.train, data, 0)] != [x.shape for x, _ in epoch(data.train, data, 1)]
    assert [x.shape[1] for x, _ in data.test.as_numpy_iterator()] == [60] * len(list(data.test))


def test_less_padding_is_read_and_said(folder):
    data = load(block("text_folder", folder, bucket=True, batch_size=8, maxlen=None), seed=0)
    batches = epoch(data.train, data)
    waste = sum(int((x == 0).sum()) for x, _ in batches) / sum(x.size for x, _ in batches)
    full, _ = data.train.arrays()
    (note,) = data.info.notes
    assert note.endswith(f" words: {waste:.1%} of them is padding, {(full == 0).mean():.1%} without data.bucket")
    assert waste < 0.7 * (full == 0).mean()


def test_every_step_can_be_returned_to(folder):
    stream = load(block("text_folder", folder, bucket=True, batch_size=8), seed=5)
    straight = [*epoch(stream.train, stream, 0), *epoch(stream.train, stream, 1)]
    for step in (0, 3, stream.train.steps_per_epoch, stream.train.steps_per_epoch + 4):
        again = stream.train.stream(0, step).take(len(straight) - step).as_numpy_iterator()
        for (x, y), (x2, y2) in zip(straight[step:], again, strict=True):
            assert np.array_equal(x, x2)
            assert np.array_equal(y, y2)


def test_texts_fewer_than_a_batch_and_alike():
    buckets = Buckets.of_lengths(np.full(5, 7), 10, "post")
    assert buckets.edges == (10,)
    assert [list(part) for part in buckets.plan(8)] == [[0, 1, 2, 3, 4], [10]]
    assert list(buckets.plan(2)[1]) == [10, 10, 10]


# -- nets ------------------------------------------------------------------------------------------------------------


def padded(texts, length, side):
    return np.stack([np.pad(t, (length - len(t), 0) if side == "pre" else (0, length - len(t))) for t in texts])


@pytest.mark.parametrize("side", ["pre", "post"])
@pytest.mark.parametrize("name", ["simple_rnn", "lstm_text", "gru_text", "bilstm_imdb"])
def test_masked_nets_do_not_see_padding(name, side):
    keras.utils.set_random_seed(0)
    words = {"vocabulary_size": 50, "embedding_dim": 6, "units": 5}
    net = zoo.create_model(name, input_shape=(None,), mask=True, **words)
    rng = np.random.default_rng(1)
    net.set_weights([rng.normal(scale=0.5, size=w.shape) for w in net.get_weights()])
    texts = [rng.integers(1, 50, n).astype("int32") for n in (4, 9, 6)]
    alone = np.concatenate([net(text[None]) for text in texts])
    for length in (9, 14):
        assert np.array(net(padded(texts, length, side))) == pytest.approx(alone, abs=1e-6)
    read = zoo.create_model(name, input_shape=(None,), **words)
    read.set_weights(net.get_weights())
    assert np.array(read(padded(texts, 14, side))) != pytest.approx(alone, abs=1e-3)


@pytest.mark.parametrize("side", ["pre", "post"])
def test_the_room_beside_a_text_is_enough_for_textcnn(side):
    keras.utils.set_random_seed(0)
    net = zoo.create_model("textcnn", input_shape=(None,), vocabulary_size=50, embedding_dim=6, filters=7)
    rng = np.random.default_rng(1)
    net.set_weights([rng.normal(size=w.shape) for w in net.get_weights()])
    texts = [rng.integers(1, 50, n).astype("int32") for n in (4, 9, 6)]
    long = np.array(net(padded(texts, 60, side)))
    assert np.array(net(padded(texts, 9 + SLACK, side))) == pytest.approx(long, abs=1e-5)
    assert np.array(net(padded(texts, 9, side))) != pytest.approx(long, abs=1e-3)


# -- runs ------------------------------------------------------------------------------------------------------------


def config(folder, output, *overrides):
    return Config.from_dict(
        {
            "name": "tiny",
            "model": {"name": "gru_text", "args": {"units": 3, "embedding_dim": 4, "mask": True}},
            "data": {"name": "text_folder", "path": str(folder), "batch_size": 8, "validation": 0.2, "bucket": True},
            "train": {"epochs": 2, "optimizer": {"name": "adam", "learning_rate": 0.01}},
            "runtime": {"output": str(output), "jit_compile": False},
        }
    ).override(*overrides)


def test_a_run_in_buckets_resumes_exactly_and_predicts(folder, tmp_path):
    straight, printed = train(config(folder, tmp_path / "straight"))
    assert "without data.bucket" in printed
    broken = config(folder, tmp_path / "broken")
    interrupted(broken, 5)
    run, printed = train(broken)
    assert "going on after epoch 0, step 5" in printed
    assert_equal_runs(straight, run)
    short = zoo.predict(run, ["fine"])[0]
    assert short["label"] in "ab"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["model.args.mask=false"], "data.bucket: 'gru_text' reads padding like a word.*; set model.args.mask: true"),
        (["model.args.sequence_length=50"], "sequence_length: one length for all texts, .*; remove it, or set data.m"),
    ],
)
def test_what_does_not_go_with_buckets(folder, tmp_path, changes, message):
    with pytest.raises(ZooError, match=message):
        config(folder, tmp_path, *changes)
    with pytest.raises(ZooError, match=r"data\.bucket: is for texts, but 'digits' gives images"):
        Config.from_dict({"model": {"name": "lenet5"}, "data": {"name": "digits", "bucket": True}})
