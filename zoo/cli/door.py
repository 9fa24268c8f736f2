"""What every command shares: the app, its panels, the options they have in common, a quiet TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zoo.io import onednn, terminal

if TYPE_CHECKING:
    from zoo.runs.folder import Run

MODELS, TRAINING, RUNS, DATA = "Models", "Training", "Runs", "Machine and data"
GUIDE = "Guide"

app = typer.Typer(
    name="zoo",
    help="A reference-model zoo for Keras 3: classical architectures, true to their papers, and one runner.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def quiet_tensorflow(going_on: Run | None = None) -> None:
    """Import TensorFlow without its messages, with the oneDNN setting of the run that is gone on with."""
    if going_on is not None and not going_on.finished:
        onednn.go_on_with(going_on.onednn)
    terminal.quiet_tensorflow()


Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Changes such as train.epochs=3.", metavar="[KEY=VALUE ...]")
]
