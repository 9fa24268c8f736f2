"""Sweeps: the space file, what Optuna is told, resuming, the winner as a config."""

import importlib.util
import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console
from running import Killed, make
from typer.testing import CliRunner

import zoo
from zoo.cli import app
from zoo.errors import ZooError
from zoo.experiments import train as runner
from zoo.experiments.sweep import sweep
from zoo.experiments.sweep_space import Dimension, load_space
from zoo.io import files
from zoo.runs import folder as rundir
from zoo.training.callbacks import DivergedError
from zoo.training.state import Keeper

pytestmark = pytest.mark.usefixtures("undrawn")

SHORT = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")
SPACE = """\
trials: 3
metric: val_loss
prune: false
space:
  train.optimizer.learning_rate: {low: 1e-4, high: 1e-1, log: true}
  data.batch_size: [16, 32]
"""


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


def swept(config, space):
    out = io.StringIO()
    return sweep(config, space, console=Console(file=out, width=200)), out.getvalue()


# --- the space file ----------------------------------------------------------------------------------------------
def test_a_space_file_is_read(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "space:\n  train.epochs: {low: 2, high: 8, step: 2}\n  train.optimizer.name: [sgd, adam]\n"
        "  train.optimizer.learning_rate: {low: 1e-3, high: 1}\nprune: {startup_trials: 3}\n"
    )
    found = load_space(path, make("runs", *SHORT))
    assert found.dimensions == (
        Dimension("train.epochs", None, 2, 8, step=2),
        Dimension("train.optimizer.name", ("sgd", "adam")),
        Dimension("train.optimizer.learning_rate", None, 1e-3, 1.0),
    )
    assert isinstance(found.dimensions[2].high, float)
    assert (found.metric, found.trials, found.startup_trials, found.warmup_epochs) == ("val_accuracy", 20, 3, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": empty; expected dimensions such as space: {data.batch_size: [32, 64]}"),
        ("- 3", ":1:1: the top level is no mapping; expected dimensions such as space: {data.batch_size: [32, 64]}"),
        ("trails: 3\nspace: {data.batch_size: [1, 2]}", ":1:1: trails: unknown key; did you mean 'trials'?"),
        (
            "trials: 0\nspace: {data.batch_size: [1, 2]}",
            ":1:9: trials: got 0; expected a whole number from 1 to 10,000",
        ),
        ("trials: 3", ":1:1: space: nothing to try; expected keys of the config"),
        (
            "metric: loss\nspace: {data.batch_size: [1, 2]}",
            'metric: got "loss"; expected one of val_loss, val_accuracy',
        ),
        ("prune: 3\nspace: {data.batch_size: [1, 2]}", "prune: got 3; expected true, false or {startup_trials: 5"),
        (
            "space: {data.batch_size: [8]}",
            ":1:26: space.data.batch_size: got [8]; expected at least two different values",
        ),
        ("space: {data.batch_size: 8}", "space.data.batch_size: got 8; expected a list of values, or {low"),
        ("space: {data.batch_size: {low: 9, high: 8}}", "from 9 to 8; expected two numbers, low below high"),
        ("space: {train.optimizer.learning_rate: {low: 0, high: 1, log: true}}", "log is true; expected true or false"),
        ("space: {data.batch_size: {low: 1, high: 8, step: 9}}", "step is 9; expected a number above 0, up to 7"),
        ("space: {data.batch_size: {low: 1, high: 8, steps: 2}}", ".steps: unknown key; did you mean 'step'?"),
        (
            "space: {data.batch_sise: [1, 2]}",
            ":1:26: space.data.batch_sise: unknown key; did you mean data.batch_size?",
        ),
        (
            "space:\n  data.batch_size: [8, many]",
            ":2:20: space.data.batch_size: expected a positive integer or null, got 'many'",
        ),
        ("space: {runtime.output: [a, b]}", "space.runtime.output: changes nothing that is computed; remove it"),
        ("space: {data.batch_size: *a}", "aliases are refused"),
    ],
)
def test_mistakes_in_a_space_file(tmp_path, text, said):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(ZooError) as caught:
        load_space(path, make("runs"))
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_sweep_needs_validation(space):
    config = make("runs", *SHORT, "data.validation=0")
    with pytest.raises(ZooError, match=r"chooses by validation, but data\.validation is 0; expected a validation part"):
        load_space(space, config)
    space.write_text("space: {data.batch_size: [1, 2]}")
    with pytest.raises(ZooError, match=r"but callbacks\.checkpoint\.monitor is loss; expected one of val_loss"):
        load_space(space, make("runs", "callbacks.checkpoint.monitor=loss"))


