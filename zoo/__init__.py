"""A reference-model zoo for Keras 3 on TensorFlow.

    zoo.list_models("resnet*")                 names in the catalogue
    zoo.describe("lenet5")                     the paper, the counts, the printed figures
    zoo.create_model("lenet5", classes=10)     a keras.Model; zoo.lenet5(classes=10) is the same
    zoo.summary("lenet5", explain=True)        every number of it, by its formula
    zoo.train(zoo.load_config("configs/lenet5_digits.yaml"))

Importing the package imports neither TensorFlow nor Keras; building a model does.
"""

from __future__ import annotations

import importlib
from typing import Any

PUBLIC = {
    "list_models": "zoo.registry",
    "describe": "zoo.registry",
    "create_model": "zoo.build",
    "load_config": "zoo.config",
    "train": "zoo.runner",
    "repeat": "zoo.repeating",
    "cross_validate": "zoo.folding",
    "sweep": "zoo.sweeping",
    "evaluate": "zoo.evaluation",
    "predict": "zoo.prediction",
    "explain": "zoo.explaining",
    "embed": "zoo.feature_space",
    "open_run": "zoo.rundir",
    "plot": "zoo.pictures",
    "report": "zoo.pages.report",
    "gallery": "zoo.pages.gallery",
    "summary": "zoo.summarizing",
    "compare_models": "zoo.comparison",
    "compare_runs": "zoo.run_comparison",
    "quiet_tensorflow": "zoo.terminal",
    "ZooError": "zoo.errors",
    "Interrupted": "zoo.errors",
}


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(importlib.import_module(PUBLIC[name]), name)
    from zoo.catalog import CATALOG

    if name in CATALOG:
        from zoo.callables import model_function

        return model_function(name)
    raise AttributeError(f"module 'zoo' has no attribute '{name}'")


def __dir__() -> list[str]:
    from zoo.catalog import CATALOG

    return sorted([*PUBLIC, *CATALOG])
