"""Where the rules against contradictions are gathered; they stand in `checks.py` and `checks_train.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .problems import Path, Problem

if TYPE_CHECKING:
    from .schema import Config

Rule = Callable[["Config"], Iterator[Problem]]
RULES: list[tuple[tuple[Path, ...], Rule]] = []


def rule(*reads: str) -> Callable[[Rule], Rule]:
    """Registers a rule with the keys it reads."""

    def register(function: Rule) -> Rule:
        RULES.append((tuple(map(at, reads)), function))
        return function

    return register


def at(key: str) -> Path:
    """The path of a dotted key."""
    return tuple(key.split("."))
