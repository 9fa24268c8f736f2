"""Published weights: which file a name stands for, its download into Keras's cache, and the check of its hash."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import keras

from zoo.catalog.rows import CATALOG
from zoo.catalog.sources import digest, file_name, matches, names
from zoo.catalog.spec import WeightSource
from zoo.errors import ZooError
from zoo.io.installation import install

TIMEOUT = 30  # seconds without a byte


def cache() -> Path:
    """The folder in which Keras keeps downloaded weights."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def fetch(model: str, source: WeightSource) -> Path:
    """The file of a source: from the cache, or downloaded into it, whole or not at all.

    Raises:
        ZooError: no network, or the file is not the published one; the sentence names the URL, and the place where a
            file fetched in another way belongs.
    """
    if urlsplit(source.url).path.endswith(".pth") and importlib.util.find_spec("torch") is None:
        other = "; or weights='timm', which needs no torch" if "timm" in names(model) else ""
        raise ZooError(
            f"the {source.name} weights of {model} are a .pth file, and torch is not installed",
            "torch, to read it",
            f"`{install('torch')}`{other}",
        )
    target = cache() / file_name(source)
    if target.is_file() and matches(target, source.hash):
        return target
    return _download(model, source, target)


def _download(model: str, source: WeightSource, target: Path) -> Path:
    part = f".{os.getpid()}.part.{target.name}"
    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)  # or get_file takes /tmp
    try:
        with _patient(), contextlib.redirect_stdout(sys.stderr):
            fetched = Path(
                keras.utils.get_file(part, source.url, cache_subdir="models", cache_dir=target.parent.parent)
            )
    except Exception as error:  # Keras raises a bare Exception for HTTP errors
        raise ZooError(
            f"the {source.name} weights of {model} could not be downloaded from {source.url}: {_reason(error)}",
            f"a network, or the file at {target}",
            f"fetch it in another way and put it there as {target.name}, or give its path as weights",
        ) from error
    try:
        if not matches(fetched, source.hash):
            raise ZooError(
                f"what {source.url} sent is not the published file: its {_algorithm(source.hash)} is "
                f"{digest(fetched, _algorithm(source.hash))}",
                source.hash.partition(":")[2],
                "try again; nothing was kept",
            )
        final = fetched.with_name(target.name)
        os.replace(fetched, final)
    finally:
        fetched.unlink(missing_ok=True)
    return final


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    """Give up on a server that sends nothing; Keras's download has no time limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: Exception) -> str:
    cause = error.__context__ if isinstance(error.__context__, urllib.error.URLError) else error
    if isinstance(cause, urllib.error.HTTPError):
        return f"the server answers {cause.code} {cause.msg}"
    return str(getattr(cause, "reason", cause)).split("\n")[0] or type(cause).__name__


def check_published(path: Path) -> None:
    """Refuse a file that bears the name of a published one and is not that file.

    Raises:
        ZooError: with both hashes.
    """
    for row in CATALOG.values():
        for source in row.weights:
            if source.hash and path.name == file_name(source) and not matches(path, source.hash):
                raise ZooError(
                    f"{path} bears the name of the published {source.name} weights of {row.name} and differs from "
                    f"them: its {_algorithm(source.hash)} is {digest(path, _algorithm(source.hash))}",
                    source.hash.partition(":")[2],
                    "download it again; or, if these weights are your own, rename the file",
                )


def _algorithm(published: str) -> str:
    return published.partition(":")[0]
