"""The commands: each reads its words, calls one act, and prints. Nothing here imports TensorFlow before it must."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.errors import Interrupted, ZooError

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


class Resume(StrEnum):
    auto = "auto"
    never = "never"


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 2."""
    quiet = os.environ.get("ZOO_DEBUG") != "1"
    try:
        app(standalone_mode=True)
    except ZooError as error:
        _end(f"zoo: {error}", 2, quiet)
    except Interrupted as error:
        _end(f"zoo: {error}", error.code, quiet)
    except KeyboardInterrupt:
        _end("zoo: interrupted", 130, quiet)
    except BrokenPipeError:  # `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _tensorflow() -> None:
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


def _end(sentence: str, code: int, quiet: bool) -> None:
    if not quiet:
        import traceback

        traceback.print_exc()
    print(sentence, file=sys.stderr)
    sys.exit(code)


@app.command("list", rich_help_panel=MODELS)
def list_(
    pattern: Annotated[str, typer.Argument(help="A part of the name, or a pattern such as 'resnet*'.")] = "*",
    task: Annotated[str | None, typer.Option(help="image-classification or text-classification.")] = None,
    as_json: Json = False,
) -> None:
    """List the models: parameters, multiply-adds, paper."""
    from zoo import registry, tables

    names = registry.list_models(pattern, task=task)
    if not names:
        raise ZooError(f"no model matches '{pattern}'", mend="`zoo list` shows all")
    print(json.dumps(names) if as_json else tables.models([registry.describe(n) for n in names]))


@app.command(rich_help_panel=MODELS)
def info(model: Annotated[str, typer.Argument(help="A name from `zoo list`.")], as_json: Json = False) -> None:
    """Show a model's paper, counts, printed figures, deviations, arguments and recipe."""
    from zoo import registry, tables

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
    from zoo.summarizing import summary as act

    _tensorflow()
    found = act(model, all_layers=all_layers, explain=explain)
    print(json.dumps(found.to_dict()) if as_json else found)


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
    from zoo.folding import cross_validate
    from zoo.repeating import parse_seeds, repeat
    from zoo.runner import train as act

    resolved, numbers = load_config(config, overrides or ()), parse_seeds(seeds) if seeds is not None else None
    console = Console(stderr=as_json)
    _tensorflow()
    folds = resolved.data.folds is not None and resolved.data.fold is None
    if numbers is None and resolved.train.repeat == 1 and not folds:
        run = act(resolved, resume=resume.value, console=console)
        if as_json:
            print(json.dumps({"run": str(run), **run.metrics}))
        return
    if folds and numbers is None:
        series = cross_validate(resolved, resume=resume.value, console=console)
    else:
        series = repeat(resolved, numbers, resume=resume.value, console=console)
    print(json.dumps(series.to_dict()) if as_json else series.text())


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
    from zoo.sweeping import sweep as act

    resolved = load_config(config, overrides or ())
    _tensorflow()
    result = act(resolved, space, console=Console(stderr=as_json))
    print(json.dumps(result.to_dict()) if as_json else result.text())


@app.command(rich_help_panel=RUNS)
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Json = False,
) -> None:
    """Evaluate a run's best weights: loss, accuracy, per class, confusion matrix."""
    from zoo import rundir, tables
    from zoo.evaluation import evaluate as act

    opened = rundir.open_run(run)
    _tensorflow()
    result = act(opened, split)
    if as_json:
        print(json.dumps(opened.metrics if opened.finished else {split: result}))
    else:
        print(tables.evaluation(result, opened.data["class_names"]))
        print(f"written: {run}/metrics.json, {run}/confusion.png")


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
    from zoo.comparison import compare_models
    from zoo.run_comparison import all_runs, compare_runs

    act = compare_runs if all_runs(what) else compare_models
    _tensorflow()
    result = act(what, output)
    print(json.dumps(result.to_dict(), ensure_ascii=False) if as_json else result.text())
    if output is not None and not as_json:
        print(f"\nwritten: {output}")


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

    from zoo import rundir
    from zoo.reproducing import reproduce as act

    opened = rundir.open_run(run)
    _tensorflow()
    result = act(opened, output, console=Console(stderr=as_json))
    print(json.dumps(result.to_dict()) if as_json else result.text())


@app.command(rich_help_panel=RUNS)
def predict(
    run: Annotated[str, typer.Argument(help="A run folder; or a model's name with --weights.", metavar="RUN|MODEL")],
    inputs: Annotated[list[str], typer.Argument(help="Image files; or texts, or files of text, for a text run.")],
    weights: Annotated[str | None, typer.Option(help="For a model's name: imagenet, a source, or a file.")] = None,
    class_index: Annotated[str | None, typer.Option(help="A copy of imagenet_class_index.json.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many labels to show.")] = 5,
    as_json: Json = False,
) -> None:
    """Label images or texts with a run's best weights, or photos with published ones."""
    from zoo import registry, rundir, tables

    if weights is not None:
        from zoo.publishing import classify

        registry.describe(run)
        _tensorflow()
        rows = classify(run, inputs, weights, class_index=class_index)
    else:
        from zoo.prediction import predict as act
        from zoo.prediction import read_texts

        opened = rundir.open_run(run)
        _tensorflow()
        rows = act(opened, read_texts(inputs) if opened.data["kind"] == "tokens" else inputs)
    print(json.dumps(rows, ensure_ascii=False) if as_json else tables.predictions(rows, top))


