"""mixup and CutMix: what a batch becomes, that it hangs on seed and step alone, and that training goes on exactly."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from running import assert_resumes_exactly, make

from zoo.runs.job import prepare
from zoo.training.mixing import mix, of_rows

pytestmark = pytest.mark.usefixtures("undrawn")

N, SIDE = 6, 8
VALUES = np.array([1, 2, 4, 8, 16, 32], "float32")  # of all pixels of an image; its label is its index


def mixed(count, *, mixup=0.0, cutmix=0.0, seed=0, first=0):
    x = np.broadcast_to(VALUES[:, None, None, None], (N, SIDE, SIDE, 2)).astype("float32")
    batches = tf.data.Dataset.from_tensors((x, np.arange(N, dtype="int32"))).repeat()
    made = mix(batches, mixup=mixup, cutmix=cutmix, classes=N, seed=seed, first=first)
    return [(x.numpy(), y.numpy()) for x, y in made.take(count)]


def shares(batches):
    """The share of the image itself in each batch that is mixed at all."""
    own = [np.diag(rows) for _, rows in batches]
    return np.array([d.min() for d in own if d.min() < 1])


def test_mixup_mixes_pixels_as_it_mixes_labels():
    batches = mixed(50, mixup=1.0)
    for x, rows in batches:
        np.testing.assert_allclose(rows.sum(1), 1, rtol=1e-5)
        assert ((rows > 0).sum(1) <= 2).all()
        np.testing.assert_allclose(x, np.broadcast_to((rows @ VALUES)[:, None, None, None], x.shape), rtol=1e-5)
    assert len(shares(batches)) > 40


def test_cutmix_pastes_one_box_and_counts_its_pixels():
    batches = mixed(50, cutmix=1.0)
    for x, rows in batches:
        np.testing.assert_allclose(x.mean((1, 2, 3)), rows @ VALUES, rtol=1e-5)
        for i, image in enumerate(x):
            pasted = image[..., 0] != VALUES[i]
            np.testing.assert_array_equal(image[..., 0], image[..., 1])
            assert len(np.unique(image[pasted])) <= 1
            rows_in, columns_in = pasted.any(1), pasted.any(0)
            np.testing.assert_array_equal(pasted, rows_in[:, None] & columns_in[None, :])
            assert (np.abs(np.diff(np.pad(rows_in.astype(int), 1))).sum()) <= 2
    assert len(shares(batches)) > 35


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_shares_follow_the_beta_distribution(alpha):
    own = np.array([rows[0, 0] for _, rows in mixed(800, mixup=alpha) if rows[0, 0] < 1])  # partners are others
    assert own.mean() == pytest.approx(0.5, abs=0.05)
    assert own.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)


def test_both_take_turns():
    batches = mixed(300, mixup=1.0, cutmix=1.0)
    boxes = np.mean([any(len(np.unique(image)) == 2 for image in x) for x, _ in batches])
    blends = np.mean([not np.isin(x, VALUES).all() for x, _ in batches])
    assert 0.35 < boxes < 0.55  # some are empty
    assert 0.4 < blends < 0.6


def test_a_batch_depends_on_seed_and_step_alone():
    straight, later, other = (
        mixed(9, mixup=0.4, cutmix=1.0),
        mixed(4, mixup=0.4, cutmix=1.0, first=5),
        mixed(9, mixup=0.4, cutmix=1.0, seed=1),
    )
    for (x, y), (x2, y2) in zip(straight[5:], later, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(straight, other, strict=True))
    assert len({y.tobytes() for _, y in straight}) == 9


def test_a_metric_takes_the_larger_share():
    rows, labels = np.array([[0.7, 0.3, 0], [0.4, 0.0, 0.6]], "float32"), np.array([0, 2])
    logits = np.array([[2, 1, 0], [2, 1, 0]], "float32")
    for y in (rows, labels):
        metric = of_rows(keras.metrics.SparseCategoricalAccuracy)()
        metric.update_state(y, logits)
        assert float(metric.result()) == 0.5


@pytest.mark.parametrize("name", [pytest.param("small", marks=(pytest.mark.slow, pytest.mark.ci)), "headed"])
def test_mixed_training_is_exact_under_resume(tmp_path, name):
    more = ["model.name=nets:headed", "train.loss_weights=[1, 0.3, 0.3]", "train.class_weight={0: 1, 1: 2, 2: 1}"]
    run = assert_resumes_exactly(
        tmp_path,
        "train.mixup=0.4",
        "train.cutmix=1",
        "train.label_smoothing=0.1",
        *(more if name == "headed" else []),
        steps=[8],
    )
    best = run.history[run.metrics["best_epoch"] - 1]
    assert run.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], abs=1e-5)
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-6)
    assert list(run.history[0])[:3] == ["epoch", "loss", "accuracy"]


def test_validation_and_an_unmixed_training_keep_class_indices(tmp_path):
    job = prepare(make(tmp_path, "train.mixup=0.4"))
    assert next(iter(job.batches()))[1].shape[1:] == (3,)
    assert next(iter(job.data.validation))[1].shape[1:] == ()
    assert next(iter(prepare(make(tmp_path)).batches()))[1].shape[1:] == ()
