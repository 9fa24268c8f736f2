"""Images in folders, a folder for each class: train/, validation/ and test/ with them inside, or the classes alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.contract import Items, Raw
from zoo.data.files import local
from zoo.data.imagefiles import look
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
PARTS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
WANT = "a folder with train/ and test/, or one folder for each class"


def read(data: DataConfig) -> Raw:
    """`ImageFiles` with labels; the class names are those of the folders, sorted. Nothing is decoded here."""
    if data.path is None:
        raise ZooError("data.path is missing", WANT, "set data.path")
    root = local(data.path, name="image_folder", want=WANT, folder=True, file=False)
    folders = parts_of(root)
    if "validation" in folders and not data.validation:
        raise ZooError(
            f"data.validation is 0, but {folders['validation']} exists",
            "a share above 0 (the folder is then used as it is)",
            "remove data.validation, or move the folder away",
        )
    class_names = classes_of(folders["train"])
    rows = [
        (os.path.relpath(path, root), label, part)
        for part, folder in folders.items()
        for path, label in _images(folder, class_names)
    ]
    files, good, wrong = look(root, [name for name, *_ in rows])
    labels = np.array([rows[i][1] for i in good], np.int32)
    parts = np.array([rows[i][2] for i in good])
    items = {part: Items(files.rows(parts == part), labels[parts == part]) for part in folders}
    return Raw(
        "image_folder",
        "image",
        class_names,
        items["train"],
        items.get("test"),
        validation=items.get("validation"),
        notes=_left_out(folders.values()),
        corrupt=wrong,
    )


def parts_of(root: Path) -> dict[str, Path]:
    """{"train": folder, ...}; the folder itself is the training part when it holds no train/."""
    found = {
        part: folder for part, names in PARTS.items() for name in reversed(names) if (folder := root / name).is_dir()
    }
    if "train" in found:
        return found
    if set(_subfolders(root)) and set(_subfolders(root)) <= {name for names in PARTS.values() for name in names}:
        raise ZooError(f"{root} lacks train/ (it holds {', '.join(_subfolders(root))})", WANT, "correct data.path")
    return {"train": root}


def classes_of(folder: Path) -> tuple[str, ...]:
    """The names of the classes: of the folders in the training part, sorted."""
    names = _subfolders(folder)
    if len(names) < 2:
        held = f"only the class folder {names[0]}/" if names else "no class folders"
        raise ZooError(f"{folder} holds {held}", "two or more classes, a folder for each", "correct data.path")
    return tuple(names)


def _subfolders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))


def _images(folder: Path, class_names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """(path, label) of every image below a part's class folders, sorted."""
    for name in _subfolders(folder):
        if name not in class_names:
            raise ZooError(
                f"{folder / name} has no counterpart in the training part",
                f"the classes {', '.join(class_names[:8])}{', ...' if len(class_names) > 8 else ''}",
                "rename or remove the folder",
            )
        paths = sorted(path for path in _files(folder / name) if path.lower().endswith(SUFFIXES))
        if not paths:
            raise ZooError(
                f"class folder {folder / name} holds no image",
                f"files ending in {', '.join(SUFFIXES)}",
                "fill or remove the folder",
            )
        yield from ((path, class_names.index(name)) for path in paths)


def _files(folder: Path) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(where, name) for name in names if not name.startswith("."))


def _left_out(folders: Iterable[Path]) -> tuple[str, ...]:
    """What is said about files of other kinds."""
    other = Counter(
        os.path.splitext(path)[1].lower() or os.path.basename(path)
        for folder in folders
        for name in _subfolders(folder)
        for path in _files(folder / name)
        if not path.lower().endswith(SUFFIXES)
    )
    if not other:
        return ()
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(other.items()))
    return (f"files that are no JPEG, PNG, BMP or GIF are left out: {kinds}",)
