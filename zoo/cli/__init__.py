"""The commands: each reads its words, calls one act, and prints. Nothing here imports TensorFlow before it must."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zoo.errors import Interrupted, ZooError

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def __getattr__(name: str) -> Any:
    """`app`, the commands: imported when asked for, so that `main` answers signals before that begins."""
    if name != "app":
        raise AttributeError(f"module 'zoo.cli' has no attribute '{name}'")
    from zoo.cli import guide, data, models, runs, seeing, training  # noqa: F401  # isort: skip (in the order of the help)
    from zoo.cli.door import app

    return app


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 2."""
    quiet = os.environ.get("ZOO_DEBUG") != "1"
    try:
        with _answering_signals():
            from zoo.cli import app

            app(standalone_mode=True)
    except ZooError as error:
        _end(f"zoo: {error}", 2, quiet)
    except Interrupted as error:
        _end(f"zoo: {error}", error.code, quiet)
    except BrokenPipeError:  # `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@contextmanager
def _answering_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM unwind, so that half-written files are taken away; training answers in a way of its own.

    What a library makes of it, as an import that is said to have failed, is the signal still. After the block a
    signal ends the process at once: nothing is left to be taken away.
    """
    received = []

    def stop(number, frame):
        received.append(number)
        raise interrupted()

    def interrupted() -> Interrupted:
        return Interrupted(f"stopped by {signal.Signals(received[0]).name}", CODES[received[0]])

    for number in CODES:
        signal.signal(number, stop)
    try:
        yield
    except Interrupted:
        raise
    except BaseException as error:
        if received:
            raise interrupted() from error
        raise
    finally:
        for number in CODES:
            signal.signal(number, signal.SIG_DFL)


def _end(sentence: str, code: int, quiet: bool) -> None:
    if not quiet:
        import traceback

        traceback.print_exc()
    print(sentence, file=sys.stderr)
    sys.exit(code)
