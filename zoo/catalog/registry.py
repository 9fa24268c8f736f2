"""From a name to its row and its builder, without importing Keras before a model is built."""

from __future__ import annotations

import ast
import difflib
import fnmatch
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from zoo.catalog.rows import CATALOG
from zoo.catalog.spec import ModelSpec
from zoo.errors import ZooError, did_you_mean
from zoo.io import files

COMMON_ARGUMENTS = ("input_shape", "classes", "name")


def list_models(pattern: str = "*", *, task: str | None = None) -> list[str]:
    """Names of the catalogue that match a shell-style `pattern`, in the catalogue's order.

    Args:
        pattern: `"resnet*"`; a pattern without wildcards matches anywhere in the name.
        task: `"image-classification"` or `"text-classification"`; None for both.

    Raises:
        ZooError: `task` is not one of the catalogue's.
    """
    tasks = sorted({spec.task for spec in CATALOG.values()})
    if task is not None and task not in tasks:
        raise ZooError(f"unknown task '{task}'", mend=did_you_mean(task, tasks))
    if not any(c in pattern for c in "*?["):
        pattern = f"*{pattern}*"
    return [n for n, spec in CATALOG.items() if fnmatch.fnmatch(n, pattern) and task in (None, spec.task)]


def describe(name: str) -> ModelSpec:
    """The catalogue's row of a model: paper, counts, printed figures, deviations, weights, shipped config.

    Raises:
        ZooError: no row has this name; the nearest one is given.
    """
    if name not in CATALOG:
        raise ZooError(f"unknown model '{name}'", "a name that `zoo list` prints", did_you_mean(name, CATALOG))
    return CATALOG[name]


def is_own_builder(name: str) -> bool:
    """Whether `name` is a user's `package.module:function` rather than a catalogue name."""
    return ":" in name


def builder(name: str) -> Callable[..., Any]:
    """The function that builds the model `name` (imports Keras).

    Raises:
        ZooError: an unknown catalogue name, or a `package.module:function` that cannot be imported.
    """
    if not is_own_builder(name):
        return _load(describe(name).builder)
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # a user's own builder lies where the command is given
    module, _, function = name.partition(":")
    try:
        return _load(name)
    except ModuleNotFoundError as error:
        if error.name and not (module == error.name or module.startswith(error.name + ".")):
            raise  # the user's module was found; what it imports was not
        raise ZooError(
            f"the builder '{name}' cannot be imported: there is no module '{error.name}'",
            "package.module:function, importable from the current folder",
            "check the spelling, or add the folder to PYTHONPATH",
        ) from error
    except AttributeError as error:
        raise ZooError(
            f"the module '{module}' has no function '{function}'", mend=_nearest_function(module, function)
        ) from error


def own_code(name: str) -> dict[str, str] | None:
    """{name: SHA-256 of its module's source} of a user's own builder; None of the catalogue's."""
    if not is_own_builder(name):
        return None
    source = inspect.getsourcefile(builder(name))
    return {name: files.sha256(Path(source))} if source else None


def builder_for(name: str, words: Iterable[str]) -> Callable[..., Any]:
    """The same, and it can be called with these arguments.

    Raises:
        ZooError: as `builder`; a builder of the user's own that takes others.
    """
    build = builder(name)
    if is_own_builder(name):
        try:
            inspect.signature(build).bind(**dict.fromkeys(words))
        except TypeError as error:
            raise ZooError(
                f"the builder '{name}' cannot be called: {error}",
                f"a function that takes {', '.join(words) or 'no argument'}",
                "give it these arguments",
            ) from error
    return build


def _load(path: str) -> Callable[..., Any]:
    module, _, function = path.partition(":")
    return getattr(importlib.import_module(module), function)


def _nearest_function(module: str, function: str) -> str:
    names = [n for n, v in vars(sys.modules[module]).items() if inspect.isfunction(v)]
    close = difflib.get_close_matches(function, names, n=1)
    return f"did you mean '{module}:{close[0]}'?" if close else f"its functions are {', '.join(names) or 'none'}"


@cache
def paper_arguments(name: str) -> dict[str, Any]:
    """The paper's words a builder takes, with their defaults; {} values that are required become `...`.

    For a catalogue name the source is parsed, not imported, so that asking costs no Keras.
    """
    if is_own_builder(name):
        parameters = inspect.signature(builder(name)).parameters.values()
        words = {p.name: ... if p.default is p.empty else p.default for p in parameters if p.kind is not p.VAR_KEYWORD}
    else:
        words = _parse_arguments(describe(name).builder) | dict(describe(name).args)
    return {k: v for k, v in words.items() if k not in COMMON_ARGUMENTS}


def takes(name: str, argument: str) -> bool:
    """Whether the builder of `name` has the paper's word `argument`."""
    return argument in paper_arguments(name)


def _parse_arguments(path: str) -> dict[str, Any]:
    module, _, function = path.partition(":")
    source = Path(__file__).parents[1].joinpath(*module.split(".")[1:]).with_suffix(".py")
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return dict(_defaults(node.args))
    raise AttributeError(f"{source.name} defines no function {function}")


def _defaults(arguments: ast.arguments):
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    for argument, default in [
        *zip(plain, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]:
        try:
            yield argument.arg, ... if default is None else ast.literal_eval(default)
        except ValueError:  # a default that is a name, such as a table: known by its source text
            yield argument.arg, ast.unparse(default)


def check_arguments(name: str, arguments: dict[str, Any]) -> None:
    """Refuse words that the builder of `name` does not know.

    Raises:
        ZooError: names the argument and the nearest one that exists.
    """
    known = paper_arguments(name)
    for argument in arguments:
        if argument in known:
            continue
        if argument in COMMON_ARGUMENTS:
            continue
        if argument == "aux":
            raise ZooError(
                f"{name} has no auxiliary heads",
                "aux only for nets that have them",
                "choose googlenet, googlenet_bn, inception_v3 or inception_v3_tv, or leave aux out",
            )
        mend = did_you_mean(argument, [*known, *COMMON_ARGUMENTS[:2]])
        raise ZooError(f"unknown argument '{argument}' for {name}", mend=mend)
