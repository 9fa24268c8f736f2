"""Every schedule against its formula in NumPy, over all steps; 1cycle's momentum; the papers' own schedules."""

import keras
import numpy as np
import pytest

from zoo.config import Config
from zoo.errors import ZooError
from zoo.training import compile
from zoo.training.schedules import SCHEDULES, make_schedule

pytestmark = pytest.mark.usefixtures("undrawn")

RATE, PER_EPOCH, EPOCHS = 0.4, 7, 10
TOTAL = PER_EPOCH * EPOCHS


def config(schedule, optimizer="{name: sgd, learning_rate: 0.4}", epochs=EPOCHS):
    data = {"model": {"name": "lenet5"}, "data": {"name": "digits"}}
    return Config.from_dict(
        data, [f"train.optimizer={optimizer}", f"train.schedule={schedule}", f"train.epochs={epochs}"]
    )


def rates(train, per_epoch=PER_EPOCH, steps=None):
    """The rate at every step, as the optimizer asks for it: with an int64 step."""
    schedule = make_schedule(
        train.schedule, learning_rate=train.optimizer.learning_rate, steps_per_epoch=per_epoch, epochs=train.epochs
    )
    steps = range(per_epoch * train.epochs) if steps is None else steps
    return np.array([float(schedule(keras.ops.convert_to_tensor(s, dtype="int64"))) for s in steps])


def at(formula, *args, steps=TOTAL):
    return np.array([formula(s, *args) for s in range(steps)])


def constant(s):
    return RATE


