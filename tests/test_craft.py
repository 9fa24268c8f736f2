"""The craft of training from YAML: each part does what it says and is exact under resume."""

import keras
import numpy as np
import pytest
from running import Killed, assert_equal_runs, assert_resumes_exactly, make, train

from zoo.config import Config
from zoo.errors import ZooError
from zoo.runs.job import _weight_of_each, prepare
from zoo.runs.net import model_of
from zoo.training import compile, state
from zoo.training.losses import ClassCrossentropy
from zoo.training.state import Keeper

pytestmark = pytest.mark.usefixtures("undrawn")
MORE = (pytest.mark.slow, pytest.mark.ci)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    return train(make(tmp_path_factory.mktemp("straight")))[0]


@pytest.mark.parametrize(
    ("every", "kept"),
    [
        ("{steps: 2}", ["000001-00000000", "000001-00000002"]),
        ("{minutes: 0.5}", ["000001-00000000", "000001-00000003"]),
    ],
)
def test_a_state_is_saved_inside_an_epoch(straight, tmp_path, every, kept, monkeypatch):
    """A kill in step 4 of epoch 2 of 5 steps: the state of step 2, or of 30 seconds ago, is there."""
    clock = iter(range(0, 10**6, 10))  # a look at the clock takes ten seconds
    monkeypatch.setattr(state.time, "monotonic", lambda: next(clock))
    original, seen = Keeper.on_train_batch_end, iter(range(1, 1000))

    def killed(self, batch, logs=None):
        if next(seen) == 9:
            raise Killed
        original(self, batch, logs)

    config = make(tmp_path, f"runtime.save_every={every}")
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", killed)
        with pytest.raises(Killed):
            train(config)
    (folder,) = (tmp_path / "tiny").iterdir()
    assert sorted(p.name for p in (folder / "last").iterdir() if p.is_dir()) == kept
    run, printed = train(config)
    assert f"going on after epoch 1, step {int(kept[-1][-1])}" in printed
    assert_equal_runs(straight, run)


NO_PLATEAU = "callbacks.reduce_lr_on_plateau=null"


@pytest.mark.parametrize(
    "optimizer",
    [
        # Two crafts in one: if either were not exact, both together were not.
        "{name: adam, gradient_accumulation_steps: 5, use_ema: true, global_clipnorm: 0.5, weight_decay: 0.01}",
        pytest.param("{name: sgd, nesterov: true}", marks=MORE),
        pytest.param("nadam", marks=MORE),
    ],
)
def test_one_cycle_is_exact_under_resume(tmp_path, optimizer):
    run = assert_resumes_exactly(
        tmp_path, f"train.optimizer={optimizer}", "train.schedule={name: one_cycle}", NO_PLATEAU, steps=[8]
    )
    assert_evaluated_at_its_best(run)


def assert_evaluated_at_its_best(run):
    best = run.history[run.metrics["best_epoch"] - 1]
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-6)
    assert run.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], abs=1e-5)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("use_ema: true, ema_momentum: 0.8", marks=MORE),
        pytest.param("use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: 3", marks=MORE),
        pytest.param("gradient_accumulation_steps: 5", marks=MORE),
        pytest.param(
            "gradient_accumulation_steps: 5, use_ema: true, global_clipnorm: 0.5, weight_decay: 0.01", marks=MORE
        ),
    ],
)
def test_averaging_and_accumulating_are_exact_under_resume(tmp_path, words):
    """Stopped at step 3 of epoch 2: with averages on the way, or gradients half gathered."""
    run = assert_resumes_exactly(tmp_path, f"train.optimizer={{name: adam, learning_rate: 0.01, {words}}}", steps=[8])
    assert_evaluated_at_its_best(run)


def test_the_averaged_weights_are_the_ones_kept(tmp_path):
    config = make(
        tmp_path,
        "train.epochs=1",
        "callbacks.early_stopping=null",
        NO_PLATEAU,
        "train.optimizer={name: adam, learning_rate: 0.1, use_ema: true, ema_momentum: 0.8}",
    )
    job = prepare(config)
    mean = None
    for (x, y), _ in zip(job.data.train.stream(), range(5), strict=False):
        job.model.train_on_batch(x, y)
        now = [np.array(v) for v in job.model.trainable_variables]
        mean = now if mean is None else [0.8 * m + 0.2 * v for m, v in zip(mean, now, strict=True)]
    run, _ = train(config)
    for kept, wanted, last in zip(model_of(run).trainable_variables, mean, now, strict=True):
        np.testing.assert_allclose(np.array(kept), wanted, rtol=1e-4, atol=1e-6)
        assert not np.allclose(np.array(kept), last)


