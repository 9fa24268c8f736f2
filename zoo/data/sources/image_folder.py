"""Images in folders, a folder for each class: train/, validation/ and test/ with them inside, or the classes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.contract import Items, Raw
from zoo.data.files import own
from zoo.data.folders import WANT, labelled, walk
from zoo.data.imagefiles import look

if TYPE_CHECKING:
    from zoo.config import DataConfig

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")


def read(data: DataConfig) -> Raw:
    """`ImageFiles` with labels; the class names are those of the folders, sorted. Nothing is decoded here."""
    root = own(data, want=WANT, file=False)
    found = labelled(walk(root), SUFFIXES, "image")
    files, good, wrong = look(root, [name for name, *_ in found.rows])
    labels = np.array([found.rows[i][1] for i in good], np.int32)
    parts = np.array([found.rows[i][2] for i in good])
    items = {part: Items(files.rows(parts == part), labels[parts == part]) for *_, part in found.rows}
    return Raw(
        data.name,
        "image",
        found.class_names,
        items["train"],
        items.get("test"),
        validation=items.get("validation"),
        notes=found.notes,
        corrupt=wrong,
    )
