"""Configs: a YAML file becomes a checked, frozen `Config`. Imports no Keras, TensorFlow or NumPy."""

from .datablock import Augment, DataConfig
from .loading import load_config
from .named import Loss, Metric, Optimizer, Schedule
from .resolve import monitor_mode, monitors
from .schema import (
    CallbacksConfig,
    Checkpoint,
    Config,
    Constraint,
    EarlyStopping,
    ModelConfig,
    ReduceLROnPlateau,
    Regularizer,
    RuntimeConfig,
    SaveEvery,
    TrainConfig,
    json_schema,
)
from .steps import check_steps

__all__ = [
    "Augment",
    "CallbacksConfig",
    "Checkpoint",
    "Config",
    "Constraint",
    "DataConfig",
    "EarlyStopping",
    "Loss",
    "Metric",
    "ModelConfig",
    "Optimizer",
    "ReduceLROnPlateau",
    "Regularizer",
    "RuntimeConfig",
    "SaveEvery",
    "Schedule",
    "TrainConfig",
    "check_steps",
    "json_schema",
    "load_config",
    "monitor_mode",
    "monitors",
]
