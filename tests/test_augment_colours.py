"""Brightness, contrast, saturation, AlexNet's noise and RandAugment of training images."""

import hashlib
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.config import Config
from zoo.data import Preprocessor, TrainStream, load
from zoo.data.images.augment import augmentation
from zoo.data.images.colours import Colours, RandAugment, principal_axes
from zoo.errors import ZooError

BLACK, WHITE = np.zeros(3, np.float32), np.ones(3, np.float32)
MORE = (pytest.mark.slow, pytest.mark.ci)
RAND = SimpleNamespace(num_ops=2, factor=0.5)
ALL = {"brightness": 0.2, "contrast": 0.3, "saturation": 0.4, "pca": 0.1, "shift": 1, "flip": "horizontal"}


def pixels(n=20, side=6, channels=3, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), np.uint8)


def preprocessor(channels=3, side=6, **changes) -> Preprocessor:
    plain = {"kind": "image", "shape": [side, side, channels], "fit": "pad", "pixel_range": [0.0, 1.0]}
    return Preprocessor(plain | {"mean": None, "std": None} | changes)


def stream(raw=None, *, seed=3, batch_size=8, prepare=None, lazily=False, **augment) -> TrainStream:
    raw = pixels() if raw is None else raw
    prepare = prepare or preprocessor(raw.shape[-1])
    x, transform = (raw, prepare.batch) if lazily else (prepare.array(raw), None)
    changes = augmentation(prepare, x, transform, **augment)
    y = np.arange(len(raw), dtype=np.int32)
    return TrainStream(x, y, batch_size=batch_size, seed=seed, transform=transform, augment=changes)


def take(batches, count: int) -> list[np.ndarray]:
    return [x.numpy() for x, _ in batches.take(count)]


def epoch_of(train: TrainStream, epoch=0) -> np.ndarray:
    """The augmented images of an epoch in their own order."""
    out = {}
    for x, y in train.stream(epoch).take(train.steps_per_epoch):
        out |= dict(zip(y.numpy().tolist(), x.numpy(), strict=True))
    return np.stack([out[i] for i in range(train.size)])


def images(n=4) -> np.ndarray:
    return pixels(n).astype(np.float32) / 255


def draws(n=4, **columns) -> np.ndarray:
    rows = np.tile(np.array([0, 1, 1, 0, 0, 0, 0, 0], np.float32), (n, 1))
    for name, value in columns.items():
        rows[:, {"d": 0, "c": 1, "s": 2, "a": slice(3, 6)}[name]] = value
    return rows


# -- formulas --------------------------------------------------------------------------------------------------------


def test_brightness_adds_a_share_of_white():
    d = np.array([-0.2, 0.0, 0.1, 0.2], np.float32)
    got = Colours(BLACK, WHITE, brightness=0.2).apply(images(), draws(d=d)).numpy()
    np.testing.assert_allclose(got, np.clip(images() + d[:, None, None, None], 0, 1), atol=1e-6)


def test_contrast_multiplies_differences_from_the_mean_as_keras_does():
    f = np.array([0.7, 1.0, 1.2, 1.3], np.float32)
    got = Colours(BLACK, WHITE, contrast=0.3).apply(images(), draws(c=f)).numpy()
    m = images().mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(got, np.clip((images() - m) * f[:, None, None, None] + m, 0, 1), atol=1e-6)
    layer = keras.layers.RandomContrast(0.3, value_range=(0, 1))
    theirs = layer.transform_images(images(), {"contrast_factor": f[:, None, None, None]})
    np.testing.assert_allclose(got, theirs, atol=1e-6)


def test_saturation_multiplies_that_of_hsv_as_keras_does():
    f = np.array([0.0, 0.6, 1.4, 30.0], np.float32)
    given = images()
    given[:, 0, 0] = 0.5  # grey
    given[:, 0, 1] = 0.0  # black
    got = Colours(BLACK, WHITE, saturation=0.4).apply(given, draws(s=f)).numpy()
    layer = keras.layers.RandomSaturation(0.5, value_range=(0, 1))
    np.testing.assert_allclose(got, layer.transform_images(given, {"factor": f}), atol=1e-5)
    np.testing.assert_allclose(got[0], np.broadcast_to(given[0].max(-1, keepdims=True), got[0].shape), atol=1e-6)
    np.testing.assert_allclose(got[:, 0, :2], given[:, 0, :2], atol=1e-6)


