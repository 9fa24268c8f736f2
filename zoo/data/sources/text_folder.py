"""Texts in folders, a folder for each class, or such folders in a tar: the layout of aclImdb.

A. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011: aclImdb/{train,test}/{pos,neg}/*.txt, and
train/unsup, which has no labels and is left out.
"""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zoo.data.contract import Raw
from zoo.data.files import own
from zoo.data.folders import PARTS, WANT, Tree, labelled, walk
from zoo.data.texts import raw_texts, utf8
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
    """The texts out of an archive, read as data: nothing is unpacked to disk, nothing outside it is touched."""
    folders: set[str] = set()
    files: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                where = PurePosixPath(member.name)
                refused = (
                    "leads out of the archive" if where.is_absolute() or ".." in where.parts
                    else "" if member.isfile() or member.isdir() else "is a link or a device"
                )  # fmt: skip
                if refused:
                    raise ZooError(f"{member.name!r} in {path} {refused}", "files and folders alone", "pack it anew")
                if any(part.startswith(".") or part in IGNORED for part in where.parts):
                    continue
                folders |= {str(p) for p in [*where.parents, *([where] if member.isdir() else [])]} - {"."}
                if member.isfile() and where.suffix.lower() == ".txt" and where.parent.name:
                    total += member.size
                    if member.size > MAX_TEXT_BYTES or total > MAX_TAR_BYTES:
                        raise ZooError(f"{member.name} in {path} is too large", "texts below 2 GB in all", "unpack it")
                    files[str(where)] = archive.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as e:
        raise ZooError(
            f"{path} cannot be read as an archive", "a .tar or .tar.gz", "it may be cut or of another kind"
        ) from e
    tops = {name.split("/")[0] for name in folders}
    if len(tops) == 1 and not tops & {name for names in PARTS.values() for name in names}:  # aclImdb/ itself
        skip = len(*tops) + 1
        folders = {name[skip:] for name in folders if len(name) > skip}
        files = {name[skip:]: contents for name, contents in files.items()}
    return Tree(path, frozenset(folders), tuple(files)), files
