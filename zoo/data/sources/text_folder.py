"""Texts in folders, a folder for each class, or such folders in a tar: the layout of aclImdb.

A. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011: aclImdb/{train,test}/{pos,neg}/*.txt, and
train/unsup, which has no labels and is left out.
"""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zoo.data.raw import Raw
from zoo.data.sources.archives import members
from zoo.data.sources.folders import PARTS, WANT, Tree, labelled, walk
from zoo.data.sources.official import own
from zoo.data.text.vocabulary import raw_texts, utf8
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

IGNORED = ("unsup",)
MAX_TEXT_BYTES = 2**24  # one text
MAX_TAR_BYTES = 2**31  # all texts of an archive


def read(data: DataConfig) -> Raw:
    """`Texts` with labels; the class names are those of the folders, sorted."""
    root = own(data, want=f"{WANT} of .txt files, or a tar of them")
    archive: dict[str, bytes] = {}
    if root.is_dir():
        tree = walk(root)
    else:
        tree, archive = _tar(root)
    found = labelled(tree, (".txt",), "text", ignored=IGNORED)
    rows = []
    for name, label, part in found.rows:
        contents = archive[name] if archive else _contents(root / name)
        rows.append((utf8(contents, f"{name} in {root}" if archive else str(root / name)), label, part))
    return raw_texts(data.name, found.class_names, rows, found.notes)


def _contents(path: Path) -> bytes:
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise ZooError(f"{path} is over {MAX_TEXT_BYTES // 2**20} MB", "one text", "split or remove it")
    return path.read_bytes()


def _tar(path: Path) -> tuple[Tree, dict[str, bytes]]:
    """The texts out of an archive."""
    folders: set[str] = set()
    files: dict[str, bytes] = {}
    total = 0

    def wanted(where: PurePosixPath, member: tarfile.TarInfo) -> bool:
        nonlocal total
        if not member.isfile() or where.suffix.lower() != ".txt" or not where.parent.name or _left_out(where):
            return False
        total += member.size
        if member.size > MAX_TEXT_BYTES or total > MAX_TAR_BYTES:
            raise ZooError(f"{member.name} in {path} is too large", "texts below 2 GB in all", "unpack it")
        return True

    for where, member, contents in members(path, "a .tar or .tar.gz", wanted):
        if _left_out(where):
            continue
        folders |= {str(p) for p in [*where.parents, *([where] if member.isdir() else [])]} - {"."}
        if member.isfile() and where.suffix.lower() == ".txt" and where.parent.name:
            files[str(where)] = contents
    tops = {name.split("/")[0] for name in folders}
    if len(tops) == 1 and not tops & {name for names in PARTS.values() for name in names}:  # aclImdb/ itself
        skip = len(*tops) + 1
        folders = {name[skip:] for name in folders if len(name) > skip}
        files = {name[skip:]: contents for name, contents in files.items()}
    return Tree(path, frozenset(folders), tuple(files)), files


def _left_out(where: PurePosixPath) -> bool:
    return any(part.startswith(".") or part in IGNORED for part in where.parts)
