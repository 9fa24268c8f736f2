"""The commands on models: list, info, summary, plot, compare, verify, import-weights, gallery."""

from __future__ import annotations

import json
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.door import MODELS, Json, app, quiet_tensorflow
from zoo.errors import ZooError


@app.command("list", rich_help_panel=MODELS)
def list_(
    pattern: Annotated[str, typer.Argument(help="A part of the name, or a pattern such as 'resnet*'.")] = "*",
    task: Annotated[str | None, typer.Option(help="image-classification or text-classification.")] = None,
    as_json: Json = False,
) -> None:
    """List the models: parameters, multiply-adds, paper."""
    from zoo.catalog import registry, tables

    names = registry.list_models(pattern, task=task)
    if not names:
        raise ZooError(f"no model matches '{pattern}'", mend="`zoo list` shows all")
    print(json.dumps(names) if as_json else tables.models([registry.describe(n) for n in names]))


@app.command(rich_help_panel=MODELS)
def info(model: Annotated[str, typer.Argument(help="A name from `zoo list`.")], as_json: Json = False) -> None:
    """Show a model's paper, counts, printed figures, deviations, arguments and recipe."""
    from zoo.catalog import registry, tables

    spec = registry.describe(model)
    print(json.dumps(tables.spec_dict(spec), indent=2) if as_json else tables.spec(spec))


@app.command(rich_help_panel=MODELS)
def summary(
    model: Annotated[str, typer.Argument(help="A name from `zoo list`, or package.module:function.")],
    explain: Annotated[bool, typer.Option("--explain", help="Derive every number by its formula.")] = False,
    all_layers: Annotated[bool, typer.Option("--all", help="A row for every layer, not for every block.")] = False,
    as_json: Json = False,
) -> None:
    """Show shapes, parameters, multiply-adds and receptive field, block by block."""
    from zoo.analysis.summarise import summary as act

    quiet_tensorflow()
    found = act(model, all_layers=all_layers, explain=explain)
    print(json.dumps(found.to_dict()) if as_json else found)


class Level(StrEnum):
    blocks = "blocks"
    layers = "layers"


@app.command(rich_help_panel=MODELS)
def plot(
    what: Annotated[
        list[str],
        typer.Argument(
            help="A model's name, a run folder, or a config; several runs; after a config with --schedule "
            "also key.path=value.",
            metavar="MODEL|RUN|CONFIG",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The picture: .svg, .png, .html, .mmd or .txt; - prints characters."),
    ] = None,
    diff: Annotated[
        str | None, typer.Option("--diff", help="Mark what differs to this one.", metavar="MODEL|RUN|CONFIG")
    ] = None,
    level: Annotated[Level, typer.Option(help="The paper's blocks, or every layer.")] = Level.blocks,
    schedule: Annotated[bool, typer.Option("--schedule", help="A config's rate and momentum instead.")] = False,
) -> None:
    """Draw an architecture, of a run also its curves; of several runs the curves over each other."""
    from zoo.analysis import plot as pictures

    quiet_tensorflow()
    width = shutil.get_terminal_size().columns
    print("\n".join(pictures.act(what, output, level.value, diff=diff, schedule=schedule, width=width)))


@app.command(rich_help_panel=MODELS)
def compare(
    what: Annotated[list[str], typer.Argument(help="Two or more models, or run folders.", metavar="MODEL|RUN ...")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A picture, .png, .svg or .pdf: accuracy over operations, or curves."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold models against each other (cost, depth, memory, accuracy), or runs (configs, results, real or luck)."""
    from zoo.analysis.compare_models import compare_models
    from zoo.analysis.compare_runs import all_runs, compare_runs

    act = compare_runs if all_runs(what) else compare_models
    quiet_tensorflow()
    result = act(what, output)
    print(json.dumps(result.to_dict(), ensure_ascii=False) if as_json else result.text())
    if output is not None and not as_json:
        print(f"\nwritten: {output}")


@app.command(rich_help_panel=MODELS)
def verify(
    models: Annotated[list[str] | None, typer.Argument(help="Names from `zoo list`; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Prove the catalogue: counts, every layer, parity with Keras's own nets. Exit code 1 names a row that departs."""
    from zoo.analysis import verify as room
    from zoo.catalog import registry

    for name in models or ():
        registry.describe(name)
    quiet_tensorflow()
    verdicts = room.verify(models or ())
    print(json.dumps([v.to_dict() for v in verdicts]) if as_json else room.table(verdicts))
    if not all(v.ok for v in verdicts):
        raise typer.Exit(1)


@app.command("import-weights", rich_help_panel=MODELS)
def import_weights(
    model: Annotated[str, typer.Argument(help="A name from `zoo list`.")],
    file: Annotated[str, typer.Argument(help="A .h5, .safetensors or .pth file, or a source of `zoo info`.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="By default MODEL.weights.h5 here.")] = None,
    weights_source: Annotated[str | None, typer.Option(help="The source that the file is of.")] = None,
) -> None:
    """Check a published weights file tensor by tensor and write it as one of the zoo's own."""
    from zoo.catalog import registry
    from zoo.runs.weight_files import import_weights as act

    registry.describe(model)
    quiet_tensorflow()
    print(f"written: {act(model, file, output, source=weights_source)}")


@app.command(rich_help_panel=MODELS)
def gallery(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the site.")] = Path("site"),
    models: Annotated[str, typer.Option(help="A part of the names, or a pattern such as 'resnet*'.")] = "*",
    runs: Annotated[Path | None, typer.Option(help="A folder of your runs, to be listed too.")] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="A folder of receipts; by default configs/receipts, where it is there.")
    ] = None,
) -> None:
    """Write the catalogue as a site to look through: diagrams, papers, counts, results, your runs."""
    from zoo.analysis.pages.gallery import gallery as act

    quiet_tensorflow()
    act(out, models=models, runs=runs, receipts=receipts)
    print(f"written: {out / 'index.html'}")
