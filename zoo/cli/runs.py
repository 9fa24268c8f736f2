"""The commands on runs: evaluate, predict, report, reproduce, export."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.door import RUNS, Json, app, quiet_tensorflow


@app.command(rich_help_panel=RUNS)
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder; or a .onnx or .tflite file.", metavar="RUN|FILE")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    config: Annotated[Path | None, typer.Option(help="For an exported file: the config with its data.")] = None,
    as_json: Json = False,
) -> None:
    """Evaluate a run's best weights, or an exported file: loss, accuracy, per class, confusion matrix."""
    from zoo.cli import tables
    from zoo.runs import folder as rundir
    from zoo.runs.evaluate import evaluate as act

    if config is not None or run.is_file():
        from zoo.runs.evaluate_file import evaluate_file

        quiet_tensorflow()
        found = evaluate_file(run, config, split)
        result = found.to_dict()
        print(json.dumps({split: result}) if as_json else tables.evaluation(result, found.class_names))
        return
    opened = rundir.open_run(run)
    quiet_tensorflow()
    result = act(opened, split)
    if as_json:
        print(json.dumps(opened.metrics if opened.finished else {split: result}))
    else:
        print(tables.evaluation(result, opened.data["class_names"]))
        print(f"written: {run}/metrics.json, {run}/confusion.png")


@app.command(rich_help_panel=RUNS)
def predict(
    run: Annotated[str, typer.Argument(help="A run folder; or a model's name with --weights.", metavar="RUN|MODEL")],
    inputs: Annotated[list[str], typer.Argument(help="Image files; texts, or files of them; .csv or .npy of numbers.")],
    weights: Annotated[str | None, typer.Option(help="For a model's name: imagenet, a source, or a file.")] = None,
    weights_source: Annotated[str | None, typer.Option(help="The source that a file of weights is of.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="With --weights: the whole photo, not the source's own crop.")
    ] = False,
    class_index: Annotated[str | None, typer.Option(help="A copy of imagenet_class_index.json.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many labels to show.")] = 5,
    as_json: Json = False,
) -> None:
    """Label images, texts or windows of numbers with a run's best weights, or photos with published ones."""
    from zoo.catalog import registry
    from zoo.io.formats import predictions
    from zoo.runs import folder as rundir

    if weights is not None:
        from zoo.runs.catalogue_nets import classify

        registry.describe(run)
        quiet_tensorflow()
        rows = classify(run, inputs, weights, class_index=class_index, source=weights_source, whole=whole)
    else:
        from zoo.runs.predict import predict as act
        from zoo.runs.predict import read_texts

        opened = rundir.open_run(run)
        quiet_tensorflow()
        rows = act(opened, read_texts(inputs) if opened.data["kind"] == "tokens" else inputs)
    print(json.dumps(rows, ensure_ascii=False) if as_json else predictions(rows, top))


@app.command(rich_help_panel=RUNS)
def report(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="An .html file; by default report.html in the run.")
    ] = None,
) -> None:
    """Write a run's page anew: result, curves, mistakes, diagram, settings, environment."""
    from zoo.analysis.pages.report import report as act
    from zoo.runs import folder as rundir

    opened = rundir.open_run(run)
    quiet_tensorflow()
    print(f"written: {act(opened, output)}")


@app.command(rich_help_panel=RUNS)
def reproduce(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the new run goes; by default reproductions/ beside it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a run again from its folder and say of each figure: equal, within the seeds' spread, or different."""
    from rich.console import Console

    from zoo.experiments.reproduce import reproduce as act
    from zoo.runs import folder as rundir

    opened = rundir.open_run(run)
    quiet_tensorflow()
    result = act(opened, output, console=Console(stderr=as_json))
    print(json.dumps(result.to_dict()) if as_json else result.text())


class ExportFormat(StrEnum):
    saved_model = "saved_model"
    onnx = "onnx"
    litert = "litert"
    keras = "keras"
    torchvision = "torchvision"
    safetensors = "safetensors"


@app.command(rich_help_panel=RUNS)
def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    format: Annotated[
        ExportFormat, typer.Option(help="A net for other runtimes; or weights, in torchvision's or Keras's layout.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A folder, or for weights a file; by default in the run."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Take image files or texts instead of prepared batches (saved_model).")
    ] = False,
) -> None:
    """Export a run for others: as a net that needs no zoo, compared with the run, or as weights."""
    from zoo.cli import tables
    from zoo.runs import folder as rundir

    opened = rundir.open_run(run)
    quiet_tensorflow()
    if format in ("torchvision", "safetensors"):
        from zoo.runs.weight_files import export as act

        print(f"written: {act(opened, format.value, output, raw=raw)}")
        return
    from zoo.runs.export import export as act

    made = act(opened, format.value, output, raw=raw)
    print(tables.parity(made))
    raise typer.Exit(0 if made.kept else 1)
