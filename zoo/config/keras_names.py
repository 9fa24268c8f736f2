"""Keras's optimizers, losses and metrics and their arguments, and our schedules and data sources, as data.

Configs are checked against these tables without importing Keras; `tests/test_config_names.py` compares them
with the installed Keras by `inspect.signature`, so a new Keras that differs fails there and not in a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One name: the Keras class behind it and the kind of each argument (see `KINDS`)."""

    keras: str
    args: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    learning_rate: float | None = None  # Keras's default, optimizers only
    higher_is_better: bool = False  # metrics only


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0


def _rising(values: Any) -> bool:
    return all(a < b for a, b in pairwise(values))


# kind -> (what was expected, test, JSON schema)
KINDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "number": ("a number", _number, {"type": "number"}),
    "positive": ("a number above 0", lambda v: _number(v) and v > 0, {"type": "number", "exclusiveMinimum": 0}),
    "nonnegative": ("a number of at least 0", lambda v: _number(v) and v >= 0, {"type": "number", "minimum": 0}),
    "unit": (
        "a number from 0 to 1",
        lambda v: _number(v) and 0 <= v <= 1,
        {"type": "number", "minimum": 0, "maximum": 1},
    ),
    "share": (
        "a number from 0 up to, not including, 1",
        lambda v: _number(v) and 0 <= v < 1,
        {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    ),
    "between": (
        "a number between 0 and 1",
        lambda v: _number(v) and 0 < v < 1,
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    ),
    "integer": ("an integer", _integer, {"type": "integer"}),
    "count": ("a positive integer", lambda v: _integer(v) and v > 0, {"type": "integer", "minimum": 1}),
    "count2": ("an integer of at least 2", lambda v: _integer(v) and v > 1, {"type": "integer", "minimum": 2}),
    "whole": ("an integer of at least 0", lambda v: _integer(v) and v >= 0, {"type": "integer", "minimum": 0}),
    "bool": ("true or false", lambda v: isinstance(v, bool), {"type": "boolean"}),
    "texts": (
        "a list of texts",
        lambda v: _list(v) and all(isinstance(t, str) for t in v),
        {"type": "array", "items": {"type": "string"}},
    ),
    "numbers": (
        "a number or a list of numbers",
        lambda v: _number(v) or (_list(v) and all(map(_number, v))),
        {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
    ),
    "integers": (
        "a list of integers",
        lambda v: _list(v) and all(map(_integer, v)),
        {"type": "array", "items": {"type": "integer"}},
    ),
    "rates": (
        "a list of numbers of at least 0",
        lambda v: _list(v) and all(_number(x) and x >= 0 for x in v),
        {"type": "array", "items": {"type": "number", "minimum": 0}},
    ),
    "rising": (
        "a rising list of numbers above 0",
        lambda v: _list(v) and all(_number(x) and x > 0 for x in v) and _rising(v),
        {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}},
    ),
    "rising_counts": (
        "a rising list of positive integers",
        lambda v: _list(v) and all(_integer(x) and x > 0 for x in v) and _rising(v),
        {"type": "array", "items": {"type": "integer", "minimum": 1}},
    ),
}
_WHOLE_KINDS = ("integer", "count", "count2", "whole", "integers", "rising_counts")


def expected(kind: str) -> str:
    """What a value of this kind looks like, in words; `"sum|mean"` is a choice of texts."""
    return KINDS[kind][0] if kind in KINDS else "one of " + ", ".join(kind.split("|"))


def fits(kind: str, value: Any) -> bool:
    """Whether the value is of this kind."""
    return bool(KINDS[kind][1](value)) if kind in KINDS else value in kind.split("|")


def kind_schema(kind: str) -> dict[str, Any]:
    """The JSON schema of this kind."""
    return dict(KINDS[kind][2]) if kind in KINDS else {"enum": kind.split("|")}


def canonical_value(kind: str, value: Any) -> Any:
    """The value as it is stored: numbers as float (so that 1 and 1.0 are one config), lists as lists."""
    if isinstance(value, (list, tuple)):
        return [canonical_value(kind, item) for item in value]
    return float(value) if _integer(value) and kind not in _WHOLE_KINDS else value


