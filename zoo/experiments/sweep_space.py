"""The space file of `zoo sweep`: which values of a config are tried, how often, and what is best.

    trials: 20
    metric: val_loss                       # default: callbacks.checkpoint.monitor
    prune: {startup_trials: 5, warmup_epochs: 1}   # false: train every trial to its end
    seed: 0
    space:
      train.optimizer.learning_rate: {low: 1e-4, high: 1e-1, log: true}
      train.optimizer.momentum: {low: 0.0, high: 0.95}
      data.batch_size: [32, 64]

Read by the same strict rules as configs; every mistake at once, with its place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.config import monitors
from zoo.config.yaml_tree import Node, read_file
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    from zoo.config import Config

KEYS = ("trials", "metric", "prune", "seed", "space")
RANGE = ("low", "high", "log", "step")
MOST_TRIALS = 10_000


@dataclass(frozen=True)
class Dimension:
    """One key of the config: a range, or a list of choices.

    Attributes:
        key: "train.optimizer.learning_rate".
        choices: the values, or None for a range.
        low, high: both included; whole numbers give whole numbers.
        log: equally many trials per factor instead of per difference.
        step: the distance of the tried values, or None.
    """

    key: str
    choices: tuple[Any, ...] | None = None
    low: float | int = 0
    high: float | int = 0
    log: bool = False
    step: float | int | None = None

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that must be possible in the config: all choices, or both ends."""
        return self.choices if self.choices is not None else (self.low, self.high)


@dataclass(frozen=True)
class Space:
    """A whole space file.

    Attributes:
        dimensions: what is tried.
        metric: the figure of validation that is best where it is largest or smallest.
        trials: how many.
        startup_trials, warmup_epochs: the first so many trials, and in every trial the first so many epochs, nothing
            is pruned; None: never.
        seed: of the search.
    """

    dimensions: tuple[Dimension, ...]
    metric: str
    trials: int = 20
    startup_trials: int | None = 5
    warmup_epochs: int = 1
    seed: int = 0

    def identity(self) -> dict[str, Any]:
        """What must not change while a sweep goes on; the number of trials may."""
        plain = json.loads(json.dumps(asdict(self)))
        del plain["trials"]
        return plain


def load_space(path: str | Path, config: Config) -> Space:
    """Read a space file for a config.

    Raises:
        ZooError: with every mistake, one per line: `space.yaml:4:3: key: what; expected ...; mend`.
    """
    return _Reader(config).read(read_file(path, "dimensions such as space: {data.batch_size: [32, 64]}"))


