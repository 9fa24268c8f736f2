"""`zoo plot`: finds out what is to be drawn, and draws it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import registry
from zoo.errors import ZooError, did_you_mean
from zoo.runs import folder as rundir

if TYPE_CHECKING:
    import keras

    from zoo.graph.diff import Diff
    from zoo.runs.folder import Run

NOT_CONFIG = {"runtime.seed", "runtime.output", "runtime.save_every", "train.repeat", "data.fold"}


def plot(
    model_or_name: keras.Model | str, to_file: str | os.PathLike[str], *, level: str = "blocks", **words: Any
) -> Path:
    """Draw a model, or the catalogue's model of that name, into a file.

    Args:
        model_or_name: any built `keras.Model`, a catalogue name or `"package.module:function"`.
        to_file: .svg, .png, .html, .mmd (Mermaid) or .txt.
        level: "blocks" for the paper's blocks on one page, "layers" for Keras's graph of every layer.
        **words: `dpi` of a PNG, `title`.

    Raises:
        ZooError: an unknown name or suffix, a folder that cannot be written.
    """
    from zoo.draw import diagram

    model = model_named(model_or_name) if isinstance(model_or_name, str) else model_or_name
    return diagram.plot(model, to_file, level=level, **words)


def act(
    what: Sequence[str], output: Path | None, level: str, *, diff: str | None, schedule: bool, width: int
) -> list[str]:
    """All of `zoo plot`: draw what is asked for and return the lines to print.

    Raises:
        ZooError: several things that are not all runs, or with `diff` or `schedule`; as each act.
    """
    if diff is not None and schedule:
        raise ZooError("--diff and --schedule are given", "one of them")
    if len(what) > 1 and diff is not None:
        raise ZooError(f"{len(what)} things are given", "one to draw", "--diff takes the other")
    if output is not None and str(output) == "-":
        return [print_out(what, diff, level, schedule, width).rstrip("\n")]
    if diff is not None:
        found, path = draw_difference(what[0], diff, output)
        return [found.text(width), f"written: {path}"]
    if schedule:
        paths = [draw_schedule(what[0], output, what[1:])]
    else:
        paths = [overlay(what, output)] if len(what) > 1 else draw(what[0], output, level)
    return [f"written: {path}" for path in paths]


def print_out(what: Sequence[str], diff: str | None, level: str, schedule: bool, width: int) -> str:
    """The diagram, or the difference, in characters.

    Raises:
        ZooError: what is asked for are curves.
    """
    if len(what) > 1 or schedule:
        raise ZooError("curves cannot be printed in characters", "a picture", "such as -o curves.png")
    if diff is None:
        return draw_text(what[0], level, width)
    from zoo.graph.diff import diff_models

    return diff_models(model_named(what[0]), model_named(diff)).text(width)


def draw(what: str, output: Path | None, level: str) -> list[Path]:
    """Draw a catalogue model, a run (diagram and curves) or a config's model; returns what was written.

    Raises:
        ZooError: `what` is none of the three, or the picture cannot be written.
    """
    from zoo.draw import curves, diagram

    path = Path(what)
    if path.is_dir():
        from zoo.runs.net import model_of

        run = rundir.open_run(path)
        written = [diagram.plot(model_of(run), output or path / "model.svg", level=level)]
        if run.history:
            best = run.metrics["best_epoch"] if run.finished else None
            written.append(curves.plot_curves(run.history, path / "curves.png", best_epoch=best, resumed=run.resumed))
        return written
    return [diagram.plot(model_named(what), output or Path(f"{_short(what)}.svg"), level=level)]


def draw_text(what: str, level: str, width: int = 80) -> str:
    """The diagram in characters, no wider than `width`.

    Raises:
        ZooError: `what` is no model, run or config.
    """
    from zoo.draw.plain import text_diagram
    from zoo.graph.blocks import model_blocks, unfolded
    from zoo.graph.read import model_graph

    graph = model_graph(model_named(what))
    return text_diagram(unfolded(graph) if level == "layers" else model_blocks(graph), max(width, 60))


def draw_difference(what: str, other: str, output: Path | None) -> tuple[Diff, Path]:
    """Draw what differs from `what` to `other`, each a model, run or config; returns it and what was written.

    Raises:
        ZooError: one of them is none of the three, or the picture cannot be written.
    """
    from zoo.draw.diff_page import plot_diff

    before, after = model_named(what), model_named(other)
    target = output or Path(f"{_short(what)}-{_short(other)}.svg")
    return plot_diff(before, after, target), target


def overlay(what: Sequence[str | Path], output: Path | None) -> Path:
    """Draw the curves of several runs over each other; those that differ in their seed alone are one band.

    Raises:
        ZooError: one of them is no run, or the picture cannot be written.
    """
    from zoo.draw import curves

    models = [path for path in what if not Path(path).exists() and path in registry.list_models()]
    if models:
        raise ZooError(
            f"{models[0]} is a model, which has no curves",
            "runs, to lay their curves over each other",
            "`zoo plot A --diff B` holds two models against each other",
        )
    runs = [rundir.open_run(path) for path in what]
    alike: dict[str, list[Run]] = {}
    for run in runs:
        settings = {key: value for key, value in _settings(run).items() if key not in NOT_CONFIG}
        alike.setdefault(json.dumps(settings, sort_keys=True), []).append(run)
    groups = list(alike.values())
    labels = _labels([group[0] for group in groups])
    histories = {label: [run.history for run in group] for label, group in zip(labels, groups, strict=True)}
    alone = {label: group[0] for label, group in zip(labels, groups, strict=True) if len(group) == 1}
    best = {label: run.metrics["best_epoch"] for label, run in alone.items() if run.finished}
    return curves.plot_curves(histories, output or Path("curves.png"), best_epoch=best)


def _labels(runs: Sequence[Run]) -> list[str]:
    """The name of each config, with what sets it apart from the others where the name alone does not."""
    names = [run.config.name for run in runs]
    if len(set(names)) == len(names):
        return names
    settings = [_settings(run) for run in runs]
    keys = dict.fromkeys(key for one in settings for key in one if key not in NOT_CONFIG and key != "name")
    apart = [key for key in keys if len({json.dumps(one.get(key)) for one in settings}) > 1]
    ends = [key.rpartition(".")[2] for key in apart]
    short = [end if ends.count(end) == 1 else key for key, end in zip(apart, ends, strict=True)]
    return [
        f"{name}: {', '.join(f'{word}={json.dumps(one.get(key))}' for word, key in zip(short, apart, strict=True))}"
        for name, one in zip(names, settings, strict=True)
    ]


def _settings(run: Run) -> dict[str, Any]:
    """The config's values by their paths, `train.epochs`."""
    flat: dict[str, Any] = {}
    todo = [("", run.config.to_dict())]
    while todo:
        prefix, value = todo.pop(0)
        if isinstance(value, dict) and value:
            todo[:0] = [(f"{prefix}.{key}" if prefix else key, inner) for key, inner in value.items()]
        else:
            flat[prefix] = value
    return flat


