"""The one error a user may see: what happened, what was expected, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ZooError(Exception):
    """A mistake the user can mend; the command line prints it as one sentence and exits with 2.

    Args:
        what: what happened ("unknown model 'lenet55'").
        expected: what would have been right ("a name from `zoo list`").
        mend: what to do now ("did you mean 'lenet5'?").
    """

    def __init__(self, what: str, expected: str = "", mend: str = ""):
        self.what, self.expected, self.mend = what, expected, mend
        parts = [what] + ([f"expected {expected}"] if expected else []) + ([mend] if mend else [])
        super().__init__("; ".join(parts))


class Interrupted(BaseException):
    """Training was stopped by a signal after its state was saved; carries the exit code (130 or 143).

    No `Exception`, like KeyboardInterrupt: Keras catches those in every layer call and raises another kind.
    """

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The closest of `names` to a mistyped `name`, or None when nothing is close."""
    names = list(names)
    by_lower = {n.lower(): n for n in reversed(names)}
    match = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[match[0]] if match else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The mend for a mistyped name: the nearest one, or all of them when they are few."""
    names = list(names)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean '{close}'?"
    return "choose from " + ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
