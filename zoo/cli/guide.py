"""The command that is read: guide."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.door import GUIDE, app


@app.command(rich_help_panel=GUIDE)
def guide(topic: Annotated[str | None, typer.Argument(help="A topic; none lists them all.")] = None) -> None:
    """Read the guide: every command, your own data, configs, run folders, models, how the code is laid out."""
    from zoo.io.guide import contents, page

    print(contents() if topic is None else page(topic))
