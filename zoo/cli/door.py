"""What every command shares: the app, its panels, the options they have in common, a quiet TensorFlow."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.io.terminal import quiet_tensorflow as quiet_tensorflow

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