# --- optimizers (keras.optimizers) -----------------------------------------------------------------------------
OPTIMIZER_COMMON = {
    "weight_decay": "nonnegative",
    "clipnorm": "positive",
    "clipvalue": "positive",
    "global_clipnorm": "positive",
    "use_ema": "bool",
    "ema_momentum": "unit",
    "ema_overwrite_frequency": "count",
    "loss_scale_factor": "positive",
    "gradient_accumulation_steps": "count2",
}
_BETAS = {"beta_1": "share", "beta_2": "share"}
_EPSILON = {"epsilon": "nonnegative"}


def _optimizer(keras: str, args: Mapping[str, str], learning_rate: float = 1e-3) -> Entry:
    return Entry(keras, {**args, **OPTIMIZER_COMMON}, learning_rate=learning_rate)


OPTIMIZERS: dict[str, Entry] = {
    "sgd": _optimizer("SGD", {"momentum": "unit", "nesterov": "bool"}, 1e-2),
    "rmsprop": _optimizer("RMSprop", {"rho": "share", "momentum": "unit", **_EPSILON, "centered": "bool"}),
    "adam": _optimizer("Adam", {**_BETAS, **_EPSILON, "amsgrad": "bool"}),
    "adamw": _optimizer("AdamW", {**_BETAS, **_EPSILON, "amsgrad": "bool"}),
    "nadam": _optimizer("Nadam", {**_BETAS, **_EPSILON}),
    "adamax": _optimizer("Adamax", {**_BETAS, **_EPSILON}),
    "adagrad": _optimizer("Adagrad", {"initial_accumulator_value": "nonnegative", **_EPSILON}),
    "adadelta": _optimizer("Adadelta", {"rho": "share", **_EPSILON}),
    "adafactor": _optimizer(
        "Adafactor",
        {
            "beta_2_decay": "number",
            "epsilon_1": "nonnegative",
            "epsilon_2": "nonnegative",
            "clip_threshold": "positive",
            "relative_step": "bool",
        },
    ),
    "ftrl": _optimizer(
        "Ftrl",
        {
            "learning_rate_power": "number",
            "initial_accumulator_value": "nonnegative",
            "l1_regularization_strength": "nonnegative",
            "l2_regularization_strength": "nonnegative",
            "l2_shrinkage_regularization_strength": "nonnegative",
            "beta": "nonnegative",
        },
    ),
    "lamb": _optimizer("Lamb", {**_BETAS, **_EPSILON}),
    "lion": _optimizer("Lion", _BETAS),
    "muon": _optimizer(
        "Muon",
        {
            "adam_beta_1": "share",
            "adam_beta_2": "share",
            "adam_weight_decay": "nonnegative",
            **_EPSILON,
            "exclude_layers": "texts",
            "exclude_embeddings": "bool",
            "muon_a": "number",
            "muon_b": "number",
            "muon_c": "number",
            "adam_lr_ratio": "positive",
            "momentum": "unit",
            "ns_steps": "count",
            "nesterov": "bool",
            "rms_rate": "nonnegative",
        },
    ),
    "schedulefreeadamw": _optimizer("ScheduleFreeAdamW", {**_BETAS, **_EPSILON, "warmup_steps": "whole"}, 2.5e-3),
}

# --- losses (keras.losses); `name` and `dtype` are ours ----------------------------------------------------------
_REDUCTION = {"reduction": "sum_over_batch_size|sum|mean|mean_with_sample_weight"}
_AXIS = {"axis": "integer"}
_LOGITS = {"from_logits": "bool"}
_SMOOTH = {"label_smoothing": "share"}
_FOCAL = {"alpha": "numbers", "gamma": "nonnegative"}


def _loss(keras: str, *args: Mapping[str, str]) -> Entry:
    return Entry(keras, {k: v for part in (*args, _REDUCTION) for k, v in part.items()})


