"""Where an artifact goes: a folder that is there whole or not at all, and never over somebody else's files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import ZooError
from zoo.io import files

FACTS = "artifact.json"
FILES = (".onnx", ".tflite", ".keras", ".h5", ".pb", ".safetensors")


def check(folder: Path) -> bool:
    """Whether an older artifact stands at `folder`, which may be replaced.

    Raises:
        ZooError: the name is a file's, or something else stands there.
    """
    if folder.suffix in FILES:
        raise ZooError(
            f"-o {folder} names a file, and an artifact is a folder: the file, artifact.json, README.md",
            "the name of a folder",
            f"-o {folder.with_suffix('')}",
        )
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if facts(folder) is None:
        raise ZooError(
            f"{folder} is there and is no artifact of an earlier export, so it is left as it is",
            "a new name, or an artifact to replace",
            "give another -o FOLDER",
        )
    return True


def facts(folder: Path) -> dict | None:
    """What artifact.json in a folder says; None where there is none of ours."""
    try:
        found = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("zoo_artifact") == 1 else None


def vocabulary_sha256(words: Sequence[str] | None) -> str | None:
    """Of the words in the order of their tokens, one a line; None where there are none."""
    return None if words is None else hashlib.sha256("\n".join(words).encode()).hexdigest()


@contextmanager
def hidden_beside(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder`, gone when the block ends.

    Raises:
        ZooError: it cannot be made, or the disk is full.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            yield hidden
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
    except OSError as error:
        raise ZooError(
            f"could not write {folder}: {error.strerror or error}",
            "a folder with room that can be written",
            "give another -o FOLDER",
        ) from error


def put(hidden: Path, folder: Path) -> None:
    """Bring the finished artifact to its place; an older one is moved away first and then removed."""
    for path in sorted(hidden.rglob("*")):
        files.sync(path)
    hidden.chmod(0o755)
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=folder.parent))
        os.rename(folder, old)
        os.rename(hidden, folder)
        shutil.rmtree(old)
    else:
        os.rename(hidden, folder)
    files.sync(folder.parent)
