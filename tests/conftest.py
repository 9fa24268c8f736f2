"""Options of the test run, and the fixtures that several files share."""

from browsing import browser  # noqa: F401


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden/*.txt from the models as they are now"
    )