LOSSES: dict[str, Entry] = {
    "sparse_categorical_crossentropy": _loss(
        "SparseCategoricalCrossentropy", _LOGITS, {"ignore_class": "integer"}, _AXIS
    ),
    "categorical_crossentropy": _loss("CategoricalCrossentropy", _LOGITS, _SMOOTH, _AXIS),
    "binary_crossentropy": _loss("BinaryCrossentropy", _LOGITS, _SMOOTH, _AXIS),
    "categorical_focal_crossentropy": _loss("CategoricalFocalCrossentropy", _FOCAL, _LOGITS, _SMOOTH, _AXIS),
    "binary_focal_crossentropy": _loss(
        "BinaryFocalCrossentropy", {"apply_class_balancing": "bool"}, _FOCAL, _LOGITS, _SMOOTH, _AXIS
    ),
    "categorical_generalized_cross_entropy": _loss("CategoricalGeneralizedCrossEntropy", {"q": "unit"}),
    "categorical_hinge": _loss("CategoricalHinge"),
    "hinge": _loss("Hinge"),
    "squared_hinge": _loss("SquaredHinge"),
    "kl_divergence": _loss("KLDivergence"),
    "poisson": _loss("Poisson"),
    "mean_squared_error": _loss("MeanSquaredError"),
    "mean_absolute_error": _loss("MeanAbsoluteError"),
    "mean_absolute_percentage_error": _loss("MeanAbsolutePercentageError"),
    "mean_squared_logarithmic_error": _loss("MeanSquaredLogarithmicError"),
    "huber": _loss("Huber", {"delta": "positive"}),
    "log_cosh": _loss("LogCosh"),
    "cosine_similarity": _loss("CosineSimilarity", _AXIS),
    "circle": _loss("Circle", {"gamma": "positive", "margin": "number", "remove_diagonal": "bool"}),
    "ctc": _loss("CTC"),
    "dice": _loss("Dice", {"axis": "integers"}),
    "tversky": _loss("Tversky", {"alpha": "nonnegative", "beta": "nonnegative", "axis": "integers"}),
}

# --- metrics (keras.metrics); `name` and `dtype` are ours --------------------------------------------------------
_THRESHOLDS = {"thresholds": "numbers"}
_AT = {"num_thresholds": "count", "class_id": "whole"}
_PREDICTION = {**_THRESHOLDS, "top_k": "count", "class_id": "whole"}
_IOU = {"num_classes": "count", "ignore_class": "integer", "axis": "integer"}
_IDS = {"target_class_ids": "integers"}
_AVERAGE = {"average": "micro|macro|weighted", "threshold": "unit"}


def _metric(keras: str, *args: Mapping[str, str], required: tuple[str, ...] = (), up: bool = False) -> Entry:
    merged = {k: v for part in args for k, v in part.items()}
    return Entry(keras, merged, required=required, higher_is_better=up)


