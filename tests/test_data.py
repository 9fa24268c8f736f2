"""Data: sources, splits, the stream's order and its resumption, and what a wrong file is told."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from zoo.data import DataInfo, Preprocessor, load
from zoo.errors import ZooError


def settings(name: str, **changes) -> SimpleNamespace:
    """A `data` block with its defaults, without zoo.config."""
    block = {
        "name": name,
        "path": None,
        "batch_size": 16,
        "validation": 0.1,
        "test": 0.2,
        "split_seed": 0,
        "limit": None,
        "folds": None,
        "fold": None,
        "image_size": None,
        "fit": "pad",
        "channel_order": "rgb",
        "crop": 0.875,
        "pixel_range": (0.0, 1.0),
        "mean": None,
        "std": None,
        "num_words": None,
        "maxlen": None,
        "pad": "pre",
        "truncate": "pre",
        "bucket": False,
        "color": "auto",
        "on_corrupt": "fail",
        "text": "text",
        "label": "label",
        "image": "image",
        "label_text": "label_text",
        "dataset": None,
        "subset": None,
        "min_count": 1,
        "kind": "image",
        "samples": 200,
        "classes": 4,
        "shape": (8, 8, 1),
    }
    augment = SimpleNamespace(**{"shift": 0, "flip": None} | changes.pop("augment", {}))
    return SimpleNamespace(**block | changes, augment=augment)


def take(batches, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(x.numpy(), y.numpy()) for x, y in batches.take(count)]


def same(a, b) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(p, q) for one, two in zip(a, b, strict=True) for p, q in zip(one, two, strict=True)
    )


# -- the contract ----------------------------------------------------------------------------------------------------


def test_digits_are_scaled_split_and_batched():
    data = load(settings("digits", batch_size=64), seed=0, input_shape=(32, 32, 1))
    assert data.info.sizes == {"train": 1293, "validation": 144, "test": 360}
    assert data.info.input_shape == (32, 32, 1)
    assert data.info.class_names == tuple("0123456789")
    ((x, y),) = take(data.train.stream(), 1)
    assert x.shape == (64, 32, 32, 1)
    assert x.dtype == np.float32
    assert y.dtype == np.int32
    assert x.min() == 0
    assert x.max() == 1
    assert not x[:, :12].any()
    assert not x[:, 20:].any()
    assert data.train.steps_per_epoch == 21
    assert len(list(data.test)) == data.test.cardinality() == 6
    assert sum(len(y) for _, y in data.test) == 360


def test_splits_are_disjoint_stratified_and_fixed_by_split_seed_alone():
    one, other_run, other_split = (
        load(settings("digits", split_seed=s), seed=r).splits for s, r in ((0, 0), (0, 7), (1, 0))
    )
    for part in ("train", "validation", "test"):
        assert np.array_equal(one[part], other_run[part])
    assert not np.array_equal(one["test"], other_split["test"])
    together = np.concatenate(list(one.values()))
    assert len(np.unique(together)) == len(together) == 1797
    counts = load(settings("digits"), seed=0).info.class_counts
    whole = np.sum([counts[part] for part in counts], axis=0)
    assert np.abs(np.array(counts["test"]) - 0.2 * whole).max() < 1


def test_no_validation_and_limit():
    data = load(settings("synthetic", validation=0.0, limit=40), seed=0)
    assert data.validation is None
    assert data.info.sizes == {"train": 40, "validation": 0, "test": 40}
    assert data.info.class_counts["train"] == [10] * 4
    assert load(settings("synthetic", limit=40), seed=0).info.sizes == {
        "train": 36,
        "validation": 4,
        "test": 40,
    }


def test_info_survives_json_and_leaves_the_vocabulary_out():
    info = load(settings("synthetic", kind="tokens", classes=2), seed=0).info
    plain = json.loads(json.dumps(info.to_dict()))
    assert "vocabulary" not in plain
    assert info.vocabulary[4] == "class0a"
    assert DataInfo.from_dict(plain) == info
    del plain["hash"], plain["kind"]
    with pytest.raises(ZooError, match="lacks hash, kind; expected the file that `zoo train` wrote"):
        DataInfo.from_dict(plain)


def test_hash_is_of_the_items_not_of_the_settings():
    first = load(settings("synthetic"), seed=0).info.hash
    assert load(settings("synthetic", limit=40, batch_size=3, validation=0.5), seed=5).info.hash == first
    assert load(settings("synthetic", split_seed=1), seed=0).info.hash != first  # other synthetic items


@pytest.mark.parametrize("kind", ["image", "tokens"])
def test_synthetic_data_can_be_learned(kind):
    data = load(settings("synthetic", kind=kind, samples=400, batch_size=32), seed=0)
    if kind == "image":
        layers = [keras.layers.Flatten()]
    else:
        layers = [keras.layers.Embedding(200, 16), keras.layers.GlobalMaxPooling1D()]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(data.info.input_shape), *layers, keras.layers.Dense(4)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"], jit_compile=False)
    model.fit(data.train.stream(), steps_per_epoch=data.train.steps_per_epoch, epochs=6, shuffle=False, verbose=0)
    assert model.evaluate(data.test, verbose=0, return_dict=True)["accuracy"] > 0.95


# -- order and resumption --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", [{}, {"shift": 2, "flip": "horizontal"}])
def test_stream_begun_anywhere_continues_the_uninterrupted_one(augment):
    train = load(settings("synthetic", augment=augment), seed=3).train
    steps = train.steps_per_epoch  # 9, the last batch is smaller
    whole = take(train.stream(), 5 * steps)
    assert same(take(train.stream(3, 5), steps), whole[3 * steps + 5 : 4 * steps + 5])
    assert same(take(train.stream(0, steps), 1), whole[steps : steps + 1])
    again = load(settings("synthetic", augment=augment), seed=3).train
    assert same(take(again.stream(4, 1), 2), whole[4 * steps + 1 : 4 * steps + 3])
    other = load(settings("synthetic", augment=augment), seed=4).train
    assert not same(take(other.stream(), 1), whole[:1])


def test_an_epoch_holds_every_item_once_and_epochs_differ():
    train = load(settings("synthetic"), seed=0).train
    epochs = [np.concatenate([x for x, _ in take(train.stream(e), train.steps_per_epoch)]) for e in (0, 1)]
    assert [len(x) for x, _ in take(train.stream(), train.steps_per_epoch)] == [16] * 9
    x, y = train.arrays()
    assert not np.array_equal(*epochs)
    for epoch in epochs:
        assert np.array_equal(np.sort(epoch.reshape(len(x), -1), axis=0), np.sort(x.reshape(len(x), -1), axis=0))
    assert len(y) == train.size == 144


def test_last_partial_batch_is_kept():
    train = load(settings("synthetic", batch_size=100), seed=0).train
    assert [len(x) for x, _ in take(train.stream(), 4)] == [100, 44, 100, 44]
    assert train.stream().element_spec[0].shape[0] is None
    even = load(settings("synthetic", batch_size=48), seed=0).train.stream()
    assert [spec.shape[0] for spec in even.element_spec] == [48, 48]


def test_large_data_is_preprocessed_batch_by_batch_with_equal_results(monkeypatch):
    config = settings("synthetic", image_size=12, fit="resize", augment={"shift": 1, "flip": None}, mean=[0.5])
    small = load(config, seed=0)
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", 0)
    large = load(config, seed=0)
    assert large.train._transform is not None
    assert small.train._transform is None
    assert same(take(large.train.stream(1, 2), 9), take(small.train.stream(1, 2), 9))
    assert same(list(large.test.as_numpy_iterator()), list(small.test.as_numpy_iterator()))
    assert np.array_equal(large.train.arrays()[0], small.train.arrays()[0])


def test_augmentation_shifts_and_flips_with_background():
    plain = load(settings("synthetic", pixel_range=(-1.0, 1.0)), seed=0).train
    moved = load(
        settings("synthetic", pixel_range=(-1.0, 1.0), augment={"shift": 2, "flip": "horizontal"}), seed=0
    ).train
    seen = set()
    for (x, y), (z, t) in zip(take(plain.stream(), 9), take(moved.stream(), 9), strict=True):
        assert np.array_equal(y, t)
        for image, given in zip(z, x, strict=True):
            shifted = {}
            for flip in (1, -1):
                padded = np.pad(given[:, ::flip, 0], 2, constant_values=-1.0)  # black after pixel_range
                for r, c in itertools.product(range(-2, 3), repeat=2):
                    shifted[r, c, flip] = padded[2 - r : 10 - r, 2 - c : 10 - c]
            found = [key for key, window in shifted.items() if np.array_equal(window, image[..., 0])]
            assert found
            seen.add(found[0])
    assert {r for r, _, _ in seen} == {c for _, c, _ in seen} == {-2, -1, 0, 1, 2}
    assert {flip for _, _, flip in seen} == {1, -1}


def test_augmentation_differs_between_epochs():
    data = load(settings("synthetic", augment={"shift": 3}, batch_size=200), seed=0)
    (one, y), (two, z) = take(data.train.stream(), 2)
    x, _ = data.train.arrays()
    ink = {}
    for epoch, images, order in ((0, one, data.train.order(0)), (1, two, data.train.order(1))):
        ink[epoch] = images[np.argsort(order)]
        assert 0 < np.mean([np.array_equal(a, b) for a, b in zip(ink[epoch], x, strict=True)]) < 0.1  # 1 in 49
    assert np.mean([np.array_equal(a, b) for a, b in zip(ink[0], ink[1], strict=True)]) < 0.1
    assert not np.array_equal(y, z)


# -- shapes and settings ---------------------------------------------------------------------------------------------


def test_images_take_the_models_size_and_channels():
    data = load(settings("digits", fit="resize"), seed=0, input_shape=(16, 20, 3))
    assert data.info.input_shape == (16, 20, 3)
    assert data.info.preprocessing["shape"] == [16, 20, 3]
    x, _ = data.train.arrays()
    assert np.array_equal(x[..., 0], x[..., 2])
    assert load(settings("digits"), seed=0, input_shape=(None, None, 1)).info.input_shape == (8, 8, 1)


def test_pixel_range_mean_and_std():
    x, _ = load(settings("digits", pixel_range=(-0.1, 1.175)), seed=0).train.arrays()
    assert x.min() == np.float32(-0.1)
    assert x.max() == pytest.approx(1.175)
    x, _ = load(settings("digits", mean=[0.5], std=[0.25]), seed=0).train.arrays()
    assert x.min() == -2
    assert x.max() == 2


@pytest.mark.parametrize(
    ("config", "shape", "message"),
    [
        (
            settings("minst"),
            None,
            "unknown data set 'minst'; expected one of digits, mnist.*did you mean 'mnist'",
        ),
        (
            settings("digits", path="x.npz"),
            None,
            "data.path=x.npz cannot be used: digits reads no file; remove",
        ),
        (
            settings("synthetic", path="x"),
            None,
            "data.path=x cannot be used: synthetic reads no file; remove",
        ),
        (
            settings("digits"),
            (4, 4, 1),
            "8x8 pixels and cannot be padded to 4x4; .*; make it smaller, or set data.fit",
        ),
        (settings("digits", image_size=10), (32, 32, 1), "data.image_size=10 does not fit the model's input"),
        (
            settings("digits"),
            (200,),
            r"the model takes input of shape \(200,\); expected \(height, width, channels\)",
        ),
        (settings("digits"), (32, 32, 2), "an image of 1 channels cannot become one of 2"),
        (settings("digits", mean=[0.1, 0.2]), None, r"data.mean=\[0.1, 0.2\] has 2 numbers for 1 channels"),
        (settings("digits", std=[0.0]), None, r"data.std=\[0.0\] divides by zero; expected numbers above 0"),
        (
            settings("synthetic", samples=4),
            None,
            "class 'class0' has 1 item, too few to be cut by data.test=0.2",
        ),
        (
            settings("synthetic", samples=12),
            None,
            "data.test=0.2 cuts 12 items into 9 and 3; expected at least one",
        ),
        (settings("synthetic", limit=3), None, "data.limit=3 cuts 160 items"),
        (
            settings("synthetic", kind="tokens", maxlen=9),
            (8,),
            "data.maxlen=9 does not fit the model's input of 8",
        ),
        (
            settings("synthetic", kind="tokens"),
            (8, 8, 1),
            r"expected \(length,\) for synthetic; choose a text model",
        ),
        (
            settings("synthetic", kind="tokens", num_words=9),
            None,
            "data.num_words=9 is too small; expected at least 17",
        ),
    ],
)
def test_settings_that_do_not_fit_end_in_one_sentence(config, shape, message):
    with pytest.raises(ZooError, match=message):
        load(config, seed=0, input_shape=shape)


def test_preprocessor_wants_all_its_settings():
    with pytest.raises(ZooError, match="the preprocessing lacks fit, pixel_range, mean, std"):
        Preprocessor.from_dict({"kind": "image", "shape": [8, 8, 1]})
    with pytest.raises(ZooError, match="the preprocessing lacks kind"):
        Preprocessor.from_dict({})
