"""The learning-rate range test on curves with a known answer and on tiny nets; the picture of a schedule."""

import json
import math

import keras
import numpy as np
import pytest
from running import make

from zoo.analysis import plot
from zoo.draw.schedule import RangeTest
from zoo.errors import ZooError
from zoo.experiments.lr_find import longest_fall, lr_find, range_test, reading, smooth
from zoo.runs.job import prepare
from zoo.training.schedules import course
from zoo.training.state import variables_of

RATES = np.geomspace(1e-6, 1, 200)
PLAIN = ["model.name=softmax_regression", "callbacks.reduce_lr_on_plateau=null"]
SGD = "train.optimizer={name: sgd, learning_rate: 0.01}"


def curve(noise=0.0):
    """Falls from 2.3 to 0.5 around 1e-3 and blows up beyond 0.1."""
    losses = 2.3 - 1.8 / (1 + np.exp(-2 * np.log(RATES / 1e-3))) + np.maximum(RATES - 0.1, 0) * 100
    return losses + noise * np.random.default_rng(0).normal(size=len(RATES))


@pytest.mark.parametrize("noise", [0, 0.1])
def test_both_suggestions_on_a_known_curve(noise):
    found = reading(RATES, curve(noise), diverged=True)
    assert found.steepest == pytest.approx(1e-3, rel=0.4)
    assert found.valley == pytest.approx(1e-3, rel=0.4)
    assert found.diverged == RATES[-1]
    assert f"train.optimizer.learning_rate={found.valley:.2g}" in found.text()
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_loss_that_ends_as_no_number():
    found = reading(RATES[:150], np.append(curve()[:149], math.nan), diverged=True)
    assert found.steepest == pytest.approx(1e-3, rel=0.4)
    assert found.to_dict()["losses"][-1] is None
    assert len(found.smoothed) == 149


def test_noise_is_no_fall():
    found = reading(RATES, 2.3 + 0.02 * np.random.default_rng(0).normal(size=200), diverged=False)
    assert (found.steepest, found.valley, found.diverged) == (None, None, None)
    assert found.text().startswith("the loss did not fall at any rate from 1e-06 to 1: try")


def test_smoothing_shifts_nothing():
    np.testing.assert_allclose(smooth(np.full(100, 2.0)), 2.0)
    line = np.linspace(2, 1, 100)
    np.testing.assert_allclose(smooth(line)[10:-10], line[10:-10])
    assert smooth(np.append(np.full(99, 2.0), 1e9)).max() < 4.1


@pytest.mark.parametrize(
    ("values", "fall"), [([3, 2, 1], (0, 2)), ([1, 5, 4, 6, 3, 2, 7], (1, 5)), ([1, 2, 3], (0, 0)), ([5, 9, 4], (0, 2))]
)
def test_longest_fall(values, fall):
    assert longest_fall(np.array(values)) == fall


def test_each_step_is_trained_at_its_rate(tmp_path):
    job, other = (prepare(make(tmp_path, *PLAIN, SGD)) for _ in range(2))
    found = range_test(job, 1e-4, 1e-1, 25)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-4, 1e-1, 25))
    for (x, y), rate, loss in zip(other.data.train.stream(), found.rates, found.losses, strict=False):
        other.model.optimizer.learning_rate = rate
        assert float(other.model.train_on_batch(x, y)[0]) == pytest.approx(loss, rel=1e-4)
        other.model.reset_metrics()


def test_the_model_is_left_as_it_was(tmp_path):
    """Weights, BatchNorm's statistics, the optimizer with its rate and counter, and dropout's seeds."""
    job = prepare(make(tmp_path))
    before = {name: np.array(v) for name, v in variables_of(job.model).items()}
    range_test(job, 1e-4, 1e-1, 25)
    for name, variable in variables_of(job.model).items():
        np.testing.assert_array_equal(np.array(variable), before[name], err_msg=name)


def test_divergence_stops_the_sweep(tmp_path):
    found = lr_find(make(tmp_path, *PLAIN, SGD), low=1e-3, high=1e30, steps=100)
    assert len(found.rates) < 60
    assert found.diverged == found.rates[-1]
    assert not (tmp_path / "tiny").exists()  # no run folder


def test_a_schedule_is_left_out_and_its_momentum_stays_high(tmp_path, monkeypatch):
    seen = {}

    def prepared(job, *args):
        seen["optimizer"], seen["steps"] = job.model.optimizer, job.model.steps_per_execution
        return reading(RATES, curve(), diverged=False)

    monkeypatch.setattr("zoo.experiments.lr_find.range_test", prepared)
    lr_find(
        make(
            tmp_path,
            *PLAIN,
            "train.optimizer={name: sgd, learning_rate: 0.3}",
            "runtime.steps_per_execution=5",
            "train.schedule={name: one_cycle, max_momentum: 0.9}",
        )
    )
    assert type(seen["optimizer"]) is keras.optimizers.SGD
    assert seen["optimizer"].momentum == 0.9
    assert float(seen["optimizer"].learning_rate) == pytest.approx(0.3)
    assert seen["steps"] == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"low": 1.0, "high": 0.1}, "the sweep goes from 1 to 0.1; expected two rates above 0, the lower one first"),
        ({"low": 0.0}, "the sweep goes from 0 to 10; expected two rates above 0"),
        ({"steps": 5}, "5 steps show no curve; expected at least 20; try --steps 200"),
        ({"to_file": "x.gif"}, "'.gif' names no format; expected one of .png, .svg, .pdf; for example x.png"),
    ],
)
def test_a_sweep_that_cannot_be(tmp_path, monkeypatch, words, text):
    monkeypatch.setattr("zoo.experiments.lr_find.range_test", None)  # refused before it begins
    with pytest.raises(ZooError, match=text):
        lr_find(make(tmp_path), **words)