METRICS: dict[str, Entry] = {
    "accuracy": _metric("", up=True),  # chosen for the task: one logit, or class indices
    "sparse_categorical_accuracy": _metric("SparseCategoricalAccuracy", up=True),
    "sparse_top_k_categorical_accuracy": _metric(
        "SparseTopKCategoricalAccuracy", {"k": "count", "from_sorted_ids": "bool"}, up=True
    ),
    "categorical_accuracy": _metric("CategoricalAccuracy", up=True),
    "top_k_categorical_accuracy": _metric("TopKCategoricalAccuracy", {"k": "count"}, up=True),
    "binary_accuracy": _metric("BinaryAccuracy", {"threshold": "number"}, up=True),
    "auc": _metric(
        "AUC",
        {"num_thresholds": "count2", "curve": "ROC|PR", "summation_method": "interpolation|minoring|majoring"},
        {**_THRESHOLDS, "multi_label": "bool", "num_labels": "count", "label_weights": "numbers", **_LOGITS},
        up=True,
    ),
    "precision": _metric("Precision", _PREDICTION, up=True),
    "recall": _metric("Recall", _PREDICTION, up=True),
    "f1_score": _metric("F1Score", _AVERAGE, up=True),
    "f_beta_score": _metric("FBetaScore", _AVERAGE, {"beta": "positive"}, up=True),
    "precision_at_recall": _metric("PrecisionAtRecall", {"recall": "unit"}, _AT, required=("recall",), up=True),
    "recall_at_precision": _metric("RecallAtPrecision", {"precision": "unit"}, _AT, required=("precision",), up=True),
    "sensitivity_at_specificity": _metric(
        "SensitivityAtSpecificity", {"specificity": "unit"}, _AT, required=("specificity",), up=True
    ),
    "specificity_at_sensitivity": _metric(
        "SpecificityAtSensitivity", {"sensitivity": "unit"}, _AT, required=("sensitivity",), up=True
    ),
    "true_positives": _metric("TruePositives", _THRESHOLDS, up=True),
    "true_negatives": _metric("TrueNegatives", _THRESHOLDS, up=True),
    "false_positives": _metric("FalsePositives", _THRESHOLDS),
    "false_negatives": _metric("FalseNegatives", _THRESHOLDS),
    "binary_io_u": _metric("BinaryIoU", {**_IDS, "threshold": "number"}, up=True),
    "io_u": _metric(
        "IoU",
        _IOU,
        _IDS,
        {"sparse_y_true": "bool", "sparse_y_pred": "bool"},
        required=("num_classes", "target_class_ids"),
        up=True,
    ),
    "mean_io_u": _metric(
        "MeanIoU", _IOU, {"sparse_y_true": "bool", "sparse_y_pred": "bool"}, required=("num_classes",), up=True
    ),
    "one_hot_io_u": _metric(
        "OneHotIoU",
        _IOU,
        _IDS,
        {"sparse_y_pred": "bool"},
        required=("num_classes", "target_class_ids"),
        up=True,
    ),
    "one_hot_mean_io_u": _metric("OneHotMeanIoU", _IOU, {"sparse_y_pred": "bool"}, required=("num_classes",), up=True),
    "sparse_categorical_crossentropy": _metric(
        "SparseCategoricalCrossentropy", _LOGITS, {"ignore_class": "integer"}, _AXIS
    ),
    "categorical_crossentropy": _metric("CategoricalCrossentropy", _LOGITS, _SMOOTH, _AXIS),
    "binary_crossentropy": _metric("BinaryCrossentropy", _LOGITS, _SMOOTH),
    "categorical_hinge": _metric("CategoricalHinge"),
    "hinge": _metric("Hinge"),
    "squared_hinge": _metric("SquaredHinge"),
    "kl_divergence": _metric("KLDivergence"),
    "poisson": _metric("Poisson"),
    "mean_squared_error": _metric("MeanSquaredError"),
    "root_mean_squared_error": _metric("RootMeanSquaredError"),
    "mean_absolute_error": _metric("MeanAbsoluteError"),
    "mean_absolute_percentage_error": _metric("MeanAbsolutePercentageError"),
    "mean_squared_logarithmic_error": _metric("MeanSquaredLogarithmicError"),
    "log_cosh_error": _metric("LogCoshError"),
    "cosine_similarity": _metric("CosineSimilarity", _AXIS, up=True),
    "pearson_correlation": _metric("PearsonCorrelation", _AXIS, up=True),
    "concordance_correlation": _metric("ConcordanceCorrelation", _AXIS, up=True),
    "r2_score": _metric(
        "R2Score",
        {"class_aggregation": "uniform_average|variance_weighted_average", "num_regressors": "whole"},
        up=True,
    ),
}

ALIASES = {
    "acc": "accuracy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
}


def find(name: str, table: Mapping[str, Any]) -> str | None:
    """The table's own spelling of a Keras name (`AdamW`, `SparseCategoricalCrossentropy`, `mse`), or None."""
    if name in table:
        return name
    plain = name.lower().replace("_", "")
    return next(
        (key for key in table if key.replace("_", "") in (plain, ALIASES.get(plain, "").replace("_", ""))), None
    )