def test_pca_noise_is_the_papers_formula():
    shares = images(20)
    values, vectors = np.linalg.eigh(np.cov(shares.reshape(-1, 3).astype(np.float64).T, bias=True))
    axes = principal_axes(shares)
    a = np.array([[0.3, -0.1, 0.2]] * 4, np.float32)
    noise = sum(np.sign(axes[:, i] @ vectors[:, 2 - i]) * vectors[:, 2 - i] * values[2 - i] * a[0, i] for i in range(3))
    got = Colours(BLACK, WHITE, pca=0.1, axes=axes).apply(images(), draws(a=a)).numpy()
    np.testing.assert_allclose(got, np.clip(images() + noise, 0, 1), atol=1e-6)
    assert np.abs(noise).max() > 0.01


def test_principal_axes_are_the_largest_first_with_their_sign_fixed():
    rng = np.random.default_rng(1)
    shares = 0.5 + rng.normal(size=(1000, 1, 1, 3)) * [0.01, 0.1, 0.03]
    axes = principal_axes(shares)
    np.testing.assert_allclose(np.diag(axes[[1, 2, 0]]), [1e-2, 9e-4, 1e-4], rtol=0.15)
    np.testing.assert_allclose(np.linalg.norm(axes, axis=0), [1e-2, 9e-4, 1e-4], rtol=0.15)
    grey = np.repeat(rng.random((50, 4, 4, 1)), 3, axis=-1)
    np.testing.assert_allclose(principal_axes(grey)[:, 1:], 0, atol=1e-9)


def test_draws_have_their_distributions_and_do_not_alter_each_other():
    key = tf.constant([3, 0], tf.int64)
    rows = Colours(BLACK, WHITE, 0.2, 0.3, 0.4, 0.1, np.eye(3)).draw(20000, key).numpy()
    for column, (low, high) in enumerate([(-0.2, 0.2), (0.7, 1.3), (0.6, 1.4)]):
        one = rows[:, column]
        assert low <= one.min() < low + 0.001
        assert high - 0.001 < one.max() <= high
        assert abs(one.mean() - (low + high) / 2) < 0.005
    np.testing.assert_allclose(rows[:, 3:6].std(axis=0), 0.1, rtol=0.03)
    assert np.abs(np.corrcoef(rows[:, :6].T) - np.eye(6)).max() < 0.03
    alone = Colours(BLACK, WHITE, contrast=0.3).draw(20000, key).numpy()
    np.testing.assert_array_equal(alone[:, 1], rows[:, 1])


# -- in the stream ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", [{}, {"shift": 2, "flip": "horizontal"}])
def test_off_by_default_changes_nothing(augment):
    block = {"name": "synthetic", "samples": 200, "classes": 4, "shape": [8, 8, 3], "batch_size": 16}
    data = Config.from_dict({"model": {"name": "lenet5"}, "data": block | {"augment": augment}}).data
    assert (
        augmentation(
            preprocessor(),
            images(),
            **vars(Config.from_dict({"model": {"name": "lenet5"}, "data": block}).data.augment),
        )
        is None
    )
    sha = hashlib.sha256()
    for x, y in load(data, seed=3).train.stream(1, 2).take(20):
        sha.update(x.numpy().tobytes() + y.numpy().tobytes())
    assert sha.hexdigest()[:16] == ("012cbee120e73fe6" if augment else "a7e929cc47548db8")  # before there were colours


