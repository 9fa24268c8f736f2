"""Real processes killed at random moments: what comes of them equals the run that was left alone, bit for bit.

`scripts/stress.py 50` does the same as often as one likes and prints a table.
"""

import shutil
import signal
import subprocess
import sys

import pytest
import stressing
from running import make, train
from stressing import Trial, differences, kill, stress, uninterrupted

from zoo.rundir import Run


@pytest.mark.slow
@pytest.mark.parametrize("case", list(stressing.CASES))
def test_runs_killed_at_random(case, tmp_path):
    straight, seconds = uninterrupted(case, tmp_path / "case")
    for seed in range(5):
        trial = stress(case, straight, seconds, tmp_path / "case" / str(seed), seed)
        assert trial.wrong == [], trial


def test_a_run_killed_and_stopped(tmp_path, monkeypatch):
    """The short version: few epochs, one signal that nobody can catch and one that is answered."""
    text = stressing.CASES["lenet5 with dropout"]
    text = text.replace("epochs: 20", "epochs: 8").replace("samples: 500", "samples: 250")
    monkeypatch.setitem(stressing.CASES, "short", text)
    straight, seconds = uninterrupted("short", tmp_path / "case")
    signals = (signal.SIGKILL, signal.SIGTERM)
    trial = stress("short", straight, 0.5 * seconds, tmp_path / "case" / "0", seed=0, signals=signals)
    assert trial.wrong == [], trial
    assert trial.resumed, trial


def test_the_judge_notices_a_difference(tmp_path):
    run, _ = train(make(tmp_path, "train.epochs=1", "callbacks.early_stopping=null",
                        "callbacks.reduce_lr_on_plateau=null"))  # fmt: skip
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
