"""The commands: each reads its words, calls one act, and prints. Nothing here imports TensorFlow before it must."""

from __future__ import annotations

import os
import signal
import sys

from zoo.cli import models, training, runs, seeing, data  # isort: skip (in the order the help shows)
from zoo.cli.door import app
from zoo.errors import Interrupted, ZooError

__all__ = ["app", "data", "main", "models", "runs", "seeing", "training"]


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 2."""
    quiet = os.environ.get("ZOO_DEBUG") != "1"
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app(standalone_mode=True)
    except ZooError as error:
        _end(f"zoo: {error}", 2, quiet)
    except Interrupted as error:
        _end(f"zoo: {error}", error.code, quiet)
    except KeyboardInterrupt:
        _end("zoo: interrupted", 130, quiet)
    except BrokenPipeError:  # `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _terminated(*_) -> None:
    """Unwinds, so that half-written files are taken away; training answers in a way of its own."""
    raise Interrupted("ended by SIGTERM", 143)


def _end(sentence: str, code: int, quiet: bool) -> None:
    if not quiet:
        import traceback

        traceback.print_exc()
    print(sentence, file=sys.stderr)
    sys.exit(code)