@app.command(rich_help_panel=MODELS)
def verify(
    models: Annotated[list[str] | None, typer.Argument(help="Names from `zoo list`; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Prove the catalogue: counts, every layer, parity with Keras's own nets. Exit code 1 names a row that departs."""
    from zoo import registry
    from zoo import verify as room

    for name in models or ():
        registry.describe(name)
    _tensorflow()
    verdicts = room.verify(models or ())
    print(json.dumps([v.to_dict() for v in verdicts]) if as_json else room.table(verdicts))
    if not all(v.ok for v in verdicts):
        raise typer.Exit(1)


@app.command("import-weights", rich_help_panel=MODELS)
def import_weights(
    model: Annotated[str, typer.Argument(help="A name from `zoo list`.")],
    file: Annotated[str, typer.Argument(help="A .h5, .safetensors or .pth file, or a source of `zoo info`.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="By default MODEL.weights.h5 here.")] = None,
) -> None:
    """Check a published weights file tensor by tensor and write it as one of the zoo's own."""
    from zoo import registry
    from zoo.publishing import import_weights as act

    registry.describe(model)
    _tensorflow()
    print(f"written: {act(model, file, output)}")


class ExportFormat(StrEnum):
    torchvision = "torchvision"
    safetensors = "safetensors"


@app.command(rich_help_panel=RUNS)
def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    format: Annotated[ExportFormat, typer.Option(help="torchvision's names and layout, or Keras's for any net.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="By default NAME.safetensors in the run.")
    ] = None,
) -> None:
    """Write a run's best weights in the layout of another library."""
    from zoo import rundir
    from zoo.publishing import export as act

    opened = rundir.open_run(run)
    _tensorflow()
    print(f"written: {act(opened, format.value, output)}")


class Level(StrEnum):
    blocks = "blocks"
    layers = "layers"


@app.command(rich_help_panel=MODELS)
def plot(
    what: Annotated[str, typer.Argument(help="A model's name, a run folder, or a config.", metavar="MODEL|RUN|CONFIG")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture: .svg, .png, .html, .mmd or .txt.")
    ] = None,
    level: Annotated[Level, typer.Option(help="The paper's blocks, or every layer.")] = Level.blocks,
    schedule: Annotated[bool, typer.Option("--schedule", help="A config's rate and momentum instead.")] = False,
) -> None:
    """Draw an architecture, of a run also its curves."""
    from zoo.pictures import draw, draw_schedule

    _tensorflow()
    for path in [draw_schedule(what, output)] if schedule else draw(what, output, level.value):
        print(f"written: {path}")


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
    from zoo.lr_finding import lr_find as act

    resolved = load_config(config, overrides or ())
    _tensorflow()
    found = act(resolved, low=low, high=high, steps=steps, to_file=output)
    print(json.dumps(found.to_dict()) if as_json else f"{found.text()}\nwritten: {output}")


@app.command("config", rich_help_panel=TRAINING)
def config_(
    config: Annotated[Path | None, typer.Argument(help="A YAML file.")] = None,
    overrides: Overrides = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of config files.")] = False,
    as_json: Json = False,
) -> None:
    """Show a config as it resolves, with the origin of every value."""
    from zoo import config as room
    from zoo import tables

    if schema:
        print(json.dumps(room.json_schema(), indent=2))
        return
    if config is None:
        raise ZooError("no config was given", "a YAML file", "`zoo config configs/lenet5_digits.yaml`")
    resolved = room.load_config(config, overrides or ())
    print(json.dumps(resolved.to_dict(), indent=2) if as_json else tables.config(resolved))


@app.command("data", rich_help_panel=DATA)
def data_(
    config: Annotated[Path, typer.Argument(help="A YAML file.")],
    overrides: Overrides = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A picture of examples: .png, .svg.")] = None,
    as_json: Json = False,
) -> None:
    """Look at a config's data: classes, values, examples, duplicates between the parts, speed."""
    from zoo import tables
    from zoo.config import load_config
    from zoo.data_report import report

    loaded = load_config(config, overrides or ())
    _tensorflow()
    found = report(loaded, output)
    print(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else tables.data(found))
    if output and not as_json:
        print(f"written: {output}")


@app.command(rich_help_panel=DATA)
def devices(as_json: Json = False) -> None:
    """Show what TensorFlow computes on and, where no GPU is used, why."""
    from zoo import devices as room

    _tensorflow()
    found: dict[str, Any] = room.report()
    if as_json:
        print(json.dumps(found))
        return
    for device in found["devices"]:
        print(f"{device['name']:<8} {device['description']}".rstrip())
    if found["reason"]:
        print(f"no GPU is used: {found['reason']}")
