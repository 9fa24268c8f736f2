"""The commands that train: train, config, lr-find, sweep."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.door import TRAINING, Json, Overrides, app, quiet_tensorflow
from zoo.errors import ZooError


class Resume(StrEnum):
    auto = "auto"
    never = "never"


@app.command(rich_help_panel=TRAINING)
def train(
    config: Annotated[Path, typer.Argument(help="A YAML file.")],
    overrides: Overrides = None,
    resume: Annotated[
        Resume, typer.Option(help="auto goes on where the same config stopped; never begins afresh.")
    ] = Resume.auto,
    seeds: Annotated[str | None, typer.Option(help="One run per seed, such as 0,1,2, and a table of them.")] = None,
    as_json: Json = False,
) -> None:
    """Train a config into a run folder, then evaluate it once on the test split."""
    from rich.console import Console

    from zoo.config import load_config
    from zoo.experiments.folds import cross_validate
    from zoo.experiments.seeds import parse_seeds, repeat
    from zoo.experiments.train import train as act
    from zoo.runs import folder as rundir
    from zoo.runs.job import begun

    resolved, numbers = load_config(config, overrides or ()), parse_seeds(seeds) if seeds is not None else None
    console, output = Console(stderr=as_json), Path(resolved.runtime.output)
    folds = resolved.data.folds is not None and resolved.data.fold is None
    alone = numbers is None and resolved.train.repeat == 1 and not folds
    going_on = begun(resolved) if alone else rundir.unfinished(output / resolved.name)
    quiet_tensorflow(going_on if resume is Resume.auto else None)
    if alone:
        run = act(resolved, resume=resume.value, console=console)
        if as_json:
            print(json.dumps({"run": str(run), **run.metrics}))
        return
    if folds and numbers is None:
        series = cross_validate(resolved, resume=resume.value, console=console)
    else:
        series = repeat(resolved, numbers, resume=resume.value, console=console)
    print(json.dumps(series.to_dict()) if as_json else series.text())


@app.command("config", rich_help_panel=TRAINING)
def config_(
    config: Annotated[Path | None, typer.Argument(help="A YAML file.")] = None,
    overrides: Overrides = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of config files.")] = False,
    as_json: Json = False,
) -> None:
    """Show a config as it resolves, with the origin of every value."""
    from zoo import config as room
    from zoo.cli import tables
    from zoo.runs.job import resolve

    if schema:
        print(json.dumps(room.json_schema(), indent=2))
        return
    if config is None:
        raise ZooError("no config was given", "a YAML file", "`zoo config configs/lenet5_digits.yaml`")
    resolved = resolve(room.load_config(config, overrides or ()))
    print(json.dumps(resolved.to_dict(), indent=2) if as_json else tables.config(resolved))


@app.command("lr-find", rich_help_panel=TRAINING)
def lr_find(
    config: Annotated[Path, typer.Argument(help="A YAML file.")],
    overrides: Overrides = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: .png, .svg or .pdf.")] = Path(
        "lr_find.png"
    ),
    low: Annotated[float, typer.Option(help="The rate the sweep begins with.")] = 1e-6,
    high: Annotated[float, typer.Option(help="The rate it ends with.")] = 10.0,
    steps: Annotated[int, typer.Option(help="Steps of the sweep.")] = 200,
    as_json: Json = False,
) -> None:
    """Find a learning rate: train some steps with a growing one and see where the loss falls."""
    from zoo.config import load_config
    from zoo.experiments.lr_find import lr_find as act

    resolved = load_config(config, overrides or ())
    quiet_tensorflow()
    found = act(resolved, low=low, high=high, steps=steps, to_file=output)
    print(json.dumps(found.to_dict()) if as_json else f"{found.text()}\nwritten: {output}")


@app.command(rich_help_panel=TRAINING)
def sweep(
    config: Annotated[Path, typer.Argument(help="A YAML file.")],
    space: Annotated[Path, typer.Argument(help="A YAML file: space, trials, metric, prune, seed.")],
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Search for better values of a config's keys by Optuna; the same command goes on where it was stopped."""
    from rich.console import Console

    from zoo.config import load_config
    from zoo.experiments.sweep import sweep as act
    from zoo.runs import folder as rundir

    resolved = load_config(config, overrides or ())
    quiet_tensorflow(rundir.unfinished(Path(resolved.runtime.output) / resolved.name))
    result = act(resolved, space, console=Console(stderr=as_json))
    print(json.dumps(result.to_dict()) if as_json else result.text())