def test_accumulated_gradients_make_one_step_of_a_larger_batch(tmp_path):
    """Without BatchNorm's statistics and dropout: five steps of 16 equal one of 80."""
    plain = ["model.name=softmax_regression", "train.optimizer.name=sgd", "data.samples=125"]
    five = prepare(make(tmp_path, *plain, "train.optimizer.gradient_accumulation_steps=5"))
    one = prepare(make(tmp_path, *plain))
    x, y = zip(*five.data.train.stream().take(5), strict=True)  # 80 items
    before = [np.array(v) for v in one.model.trainable_variables]
    for xs, ys in zip(x, y, strict=True):
        five.model.train_on_batch(xs, ys)
    one.model.train_on_batch(np.concatenate(x), np.concatenate(y))
    for a, b, c in zip(five.model.trainable_variables, one.model.trainable_variables, before, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), atol=1e-6)
        assert not np.allclose(np.array(a), c)


# Smoothing and side heads, alone; both together, and mixed, are resumed in test_mixing.py.
STOPS = [(), pytest.param((8,), marks=MORE)]


# --- label smoothing and class weights ---------------------------------------------------------------------------
LOGITS, LABELS = np.random.default_rng(0).normal(size=(6, 4)).astype("float32"), np.array([0, 3, 1, 1, 2, 0])


def smoothed(logits, rows, smoothing):
    """Szegedy et al. 2015, Sec. 7: (1 - e) H(q, p) + e H(u, p)."""
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -((1 - smoothing) * (rows * log_p).sum(-1) + smoothing * log_p.mean(-1))


@pytest.mark.parametrize("loss", ["auto", "sparse_categorical_crossentropy"])
def test_label_smoothing(tmp_path, loss):
    train = make(tmp_path, "train.label_smoothing=0.1", f"train.loss={loss}").train
    for made in (
        compile.make_loss(train, 4),
        keras.losses.deserialize(keras.losses.serialize(compile.make_loss(train, 4))),
    ):
        assert float(made(LABELS, LOGITS)) == pytest.approx(smoothed(LOGITS, np.eye(4)[LABELS], 0.1).mean(), rel=1e-5)
    keras_own = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    assert float(made(LABELS, LOGITS)) == float(keras_own(np.eye(4)[LABELS], LOGITS))


def test_rows_of_shares_and_class_indices_are_one_loss():
    rows = np.random.default_rng(1).dirichlet(np.ones(4), size=6).astype("float32")
    assert float(ClassCrossentropy(0.2)(rows, LOGITS)) == pytest.approx(smoothed(LOGITS, rows, 0.2).mean(), rel=1e-5)
    one_hot = np.eye(4, dtype="float32")[LABELS]
    assert float(ClassCrossentropy()(LABELS, LOGITS)) == float(ClassCrossentropy()(one_hot, LOGITS))
    assert float(ClassCrossentropy()(LABELS[:, None], LOGITS)) == float(ClassCrossentropy()(one_hot, LOGITS))


def test_one_logit_is_smoothed_towards_one_half(tmp_path):
    made = compile.make_loss(make(tmp_path, "train.label_smoothing=0.2").train, 1)
    p = 1 / (1 + np.exp(-2.0))
    wanted = -(0.9 * np.log(p) + 0.1 * np.log(1 - p))
    assert float(made(np.array([1]), np.array([[2.0]], "float32"))) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("steps", STOPS)
def test_smoothing_reaches_history_and_figures_and_resumes(tmp_path, steps):
    run = assert_resumes_exactly(tmp_path, "train.label_smoothing=0.3", "train.epochs=4", steps=steps)
    best = run.history[run.metrics["best_epoch"] - 1]
    assert run.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], abs=1e-5)


def test_class_weights_weigh_the_loss_of_training(tmp_path):
    """The first epoch's loss, by hand, where class 2 is not named and weighs 1; validation is not weighed."""
    weights = {0: 0.0, 1: 5.0, 2: 1.0}
    config = make(
        tmp_path,
        "train.class_weight={0: 0.0, 1: 5.0}",
        "model.name=softmax_regression",
        "train.optimizer={name: sgd, learning_rate: 1.0e-9}",
    )
    job = prepare(config)
    x, y = (np.concatenate(parts) for parts in zip(*job.data.train.stream().take(5), strict=True))
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    wanted = np.array(sparse(y, job.model(x))) * np.vectorize(weights.get)(y)
    run, _ = train(config)
    assert run.history[0]["loss"] == pytest.approx(wanted.mean(), rel=1e-4)
    assert run.metrics["validation"]["loss"] == pytest.approx(run.history[-1]["val_loss"], abs=1e-5)


