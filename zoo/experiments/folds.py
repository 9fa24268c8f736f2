"""Cross-validation: one run per fold, then one table with the mean and spread of the validation figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import ZooError
from zoo.experiments.seeds import Series, train_each

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.config import Config


def cross_validate(config: Config, *, resume: str = "auto", console: Console | None = None) -> Series:
    """Train `data.folds` nets, each without another part of the training items, by which it is then judged.

    Each fold is an ordinary run, exactly as `zoo train CONFIG data.fold=K` would, and goes on like one. No fold
    evaluates the test split: folds serve to choose a config, and a test split that has a say in the choice says
    nothing about new data any more. `folds.json` and `folds.png` stand beside the run folders.

    Args:
        config: from `zoo.load_config`, with `data.folds` and without `data.fold`.
        resume: as in `zoo.train`.
        console: where progress goes; the standard output by default.

    Raises:
        ZooError: `data.folds` is not given, a class has fewer training items than there are folds; as `zoo.train`.
        Interrupted: Ctrl-C or SIGTERM; the running fold's state is saved.
    """
    if config.data.folds is None or config.data.fold is not None:
        raise ZooError(
            f"data.folds is {config.data.folds} and data.fold is {config.data.fold}",
            "a number of folds, and no single one of them",
            "such as data.folds=5",
        )
    configs = {fold: config.override(f"data.fold={fold}") for fold in range(1, config.data.folds + 1)}
    return train_each("fold", configs, resume, console)
