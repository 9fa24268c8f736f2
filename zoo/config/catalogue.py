"""The names a model can have: the catalogue's, or a builder of the user's own."""

from __future__ import annotations

import re

from zoo.errors import did_you_mean

from .mistakes import Problem


def model_names() -> list[str]:
    """The catalogue's names; empty where there is no catalogue."""
    try:
        from zoo.catalog.registry import list_models
    except ImportError:
        return []
    return list(list_models())


def model_name_problem(name: str) -> Problem | None:
    """What is wrong with `model.name`, relative to it."""
    if ":" in name:
        if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", name):
            return None
        return Problem((), f"'{name}' names no builder", "package.module:function")
    known = model_names()
    if not known or name in known:
        return None
    return Problem((), f"unknown model '{name}'", mend=did_you_mean(name, known) + " (`zoo list` shows all)")