def test_a_weight_for_a_class_that_the_data_have_not(tmp_path):
    config = make(tmp_path, "train.class_weight={1: 5.0}")
    assert _weight_of_each(config, 3) == {0: 1.0, 1: 5.0, 2: 1.0}
    with pytest.raises(ZooError, match="names class 1, but the data have 1 classes; expected indices from 0 to 0"):
        _weight_of_each(config, 1)


# --- side heads --------------------------------------------------------------------------------------------------
HEADED = ["model.name=nets:headed", "train.loss_weights=[1, 0.5, 0.25]"]


@pytest.mark.parametrize("steps", STOPS)
def test_every_head_learns_and_the_main_one_is_measured(tmp_path, steps):
    run = assert_resumes_exactly(tmp_path, *HEADED, "train.class_weight={0: 1, 1: 2, 2: 3}", steps=steps)
    assert list(run.history[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]
    best = run.history[run.metrics["best_epoch"] - 1]
    assert run.metrics["validation"]["loss"] == pytest.approx(best["val_loss"], abs=1e-5)
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-6)


@pytest.mark.parametrize("weights", [(1.0, 0.5, 0.25), (2.0, 0.0, 1.0)])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_loss_of_heads_is_their_weighted_sum(tmp_path, weights, precision):
    config = make(
        tmp_path,
        HEADED[0],
        f"train.loss_weights={list(weights)}",
        f"runtime.precision={precision}",
        "train.regularizer.l2=0.01",
    )
    model = prepare(config).model
    x, y = np.random.default_rng(0).normal(size=(6, 8, 8, 1)).astype("float32"), np.array([0, 1, 2, 0, 1, 2])
    outputs = model(x)
    assert {t.dtype.name for t in outputs} == ({"float32"} if precision == "float32" else {"bfloat16"})
    each = np.array([0.0, 2.0, 1.0, 1.0, 3.0, 0.5], "float32")  # weights of the items
    single = [float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, t, each)) for t in outputs]
    penalty = float(sum(model.losses))
    total = penalty + sum(w * s for w, s in zip(weights, single, strict=True))
    assert float(model.compute_loss(x, y, outputs, each)) == pytest.approx(total, rel=1e-3)
    tested = float(model.compute_loss(x, y, outputs, each, training=False))
    assert tested == pytest.approx(single[0] + penalty, rel=1e-3)
    assert penalty > 0


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (
            ["model.name=nets:headed"],
            r"train.loss_weights is not given, but .* has 3 outputs; expected one weight per "
            r"output, the main one first; set train.loss_weights=\[1, 0.3, 0.3\]",
        ),
        (["model.name=nets:headed", "train.loss_weights=[1, 0.3]"], "train.loss_weights has 2, but .* has 3 outputs"),
        (["train.loss_weights=[1, 0.3]"], "train.loss_weights has 2, but .* has 1 output; expected none for a single"),
    ],
)
def test_weights_that_do_not_go_with_the_outputs(tmp_path, overrides, text):
    with pytest.raises(ZooError, match=text):
        prepare(make(tmp_path, *overrides))


def test_the_papers_weights_of_heads():
    def weights(name, **args):
        data = {"model": {"name": name, "args": args}, "data": {"name": "digits"}}
        return Config.from_dict(data).train.loss_weights

    assert weights("googlenet", aux=True) == (1, 0.3, 0.3)
    assert weights("inception_v3", aux=True) == (1, 0.4)
    assert weights("googlenet") is None


@pytest.mark.slow
@pytest.mark.ci
def test_googlenet_with_its_heads_trains(tmp_path):
    config = Config.from_dict(
        {
            "model": {"name": "googlenet", "args": {"aux": True, "input_shape": [79, 79, 3]}},
            "data": {"name": "synthetic", "samples": 40, "classes": 3, "shape": [79, 79, 3], "batch_size": 16},
            "train": {"epochs": 1},
            "runtime": {"output": str(tmp_path)},
        }
    )
    run, _ = train(config)
    assert run.metrics["test"].keys() == {"loss", "accuracy"}
    assert np.isfinite(run.history[0]["loss"])
    assert run.history[0]["loss"] > 1.4 * run.history[0]["val_loss"]  # three heads against one
