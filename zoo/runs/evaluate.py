"""What a finished net is worth: figures of a split from the run folder alone, per class and as a confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io import files
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

if TYPE_CHECKING:
    import keras
    import numpy as np

    from zoo.config import Config
    from zoo.data import Dataset

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Figures:
    """The figures of one split.

    Attributes:
        summary: loss and metrics, as in metrics.json.
        labels: (N,) the true class of each item.
        probabilities: (N, classes) softmax of the logits; for one logit (1 - p, p).
        class_names: the names, in order of their index.
    """

    summary: dict[str, float]
    labels: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> np.ndarray:
        """(N,) the class of the largest probability."""
        return self.probabilities.argmax(axis=1)

    @property
    def confusion(self) -> np.ndarray:
        """(classes, classes) counts; rows are true classes, columns predicted ones."""
        from sklearn.metrics import confusion_matrix

        return confusion_matrix(self.labels, self.predicted, labels=range(len(self.class_names)))

    def per_class(self) -> list[dict[str, Any]]:
        """Precision, recall, F1 and count of every class; 0 where a class was never predicted."""
        from sklearn.metrics import precision_recall_fscore_support

        columns = precision_recall_fscore_support(
            self.labels, self.predicted, labels=range(len(self.class_names)), zero_division=0
        )
        return [
            {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "count": int(n)}
            for name, p, r, f, n in zip(self.class_names, *columns, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the items themselves, as JSON."""
        return {**self.summary, "per_class": self.per_class(), "confusion": self.confusion.tolist()}


def evaluate(run: Run | str, split: str = "test") -> dict[str, Any]:
    """Evaluate a run's best weights on one of its splits; writes metrics.json and confusion.png into the folder.

    Args:
        run: a `Run` or its folder.
        split: "train", "validation" or "test".

    Returns:
        `{"loss", "accuracy", ..., "per_class": [...], "confusion": [[...]]}`.

    Raises:
        ZooError: the folder is half there, the weights are damaged, the data are not those of the training.
    """
    from zoo.draw.curves import plot_confusion

    run = run if isinstance(run, Run) else rundir.open_run(run)
    result = figures(run, split)
    metrics = run.metrics if (run.path / rundir.METRICS).exists() else None
    if metrics is not None:  # an unfinished run keeps having none
        files.write_json(run.path / rundir.METRICS, {**metrics, split: result.summary})
    plot_confusion(result.confusion, result.class_names, run.path / "confusion.png")
    return result.to_dict()


def compiled(run: Run) -> keras.Model:
    """The model of a run with its best weights, ready to predict as its config says."""
    from zoo.runs.net import model_of
    from zoo.training import devices

    with devices.place(run.config.runtime.device):
        model = model_of(run)
        model.compile(jit_compile=devices.jit_compile(run.config, model))
    return model


def figures(run: Run, split: str, dataset: Dataset | None = None, model: keras.Model | None = None) -> Figures:
    """Loss and metrics of the best weights, from the logits of the whole split at once; no penalties in the loss.

    Args:
        run: a run with best weights.
        split: "train", "validation" or "test".
        dataset: its data, where they are loaded already.
        model: what `compiled(run)` gave, for several splits.
    """
    import numpy as np

    from zoo.training import devices

    config = run.config
    _check_split(split)
    model = compiled(run) if model is None else model
    with devices.place(config.runtime.device):
        dataset = dataset_of(run) if dataset is None else dataset
        batches = part(dataset, split, str(run))
        with dataset.reading():
            logits = model.predict(batches.map(lambda x, *y: x), verbose=0)
            # The training part is in the order of epoch 0; to read the others again would be to decode them again.
            given = [y for _, y, *_ in batches] if split == "train" else [dataset.labels[split]]
            labels = np.concatenate([np.asarray(y) for y in given])
        logits = np.asarray(logits[0] if isinstance(logits, list) else logits, "float32")
        return score(logits, labels, config, tuple(run.data["class_names"]))


def score(outputs: np.ndarray, labels: np.ndarray, config: Config, class_names: tuple[str, ...]) -> Figures:
    """Figures of a net's outputs (N, units), by the loss and the metrics of a config."""
    from zoo.build.create import gives_logits
    from zoo.training import compile

    units, plain = outputs.shape[-1], gives_logits(config)
    summary = {"loss": float(compile.make_loss(config.train, units, from_logits=plain)(labels, outputs))}
    for metric in compile.make_metrics(config.train, units, from_logits=plain):
        metric.update_state(labels, outputs)
        summary[metric.name] = float(metric.result())
    return Figures(summary, labels, probabilities(outputs, config), class_names)


def probabilities(outputs: np.ndarray, config: Config) -> np.ndarray:
    """(N, classes) from a model's outputs: softmax of logits, (1 - p, p) for one unit, or what is one already."""
    import keras
    import numpy as np

    from zoo.build.create import gives_logits

    plain = gives_logits(config)
    if outputs.shape[-1] == 1:
        positive = np.asarray(keras.ops.sigmoid(outputs)) if plain else outputs
        return np.concatenate([1 - positive, positive], axis=1)
    return np.asarray(keras.ops.softmax(outputs)) if plain else outputs


def part(dataset: Dataset, split: str, whose: str):
    """Batches of one split, each item once.

    Raises:
        ZooError: there is no such split.
    """
    _check_split(split)
    if split == "train":
        return dataset.train.stream().take(dataset.train.steps_per_epoch)
    if split == "validation" and dataset.validation is None:
        raise ZooError(f"{whose} has no validation split", "data.validation above 0", "evaluate the test split")
    return dataset.validation if split == "validation" else dataset.test


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ZooError(f"unknown split '{split}'", "one of " + ", ".join(SPLITS))


def dataset_of(run: Run) -> Dataset:
    """The data a run was trained on, loaded again.

    Raises:
        ZooError: they have changed since.
    """
    from zoo import data
    from zoo.build.create import wanted_shape

    config = run.config
    dataset = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config))
    if dataset.info.hash != run.data["hash"]:
        raise ZooError(
            f"the data are not those {run} was trained on",
            f"data with the hash {run.data['hash']}",
            "restore them at the data.path of its config.yaml",
        )
    return dataset