def test_the_picture(tmp_path):
    from zoo.draw.schedule import plot_range_test

    found = reading(RATES, curve(0.1), diverged=True)
    for suffix in (".png", ".svg"):
        one, two = (
            plot_range_test(found, tmp_path / f"{k}{suffix}", configured=0.01, title="a net").read_bytes() for k in "ab"
        )
        assert one == two
    text = (tmp_path / "a.svg").read_text()
    for words in (f"steepest  {found.steepest:.2g}", f"valley  {found.valley:.2g}", "in the config  0.01", "a net"):
        assert words in text
    flat = RangeTest(tuple(RATES), (2.3,) * 200, (2.3,) * 200, None, None, None)
    assert "steepest" not in plot_range_test(flat, tmp_path / "flat.svg").read_text()


# --- zoo plot --schedule -----------------------------------------------------------------------------------------
def test_a_course_is_what_the_optimizer_will_use(tmp_path):
    from zoo.training import compile

    train = make(tmp_path, *PLAIN, SGD, "train.schedule={name: one_cycle, max_momentum: 0.9, min_momentum: 0.7}").train
    rates, momenta = course(train, 5)
    assert rates.shape == momenta.shape == (20,)
    optimizer = compile.make_optimizer(train, steps_per_epoch=5)
    for step in (0, 7, 19):
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(rates[step], rel=1e-6)
    assert momenta.max() == pytest.approx(0.9)
    assert momenta.argmin() == rates.argmax()
    rates, momenta = course(make(tmp_path, *PLAIN, SGD).train, 5)
    assert set(rates) == {0.01}
    assert momenta is None


def test_the_picture_of_a_schedule(tmp_path):
    config = make(tmp_path, *PLAIN, SGD, "train.schedule={name: one_cycle}")
    path = tmp_path / "tiny.yaml"
    path.write_text(config.to_yaml())
    text = plot.draw_schedule(str(path), tmp_path / "s.svg").read_text()
    for words in ("learning rate", "momentum", "step", "epoch", "tiny"):
        assert words in text
    path.write_text(make(tmp_path, *PLAIN, SGD, "train.schedule={name: cosine}").to_yaml())
    assert "momentum" not in plot.draw_schedule(str(path), tmp_path / "t.svg").read_text()
    words = [str(path), "train.schedule=null", "train.schedule.name=one_cycle", "name=other"]
    plot.act(words, tmp_path / "u.svg", "blocks", diff=None, schedule=True, width=80)
    assert all(word in (tmp_path / "u.svg").read_text() for word in ("momentum", "other"))
    with pytest.raises(ZooError, match=r"tiny\.yaml'; expected key\.path=value"):
        plot.act([str(path), "tiny.yaml"], None, "blocks", diff=None, schedule=True, width=80)


def test_what_has_no_schedule(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(make(tmp_path).to_yaml())
    with pytest.raises(ZooError, match=r"has no train.schedule; its rate follows callbacks.reduce_lr_on_plateau"):
        plot.draw_schedule(str(path), None)
    with pytest.raises(ZooError, match="'lenet5' has no schedule; expected a config or a run folder"):
        plot.draw_schedule("lenet5", None)
    with pytest.raises(ZooError, match=r"train\.epochs=3 is given with a run, which is as it was trained"):
        plot.draw_schedule(str(tmp_path), None, ["train.epochs=3"])


def test_the_commands(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from zoo.cli import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(make(tmp_path, *PLAIN, SGD, "train.schedule={name: cosine}").to_yaml())
    words = ["lr-find", "tiny.yaml", "train.epochs=5", "--low", "1e-4", "--high", "1", "--steps", "30"]
    done = CliRunner().invoke(app, [*words, "--json", "-o", "a.png"])
    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout).keys() == {"steepest", "valley", "diverged", "rates", "losses", "smoothed"}
    done = CliRunner().invoke(app, words)
    assert done.stdout.endswith("written: lr_find.png\n")
    assert CliRunner().invoke(app, ["plot", "tiny.yaml", "--schedule"]).stdout == "written: tiny_schedule.png\n"
    assert {p.name for p in tmp_path.glob("*.png")} == {"a.png", "lr_find.png", "tiny_schedule.png"}
