"""How the zoo itself is installed: what to type for an extra of it, or for a newer one."""

from __future__ import annotations

import shlex
from pathlib import Path

DISTRIBUTION = "keras-reference-zoo"  # the import and the command are `zoo`, which on PyPI is a stranger's package


def install(extra: str | None = None) -> str:
    """The command that brings an extra of pyproject.toml; without one, that brings a newer zoo.

    Where the zoo comes from a clone that still stands, the command is of the clone.
    """
    clone = _clone()
    if clone is None:
        return f"pip install -U {DISTRIBUTION}" if extra is None else f"pip install '{DISTRIBUTION}[{extra}]'"
    here = clone == Path.cwd()
    if extra is not None:
        return "pip install " + shlex.quote(f"{'.' if here else clone}[{extra}]")
    return "git pull && pip install ." if here else f"cd {shlex.quote(str(clone))} && git pull && pip install ."


def _clone() -> Path | None:
    """The checkout that holds this package, or that `pip install .` was given."""
    beside = Path(__file__).resolve().parents[2]
    return next((folder for folder in (beside, _given_to_pip()) if folder and _is_ours(folder)), None)


def _is_ours(folder: Path) -> bool:
    import tomllib

    try:
        return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["name"] == DISTRIBUTION
    except (OSError, ValueError, KeyError):  # site-packages have none; a stranger's may be anything
        return False


def _given_to_pip() -> Path | None:
    """The folder in direct_url.json, which pip writes for whatever comes from no index (PEP 610)."""
    import importlib.metadata
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        told = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    url = urlsplit(json.loads(told)["url"]) if told else None
    return Path(url2pathname(url.path)) if url and url.scheme == "file" else None
