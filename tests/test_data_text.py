"""IMDB and what prediction does with texts and pictures."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_data import settings
from test_data_files import Harmful

from zoo.data import Preprocessor, decode, load
from zoo.data.text.tokens import Ragged, words_of
from zoo.errors import ZooError

WORDS = {"the": 1, "film": 2, "good": 3, "bad": 4, "it's": 5, "'em": 6, "never": 30}


def rows(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = np.empty(count, dtype=object)
    out[:] = [rng.integers(1, 31, rng.integers(1, 12)).tolist() for _ in range(count)]
    return out


def write_imdb(folder, *, index: bool = True, **changes):
    arrays = {"x_train": rows(30, 0), "x_test": rows(20, 1), "y_train": np.arange(30) % 2, "y_test": np.arange(20) % 2}
    np.savez(folder / "imdb.npz", **arrays | changes)
    if index:
        (folder / "imdb_word_index.json").write_text(json.dumps(WORDS))
    return str(folder / "imdb.npz")


def imdb(path, **changes):
    return settings("imdb", path=str(path), **{"batch_size": 64} | changes)


@pytest.mark.parametrize(("pad", "truncate"), [("pre", "pre"), ("post", "pre"), ("pre", "post")])
def test_imdb_equals_keras(tmp_path, monkeypatch, pad, truncate):
    path = write_imdb(tmp_path)
    monkeypatch.setattr("keras.src.datasets.imdb.get_file", lambda **_: path)
    (x_train, y_train), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=20)  # without maxlen: all kept
    ours = load(imdb(path, num_words=20, maxlen=6, pad=pad, truncate=truncate, validation=0.0), seed=0)
    shuffle = np.random.RandomState(113)  # Keras's own order
    for (x, y), (a, b) in (((x_train, y_train), ours.train.arrays()), ((x_test, y_test), next(iter(ours.test)))):
        order = np.arange(len(x))
        shuffle.shuffle(order)
        assert np.array_equal(keras.utils.pad_sequences(x, 6, padding=pad, truncating=truncate), np.array(a)[order])
        assert np.array_equal(y, np.array(b)[order])
    assert ours.info.vocabulary_size == 20
    assert ours.info.class_names == ("negative", "positive")


def test_reuters_equals_keras_in_tokens_labels_and_split(tmp_path, monkeypatch):
    path = tmp_path / "reuters.npz"
    np.savez(path, x=rows(230, 0), y=np.arange(230) % 46)
    (tmp_path / "reuters_word_index.json").write_text(json.dumps(WORDS))
    monkeypatch.setattr("keras.src.datasets.reuters.get_file", lambda **_: str(path))
    want = keras.datasets.reuters.load_data(num_words=20)
    ours = load(settings("reuters", path=str(path), num_words=20, maxlen=12, validation=0.0, batch_size=64), seed=0)
    for (x, y), (a, b) in zip(want, (ours.train.arrays(), next(iter(ours.test))), strict=True):
        assert np.array_equal(keras.utils.pad_sequences(x, 12), np.array(a))
        assert np.array_equal(y, np.array(b))
    assert ours.info.class_names == keras.datasets.reuters.get_label_names()
    assert ours.info.sizes == {"train": 184, "validation": 0, "test": 46}
    assert decode([1, 4, 5, 2], ours.info.vocabulary) == "the film <unknown>"
    np.savez(path, x=rows(230, 0), y=np.arange(230) % 47)
    with pytest.raises(ZooError, match=r"'y' in .*reuters.npz holds the label 46 \(item 46\); expected labels 0 to 45"):
        load(settings("reuters", path=str(path)), seed=0)


def test_raw_reviews_are_for_another_source(tmp_path):
    (tmp_path / "aclImdb").mkdir()
    with pytest.raises(ZooError, match=r"aclImdb is a folder; expected imdb.npz .*; .* set data.name=text_folder"):
        load(imdb(tmp_path / "aclImdb"), seed=0)


def test_imdb_keeps_long_reviews_and_their_end(tmp_path):
    data = load(imdb(write_imdb(tmp_path), maxlen=3, validation=0.0), seed=0)
    given = rows(30, 0)
    x, _ = data.train.arrays()
    assert x.shape == (30, 3)
    assert x.dtype == np.int32
    longest = int(np.argmax([len(r) for r in given]))
    assert x[longest].tolist() == [r + 3 for r in given[longest][-3:]]
    assert data.info.vocabulary_size == 34  # 30 ranks shifted by 3, and 0
    whole = load(imdb(tmp_path / "imdb.npz", validation=0.0), seed=0)
    assert whole.info.input_shape == (1 + max(map(len, given)),)
    assert load(imdb(tmp_path / "imdb.npz"), seed=0, input_shape=(7,)).info.input_shape == (7,)


def test_decoding_gives_readable_words(tmp_path):
    given = np.empty(20, dtype=object)
    given[:] = [[1, 2, 30, 3]] * 20
    data = load(imdb(write_imdb(tmp_path, x_test=given), num_words=12, maxlen=6), seed=0)
    (x, _), *_ = data.test.as_numpy_iterator()
    assert x[0].tolist() == [0, 1, 4, 5, 2, 6]
    assert decode(x[0], data.info.vocabulary) == "the film <unknown> good"
    assert len(data.info.vocabulary) <= 12
    with pytest.raises(ZooError, match="tokens cannot be turned into words without a vocabulary"):
        decode(x[0], None)


def test_training_needs_no_word_index_and_prediction_says_so(tmp_path):
    info = load(imdb(write_imdb(tmp_path, index=False)), seed=0).info
    assert info.vocabulary is None
    assert info.notes[0].startswith("no vocabulary, so `zoo predict` will take no text")
    assert str(tmp_path / "imdb_word_index.json") in info.notes[0]
    with pytest.raises(ZooError, match=r"this run has no vocabulary.*put imdb_word_index.json beside the data file"):
        Preprocessor.from_dict(info.preprocessing).texts(["good"])
    for text in ("[1]", '{"a": "b"}', '{"a": 0}', "{}"):
        (tmp_path / "imdb_word_index.json").write_text(text)
        with pytest.raises(ZooError, match=r"imdb_word_index.json is not a word index; .*; replace or remove it"):
            load(imdb(tmp_path / "imdb.npz"), seed=0)
    (tmp_path / "imdb_word_index.json").write_text("{")
    with pytest.raises(ZooError, match=r"imdb_word_index.json is not JSON"):
        load(imdb(tmp_path / "imdb.npz"), seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"x_train": np.array([Harmful()] * 30)},
            "'x_train' in .* wants to load posix.system, which is refused",
        ),
        ({"x_train": np.array(["a", "b"])}, r"'x_train' in .* does not hold lists of word ranks \(<U1"),
        ({"x_train": np.array([[1.5, 2.0]] * 30)}, r"does not hold lists of word ranks \(float64 instead of whole"),
        ({"x_train": np.array([[1, np.nan]] * 30)}, r"does not hold lists of word ranks \(NaN or infinity\)"),
        ({"x_train": np.array([[1, -5]] * 30)}, r"does not hold lists of word ranks \(numbers below 0"),
        ({"x_train": np.array([1, 2, 3])}, "does not hold lists of word ranks"),
        ({"y_test": np.arange(20) % 3}, r"'y_test' in .* holds the label 2 \(item 2\); expected labels 0 to 1"),
        ({"y_test": np.arange(3) % 2}, "'y_test' in .* holds 3 labels for 20 items"),
        ({"x_test": np.empty(0, object), "y_test": np.empty(0)}, "'x_test' in .* holds no items"),
    ],
)
def test_wrong_imdb_files(tmp_path, changes, message):
    with pytest.raises(ZooError, match=message):
        load(imdb(write_imdb(tmp_path, **changes)), seed=0)
    with pytest.raises(ZooError, match=r"is a folder; expected imdb.npz in the form of keras.datasets.imdb; for the"):
        load(imdb(tmp_path), seed=0)


def test_padding_agrees_with_keras():
    given = [[1], [1, 2, 3, 4], [], [5, 6]]
    ragged = Ragged.from_rows(given)
    for pad in ("pre", "post"):
        for truncate in ("pre", "post"):
            expected = keras.utils.pad_sequences(given, 3, padding=pad, truncating=truncate)
            assert np.array_equal(ragged.padded(np.arange(4), 3, pad=pad, truncate=truncate), expected)


# -- prediction ------------------------------------------------------------------------------------------------------


def test_texts_go_the_way_of_the_reviews(tmp_path):
    info = load(imdb(write_imdb(tmp_path), num_words=10, maxlen=8), seed=0).info
    preprocessor = Preprocessor.from_dict(json.loads(json.dumps(info.preprocessing)), list(info.vocabulary))
    x = preprocessor.texts(["The FILM?<br />It's 'good', 'em", "never-ending"])
    assert x.dtype == np.int32
    assert x.tolist() == [[0, 1, 4, 5, 2, 8, 6, 9], [0, 0, 0, 0, 0, 1, 2, 2]]
    assert words_of("It's GOOD!\n(really)") == ["it's", "good", "really"]
    for empty in ("", "  \n", "?!"):
        with pytest.raises(ZooError, match=r"text 2 \(.*\) holds no words; expected a sentence or more"):
            preprocessor.texts(["good", empty])
    with pytest.raises(ZooError, match="this run was not trained on image files; expected text; give text"):
        preprocessor.images(["a.png"])


def image_preprocessor(**changes) -> Preprocessor:
    block = {"kind": "image", "shape": [32, 32, 1], "fit": "pad", "pixel_range": [0, 1], "mean": None, "std": None}
    return Preprocessor.from_dict(block | changes)


def test_an_image_file_goes_the_way_of_the_training_images(tmp_path):
    data = load(settings("digits", fit="resize", mean=[0.3], std=[0.7]), seed=0, input_shape=(20, 20, 1))
    raw = Preprocessor.from_dict(data.info.preprocessing)
    from zoo.data.sources.digits import read

    picture = read(None).train.x[data.splits["train"][5]]
    tf.io.write_file(str(tmp_path / "5.png"), tf.io.encode_png(picture))
    from_file = raw.images([str(tmp_path / "5.png"), picture, picture[..., 0]])
    assert np.array_equal(from_file, np.stack([data.train.arrays()[0][5]] * 3))


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp", "gif"])
def test_kinds_of_image_files(tmp_path, kind):
    grey = np.full((6, 6), 128, np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    if kind == "bmp":  # 24 bits, rows from the bottom, 6 * 3 bytes padded to 20
        header = b"BM" + (54 + 120).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
        header += b"".join(v.to_bytes(4, "little") for v in (40, 6, 6)) + b"\1\0\x18\0" + bytes(24)
        raw = header + (b"\x80" * 18 + bytes(2)) * 6
    elif kind == "gif":
        from PIL import Image

        Image.fromarray(grey).save(tmp_path / "a.gif")
        raw = (tmp_path / "a.gif").read_bytes()
    else:
        raw = (tf.io.encode_png if kind == "png" else tf.io.encode_jpeg)(rgb).numpy()
    (tmp_path / "a").write_bytes(raw)
    (x,) = image_preprocessor().images([tmp_path / "a"])
    assert x.shape == (32, 32, 1)
    assert x[13:19, 13:19] == pytest.approx(128 / 255, abs=1e-6)
    assert x[:13].max() == 0


def test_colour_grey_and_transparency():
    one = image_preprocessor(shape=[1, 1, 1])
    assert one.images([np.array([[[255, 0, 0]]])]).item() == pytest.approx(76 / 255)  # whole numbers, as in a file
    assert one.images([np.array([[[0, 0, 0, 0]]])]).item() == 1  # nothing drawn is white
    assert one.images([np.array([[[51, 255]]])]).item() == pytest.approx(0.2)  # grey with alpha
    three = image_preprocessor(shape=[1, 1, 3], mean=[0.1, 0.2, 0.3])
    assert three.images([np.array([[255]])]).ravel() == pytest.approx([0.9, 0.8, 0.7])
    assert three.background == pytest.approx([-0.1, -0.2, -0.3])


def test_images_that_cannot_be_taken(tmp_path):
    take = image_preprocessor().images
    (tmp_path / "a.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    tf.io.write_file(str(tmp_path / "big.png"), tf.io.encode_png(np.zeros((33, 20, 1), np.uint8)))
    tf.io.write_file(str(tmp_path / "whole.png"), tf.io.encode_png(np.zeros((20, 20, 1), np.uint8)))
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:50])
    for given, message in (
        (tmp_path / "no.png", "no.png does not exist; expected a PNG, JPEG, BMP or GIF file"),
        (tmp_path, "is a folder; expected a PNG, JPEG, BMP or GIF file"),
        (tmp_path / "a.png", "a.png is not an image that can be read"),
        (tmp_path / "empty.png", "empty.png is not an image that can be read"),
        (tmp_path / "cut.png", "cut.png is not an image that can be read"),
        (tmp_path / "big.png", "has 33x20 pixels and cannot be padded to 32x32; .*, or train with data.fit=resize"),
        (np.zeros(5), r"array 0 has shape \(5,\); expected \(height, width\)"),
        (np.full((5, 5), np.nan), "array 0 holds NaN, infinity or values outside 0 to 255"),
        (np.full((5, 5), 256), "array 0 holds NaN, infinity or values outside 0 to 255"),
    ):
        with pytest.raises(ZooError, match=message):
            take([given])
    assert image_preprocessor(fit="resize").images([tmp_path / "big.png"]).shape == (1, 32, 32, 1)
    with pytest.raises(ZooError, match="this run was not trained on text; expected image files"):
        image_preprocessor().texts(["good"])
