"""Images in folders, a folder for each class: train/, validation/ and test/ with them inside, or the classes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.images.files import look
from zoo.data.raw import Items, Raw
from zoo.data.sources.folders import PARTS, WANT, labelled, walk
from zoo.data.sources.official import own

if TYPE_CHECKING:
    from zoo.config import DataConfig

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")


def read(data: DataConfig) -> Raw:
    """`ImageFiles` with labels; the class names are those of the folders, sorted. Nothing is decoded here.

    Inside a part the files are in the order of their own names, whatever folder they are in: files named by their
    number in a data set stand in its order, so that training sees the batches that any other form of it gives.
    """
    root = own(data, want=WANT, file=False)
    found = labelled(walk(root), SUFFIXES, "image")
    order = {part: place for place, part in enumerate(PARTS)}
    rows = sorted(found.rows, key=lambda row: (order[row[2]], row[0].rpartition("/")[2], row[0]))
    files, good, wrong = look(root, [name for name, *_ in rows])
    labels = np.array([rows[i][1] for i in good], np.int32)
    parts = np.array([rows[i][2] for i in good])
    items = {part: Items(files.rows(parts == part), labels[parts == part]) for part in {row[2] for row in rows}}
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
