"""A reference-model zoo for Keras 3 on TensorFlow.

    zoo.list_models("resnet*")                 names in the catalogue
    zoo.describe("lenet5")                     the paper, the counts, the printed figures
    zoo.create_model("lenet5", classes=10)     a keras.Model; zoo.lenet5(classes=10) is the same
    zoo.summary("lenet5", explain=True)        every number of it, by its formula
    zoo.train(zoo.load_config("configs/lenet5_digits.yaml"))

Importing the package imports neither TensorFlow nor Keras and changes no setting; building a model does: it asks
TensorFlow for its oneDNN kernels, unless `TF_ENABLE_ONEDNN_OPTS` is set.
"""

from __future__ import annotations

import importlib
from typing import Any

PUBLIC = {
    "list_models": "zoo.catalog.registry",
    "describe": "zoo.catalog.registry",
    "create_model": "zoo.build.create",
    "load_config": "zoo.config",
    "train": "zoo.experiments.train",
    "repeat": "zoo.experiments.seeds",
    "cross_validate": "zoo.experiments.folds",
    "sweep": "zoo.experiments.sweep",
    "evaluate": "zoo.runs.evaluate",
    "predict": "zoo.runs.predict",
    "explain": "zoo.analysis.explain.opening",
    "embed": "zoo.analysis.embed.projecting",
    "open_run": "zoo.runs.folder",
    "plot": "zoo.analysis.plot",
    "report": "zoo.analysis.pages.report",
    "gallery": "zoo.analysis.pages.gallery",
    "summary": "zoo.analysis.summarise",
    "compare_models": "zoo.analysis.compare_models",
    "compare_runs": "zoo.analysis.compare_runs",
    "quiet_tensorflow": "zoo.io.terminal",
    "ZooError": "zoo.errors",
    "Interrupted": "zoo.errors",
}

LIGHT = {"list_models", "describe", "load_config", "open_run", "quiet_tensorflow", "ZooError", "Interrupted"}


def _before_tensorflow() -> None:
    """Whoever takes one of the other names is about to need TensorFlow."""
    from zoo.io import onednn

    onednn.switch_on()


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        if name not in LIGHT:
            _before_tensorflow()
        return getattr(importlib.import_module(PUBLIC[name]), name)
    from zoo.catalog.rows import CATALOG

    if name in CATALOG:
        from zoo.build.functions import model_function

        _before_tensorflow()

        return model_function(name)
    raise AttributeError(f"module 'zoo' has no attribute '{name}'")


def __dir__() -> list[str]:
    from zoo.catalog.rows import CATALOG

    return sorted([*PUBLIC, *CATALOG])
