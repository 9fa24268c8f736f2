"""What people see while something runs: lines of progress, and a TensorFlow that keeps its start-up to itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoo.io import onednn

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Where progress goes by default: the standard output; in a notebook as plain lines, not as boxes and bars."""
    from rich.console import Console

    in_notebook = type(sys.stdout).__module__.partition(".")[0] == "ipykernel"  # which calls itself a terminal
    return Console(force_jupyter=False, force_terminal=False if in_notebook else None)


def quiet_tensorflow() -> None:
    """Import TensorFlow without its start-up messages, which heed no setting; ZOO_DEBUG=1 shows them."""
    onednn.switch_on()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if _debugging() else "3")
    if _debugging():
        return
    with quiet():
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # several models in one process are no mistake worth a warning
        tf.config.list_logical_devices()


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing reaches stderr within the block, not even what libraries in C++ write; ZOO_DEBUG=1 shows it."""
    if _debugging():
        yield
        return
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def _debugging() -> bool:
    return os.environ.get("ZOO_DEBUG") == "1"
