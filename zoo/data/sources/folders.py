"""Items in folders, a folder for each class: train/, validation/ and test/ with them inside, or the classes alone.

A folder on disk and an archive are read alike: both are first turned into a `Tree` of relative paths.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError

PARTS = {"train": ("train",), "validation": ("validation", "val", "valid", "dev"), "test": ("test",)}
WANT = "a folder with train/ and test/, or one folder for each class"


@dataclass(frozen=True)
class Tree:
    """The folders and files below `root`, with "/" between the names; hidden ones are left out."""

    root: Path
    folders: frozenset[str]
    files: tuple[str, ...]

    def subfolders(self, folder: str) -> list[str]:
        """The names of the folders directly inside `folder` ("" is the root), sorted."""
        depth = folder.count("/") + 1 if folder else 0
        inside = f"{folder}/" if folder else ""
        return sorted(f[len(inside) :] for f in self.folders if f.startswith(inside) and f.count("/") == depth)


@dataclass(frozen=True)
class Labelled:
    """The files of each class: `rows` holds (relative path, label, part), part by part, sorted inside a class."""

    class_names: tuple[str, ...]
    rows: list[tuple[str, int, str]]
    notes: tuple[str, ...]


def walk(root: Path) -> Tree:
    """The tree of a folder on disk; links are followed, but none to a folder twice.

    Raises:
        ZooError: a folder in it cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise ZooError(f"{error.filename} cannot be read ({error.strerror})", "a readable folder", "change its mode")

    folders, files, seen = set(), [], set()
    for where, inner, names in os.walk(root, onerror=refuse, followlinks=True):
        inner[:] = [name for name in inner if not name.startswith(".")]
        if os.path.realpath(where) in seen:
            inner.clear()
            continue
        seen.add(os.path.realpath(where))
        below = os.path.relpath(where, root).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        folders.update(prefix + name for name in inner)
        files += [prefix + name for name in names if not name.startswith(".")]
    return Tree(root, frozenset(folders), tuple(files))


def labelled(tree: Tree, suffixes: Sequence[str], what: str, *, ignored: Sequence[str] = ()) -> Labelled:
    """Finds parts and classes; `ignored` class folders are not looked into, files of other kinds are counted.

    Raises ZooError for one class only, an empty class folder, a class that the training part does not have.
    """
    parts = _parts(tree)
    classes = {part: [c for c in tree.subfolders(folder) if c not in ignored] for part, folder in parts.items()}
    names = _class_names(tree, parts["train"], classes["train"])
    members = _members(tree)
    rows, other = [], Counter()
    for part, folder in parts.items():
        for name in classes[part]:
            where = f"{folder}/{name}" if folder else name
            if name not in names:
                raise ZooError(
                    f"{tree.root / where} has no counterpart in the training part",
                    f"the classes {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}",
                    "rename or remove the folder",
                )
            found = members.get(where, [])
            good = sorted(path for path in found if path.lower().endswith(tuple(suffixes)))
            other.update(_kind(path) for path in found if not path.lower().endswith(tuple(suffixes)))
            if not good:
                raise ZooError(
                    f"class folder {tree.root / where} holds no {what}",
                    f"files ending in {', '.join(suffixes)}",
                    "fill or remove the folder",
                )
            rows += [(path, names.index(name), part) for path in good]
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(other.items()))
    notes = (f"files that do not end in {', '.join(suffixes)} are left out: {kinds}",) if other else ()
    return Labelled(names, rows, notes)


def _parts(tree: Tree) -> dict[str, str]:
    """{"train": folder, ...}; the root itself ("") is the training part when it holds no train/."""
    there = tree.subfolders("")
    found = {part: name for part, names in PARTS.items() for name in reversed(names) if name in there}
    if "train" in found:
        return found
    if there and set(there) <= {name for names in PARTS.values() for name in names}:
        raise ZooError(f"{tree.root} lacks train/ (it holds {', '.join(there)})", WANT, "correct data.path")
    return {"train": ""}


def _class_names(tree: Tree, folder: str, names: list[str]) -> tuple[str, ...]:
    if len(names) < 2:
        held = f"only the class folder {names[0]}/" if names else "no class folders"
        raise ZooError(
            f"{tree.root / folder} holds {held}", "two or more classes, a folder for each", "correct data.path"
        )
    return tuple(names)


def _members(tree: Tree) -> dict[str, list[str]]:
    """The files below each folder that may be a class folder: those one or two levels down."""
    found: dict[str, list[str]] = {}
    for path in tree.files:
        steps = path.split("/")
        for depth in (1, 2):
            if len(steps) > depth:
                found.setdefault("/".join(steps[:depth]), []).append(path)
    return found


def _kind(path: str) -> str:
    return os.path.splitext(path)[1].lower() or os.path.basename(path)
