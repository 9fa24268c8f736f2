"""What people see while something runs: lines of progress, and a TensorFlow that keeps its start-up to itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Where progress goes by default: the standard output, in a notebook too, where rich makes a box of each line."""
    from rich.console import Console

    return Console(force_jupyter=False)


def quiet_tensorflow() -> None:
    """Import TensorFlow without its start-up messages, which heed no setting; ZOO_DEBUG=1 shows them."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if os.environ.get("ZOO_DEBUG") == "1" else "3")
    if os.environ.get("ZOO_DEBUG") == "1":
        return
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # several models in one process are no mistake worth a warning
        tf.config.list_logical_devices()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
