"""Ctrl-C and SIGTERM at awkward moments: while a layer is called, and while no step comes to its end."""

import signal
import time

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

    def stuck(self, batch, logs=None):
        if next(steps) == 8:  # the third of the second epoch
            signal.raise_signal(signal.SIGTERM)
            time.sleep(30)
        original(self, batch, logs)

    monkeypatch.setattr(Keeper, "on_train_batch_end", stuck)
    monkeypatch.setattr(Signals, "PATIENCE", 0.3)
    short = ("train.epochs=2", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")
    config = make(tmp_path, *short)
    begun = time.monotonic()
    with pytest.raises(Interrupted, match="stopped by SIGTERM after epoch 1, step 0; everything is saved") as caught:
        train(config)
    assert caught.value.code == 143
    assert time.monotonic() - begun < 25
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


def test_a_command_that_is_terminated_takes_away_what_it_had_begun(monkeypatch, capsys):
    tidied = []

    def command(**_):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            tidied.append("the hidden folder")

    monkeypatch.setattr(cli, "app", command)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit, match="143"):
            cli.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert tidied
    assert capsys.readouterr().err == "zoo: ended by SIGTERM\n"