# --- real trainings ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "space.yaml").write_text(SPACE)
    return folder, *swept(make(folder, *SHORT), folder / "space.yaml")


def test_every_trial_is_a_run_without_a_test(done):
    folder, found, printed = done
    assert found.folder == folder / "tiny" / "sweep-space"
    assert [t.number for t in found.trials] == [0, 1, 2]
    assert "test  " not in printed
    for trial in found.trials:
        run = rundir.open_run(found.folder / trial.run)
        assert "test" not in run.metrics
        assert run.config.train.optimizer.learning_rate == trial.params["train.optimizer.learning_rate"]
        assert run.config.data.batch_size == trial.params["data.batch_size"]
        assert trial.reports == {row["epoch"]: row["val_loss"] for row in run.history}
        assert trial.value == run.history[run.metrics["best_epoch"] - 1]["val_loss"]
    assert found.best.value == min(t.value for t in found.trials)
    assert (found.folder / "trials.png").stat().st_size > 5000


def test_the_winner_is_a_config_that_trains(done):
    folder, found, _ = done
    config = zoo.load_config(found.folder / "best.yaml")
    assert config.name == "tiny_best"
    assert config.train.optimizer.learning_rate == found.best.params["train.optimizer.learning_rate"]
    assert config.runtime.output == str(folder)
    run = zoo.train(config, console=Console(file=io.StringIO()))
    stored = rundir.open_run(found.folder / found.best.run)
    assert run.metrics["validation"] == stored.metrics["validation"]
    assert "test" in run.metrics


def test_a_killed_sweep_goes_on_as_if_nothing_had_been(done, tmp_path, space, monkeypatch):
    original, steps = Keeper.on_train_batch_end, iter(range(1, 1000))

    def killed(self, batch, logs=None):
        if next(steps) == 14:  # in the second trial
            raise Killed
        original(self, batch, logs)

    monkeypatch.setattr(Keeper, "on_train_batch_end", killed)
    with pytest.raises(Killed):
        swept(make(tmp_path, *SHORT), space)
    monkeypatch.undo()
    folder = tmp_path / "tiny" / "sweep-space"
    assert len(json.loads((folder / "trials.json").read_text())["trials"]) == 1
    found, printed = swept(make(tmp_path, *SHORT), space)
    assert "going on after epoch" in printed

    def plain(sweep):
        return [(t.params, t.state, t.value, t.reports) for t in sweep.trials]

    assert plain(found) == plain(done[1])
    assert len(list((folder / "tiny").iterdir())) == 3  # no run was begun twice


def test_more_trials_go_on_and_another_space_is_refused(done):
    folder, found, _ = done
    again, printed = swept(make(folder, *SHORT), folder / "space.yaml")
    assert printed == ""
    assert again == found
    (folder / "space.yaml").write_text(SPACE.replace("trials: 3", "trials: 4"))
    more, _ = swept(make(folder, *SHORT), folder / "space.yaml")
    assert more.trials[:3] == found.trials
    assert len(more.trials) == 4
    (folder / "space.yaml").write_text(SPACE.replace("1e-4", "1e-3"))
    with pytest.raises(ZooError, match="holds a sweep of another config or space; expected the same config, space"):
        swept(make(folder, *SHORT), folder / "space.yaml")
    (folder / "space.yaml").write_text(SPACE)
    with pytest.raises(ZooError, match="holds a sweep of another config or space"):
        swept(make(folder, *SHORT, "train.epochs=3"), folder / "space.yaml")


# --- the search, with a training that takes no time ----------------------------------------------------------------
@pytest.fixture
def pretended(monkeypatch):
    """`runner.train` replaced: the loss of a rate is its distance to 0.01 in decades, falling over the epochs."""
    asked = []

    def train(config, *, console, watch, test):
        assert not test
        rate = config.train.optimizer.learning_rate
        asked.append(rate)
        environment = {"recipe_digest": config.recipe_digest()}
        run = rundir.create(Path(config.runtime.output), config.name, config.to_yaml(), environment)
        (run.path / rundir.LAST).mkdir()
        if rate > 0.05:
            raise ZooError("the loss is not a number", mend="lower") from DivergedError((1, 1), rate)
        loss = abs(math.log10(rate / 0.01))
        rows = []
        for epoch in range(1, config.train.epochs + 1):
            rows.append({"epoch": epoch, "loss": 0.0, "val_loss": loss + 1 / epoch, "seconds": 0.0})
            rundir.write_history(run, rows)
            watch(rows)
        files.write_json(run.path / "metrics.json", {"best_epoch": config.train.epochs})
        files.write_json(run.path / "receipt.json", {})
        return run

    monkeypatch.setattr(runner, "train", train)
    return asked


