"""Where a net is wrong and sure of it: the most confident mistakes of a split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.draw.contact import Mistake
from zoo.errors import ZooError
from zoo.runs.folder import Run, finished

if TYPE_CHECKING:
    import numpy as np

    from zoo.data import Dataset
    from zoo.runs.evaluate import Figures


def mistakes(
    run: Run | str, count: int, *, split: str = "test", dataset: Dataset | None = None, found: Figures | None = None
) -> list[Mistake]:
    """The most confident mistakes of a finished run, the surest first; fewer than `count` where it makes fewer.

    Args:
        run: a `Run` or its folder.
        count: how many at most.
        split: "train", "validation" or "test".
        dataset: the run's data where they are loaded already.
        found: the split's figures where they are known already.

    Raises:
        ZooError: a run that is not finished, data that have changed, a text run without a vocabulary.
    """
    import numpy as np

    from zoo.runs.evaluate import dataset_of, figures

    run = finished(run)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ZooError(f"{count!r} mistakes were asked for", "a whole number of at least 1")
    dataset = dataset_of(run) if dataset is None else dataset
    found = figures(run, split, dataset) if found is None else found
    sure = found.probabilities.max(axis=1)
    wrong = np.flatnonzero(found.predicted != found.labels)
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    inputs = shown(run, dataset, split, chosen)
    items = dataset.splits[split]
    return [
        Mistake(
            index=int(i),
            item=int(items[i]),
            name=None if dataset.names is None else dataset.names[items[i]],
            true=found.class_names[found.labels[i]],
            predicted=found.class_names[found.predicted[i]],
            probability=float(sure[i]),
            true_probability=float(found.probabilities[i, found.labels[i]]),
            **({"text": given} if isinstance(given, str) else {"image": given}),
        )
        for i, given in zip(chosen, inputs, strict=True)
    ]


def shown(run: Run, dataset: Dataset, split: str, indices: np.ndarray) -> list[np.ndarray | str]:
    """The items at these places of a split as one can look at them: uint8 (H, W, C), or words."""
    from zoo.data import Preprocessor, decode

    rows = rows_of(dataset, split, indices)
    if run.data["kind"] == "tokens":
        return [decode(row, run.vocabulary) for row in rows]
    preprocessor = Preprocessor.from_dict(run.data["preprocessing"])
    if run.data["kind"] == "frames":
        return [preprocessor.framer.described(row) for row in rows]
    return list(preprocessor.pixels(rows))


def rows_of(dataset: Dataset, split: str, indices: np.ndarray) -> np.ndarray:
    """The items at these places of a split as the model takes them, (n, ...), in the order asked for."""
    import numpy as np

    batches = dataset.train.in_order() if split == "train" else getattr(dataset, split)
    wanted, rows, first = set(map(int, indices)), {}, 0
    for x, _ in batches.as_numpy_iterator():
        rows |= {i: x[i - first] for i in range(first, first + len(x)) if i in wanted}
        first += len(x)
        if len(rows) == len(wanted):
            break
    shape = tuple(dataset.info.input_shape)
    return np.stack([rows[int(i)] for i in indices]) if len(indices) else np.zeros((0, *shape), np.float32)
