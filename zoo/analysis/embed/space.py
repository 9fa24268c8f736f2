"""Points with names and classes: the penultimate features of items, or the vectors of words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.config.facts import CONTENTS
from zoo.draw.scatter import Space
from zoo.errors import ZooError
from zoo.runs.confusion import rows_of
from zoo.runs.folder import Run, finished

if TYPE_CHECKING:
    import numpy as np

    from zoo.data import Dataset

SPECIAL = 4  # tokens before the first word, as in zoo.data.text.tokens
UNUSED = "<unused>"


def feature_space(
    run: Run | str, *, split: str = "test", items: int = 1000, seed: int = 0, dataset: Dataset | None = None
) -> Space:
    """What feeds the last layer with weights, for the items of a split.

    Args:
        run: a finished `Run` or its folder.
        split: "train", "validation" or "test".
        items: how many at most, drawn by `seed`.
        dataset: the run's data where they are loaded already.

    Raises:
        ZooError: a run that is not finished, an unknown split, data that have changed.
    """
    import keras
    import numpy as np

    from zoo.data import Preprocessor
    from zoo.runs.evaluate import SPLITS, dataset_of
    from zoo.runs.net import input_in, open_net, softmax

    run = finished(run)
    if split not in SPLITS:
        raise ZooError(f"unknown split '{split}'", "one of " + ", ".join(SPLITS))
    if items < 1:
        raise ZooError(f"{items} items were asked for", "a whole number of at least 1")
    dataset = dataset_of(run) if dataset is None else dataset
    places = dataset.splits.get(split, ())
    if not len(places):
        raise ZooError(f"{run} has no {split} split", "a split with items", "choose another --split")
    chosen = np.arange(len(places))
    if len(places) > items:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, items, replace=False))
    rows = rows_of(dataset, split, chosen)
    labels = dataset.labels[split][chosen]
    net = open_net(run)
    last = [layer for layer in net.model.layers if layer.weights][-1]
    both = keras.Model(net.model.input, [input_in(net.model, last), net.model.output])
    with net.place():
        features, logits = both.predict(rows, batch_size=64, verbose=0)
    kept = [f"#{i}" if dataset.names is None else dataset.names[places[i]] for i in chosen]
    image = net.kind == "image"
    return Space(
        what=f"{net.name}: what feeds {last.name}, {len(chosen):,} {split} items",
        vectors=np.asarray(features, "float32").reshape(len(chosen), -1),
        names=tuple(kept),
        labels=labels,
        class_names=net.class_names,
        predicted=softmax(np.asarray(logits, "float32")).argmax(axis=1),
        images=Preprocessor.from_dict(run.data["preprocessing"]).pixels(rows) if image else None,
    )


def word_space(run: Run | str, *, dataset: Dataset | None = None) -> Space:
    """The vectors of a text run's words, the most frequent first; those of several embeddings side by side.

    Raises:
        ZooError: a run that is not finished, of images, or without a vocabulary or an embedding.
    """
    import keras
    import numpy as np

    from zoo.runs.evaluate import dataset_of
    from zoo.runs.net import open_net

    run = finished(run)
    if run.data["kind"] != "tokens":
        what = CONTENTS[run.data["kind"]]
        raise ZooError(f"{run} was trained on {what}", "a text run for words", "leave --words out")
    net = open_net(run)
    embeddings = [layer for layer in net.model.layers if isinstance(layer, keras.layers.Embedding)]
    if not embeddings or net.vocabulary is None:
        lack = "vocabulary" if embeddings else "embedding"
        raise ZooError(f"{run} has no {lack}, so its words have no vectors", "a text run with words and vectors")
    table = np.concatenate([np.asarray(layer.embeddings, "float32") for layer in embeddings], axis=1)
    tokens = [i for i, word in enumerate(net.vocabulary[: len(table)]) if i >= SPECIAL and word != UNUSED]
    dataset = dataset_of(run) if dataset is None else dataset
    return Space(
        what=f"{net.name}: vectors of {len(tokens):,} words",
        vectors=table[tokens],
        names=tuple(net.vocabulary[i] for i in tokens),
        labels=_leanings(dataset, len(table), len(net.class_names))[tokens],
        class_names=net.class_names,
    )


def _leanings(dataset: Dataset, size: int, classes: int) -> np.ndarray:
    """(size,): for each token the class with the largest share of it among the words of its training texts."""
    import numpy as np

    counts = np.ones((classes, size))  # one more than counted, so that a rare word does not lean all the way
    for x, y in dataset.train.in_order().as_numpy_iterator():
        for label in range(classes):
            counts[label] += np.bincount(x[y == label].ravel(), minlength=size)[:size]
    counts[:, 0] = 0  # padding
    return (counts / counts.sum(axis=1, keepdims=True)).argmax(axis=0)


def vector_space(path: str | Path) -> Space:
    """The vectors of a file in GloVe's or word2vec's text format, in the file's order.

    Raises:
        ZooError: no such file, or one that is cut or of another format, naming the row.
    """
    from zoo.data.text.vectors import read_all

    names, vectors = read_all(path)
    return Space(f"{Path(path).name}: vectors of {len(names):,} words", vectors, names)
