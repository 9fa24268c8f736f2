"""The tables of Keras's names and arguments against the installed Keras."""

import inspect

import keras
import pytest

from zoo.config import Config, keras_names
from zoo.config.facts import DATA_NAMES, INDEX_LOSSES, INDEX_METRICS, ONE_HOT_LOSSES, ONE_HOT_METRICS

# Bases and wrappers, which a config cannot name.
NOT_NAMED = {
    "Optimizer",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "OptimizerMap",
    "Loss",
    "Metric",
    "Mean",
    "Sum",
    "MeanMetricWrapper",
    "Accuracy",
}
OURS = {"name", "dtype", "kwargs"}
TABLES = [
    (keras.optimizers, keras_names.OPTIMIZERS),
    (keras.losses, keras_names.LOSSES),
    (keras.metrics, keras_names.METRICS),
]
ROWS = [(m, key, e) for m, table in TABLES for key, e in table.items() if e.keras]
IDS = [f"{m.__name__.split('.')[-1]}-{key}" for m, key, _ in ROWS]


@pytest.mark.parametrize(("module", "table"), TABLES, ids=["optimizers", "losses", "metrics"])
def test_every_class_of_keras_is_there(module, table):
    classes = {name for name, value in vars(module).items() if inspect.isclass(value)} - NOT_NAMED
    assert {entry.keras for entry in table.values()} - {""} == classes


@pytest.mark.parametrize(("module", "key", "entry"), ROWS, ids=IDS)
def test_arguments_are_kerass(module, key, entry):
    parameters = inspect.signature(getattr(module, entry.keras)).parameters
    ours = set(entry.args) | ({"learning_rate"} if module is keras.optimizers else set())
    assert ours == set(parameters) - OURS
    required = {k for k, p in parameters.items() if p.default is inspect.Parameter.empty and k not in OURS}
    assert set(entry.required) == required
    for name, kind in entry.args.items():
        default = parameters[name].default
        if default is not None and default is not inspect.Parameter.empty:
            assert keras_names.fits(kind, default), (
                f"{name}: Keras's default {default!r} is not {keras_names.expected(kind)}"
            )
    if module is keras.optimizers:
        assert entry.learning_rate == parameters["learning_rate"].default


@pytest.mark.parametrize("key", keras_names.OPTIMIZERS)
def test_optimizers_build(key):
    optimizer = Config.from_dict(
        {"model": {"name": "lenet5"}, "data": {"name": "digits"}, "train": {"optimizer": {"name": key, "clipnorm": 1}}}
    ).train.optimizer
    built = getattr(keras.optimizers, optimizer.class_name)(learning_rate=optimizer.learning_rate, **optimizer.args)
    assert built.clipnorm == 1.0


def test_callbacks_have_kerass_arguments():
    from zoo.config import EarlyStopping, ReduceLROnPlateau

    for ours, theirs in [
        (EarlyStopping, keras.callbacks.EarlyStopping),
        (ReduceLROnPlateau, keras.callbacks.ReduceLROnPlateau),
    ]:
        parameters = set(inspect.signature(theirs).parameters)
        assert set(ours.model_fields) == parameters - {"verbose", "restore_best_weights", "kwargs"}


@pytest.mark.parametrize(
    ("given", "table", "found"),
    [
        ("AdamW", keras_names.OPTIMIZERS, "adamw"),
        ("SGD", keras_names.OPTIMIZERS, "sgd"),
        ("SparseCategoricalCrossentropy", keras_names.LOSSES, "sparse_categorical_crossentropy"),
        ("mse", keras_names.LOSSES, "mean_squared_error"),
        ("MSE", keras_names.METRICS, "mean_squared_error"),
        ("acc", keras_names.METRICS, "accuracy"),
        ("", keras_names.METRICS, None),
        ("adm", keras_names.OPTIMIZERS, None),
    ],
)
def test_kerass_spellings_are_one_name(given, table, found):
    assert keras_names.find(given, table) == found


def test_lists_of_facts_hold_known_names():
    assert set(INDEX_LOSSES + ONE_HOT_LOSSES) <= {"auto", *keras_names.LOSSES}
    assert set(INDEX_METRICS + ONE_HOT_METRICS) <= set(keras_names.METRICS)


def test_metrics_of_one_logit_are_parted_at_zero():
    data = {"model": {"name": "gru_text"}, "data": {"name": "imdb"}}
    asked = ["binary_accuracy", "precision", "recall", "auc", "true_positives"]
    config = Config.from_dict({**data, "train": {"metrics": asked}})
    labels, logits = [[1], [1], [0], [0]], [[0.2], [-3.0], [0.4], [-0.1]]
    found = {}
    for metric in config.train.metrics:
        made = getattr(keras.metrics, metric.class_name)(name=metric.label, **metric.args)
        found[made.name] = float(made(labels, logits))
    assert found == pytest.approx(
        {"binary_accuracy": 0.5, "precision": 0.5, "recall": 0.5, "auc": 0.25, "true_positives": 1.0}, abs=0.01
    )
    config = config.override("model.args.classifier_activation=sigmoid")
    assert [m.args for m in config.train.metrics] == [{}, {}, {}, {"from_logits": False}, {}]


def test_metric_directions_are_kerass():
    needed = {"num_classes": 2, "target_class_ids": [0]}
    for key, entry in keras_names.METRICS.items():
        if entry.keras:
            metric = getattr(keras.metrics, entry.keras)(**{k: needed.get(k, 0.5) for k in entry.required})
            direction = getattr(metric, "_direction", None)
            assert direction is None or entry.higher_is_better == (direction == "up"), key


def test_sources_are_those_of_the_data_room():
    from zoo.data.sources import SOURCES

    assert set(DATA_NAMES) == set(SOURCES)