def step(s, every, factor):
    return RATE * factor ** (s // every)


def exponential(s, length, rate, stairs):
    return RATE * rate ** (s // length if stairs else s / length)


def inverse_time(s, length, rate, stairs):
    return RATE / (1 + rate * (s // length if stairs else s / length))


def polynomial(s, length, end, power, cycle=False):
    if cycle:
        length *= max(1, -(-s // length))
    return (RATE - end) * (1 - min(s, length) / length) ** power + end


def cosine(s, length, alpha=0.0):
    return RATE * ((1 - alpha) * (1 + np.cos(np.pi * min(s, length) / length)) / 2 + alpha)


def cosine_restarts(s, length, t_mul, m_mul, alpha):
    peak = 1.0
    while s >= length:
        s, length, peak = s - length, length * t_mul, peak * m_mul
    return RATE * ((1 - alpha) * peak * (1 + np.cos(np.pi * s / length)) / 2 + alpha)


def piecewise(s, first, second):
    return 0.4 if s < first else 0.04 if s < second else 0.004


def share(s, total, pct, anneal):
    """How far 1cycle is from its low end, with PyTorch's places: the peak at pct * total - 1, the end at total - 1."""
    peak = pct * total - 1
    up = s / peak if s <= peak else 1 - (s - peak) / (total - 1 - peak)
    return (1 - np.cos(np.pi * up)) / 2 if anneal == "cos" else up


def one_cycle(s, total, pct, div, final, anneal):
    low = RATE / div if s <= pct * total - 1 else RATE / div / final
    return low + (RATE - low) * share(s, total, pct, anneal)


CASES = [
    ("{name: constant}", constant, ()),
    ("{name: step, every_steps: 20, factor: 0.1}", step, (20, 0.1)),
    ("{name: step, every_epochs: 3, factor: 0.5}", step, (21, 0.5)),
    # Keras keeps a value up to and including its boundary
    ("{name: piecewise, boundaries: [19, 49], values: [0.4, 0.04, 0.004]}", piecewise, (20, 50)),
    ("{name: piecewise, boundaries_epochs: [3, 8], values: [0.4, 0.04, 0.004]}", piecewise, (21, 56)),
    ("{name: exponential, decay_steps: 9, decay_rate: 0.8}", exponential, (9, 0.8, False)),
    ("{name: exponential, decay_epochs: 2, decay_rate: 0.94, staircase: true}", exponential, (14, 0.94, True)),
    ("{name: inverse_time, decay_steps: 9, decay_rate: 0.5}", inverse_time, (9, 0.5, False)),
    ("{name: inverse_time, decay_epochs: 1, decay_rate: 0.5, staircase: true}", inverse_time, (7, 0.5, True)),
    ("{name: polynomial}", polynomial, (TOTAL, 1e-4, 1)),
    ("{name: polynomial, decay_steps: 40, end_learning_rate: 0.01, power: 2}", polynomial, (40, 0.01, 2)),
    (
        "{name: polynomial, decay_epochs: 4, end_learning_rate: 0, power: 0.5, cycle: true}",
        polynomial,
        (28, 0, 0.5, True),
    ),
    ("{name: cosine}", cosine, (TOTAL,)),
    ("{name: cosine, decay_steps: 50, alpha: 0.1}", cosine, (50, 0.1)),
    ("{name: cosine, decay_epochs: 6}", cosine, (42,)),
    ("{name: cosine_restarts, first_decay_steps: 10}", cosine_restarts, (10, 2, 1, 0)),
    (
        "{name: cosine_restarts, first_decay_epochs: 2, t_mul: 1, m_mul: 0.5, alpha: 0.1}",
        cosine_restarts,
        (14, 1, 0.5, 0.1),
    ),
    ("{name: one_cycle}", one_cycle, (TOTAL, 0.3, 25, 1e4, "cos")),
    (
        "{name: one_cycle, div_factor: 10, final_div_factor: 100, pct_start: 0.45, anneal: linear}",
        one_cycle,
        (TOTAL, 0.45, 10, 100, "linear"),
    ),
]


@pytest.mark.parametrize(("text", "formula", "args"), CASES, ids=[case[0] for case in CASES])
def test_formula(text, formula, args):
    np.testing.assert_allclose(rates(config(text).train), at(formula, *args), rtol=2e-5, atol=2e-7)


# What has no length of its own spans what the warmup leaves; boundaries are places in the whole training.
WARM = [case for case in CASES if "one_cycle" not in case[0] and "piecewise" not in case[0]]


@pytest.mark.parametrize(("text", "formula", "args"), WARM, ids=[case[0] for case in WARM])
@pytest.mark.parametrize(("words", "warmup"), [("warmup_steps: 6", 6), ("warmup_epochs: 1.5", 10)])
def test_warmup_in_front(text, formula, args, words, warmup):
    rest = TOTAL - warmup
    args = tuple(rest if a == TOTAL else a for a in args)
    wanted = np.concatenate([RATE * np.arange(1, warmup + 1) / warmup, at(formula, *args, steps=rest)])
    got = rates(config(text[:-1] + f", {words}}}").train)
    np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=2e-7)
    assert got[warmup - 1] == pytest.approx(RATE)


@pytest.mark.parametrize("words", ["boundaries: [19, 49]", "boundaries_epochs: [3, 8]"])
def test_a_warmup_moves_no_boundary(words):
    text = f"{{name: piecewise, {words}, values: [0.4, 0.04, 0.004]}}"
    plain, warm = rates(config(text).train), rates(config(text[:-1] + ", warmup_epochs: 1}").train)
    np.testing.assert_allclose(warm[7:], plain[7:])
    np.testing.assert_allclose(warm[:7], RATE * np.arange(1, 8) / 7, rtol=1e-6)


def test_all_are_tested():
    assert {text.strip("{}").split(",")[0].removeprefix("name: ") for text, _, _ in CASES} == set(SCHEDULES)


@pytest.mark.parametrize(("text", "formula", "args"), CASES, ids=[case[0] for case in CASES])
def test_round_trip_through_keras(text, formula, args):
    optimizer = compile.make_optimizer(config(text).train, steps_per_epoch=PER_EPOCH)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    optimizer.iterations.assign(33)
    again.iterations.assign(33)
    assert float(again.learning_rate) == float(optimizer.learning_rate)


def test_a_short_training_has_a_rate_at_every_step():
    for text, _, _ in CASES:
        if "epochs" in text or "boundaries" in text or "steps" in text:
            continue
        for per_epoch in (1, 2, 3):
            assert np.isfinite(rates(config(text, epochs=1).train, per_epoch)).all(), (text, per_epoch)


# --- 1cycle's momentum -------------------------------------------------------------------------------------------
MOMENTA = "{name: one_cycle, max_momentum: 0.9, min_momentum: 0.5, pct_start: 0.4}"


def trained(optimizer, steps, gradient=0.25):
    """One weight that begins at 1 and meets the same gradient at every step."""
    weight = keras.Variable(np.ones((2, 2), "float32"))
    optimizer.build([weight])
    path = []
    for _ in range(steps):
        optimizer.apply([keras.ops.full((2, 2), gradient)], [weight])
        path.append(float(weight[0, 0]))
    return np.array(path)


@pytest.mark.parametrize("nesterov", ["false", "true"])
def test_sgd_with_one_cycle(nesterov):
    train = config(MOMENTA, f"{{name: sgd, learning_rate: 0.4, nesterov: {nesterov}}}").train
    path = trained(compile.make_optimizer(train, steps_per_epoch=PER_EPOCH), TOTAL)
    weight, m, wanted = 1.0, 0.0, []
    for s in range(TOTAL):
        rate = one_cycle(s, TOTAL, 0.4, 25, 1e4, "cos")
        momentum = 0.9 - 0.4 * share(s, TOTAL, 0.4, "cos")
        m = momentum * m - rate * 0.25
        weight += momentum * m - rate * 0.25 if nesterov == "true" else m
        wanted.append(weight)
    np.testing.assert_allclose(path, wanted, rtol=1e-5)


def test_adam_with_one_cycle():
    train = config(MOMENTA, "{name: adam, learning_rate: 0.4, epsilon: 1.0e-3}").train
    path = trained(compile.make_optimizer(train, steps_per_epoch=PER_EPOCH), TOTAL)
    weight, m, v, wanted = 1.0, 0.0, 0.0, []
    for s in range(TOTAL):
        rate = one_cycle(s, TOTAL, 0.4, 25, 1e4, "cos")
        beta = 0.9 - 0.4 * share(s, TOTAL, 0.4, "cos")
        m, v = beta * m + (1 - beta) * 0.25, 0.999 * v + 0.001 * 0.25**2
        alpha = rate * np.sqrt(1 - 0.999 ** (s + 1)) / (1 - beta ** (s + 1))
        weight -= alpha * m / (np.sqrt(v) + 1e-3)
        wanted.append(weight)
    np.testing.assert_allclose(path, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "nadam", "adamax", "lamb", "lion", "muon"])
def test_every_optimizer_with_a_momentum_moves_it(name):
    """Equal to Keras's own where the momentum stands still, and different where it moves."""
    still, moving = "{name: one_cycle, max_momentum: 0.8, min_momentum: 0.8}", MOMENTA.replace("0.9", "0.8")
    kind = f"{{name: {name}, learning_rate: 0.4}}"
    block = config(still, kind).train
    optimizer = compile.make_optimizer(block, steps_per_epoch=PER_EPOCH)
    word = optimizer.moved
    plain = getattr(keras.optimizers, block.optimizer.class_name)(
        **{"learning_rate": optimizer._learning_rate, word: 0.8}
    )
    gradient = np.array([[0.5, 1.0], [0.3, -0.4]], "float32")
    own = trained(optimizer, 12, gradient)
    np.testing.assert_allclose(own, trained(plain, 12, gradient), rtol=1e-5)
    moved = trained(compile.make_optimizer(config(moving, kind).train, steps_per_epoch=2), 12, gradient)
    assert not np.allclose(own, moved)


def test_optimizers_without_a_momentum_keep_keras_classes():
    for name in ("adagrad", "rmsprop"):
        train = config("{name: one_cycle}", f"{{name: {name}, learning_rate: 0.4}}").train
        assert "max_momentum" not in train.schedule.args
        kind = type(compile.make_optimizer(train, steps_per_epoch=PER_EPOCH))
        assert kind is getattr(keras.optimizers, train.optimizer.class_name)


def test_a_momentum_that_one_cycle_overrides_is_refused():
    said = r"train.optimizer.momentum: 0.8 would never be used: one_cycle moves it from max_momentum 0.95; remove it"
    with pytest.raises(ZooError, match=said):
        config("{name: one_cycle}", "{name: sgd, learning_rate: 0.4, momentum: 0.8}")
    config("{name: one_cycle, max_momentum: 0.8, min_momentum: 0.8}", "{name: sgd, learning_rate: 0.4, momentum: 0.8}")


# --- the papers' own ---------------------------------------------------------------------------------------------
def test_resnet_on_cifar_divides_at_32k_and_48k_of_64k_iterations():
    """He et al. 2015, Sec. 4.2: 0.1, divided by 10 at 32k and 48k iterations, 64k in all: 391 steps of 128."""
    train = config(
        "{name: piecewise, boundaries: [32000, 48000], values: [0.1, 0.01, 0.001]}",
        "{name: sgd, momentum: 0.9}",
        epochs=164,
    ).train
    assert train.optimizer.learning_rate == 0.1
    some = [0, 31999, 32001, 47999, 48001, 63999]
    np.testing.assert_allclose(rates(train, 391, some), [0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "{name: exponential, decay_epochs: 2, decay_rate: 0.94, staircase: true}",
        "{name: step, every_epochs: 2, factor: 0.94}",
    ],
)
def test_inception_v3_multiplies_by_094_every_two_epochs(text):
    """Szegedy et al. 2015, Sec. 8: RMSProp, decay 0.9, epsilon 1.0, rate 0.045, x 0.94 every two epochs."""
    train = config(text, "{name: rmsprop, rho: 0.9, epsilon: 1.0, learning_rate: 0.045}").train
    got = rates(train).reshape(EPOCHS // 2, 2 * PER_EPOCH)
    np.testing.assert_allclose(got, np.repeat(0.045 * 0.94 ** np.arange(5)[:, None], 14, axis=1), rtol=1e-5)


def test_vgg_divides_by_ten_when_validation_stops_improving(tmp_path):
    """Simonyan & Zisserman 2014, Sec. 3.1 (and AlexNet, ResNet): rate / 10 on a plateau."""
    from running import make, train

    run, _ = train(
        make(
            tmp_path,
            "train.optimizer={name: sgd, learning_rate: 0.01, momentum: 0.9}",
            "train.schedule=null",
            "callbacks.early_stopping=null",
            "callbacks.reduce_lr_on_plateau={monitor: val_loss, factor: 0.1, patience: 1, min_delta: 9}",
            "callbacks.checkpoint.monitor=val_loss",
        )
    )
    np.testing.assert_allclose([row["learning_rate"] for row in run.history], [0.01, 0.01, 1e-3, 1e-4], rtol=1e-5)


def test_a_change_inside_the_warmup_is_refused():
    from zoo.config import check_steps

    for words, key in [("boundaries: [6, 49]", "boundaries"), ("boundaries_epochs: [1, 5]", "boundaries_epochs")]:
        bad = config(f"{{name: piecewise, {words}, values: [0.4, 0.04, 0.004], warmup_epochs: 2}}")
        with pytest.raises(ZooError, match=f"{key}: the first change at step . falls into the warmup of 14 steps"):
            check_steps(bad, PER_EPOCH)
    check_steps(config("{name: piecewise, boundaries: [20, 49], values: [0.4, 0.04, 0.004], warmup_epochs: 2}"), 7)
