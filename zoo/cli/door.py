"""What every command shares: the app, its panels, the options they have in common, a quiet TensorFlow."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

MODELS, TRAINING, RUNS, DATA = "Models", "Training", "Runs", "Machine and data"

app = typer.Typer(
    name="zoo",
    help="A reference-model zoo for Keras 3: classical architectures, true to their papers, and one runner.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Changes such as train.epochs=3.", metavar="[KEY=VALUE ...]")
]


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