def _short(what: str) -> str:
    """A name for a file: of a config its stem, of a builder its function, of a run its two folders."""
    path = Path(what)
    if path.is_dir():
        return "_".join(path.resolve().parts[-2:])
    return path.stem if path.suffix in (".yaml", ".yml") else what.rpartition(":")[2]


def draw_schedule(what: str, output: Path | None, overrides: Sequence[str] = ()) -> Path:
    """Draw learning rate and momentum over the steps of a config's or run's training; returns what was written.

    Args:
        overrides: of a config, as `zoo train` takes them.

    Raises:
        ZooError: `what` is neither a config nor a run, it has no schedule, or the picture cannot be written.
    """
    from zoo import data
    from zoo.build.create import wanted_shape
    from zoo.config import check_steps, load_config
    from zoo.draw import schedule

    path = Path(what)
    if path.suffix not in (".yaml", ".yml") and not path.is_dir():
        raise ZooError(f"'{what}' has no schedule", "a config or a run folder", "give a YAML file")
    if path.is_dir() and overrides:
        what = f"{' '.join(overrides)} is given with a run, which is as it was trained"
        raise ZooError(what, "a config", "remove it")
    config = rundir.open_run(path).config if path.is_dir() else load_config(path, overrides)
    if config.train.schedule is None:
        plateau = config.callbacks.reduce_lr_on_plateau
        why = "; its rate follows callbacks.reduce_lr_on_plateau, which only training shows" if plateau else ""
        raise ZooError(f"{what} has no train.schedule{why}", mend="for example train.schedule: {name: cosine}")
    stream = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config)).train
    check_steps(config, stream.steps_per_epoch)
    from zoo.training.schedules import course

    rates, momenta = course(config.train, stream.steps_per_epoch)
    target = output or (path / "schedule.png" if path.is_dir() else Path(f"{config.name}_schedule.png"))
    return schedule.plot_schedule(
        rates, target, steps_per_epoch=stream.steps_per_epoch, momenta=momenta, title=config.name
    )


def model_named(name: str) -> keras.Model:
    """The model of a catalogue name or own builder, without values in its weights; or that of a run or config.

    Raises:
        ZooError: `name` is none of these.
    """
    from zoo.analysis.summarise import outline

    path = Path(name)
    if path.is_dir():
        from zoo.runs.net import model_of

        return model_of(rundir.open_run(path))
    if path.suffix in (".yaml", ".yml"):
        from zoo.config import load_config

        return _model_of_config(load_config(path))
    if not registry.is_own_builder(name) and name not in registry.list_models():
        raise ZooError(
            f"'{name}' is neither a model, a run folder nor a config", mend=did_you_mean(name, registry.list_models())
        )
    return outline(name)


def _model_of_config(config) -> keras.Model:
    """The model as the runner would build it: classes and shapes come from the data."""
    from zoo.runs.job import prepare

    return prepare(config).model
