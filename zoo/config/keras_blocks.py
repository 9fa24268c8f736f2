"""The blocks that name something of Keras's and give its arguments: optimizer, schedule, loss, metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from zoo.errors import did_you_mean, nearest

from . import keras_names
from .facts import SCHEDULES, SMOOTHED_LOSSES, WARMUP
from .mistakes import Problem, Problems, wrong


class NamedBlock(BaseModel):
    """`{name: ..., argument: ...}`, checked against a table of names; `null` for an argument means not given."""

    model_config = ConfigDict(frozen=True, extra="allow")
    TABLE: ClassVar[Mapping[str, Any]]
    WHAT: ClassVar[str]
    DEFAULT: ClassVar[str] = ""  # the name where none is given
    OWN: ClassVar[Mapping[str, str]] = {}  # arguments that are ours, for every name

    name: str = Field(description="the name")

    @property
    def args(self) -> dict[str, Any]:
        """The arguments that were given, without the name and without our own."""
        return {k: v for k, v in (self.model_extra or {}).items() if k not in self.OWN}

    @classmethod
    def kinds(cls, name: str) -> dict[str, str]:
        """Every key this name takes besides `name`, with its kind."""
        return {**cls.TABLE[name].args, **cls.OWN}

    @classmethod
    def all_keys(cls) -> list[str]:
        """Every key any name takes."""
        return list(dict.fromkeys(["name"] + [key for name in cls.TABLE for key in cls.kinds(name)]))

    @classmethod
    def extra_problems(cls, name: str, args: dict[str, Any]) -> list[Problem]:
        """Mistakes of several arguments together."""
        missing = [key for key in cls.TABLE[name].required if key not in args]
        return [
            Problem((key,), "missing", f"{keras_names.expected(cls.kinds(name)[key])}", f"{cls.WHAT} '{name}' needs it")
            for key in missing
        ]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        at: tuple[str, ...] = ("name",)
        if isinstance(value, Mapping) and cls.DEFAULT and value.get("name") is None:
            value = {**value, "name": cls.DEFAULT}
        if isinstance(value, str):
            value, at = {"name": value}, ()
        if not isinstance(value, Mapping):
            raise Problems([wrong((), f"a name or a mapping {{name: ...}} for the {cls.WHAT}", value)])
        if value.get("name") is None:
            raise Problems([Problem(("name",), "missing", f"the name of the {cls.WHAT}", _all(cls.TABLE))])
        if not isinstance(value["name"], str):
            raise Problems([wrong(("name",), f"the name of the {cls.WHAT}", value["name"], _all(cls.TABLE))])
        name = keras_names.find(value["name"], cls.TABLE)
        if name is None:
            what = f"unknown {cls.WHAT} '{value['name']}'"
            raise Problems([Problem(at, what, mend=did_you_mean(value["name"], cls.TABLE))])
        kinds, args, problems = cls.kinds(name), {}, []
        for key, item in value.items():
            if key == "name" or (item is None and key in cls.all_keys()):
                continue  # null drops an argument inherited by `extends`
            if key not in kinds:
                problems.append(cls._unknown(name, key, kinds))
            elif not keras_names.fits(kinds[key], item):
                problems.append(wrong((key,), keras_names.expected(kinds[key]), item))
            else:
                args[key] = keras_names.canonical_value(kinds[key], item)
        wanted = [nearest(str(p.path[0]), kinds) or p.path[0] for p in problems]
        given = {**dict.fromkeys(wanted), **args}  # a mistyped argument is not missing as well
        problems += cls.extra_problems(name, given)
        if problems:
            raise Problems(problems)
        return {"name": name, **cls.defaults(name), **args}

    @classmethod
    def defaults(cls, name: str) -> dict[str, Any]:
        """Values of arguments that were not given."""
        return {}

    @classmethod
    def _unknown(cls, name: str, key: str, kinds: Mapping[str, str]) -> Problem:
        close = nearest(key, kinds)
        others = [other for other in cls.TABLE if other != name and key in cls.kinds(other)]
        if close is not None:
            mend = f"did you mean {close}?"
        elif others:
            mend = f"it belongs to {', '.join(others[:4])}; remove it, or set it to null where it is inherited"
        else:
            mend = f"choose from {', '.join(kinds)}" if kinds else "it takes no arguments"
        return Problem((key,), f"{cls.WHAT} '{name}' has no argument '{key}'", mend=mend, at_key=True)

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        return {"name": self.name, **(self.model_extra or {})}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        properties: dict[str, Any] = {"name": {"enum": list(cls.TABLE), "description": f"the {cls.WHAT}"}}
        for key in cls.all_keys()[1:]:
            owners = [name for name in cls.TABLE if key in cls.kinds(name)]
            kind = cls.kinds(owners[0])[key]
            of = "" if len(owners) == len(cls.TABLE) else f" ({', '.join(owners)})"
            schema = keras_names.kind_schema(kind)
            properties[key] = {"anyOf": [schema, {"type": "null"}], "description": keras_names.expected(kind) + of}
        rules = [
            {
                "if": {"properties": {"name": {"const": name}}},
                "then": {"propertyNames": {"enum": ["name", *cls.kinds(name)]}},
            }
            for name in cls.TABLE
        ]
        block = {"type": "object", "properties": properties, "required": ["name"], "allOf": rules}
        return {
            "title": cls.__name__,
            "description": (cls.__doc__ or "").strip().split("\n")[0],
            "anyOf": [{"enum": list(cls.TABLE)}, block],
        }


def _all(table: Mapping[str, Any]) -> str:
    return "choose from " + ", ".join(list(table)[:12]) + (", ..." if len(table) > 12 else "")


class Optimizer(NamedBlock):
    """An optimizer by Keras's name, with Keras's arguments.

    `class_name` is the class in `keras.optimizers`; `args` go to it beside `learning_rate`.
    """

    TABLE = keras_names.OPTIMIZERS
    WHAT = "optimizer"
    DEFAULT = "adam"
    OWN: ClassVar[Mapping[str, str]] = {"learning_rate": "positive"}

    learning_rate: float | None = None

    @property
    def class_name(self) -> str:
        return keras_names.OPTIMIZERS[self.name].keras

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        return {"name": self.name, "learning_rate": self.learning_rate, **self.args}


class Schedule(NamedBlock):
    """A learning-rate schedule, in steps or epochs, with an optional linear warmup in front.

    `args` hold the schedule's arguments with defaults filled in; a length that was not given is absent and means
    the whole training.
    """

    TABLE = SCHEDULES
    WHAT = "schedule"
    OWN: ClassVar[Mapping[str, str]] = WARMUP

    warmup_steps: int | None = None
    warmup_epochs: float | None = None

    @classmethod
    def defaults(cls, name: str) -> dict[str, Any]:
        return dict(SCHEDULES[name].defaults)

    @classmethod
    def extra_problems(cls, name: str, args: dict[str, Any]) -> list[Problem]:
        problems, facts = super().extra_problems(name, args), SCHEDULES[name]
        if facts.either:
            given = [key for key in facts.either if key in args]
            if len(given) == 2:
                problems.append(_both(*facts.either))
            elif facts.needed and not given:
                one, other = facts.either
                what = f"schedule '{name}' needs {one} or {other}"
                problems.append(Problem((), what, mend=f"add {one} (it counts in {_unit(one)})"))
        if "warmup_steps" in args and "warmup_epochs" in args:
            problems.append(_both("warmup_steps", "warmup_epochs"))
        if name == "one_cycle" and (args.get("warmup_steps") or args.get("warmup_epochs")):
            key = "warmup_steps" if args.get("warmup_steps") else "warmup_epochs"
            problems.append(Problem((key,), "one_cycle brings its own warmup", mend="remove it and set pct_start"))
        boundaries = args.get("boundaries") or args.get("boundaries_epochs")
        if boundaries and args.get("values") and len(args["values"]) != len(boundaries) + 1:
            count = f"{len(boundaries) + 1} values for {len(boundaries)} boundaries"
            problems.append(Problem(("values",), f"expected {count}, got {len(args['values'])}"))
        low, high = args.get("min_momentum"), args.get("max_momentum")
        if low is not None and high is not None and low > high:
            problems.append(Problem(("min_momentum",), f"{low:g} is above max_momentum {high:g}", mend="exchange them"))
        return problems

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        warmup = {key: getattr(self, key) for key in WARMUP if getattr(self, key) is not None}
        return {"name": self.name, **self.args, **warmup}


def _both(one: str, other: str) -> Problem:
    return Problem((other,), f"given together with {one}", "one of the two", "remove one")


def _unit(key: str) -> str:
    return "epochs" if key.endswith("epochs") else "steps"


class Loss(NamedBlock):
    """A loss by Keras's name, with Keras's arguments; `auto` takes the cross-entropy for the task."""

    TABLE: ClassVar[Mapping[str, Any]] = {"auto": keras_names.Entry(""), **keras_names.LOSSES}
    WHAT = "loss"
    DEFAULT = "auto"

    @property
    def class_name(self) -> str | None:
        """The class in `keras.losses`; None for `auto`."""
        return keras_names.LOSSES[self.name].keras if self.name in keras_names.LOSSES else None

    @classmethod
    def _unknown(cls, name: str, key: str, kinds: Mapping[str, str]) -> Problem:
        if key == "label_smoothing" and name in SMOOTHED_LOSSES:
            what = f"{cls.WHAT} '{name}' has no argument '{key}'"
            return Problem((key,), what, mend="set train.label_smoothing instead", at_key=True)
        return super()._unknown(name, key, kinds)

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        return {"name": self.name, **self.args} if self.args else self.name


class Metric(NamedBlock):
    """A metric by Keras's name, with Keras's arguments; `label` is its name in history and monitors."""

    TABLE = keras_names.METRICS
    WHAT = "metric"

    @property
    def label(self) -> str:
        return self.name

    @property
    def class_name(self) -> str | None:
        """The class in `keras.metrics`; None for `accuracy`, which depends on the task."""
        return keras_names.METRICS[self.name].keras or None

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        return {"name": self.name, **self.args} if self.args else self.name