def pretend(tmp_path, text, *overrides, epochs=5):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    config = make(tmp_path, f"train.epochs={epochs}", *SHORT[1:], *overrides)
    return swept(config, path)


RATES = "trials: 30\nmetric: val_loss\nspace: {train.optimizer.learning_rate: {low: 1e-6, high: 1e-1, log: true}}\n"


def test_the_search_learns_prunes_and_survives_divergence(tmp_path, pretended):
    found, printed = pretend(tmp_path, RATES)
    states = [t.state for t in found.trials]
    assert {"complete", "pruned", "diverged"} == set(states)
    assert "pruned" not in states[:5]
    for trial in found.trials:
        if trial.state == "pruned":
            assert 2 <= len(trial.reports) < 5  # never in the first epoch, and in the last it would save nothing
        if trial.state == "diverged":
            assert (trial.value, trial.reports) == (None, {})
    late, early = pretended[20:], pretended[:10]
    assert len(set(early)) == 10

    def misses(rates):
        return sorted(abs(math.log10(rate / 0.01)) for rate in rates)[len(rates) // 2]

    assert misses(late) < 0.6 * misses(early)
    assert abs(math.log10(found.best.params["train.optimizer.learning_rate"] / 0.01)) < 0.3
    assert "pruned: worse than the median" in printed
    text = found.text().splitlines()
    assert text[2].split()[0] == str(found.best.number)
    assert text[0].split() == ["trial", "learning_rate", "val_loss", "epochs", "state"]


def test_the_last_epoch_is_no_time_to_prune(tmp_path, pretended):
    found, _ = pretend(tmp_path, RATES, epochs=2)
    assert {t.state for t in found.trials} == {"complete", "diverged"}


def test_pruning_can_be_switched_off(tmp_path, pretended):
    found, _ = pretend(tmp_path, RATES + "prune: false\n")
    assert "pruned" not in {t.state for t in found.trials}


def test_values_that_contradict_each_other_are_refused_and_the_sweep_goes_on(tmp_path, pretended):
    text = (
        "trials: 12\nmetric: val_loss\nprune: false\nspace:\n  train.optimizer.name: [adam, sgd]\n"
        "  train.epochs: [2, 9]\n"
    )
    found, _ = pretend(tmp_path, text, "callbacks.early_stopping={monitor: val_loss, patience: 3}")
    refused = [t for t in found.trials if t.state == "refused"]
    assert refused
    assert all(t.params["train.epochs"] == 2 for t in refused)
    assert "patience 3 can never fire" in refused[0].why
    assert f"trial {refused[0].number} was refused: " in found.text()
    assert found.best.params["train.epochs"] == 9


def test_a_larger_metric_is_better_where_it_is(tmp_path, pretended, monkeypatch):
    def train(config, *, console, watch, test):
        run = rundir.create(Path(config.runtime.output), config.name, config.to_yaml(), {})
        rundir.write_history(run, [{"epoch": 1, "val_accuracy": config.data.batch_size / 100}])
        files.write_json(run.path / "metrics.json", {"best_epoch": 1})
        return run

    monkeypatch.setattr(runner, "train", train)
    found, _ = pretend(tmp_path, "trials: 30\nmetric: val_accuracy\nspace: {data.batch_size: {low: 1, high: 64}}")
    sizes = [t.params["data.batch_size"] for t in found.trials]
    assert found.best.params["data.batch_size"] == max(sizes)
    assert sum(sizes[15:]) / 15 > 48  # it looks where it was good
    assert found.text().splitlines()[2].split()[0] == str(found.best.number)


def test_the_command_and_a_missing_optuna(tmp_path, space, monkeypatch):
    (tmp_path / "tiny.yaml").write_text(make(tmp_path, *SHORT, "train.epochs=1").to_yaml())
    space.write_text(SPACE.replace("trials: 3", "trials: 1"))
    done = CliRunner().invoke(app, ["sweep", str(tmp_path / "tiny.yaml"), str(space), "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)["best"]["number"] == 0
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else find(name))
    with pytest.raises(ZooError, match=r"a sweep needs Optuna, which is not installed; `pip install '.*\[sweep\]'`"):
        sweep(make(tmp_path), space)
