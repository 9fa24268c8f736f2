"""Options of the test run, and the fixtures that several files share."""

import argparse
import gc
import re
import signal

import pytest
from browsing import browser  # noqa: F401


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden/*.txt from the models as they are now"
    )
    parser.addoption("--shard", metavar="K/N", type=shard, help="run the K-th of N parts of what is selected")


def shard(text):
    """(k, n) of "k/n"."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r}; expected K/N with K from 1 to N, as in 2/3")
    return int(found[1]), int(found[2])


@pytest.hookimpl(trylast=True)  # of what -m and -k leave over
def pytest_collection_modifyitems(config, items):
    if config.option.shard is None:
        return
    k, n = config.option.shard
    others = [item for at, item in enumerate(items) if at % n != k - 1]  # every n-th: parts of about equal length
    items[:] = items[k - 1 :: n]
    config.hook.pytest_deselected(items=others)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """What was imported stays to the end: `clear_session` collects garbage, and need not look through TensorFlow."""
    gc.freeze()


@pytest.fixture(scope="module")
def undrawn():
    """Runs end without curves, diagram and page, half of a tiny training: for files that train often and see none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoo.experiments.finish._draw", lambda *words: None)
        patch.setattr("zoo.experiments.finish._tell", lambda *words: None)
        yield


@pytest.fixture(autouse=True)
def signals_as_before():
    """A command called in this process leaves the signals as one that ends: Ctrl-C belongs to pytest again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
