"""The commands on the machine and on data: data, devices, benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.door import DATA, Json, Overrides, app, quiet_tensorflow


@app.command("data", rich_help_panel=DATA)
def data_(
    config: Annotated[Path, typer.Argument(help="A YAML file.")],
    overrides: Overrides = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A picture of examples: .png, .svg.")] = None,
    as_json: Json = False,
) -> None:
    """Look at a config's data: classes, values, examples, duplicates between the parts, speed."""
    from zoo.analysis.data_report import report
    from zoo.cli import tables
    from zoo.config import load_config

    loaded = load_config(config, overrides or ())
    quiet_tensorflow()
    found = report(loaded, output)
    print(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else tables.data(found))
    if output and not as_json:
        print(f"written: {output}")


@app.command(rich_help_panel=DATA)
def devices(as_json: Json = False) -> None:
    """Show what TensorFlow computes on and, where no GPU is used, why."""
    from zoo.training import devices as room

    quiet_tensorflow()
    found: dict[str, Any] = room.report()
    if as_json:
        print(json.dumps(found))
        return
    for device in found["devices"]:
        print(f"{device['name']:<8} {device['description']}".rstrip())
    if found["reason"]:
        print(f"no GPU is used: {found['reason']}")


@app.command(rich_help_panel=DATA)
def benchmark(
    parts: Annotated[
        list[str] | None, typer.Argument(help="start, runner, build, norm, pipeline, memory; all by default.")
    ] = None,
) -> None:
    """Measure the zoo's speed on this machine, as ratios against named peers of the same run; takes minutes."""
    from zoo.experiments.benchmark import measure

    measure(parts or ())
