"""`zoo plot`: finds out what is to be drawn, and draws it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo import registry, rundir
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    import keras


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
    from zoo import drawing

    model = _model(model_or_name) if isinstance(model_or_name, str) else model_or_name
    return drawing.plot(model, to_file, level=level, **words)


def draw(what: str, output: Path | None, level: str) -> list[Path]:
    """Draw a catalogue model, a run (diagram and curves) or a config's model; returns what was written.

    Raises:
        ZooError: `what` is none of the three, or the picture cannot be written.
    """
    from zoo import drawing

    path = Path(what)
    if path.is_dir():
        from zoo.build import model_of

        run = rundir.open_run(path)
        written = [drawing.plot(model_of(run), output or path / "model.svg", level=level)]
        if run.history:
            best = run.metrics["best_epoch"] if run.finished else None
            written.append(drawing.plot_curves(run.history, path / "curves.png", best_epoch=best))
        return written
    if path.suffix in (".yaml", ".yml"):
        from zoo.config import load_config

        config = load_config(path)
        return [drawing.plot(_model_of_config(config), output or Path(f"{config.name}.svg"), level=level)]
    return [drawing.plot(_model(what), output or Path(f"{what.rpartition(':')[2]}.svg"), level=level)]


def draw_schedule(what: str, output: Path | None) -> Path:
    """Draw learning rate and momentum over the steps of a config's or run's training; returns what was written.

    Raises:
        ZooError: `what` is neither a config nor a run, it has no schedule, or the picture cannot be written.
    """
    from zoo import data, drawing
    from zoo.build import wanted_shape
    from zoo.config import check_steps, load_config

    path = Path(what)
    if path.suffix not in (".yaml", ".yml") and not path.is_dir():
        raise ZooError(f"'{what}' has no schedule", "a config or a run folder", "give a YAML file")
    config = rundir.open_run(path).config if path.is_dir() else load_config(path)
    if config.train.schedule is None:
        plateau = config.callbacks.reduce_lr_on_plateau
        why = "; its rate follows callbacks.reduce_lr_on_plateau, which only training shows" if plateau else ""
        raise ZooError(f"{what} has no train.schedule{why}", mend="for example train.schedule: {name: cosine}")
    stream = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config)).train
    check_steps(config, stream.steps_per_epoch)
    from zoo.training.schedules import course

    rates, momenta = course(config.train, stream.steps_per_epoch)
    target = output or (path / "schedule.png" if path.is_dir() else Path(f"{config.name}_schedule.png"))
    return drawing.plot_schedule(
        rates, target, steps_per_epoch=stream.steps_per_epoch, momenta=momenta, title=config.name
    )


def _model(name: str) -> keras.Model:
    from zoo.build import create_model

    if not registry.is_own_builder(name) and name not in registry.list_models():
        raise ZooError(
            f"'{name}' is neither a model, a run folder nor a config", mend=did_you_mean(name, registry.list_models())
        )
    return create_model(name)


def _model_of_config(config) -> keras.Model:
    """The model as the runner would build it: classes and shapes come from the data."""
    from zoo.runner import prepare

    return prepare(config).model
