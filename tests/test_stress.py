"""Real processes killed at random moments: what comes of them equals the run that was left alone, bit for bit.

`scripts/stress.py 50` does the same as often as one likes and prints a table.
"""

import shutil
import signal
import subprocess
import sys
import time

import pytest
import stressing
import yaml
from running import make, train
from stressing import Trial, command, differences, kill, newest_state, run_of, stress, uninterrupted

from zoo.config import Config
from zoo.runs.folder import Run

pytestmark = pytest.mark.usefixtures("undrawn")


FIRST, *OTHERS = stressing.CASES  # each takes some minutes, so CI tries one


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(FIRST, marks=pytest.mark.ci), *OTHERS])
def test_runs_killed_at_random(case, tmp_path):
    straight, seconds = uninterrupted(case, tmp_path / "case")
    for seed in range(5):
        trial = stress(case, straight, seconds, tmp_path / "case" / str(seed), seed)
        assert trial.wrong == [], trial


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGKILL],
        pytest.param([signal.SIGKILL, signal.SIGTERM], marks=(pytest.mark.slow, pytest.mark.ci)),
    ],
)
def test_a_run_killed_and_stopped(signals, tmp_path):
    """The short version: a signal that nobody can catch, one that is answered an epoch later, then left to end."""
    config = Config.from_dict(yaml.safe_load(stressing.CASES["lenet5 with dropout"])).override(
        "train.epochs=20", "data.samples=250", f"runtime.output={tmp_path / 'killed'}"
    )
    (tmp_path / "killed.yaml").write_text(config.to_yaml())
    straight, _ = train(config.override(f"runtime.output={tmp_path / 'straight'}"))
    trial, state = Trial("short"), None
    for number in signals:
        process = command(tmp_path / "killed.yaml", tmp_path / "killed")
        while process.poll() is None and newest_state(tmp_path / "killed") in (None, state):
            time.sleep(0.02)
        kill(process, number, trial)
        state = newest_state(tmp_path / "killed")
        names = {path.name for path in run_of(tmp_path / "killed").path.iterdir()}
        assert names >= {"config.yaml", "environment.json", "last"}
        assert "metrics.json" not in names
    assert trial.wrong == []
    run, printed = train(config)
    assert "going on after epoch" in printed
    assert differences(straight, run) == []


def test_the_judge_notices_a_difference(tmp_path):
    run, _ = train(
        make(tmp_path, "train.epochs=1", "callbacks.early_stopping=null", "callbacks.reduce_lr_on_plateau=null")
    )
    other = Run(tmp_path / "copy")
    shutil.copytree(run.path, other.path)
    assert differences(run, other) == []
    history = (other.path / "history.csv").read_text()
    loss = history.splitlines()[1].split(",")[1]
    (other.path / "history.csv").write_text(history.replace(loss, repr(float(loss) + 1e-9)))
    assert len(differences(run, other)) == 1


def test_the_judge_notices_an_end_that_is_no_answer():
    code = "import signal, sys, time; signal.signal(15, lambda *a: sys.exit(1)); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()  # it listens
    trial = Trial("x")
    kill(process, signal.SIGTERM, trial)
    assert trial.wrong[0].startswith("exit code 1 after SIGTERM")
