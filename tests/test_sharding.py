"""`--shard k/n`: the parts of a selection have every test of it once, and the same ones every time."""

import subprocess
import sys
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from conftest import shard


def collected(*words):
    """What of this file a pytest of its own would run."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", "-p", "no:cacheprovider", __file__, *words]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_test_is_in_one_part():
    whole = collected("-k", "no_part")
    parts = [collected("-k", "no_part", "--shard", f"{k}/3") for k in (1, 2, 3)]
    assert len(whole) == 7
    assert sorted(test for part in parts for test in part) == sorted(whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/5"])
def test_what_is_no_part(text):
    with pytest.raises(ArgumentTypeError, match="expected K/N with K from 1 to N"):
        shard(text)
    assert shard("2/3") == (2, 3)
