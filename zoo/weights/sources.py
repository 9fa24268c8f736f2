"""Published weights: which file a name stands for, its download into Keras's cache, and the check of its hash."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import socket
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import keras

from zoo.catalog import registry
from zoo.catalog.rows import CATALOG
from zoo.catalog.spec import WeightSource
from zoo.errors import ZooError, did_you_mean
from zoo.io.installation import install

IMAGENET = "imagenet"  # the first source of a row
TIMEOUT = 30  # seconds without a byte


def names(model: str) -> list[str]:
    """The names that `weights=` takes for a model, the preferred first."""
    found = list(dict.fromkeys(source.name for source in registry.describe(model).weights))
    return [IMAGENET, *found] if found else []


def choose(model: str, source: str, *, include_top: bool = True) -> WeightSource:
    """The published file that `weights=source` stands for.

    Args:
        model: a catalogue name.
        source: "imagenet" for the row's first, or a source's name.
        include_top: False takes the file without top where one is published.

    Raises:
        ZooError: the row has no such source.
    """
    rows = registry.describe(model).weights
    if not rows:
        raise ZooError(
            f"no weights of {model} are published",
            "weights=None, a file or a run folder",
            "`zoo info` names the sources of each model",
        )
    if source != IMAGENET and source not in {row.name for row in rows}:
        raise ZooError(
            f"{model} has no weights named '{source}'",
            "one of " + ", ".join(names(model)),
            did_you_mean(source, names(model)),
        )
    same = [row for row in rows if row.name == (rows[0].name if source == IMAGENET else source)]
    return next((row for row in same if row.include_top == include_top), same[0])


def file_name(source: WeightSource) -> str:
    """The name of a source's file in the cache; Hugging Face calls every file "model.safetensors"."""
    parts = urlsplit(source.url).path.strip("/").split("/")
    if parts[-1] == "model.safetensors":
        return f"{parts[0]}_{parts[1]}.safetensors"
    return parts[-1]


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


def matches(path: Path, published: str) -> bool:
    """Whether a file has the published hash, "md5:<hex>" or the first digits of "sha256:<hex>"; "" is any file's."""
    algorithm, _, expected = published.partition(":")
    return not published or digest(path, algorithm).startswith(expected)


def digest(path: Path, algorithm: str) -> str:
    """The hash of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _algorithm(published: str) -> str:
    return published.partition(":")[0]
