"""Finding and reading official files: a local `data.path`, Keras's cache, or a download into it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from keras.utils import get_file

from zoo.data.sources.unpickle import load_arrays
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

MAX_MEMBER_BYTES = 2 * 2**30  # far above every official file; a zip that claims more is not one of them
DOWNLOAD_TIMEOUT = 30.0  # seconds without an answer


def cache_folder() -> Path:
    """Where Keras keeps data sets: $KERAS_HOME/datasets, by default ~/.keras/datasets."""
    home = os.environ.get("KERAS_HOME")
    if not home:
        base = Path.home()
        home = (base if os.access(base, os.W_OK) else Path(tempfile.gettempdir())) / ".keras"
    return Path(home) / "datasets"


def local(path: str, *, name: str, want: str, folder: bool = False, file: bool = True) -> Path:
    """`data.path` as a Path that exists and is of the wanted kind; `want` says in words what it should be."""
    found = Path(path).expanduser()
    if not found.exists():
        raise ZooError(f"data.path={path} does not exist", want, f"correct data.path, or remove it to download {name}")
    if found.is_dir() and not folder:
        raise ZooError(f"data.path={path} is a folder", want, "give the path of the file itself")
    if not found.is_dir() and not file:
        raise ZooError(f"data.path={path} is a file", want, "give the path of the folder")
    return found


def own(data: DataConfig, *, want: str, file: bool = True) -> Path:
    """`data.path` of a source that reads the user's own files: a folder or, if `file`, a file."""
    if data.path is None:
        raise ZooError("data.path is missing", want, "set data.path")
    found = Path(data.path).expanduser()
    if not found.exists():
        raise ZooError(f"data.path={data.path} does not exist", want, "correct data.path")
    return local(data.path, name=data.name, want=want, folder=True, file=file)


def official(names: Sequence[str], url: str, file_hash: str, *, subfolder: str = "") -> Path:
    """An official file out of Keras's cache, downloaded into it when it is not there.

    Args:
        names: the file's name in the cache, then other names under which Keras may have stored it.
        file_hash: published SHA-256 (64 hex digits) or MD5 (32).

    A file in the cache whose hash differs is refused and left alone. Downloads go to a temporary folder first.
    """
    folder = cache_folder() / subfolder
    for name in names:
        if (folder / name).is_file():
            if file_digest(folder / name, file_hash) == file_hash:
                return folder / name
            raise ZooError(
                f"{folder / name} is not the official file (its hash differs from the published one)",
                f"{'SHA-256' if len(file_hash) == 64 else 'MD5'} {file_hash}",
                "delete it to download it again, or give it as data.path if you trust it",
            )
    target = folder / names[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as scratch, _download_manners():
            part = get_file(names[0], origin=url, file_hash=file_hash, cache_dir=scratch, cache_subdir="")
            shutil.move(part, target)
    except Exception as e:  # Keras raises bare Exception for a failed fetch and ValueError for a wrong hash
        if "hash" in str(e):
            raise ZooError(
                f"{names[0]} from {url} arrived damaged (its hash differs from the published one)",
                f"hash {file_hash}",
                "try again later",
            ) from e
        reason = " ".join(str(e).split("None --")[-1].split()).replace(";", ",")  # less of Keras's own prefix
        raise ZooError(
            f"could not download {names[0]} from {url} ({reason})",
            "a connection to the internet",
            f"put the file at {target} or give data.path",
        ) from e
    return target


@contextlib.contextmanager
def _download_manners():
    """A download that cannot hang for ever and draws its progress on stderr, not into the results."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(before)


def file_digest(path: Path, like: str) -> str:
    """The file's SHA-256, or its MD5 where `like` has only 32 digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256" if len(like) == 64 else "md5").hexdigest()


def read_npz(path: Path, keys: Sequence[str], *, official_name: str, pickled: Sequence[str] = ()) -> dict:
    """The arrays `keys` of an .npz file. Only those in `pickled` may be object arrays, read without pickle's power.

    Raises ZooError for a file that is cut, foreign, lacks a key or holds anything but arrays.
    """
    expected = f"the official {official_name}"
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            missing = [key for key in keys if key not in members]
            if missing:
                raise ZooError(
                    f"{path} lacks {', '.join(missing)} (it holds {', '.join(sorted(members)[:8]) or 'nothing'})",
                    f"{expected} with {', '.join(keys)}",
                    "give data.path to that file",
                )
            for key in keys:
                if members[key].file_size > MAX_MEMBER_BYTES:
                    raise ZooError(f"'{key}' in {path} is over 2 GB unpacked", expected, "download it again")
                with archive.open(members[key]) as member:
                    arrays[key] = _read_array(member, f"'{key}' in {path}", key in pickled)
    except ZooError:
        raise
    except Exception as e:  # zipfile, zlib and numpy raise many kinds on damaged input
        raise ZooError(
            f"{path} cannot be read as .npz ({type(e).__name__}: {' '.join(str(e).split())[:80]})",
            expected,
            "the file may be cut or of another kind; download it again",
        ) from e
    return arrays


def _read_array(member: IO[bytes], where: str, may_be_pickled: bool) -> np.ndarray:
    version = np.lib.format.read_magic(member)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(member)
    if not dtype.hasobject:
        if int(np.prod(shape, dtype=object)) * dtype.itemsize > MAX_MEMBER_BYTES:
            raise ValueError(f"an array of shape {shape}")
        member.seek(0)
        return np.lib.format.read_array(member, allow_pickle=False)
    if not may_be_pickled:
        raise ZooError(
            f"{where} holds pickled Python objects, which is refused",
            "an array of numbers",
            "use the official file",
        )
    array = load_arrays(member, where)
    if not isinstance(array, np.ndarray):
        raise ZooError(f"{where} holds a {type(array).__name__}", "an array of lists", "use the official file")
    return array