class _Reader:
    """Collects the mistakes of a file while its values are taken."""

    def __init__(self, config: Config):
        self.config = config
        self.mistakes: list[str] = []

    def read(self, tree: Node) -> Space:
        top = tree.value
        for key, node in top.items():
            if key not in KEYS:
                self._say(node, key, "unknown key", mend=did_you_mean(key, KEYS), at_key=True)
        trials = self._take(
            top,
            "trials",
            20,
            lambda v: _whole(v) and 1 <= v <= MOST_TRIALS,
            f"a whole number from 1 to {MOST_TRIALS:,}",
        )
        seed = self._take(top, "seed", 0, lambda v: _whole(v) and 0 <= v < 2**31, "a whole number from 0 to 2147483647")
        known = [name for name in monitors(self.config) if name.startswith("val_")]
        if not known:
            what = "a sweep chooses by validation, but data.validation is 0"
            raise ZooError(what, "a validation part", "set data.validation=0.1")
        default = self.config.callbacks.checkpoint.monitor
        metric = self._take(top, "metric", default, lambda v: v in known, "one of " + ", ".join(known))
        if metric == default and default not in known:
            raise ZooError(
                f"a sweep chooses by validation, but callbacks.checkpoint.monitor is {default}",
                "one of " + ", ".join(known),
                "set metric in the space file",
            )
        startup, warmup = self._prune(top.get("prune"))
        dimensions = self._dimensions(tree, top.get("space"))
        if self.mistakes:
            raise ZooError("\n".join(self.mistakes))
        return Space(tuple(dimensions), metric, trials, startup, warmup, seed)

    def _say(self, node: Node, key: str, what: str, expected: str = "", mend: str = "", at_key: bool = False) -> None:
        mark = (node.key_mark or node.mark) if at_key else node.mark
        self.mistakes.append(f"{mark}: {key}: {ZooError(what, expected, mend)}")

    def _take(self, top: dict[str, Node], key: str, default: Any, good: Callable[[Any], bool], expected: str) -> Any:
        if key not in top:
            return default
        value = top[key].plain()
        if not good(value):
            self._say(top[key], key, f"got {json.dumps(value)}", expected)
            return default
        return value

    def _prune(self, node: Node | None) -> tuple[int | None, int]:
        value = True if node is None else node.plain()
        if isinstance(value, bool):
            return (5, 1) if value else (None, 0)
        keys = {"startup_trials": 5, "warmup_epochs": 1}
        if not (
            isinstance(value, dict)
            and value.keys() <= keys.keys()
            and all(_whole(v) and v >= 0 for v in value.values())
        ):
            self._say(node, "prune", f"got {json.dumps(value)}", "true, false or {startup_trials: 5, warmup_epochs: 1}")
            return None, 0
        given = keys | value
        return given["startup_trials"], given["warmup_epochs"]

    def _dimensions(self, tree: Node, node: Node | None) -> list[Dimension]:
        if node is None or not isinstance(node.value, dict) or not node.value:
            expected = "keys of the config with what to try, such as {data.batch_size: [32, 64]}"
            self._say(node or tree, "space", "nothing to try", expected)
            return []
        found = []
        for key, item in node.value.items():
            dimension = self._dimension(key, item)
            if dimension is not None and self._fits(dimension, item):
                found.append(dimension)
        return found

    def _dimension(self, key: str, node: Node) -> Dimension | None:
        name, value = f"space.{key}", node.plain()
        if isinstance(value, list):
            if len(value) < 2 or len({json.dumps(v, sort_keys=True) for v in value}) < len(value):
                self._say(node, name, f"got {json.dumps(value)}", "at least two different values")
                return None
            return Dimension(key, choices=tuple(value))
        if not isinstance(value, dict) or not {"low", "high"} <= value.keys():
            self._say(node, name, f"got {json.dumps(value)}", "a list of values, or {low: ..., high: ..., log: true}")
            return None
        for word in value.keys() - set(RANGE):
            self._say(node.value[word], f"{name}.{word}", "unknown key", mend=did_you_mean(word, RANGE), at_key=True)
        low, high, log, step = value["low"], value["high"], value.get("log", False), value.get("step")
        if not (_number(low) and _number(high) and low < high):
            self._say(node, name, f"from {json.dumps(low)} to {json.dumps(high)}", "two numbers, low below high")
        elif not isinstance(log, bool) or (log and (low <= 0 or step is not None)):
            self._say(node, name, f"log is {json.dumps(log)}", "true or false; true only with low above 0 and no step")
        elif step is not None and not (_number(step) and 0 < step <= high - low):
            self._say(node, name, f"step is {json.dumps(step)}", f"a number above 0, up to {high - low:g}")
        else:
            whole = _whole(low) and _whole(high) and (step is None or _whole(step))
            return Dimension(key, None, low if whole else float(low), high if whole else float(high), log, step)
        return None

    def _fits(self, dimension: Dimension, node: Node) -> bool:
        """Whether each end is a value the config may hold; what only some combinations refuse is met in the trials."""
        if dimension.key in ("runtime.output", "name"):
            self._say(node, f"space.{dimension.key}", "changes nothing that is computed", mend="remove it", at_key=True)
            return False
        for value in dimension.ends:
            try:
                self.config.override(override(dimension.key, value))
            except ZooError as error:
                mark = f"command line: {dimension.key}"
                lines = [line for line in str(error).splitlines() if line.startswith(mark)]
                for line in lines:
                    self.mistakes.append(f"{node.mark}: space.{line.removeprefix('command line: ')}")
                if lines:
                    return False
        return True


def override(key: str, value: Any) -> str:
    """`train.epochs=3`, as the command line would say it."""
    return f"{key}={json.dumps(value)}"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return (_whole(value) or isinstance(value, float)) and math.isfinite(value)
