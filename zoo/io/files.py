"""Files that are written whole or not at all, and folders that can be written."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import ZooError


def write(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader, or a power cut, meets the old one or the new one and nothing between."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well it is synced to disk and renamed to `path`.

    Raises:
        ZooError: the disk is full or the folder cannot be written; the old file stands as it was.
    """
    temporary = path.with_name(f".{os.getpid()}.part.{path.name}")
    try:
        try:
            yield temporary
            sync(temporary)
            os.replace(temporary, path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ZooError(
            f"could not write {path}: {error.strerror or error}",
            "a folder with room that can be written",
            "free some space or set runtime.output elsewhere; the file that stood there is untouched",
        ) from error


def reserve(path: Path, size: int) -> None:
    """Ask the disk for so many bytes, for a library that crashes where it meets a full one (HDF5).

    Raises:
        OSError: there is no room for them.
    """
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def sync(path: Path) -> None:
    """Force a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_folder(path: Path, mend: str = "set runtime.output=FOLDER") -> Path:
    """Make an output folder that can be written, with those above it; returns it.

    Raises:
        ZooError: it cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=".new-", dir=path))
    except OSError as error:
        raise ZooError(
            f"the output folder {path} cannot be written: {error.strerror}",
            "a folder you may write to",
            mend,
        ) from error
    return path
