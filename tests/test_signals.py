"""Ctrl-C and SIGTERM at awkward moments: while a layer is called, and while no step comes to its end."""

import signal
import subprocess
import sys
import threading

import keras
import pytest
from running import assert_equal_runs, make, train

from zoo import cli
from zoo.errors import Interrupted
from zoo.training.state import Keeper, Signals

pytestmark = pytest.mark.usefixtures("undrawn")


def test_a_signal_while_a_layer_is_built_stays_what_it_is():
    """Keras catches every Exception in a layer's call and raises another kind of it."""

    class Rude(keras.layers.Layer):
        def call(self, x):
            signal.raise_signal(signal.SIGINT)
            return x

    with Signals().listening(), pytest.raises(Interrupted, match="stopped by SIGINT: give the same command") as caught:
        Rude()(keras.Input((3,)))
    assert caught.value.code == 130


def test_a_step_that_does_not_end_is_waited_for_no_longer_than_patience(tmp_path, monkeypatch):
    original = Keeper.on_train_batch_end
    steps = iter(range(1, 1000))
    never, ended = threading.Event(), []

    def stuck(self, batch, logs=None):
        if next(steps) == 8:  # the third of the second epoch
            signal.raise_signal(signal.SIGTERM)
            never.wait(60)  # nobody sets it; the alarm breaks it off, or it ends by itself and the test fails
            ended.append("by itself")
        original(self, batch, logs)

    monkeypatch.setattr(Keeper, "on_train_batch_end", stuck)
    monkeypatch.setattr(Signals, "PATIENCE", 0.3)
    short = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")
    config = make(tmp_path, *short)
    with pytest.raises(Interrupted, match="stopped by SIGTERM after epoch 1, step 0; everything is saved") as caught:
        train(config)
    assert caught.value.code == 143
    assert not ended
    monkeypatch.undo()
    run, printed = train(config)
    assert "going on after epoch 1, step 0" in printed
    assert_equal_runs(train(make(tmp_path / "straight", *short))[0], run)


def test_what_tensorflow_makes_of_a_signal_is_the_signal():
    def traced():
        try:
            signal.raise_signal(signal.SIGTERM)
        except Interrupted:
            raise SystemError("bad argument to internal function") from None

    with pytest.raises(Interrupted, match="stopped by SIGTERM") as caught, Signals().listening():
        traced()
    assert caught.value.code == 143
    with pytest.raises(SystemError), Signals().listening():
        raise SystemError("not ours")


def test_nothing_is_left_behind():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    with Signals().listening() as signals:
        signals.in_fit = True
        signal.raise_signal(signal.SIGTERM)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert {number: signal.getsignal(number) for number in before} == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_is_stopped_takes_away_what_it_had_begun(number, code, monkeypatch, capsys):
    tidied = []

    def command(**_):
        try:
            signal.raise_signal(number)
        finally:
            tidied.append("the hidden folder")

    monkeypatch.setattr(cli, "app", command)
    with pytest.raises(SystemExit, match=str(code)):
        cli.main()
    assert tidied
    assert capsys.readouterr().err == f"zoo: stopped by {number.name}\n"


def test_what_an_import_makes_of_a_signal_is_the_signal(monkeypatch, capsys):
    def command(**_):
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            raise ImportError("numpy.core.multiarray failed to import") from None

    monkeypatch.setattr(cli, "app", command)
    with pytest.raises(SystemExit, match="130"):
        cli.main()
    assert capsys.readouterr().err == "zoo: stopped by SIGINT\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("module", ["typer", "pydantic", "zoo.config", "zoo.cli.training"])
def test_a_signal_while_the_command_line_is_imported(module, number, code):
    """Before the command is known: none of these may be imported by the time that signals are answered."""
    script = f"""
import importlib.abc, signal, sys
class Impatient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            signal.raise_signal({int(number)})
sys.meta_path.insert(0, Impatient())
from zoo.cli import main
sys.argv = ["zoo", "train", "none.yaml"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, f"zoo: stopped by {number.name}\n")


def test_a_signal_after_the_end_ends_the_process_at_once():
    """With no traceback from whatever Python is tidying by then; a shell says 130 and 143 of these too."""
    script = """
import atexit, signal, sys
from zoo.cli import main
atexit.register(signal.raise_signal, signal.SIGINT)
sys.argv = ["zoo", "list", "lenet*"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
