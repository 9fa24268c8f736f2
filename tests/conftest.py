"""Options of the test run, and the fixtures that several files share."""

import gc
import signal

import pytest
from browsing import browser  # noqa: F401


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden/*.txt from the models as they are now"
    )


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
