"""Cutting items into training, validation and test: stratified, and by `data.split_seed` alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from zoo.errors import ZooError


def split(
    y_train: np.ndarray,
    y_validation: np.ndarray | None,
    y_test: np.ndarray | None,
    *,
    test: float,
    validation: float,
    limit: int | None,
    seed: int,
    class_names: Sequence[str],
    folds: int | None = None,
    fold: int = 1,
) -> dict[str, np.ndarray]:
    """Sorted indices of each part, counted through the training items, the validation items and the test items.

    Without an official test part (`y_test` None), `test` is the share of the training items that becomes one. `limit`
    then keeps at most so many items of each part; without an official validation part, `validation` is the share of
    the kept training items. With `folds`, the kept training items are cut into so many parts and the `fold`-th, from
    1, is the validation part: each item is validated in one fold and trained on in all others.
    """
    parts = [y for y in (y_train, y_validation, y_test) if y is not None]
    labels = np.concatenate(parts)
    train = np.arange(len(y_train))
    if y_test is None:
        train, held_out = _cut(train, labels, test, seed, "data.test", class_names)
    else:
        held_out = np.arange(len(labels) - len(y_test), len(labels))
    kept = np.arange(len(y_train), len(y_train) + (0 if y_validation is None else len(y_validation)))
    if limit is not None:
        train, kept, held_out = (
            part if len(part) <= limit else _cut(part, labels, limit, seed, "data.limit", class_names)[1]
            for part in (train, kept, held_out)
        )
    if folds is not None:
        train, kept = _fold(train, labels, folds, fold, seed, class_names)
    elif validation and y_validation is None:
        train, kept = _cut(train, labels, validation, seed, "data.validation", class_names)
    return {"train": train, "validation": kept, "test": held_out}


def _fold(
    indices: np.ndarray, labels: np.ndarray, folds: int, fold: int, seed: int, class_names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """`indices` as (the other folds, the `fold`-th of `folds` stratified parts), both sorted."""
    present, counts = np.unique(labels[indices], return_counts=True)
    if counts.min() < folds:
        raise ZooError(
            f"class '{class_names[present[counts.argmin()]]}' has {counts.min()} training "
            f"item{'s' if counts.min() != 1 else ''}, too few for data.folds={folds}",
            "an item of each class in every fold",
            f"set data.folds={counts.min()} or lower" if counts.min() > 1 else "give more data",
        )
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(indices, labels[indices])
    rest, part = list(parts)[fold - 1]
    return indices[rest], indices[part]


def _cut(
    indices: np.ndarray, labels: np.ndarray, share: float, seed: int, key: str, class_names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """`indices` as (the rest, a stratified part of `share`), both sorted; a share of 1 or more is a number of items."""
    present, counts = np.unique(labels[indices], return_counts=True)
    if counts.min() < 2:
        few = class_names[present[counts.argmin()]]
        raise ZooError(
            f"class '{few}' has {counts.min()} item, too few to be cut by {key}={share}",
            "at least 2 items of each class",
            f"give more data{', or data.validation=0' if key == 'data.validation' else ''}",
        )
    size = share if share >= 1 else int(np.ceil(share * len(indices)))
    if min(size, len(indices) - size) < len(present):
        raise ZooError(
            f"{key}={share} cuts {len(indices)} items into {len(indices) - size} and {size}",
            f"at least one item of each of the {len(present)} classes in both",
            f"change {key} or give more data",
        )
    rest, part = train_test_split(indices, test_size=size, random_state=seed, stratify=labels[indices])
    return np.sort(rest), np.sort(part)