@pytest.mark.parametrize(
    ("augment", "lazily"),
    [
        (ALL, True),
        ({"rand_augment": RAND, "shift": 1}, False),
        pytest.param(ALL, False, marks=MORE),
        pytest.param({"rand_augment": RAND, "shift": 1}, True, marks=MORE),
    ],
)
def test_stream_begun_anywhere_continues_the_uninterrupted_one(augment, lazily):
    raw = pixels(44)
    train = stream(raw, lazily=lazily, **augment)  # 6 steps per epoch, the last one smaller
    whole = take(train.stream(), 3 * 6 + 5 + 4)
    again = stream(raw, lazily=lazily, **augment)
    for one, two in zip(whole[3 * 6 + 5 :], take(again.stream(3, 5), 4), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("augment", [ALL, pytest.param({"rand_augment": RAND}, marks=MORE)])
def test_another_seed_gives_another_stream(augment):
    one, other = (take(stream(seed=seed, **augment).stream(), 1)[0] for seed in (3, 4))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("augment", [ALL, {"rand_augment": RAND}])
def test_what_an_image_becomes_does_not_depend_on_its_batch(augment):
    small = epoch_of(stream(batch_size=3, **augment))
    train = stream(batch_size=20, **augment)
    large, next_epoch = take(train.stream(), 2)  # in the order of either epoch
    np.testing.assert_allclose(small[train.order(0)], large, atol=1e-6)
    assert np.abs(small[train.order(1)] - next_epoch).max() > 0.01


def test_only_the_drawn_changes_are_computed_and_they_are_keras_own():
    changes, seen = RandAugment(2, 0.5, (6, 6, 3)), set()
    both = tf.function(
        lambda image, drawn: (changes.change(image, drawn), changes._layer.transform_images(image, drawn))
    )
    for number, image in enumerate(tf.constant(images(30))[:, None]):
        changes._seeds.key = tf.constant([number, 7])
        drawn = changes._layer.get_random_transformation(image)
        seen |= set(drawn["layer_idxes"].numpy().tolist())
        np.testing.assert_array_equal(*both(image, drawn))
    assert seen == set(range(len(drawn["transforms"])))


def test_images_of_one_batch_get_different_changes():
    same = np.repeat(pixels(1), 20, axis=0)
    for augment in ({"brightness": 0.2}, {"pca": 1.0}, {"rand_augment": RAND}):
        assert len({x.tobytes() for x in epoch_of(stream(same, **augment))}) >= 15, augment


def test_strengths_mean_the_same_whatever_the_model_takes():
    mean, std = [0.1, -0.2, 0.3], [0.5, 0.25, 2.0]
    other = preprocessor(pixel_range=[-1.0, 1.0], mean=mean, std=std)
    augment = ALL | {"shift": 0, "flip": None}
    plain = epoch_of(stream(**augment))
    assert plain.min() >= 0
    assert plain.max() <= 1
    want = (plain * 2 - 1 - np.float32(mean)) / np.float32(std)
    np.testing.assert_allclose(epoch_of(stream(prepare=other, **augment)), want, atol=1e-4)


def test_what_a_shift_fills_in_stays_black():
    bright = np.full((20, 6, 6, 3), 128, np.uint8)
    got = epoch_of(stream(bright, brightness=0.4, shift=2))
    assert len(np.unique(got[got > 0])) <= 20
    assert (got == 0).any()


def test_grey_images_take_brightness_and_contrast():
    got = epoch_of(stream(pixels(channels=1), brightness=0.2, contrast=0.2))
    assert got.shape == (20, 6, 6, 1)
    assert got.min() >= 0
    assert got.max() <= 1


@pytest.mark.parametrize("augment", [{"saturation": 0.2}, {"pca": 0.1}, {"rand_augment": RAND}])
def test_colours_of_grey_images_are_refused(augment):
    (name,) = augment
    with pytest.raises(ZooError) as e:
        augmentation(preprocessor(1), np.zeros((2, 6, 6, 1), np.float32), **augment)
    assert str(e.value) == (
        f"data.augment.{name} is for colours, but the images have 1 channel; expected 3 channels: red, green and blue; "
        f"remove data.augment.{name}"
    )


def test_files_read_a_batch_at_a_time_give_the_same_axes():
    raw, prepare = pixels(), preprocessor()
    paths = np.array([str(i) for i in range(20)])
    read = lambda paths: prepare.scale(tf.constant(raw[paths.numpy().astype(int)]))  # noqa: E731
    singly = augmentation(prepare, paths, read, pca=0.1).colours.axes
    np.testing.assert_array_equal(singly, augmentation(prepare, prepare.array(raw), pca=0.1).colours.axes)


@pytest.mark.parametrize(
    "augment", [{"brightness": 0.3}, {"pca": 0.5}, pytest.param({"rand_augment": {"num_ops": 1}}, marks=MORE)]
)
def test_the_loader_uses_the_block(augment):
    block = {"name": "synthetic", "shape": [8, 8, 3], "samples": 400, "augment": augment}
    train = load(Config.from_dict({"model": {"name": "lenet5"}, "data": block}).data, seed=0).train
    (x, _), plain = next(iter(train.stream())), train.arrays()[0]
    assert not np.array_equal(x, plain[train.order(0).numpy()[: len(x)]])


# -- the config ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ({"brightness": 1.5}, "data.augment.brightness: expected a share from 0 up to, not including, 1, got 1.5"),
        ({"pca": -1.0}, "data.augment.pca: expected a number of at least 0, got -1"),
        ({"rand_augment": {"factor": 9.0}}, "data.augment.rand_augment.factor: expected a number above 0, up to 1"),
    ],
)
def test_strengths_out_of_range_are_refused(augment, message):
    with pytest.raises(ZooError) as e:
        Config.from_dict({"model": {"name": "lenet5"}, "data": {"name": "cifar10", "augment": augment}})
    assert message in str(e.value)
