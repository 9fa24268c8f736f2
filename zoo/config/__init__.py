"""Configs: a YAML file becomes a checked, frozen `Config`. Imports no Keras, TensorFlow or NumPy."""

from .config import Config, json_schema, load_config
from .data_block import Augment, DataConfig
from .defaults import monitor_mode, monitors
from .keras_blocks import Loss, Metric, Optimizer, Schedule
from .schema import (
    CallbacksConfig,
    Checkpoint,
    Constraint,
    EarlyStopping,
    ModelConfig,
    ReduceLROnPlateau,
    Regularizer,
    RuntimeConfig,
    SaveEvery,
    TrainConfig,
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
