"""From files, overrides or plain values to a checked Config, with every mistake at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, PrivateAttr, ValidationError, model_validator

from zoo.errors import ZooError

from .catalogue import model_names
from .checks import contradictions
from .data_block import DataConfig
from .defaults import resolve
from .facts import MODEL_WORDS
from .keras_blocks import NamedBlock
from .mistakes import Path, Problem, Problems, shown, unknown_key, wrong
from .schema import Settings, clean_name
from .versions import older
from .yaml_tree import COMMAND_LINE, MAX_LINES, Mark, Node, from_plain, merge, parse_value, read_file

EXAMPLES: dict[Path, str] = {("model",): "lenet5", ("data",): "digits"}
NAMED = (("train", "optimizer"), ("train", "schedule"), ("train", "loss"))


class Config(Settings):
    """A resolved config: everything a run depends on. Made by `load_config` and `Config.from_dict`."""

    _tree: Node | None = PrivateAttr(None)  # as given, before defaults

    @model_validator(mode="after")
    def _resolve(self) -> Config:
        resolve(self)
        return self

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], overrides: Iterable[str] = (), *, name: str | None = None) -> Config:
        """A config from plain values, checked like a file; `name` serves where `data` has none.

        Raises:
            ZooError: with every mistake, one per line.
        """
        return config_from_dict(data, overrides, name=name)

    def override(self, *overrides: str) -> Config:
        """A copy with `train.epochs=3` and the like changed, checked anew.

        Raises:
            ZooError: with every mistake, one per line.
        """
        tree = self._tree if self._tree is not None else from_plain(self.to_dict(), Mark("config"))
        return override_tree(tree, overrides, self.name)

    def with_defaults(self, values: Mapping[str, Any], origin: str) -> Config:
        """A copy in which these `key.path: value` stand where the user has given nothing; `origin` says whose they are.

        Raises:
            ZooError: with every mistake, one per line.
        """
        given = self._tree if self._tree is not None else from_plain(self.to_dict(), Mark("config"))
        return _finish(merge(from_plain(_nested(values), Mark(origin)), given), (), self.name)

    def anywhere(self) -> Config:
        """The config with absolute paths, as a run folder keeps it: a relative one means another file elsewhere."""
        known = {key: str(FilePath(path).expanduser().absolute()) for key, path in self.places().items()}
        return self.override(*(f"{key}={json.dumps(path)}" for key, path in known.items())) if known else self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.recipe_digest())


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any], overrides: Iterable[str] = (), *, written_by: int | None = None
) -> Config:
    """The config in a YAML file, with `extends` followed and overrides (`train.epochs=3`) applied.

    A mapping of plain values serves in place of a file, as a notebook writes it:
    `load_config({"model": {"name": "lenet5"}, "data": {"name": "digits"}})`.

    Args:
        source: the file, or the mapping.
        overrides: `key.path=value`.
        written_by: the format of the run folder that the file stands in: a key it does not name has the meaning of
            that day. None: today's.

    Raises:
        ZooError: with every mistake, one per line: `file:line:column: key: what; expected ...; mend`.
    """
    if isinstance(source, Mapping):
        return config_from_dict(source, overrides)
    tree = _read(os.fspath(source), ())
    if written_by is not None:
        tree = merge(_meant_then(tree, written_by), tree)
    return _finish(tree, overrides, FilePath(source).stem)


def config_from_dict(data: Mapping[str, Any], overrides: Iterable[str] = (), *, name: str | None = None) -> Config:
    """See `Config.from_dict`."""
    if not isinstance(data, Mapping):
        raise ZooError(f"config: got {shown(data)}", "a mapping with the blocks model and data")
    tree = _expand(from_plain(data, Mark("config")))
    return _finish(tree, overrides, name or _name_of(data))


def override_tree(tree: Node, overrides: Iterable[str], name: str) -> Config:
    """See `Config.override`."""
    return _finish(tree, overrides, name)


def _name_of(data: Mapping[str, Any]) -> str:
    parts = [block.get("name") for block in (data.get("model"), data.get("data")) if isinstance(block, Mapping)]
    return "_".join(str(part) for part in parts if part) or "run"


# --- reading ---------------------------------------------------------------------------------------------------
def _read(label: str, children: tuple[str, ...]) -> Node:
    """The tree of a file merged over its parents'; `children` are the files that led here."""
    tree = _expand(read_file(label))
    parent = tree.value.pop("extends", None)
    if parent is None:
        return tree
    if not isinstance(parent.value, str) or not parent.value:
        raise ZooError(f"{parent.mark}: extends: got {shown(parent.plain())}", "the name of one file")
    target = os.path.normpath(os.path.join(os.path.dirname(label), parent.value))
    chain = (*children, label)
    seen = [os.path.realpath(name) for name in chain]
    if os.path.realpath(target) in seen:
        circle = " -> ".join((*chain, target))
        raise ZooError(f"{parent.mark}: extends: goes round in a circle ({circle})", "", "remove one of them")
    if not os.path.exists(target):
        raise ZooError(f"{parent.mark}: extends: no such file {target}", "a file relative to this one")
    below = _read(target, chain)
    below.value.pop("name", None)  # a child is a run of its own
    return merge(below, tree)


def _expand(tree: Node) -> Node:
    """Writes `optimizer: sgd` as `optimizer: {name: sgd}`, so that merging and overriding find a mapping."""
    train = tree.value.get("train")
    if train is not None and isinstance(train.value, dict):
        for _, key in NAMED:
            node = train.value.get(key)
            if node is not None and isinstance(node.value, str):
                train.value[key] = Node({"name": Node(node.value, node.mark, node.key_mark)}, node.mark, node.key_mark)
    return tree


# --- overrides -------------------------------------------------------------------------------------------------
def _apply(tree: Node, overrides: Iterable[str], problems: list[Problem]) -> Node:
    for text in overrides:
        key, equals, value = text.partition("=")
        path = tuple(key.strip().split("."))
        if not equals or not all(path):
            problems.append(Problem((), f"'{text}'", "key.path=value, such as train.epochs=3"))
            continue
        if not value.strip():
            problems.append(Problem((), f"'{text}' has no value", "key.path=value", f"write {key}=null for none"))
            continue
        try:
            item: Any = parse_value(value.strip())
        except ZooError as error:
            problems.append(Problem((), f"'{text}': {error}"))
            continue
        for part in reversed(path):
            item = {part: item}
        tree = merge(tree, _expand(_mark_all(from_plain(item, Mark(COMMAND_LINE)))))
    return tree


def _mark_all(node: Node) -> Node:
    node.key_mark = node.mark
    if isinstance(node.value, dict):
        for item in node.value.values():
            _mark_all(item)
    return node


# --- older run folders -----------------------------------------------------------------------------------------
def _meant_then(tree: Node, written_by: int) -> Node:
    """What a config of that format means where it names no value and today's default is another one."""
    unused = _unused(tree)
    values = {key: value for key, value in older(written_by) if key not in unused}
    return from_plain(_nested(values), Mark(f"format {written_by}"))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`{"train.epochs": 3}` as `{"train": {"epochs": 3}}`."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        *blocks, last = key.split(".")
        node = nested
        for block in blocks:
            node = node.setdefault(block, {})
        node[last] = value
    return nested


def _unused(tree: Node) -> set[str]:
    """The keys of the data block that its source does not use, and which may not be given therefore."""
    try:
        return {f"data.{key}" for key in DataConfig.model_validate(tree.plain().get("data")).unused()}
    except ValidationError:  # which is said with all other mistakes
        return set()


# --- checking --------------------------------------------------------------------------------------------------
def _finish(tree: Node, overrides: Iterable[str], name: str) -> Config:
    stray: list[Problem] = []  # mistakes in overrides that have no key
    tree = _apply(tree, overrides, stray)
    data = tree.plain()
    data.setdefault("name", clean_name(name))
    config, problems = _validate(data)
    if config is not None:
        bad = [p.path for p in problems] + [p.meant for p in problems if p.meant]
        problems += contradictions(config, bad)
    lines = [f"{COMMAND_LINE}: {problem}" for problem in stray] + _lines(tree, problems)
    if lines:
        more = len(lines) - MAX_LINES
        raise ZooError("\n".join(lines[:MAX_LINES] + ([f"... and {more} more"] if more > 0 else [])))
    assert config is not None
    config._tree = tree
    config._origins = dict(_origins(tree, config.to_dict(), ()))
    return config


def _validate(data: dict[str, Any]) -> tuple[Config | None, list[Problem]]:
    """The config, and the mistakes of single values; with mistakes, the config of what is left without them."""
    try:
        return Config.model_validate(data), []
    except ValidationError as error:
        problems = _translate(error)
    for path in sorted({p.path for p in problems}, key=lambda p: [(isinstance(x, int), x) for x in p], reverse=True):
        _remove(data, path)
    try:
        return Config.model_validate(data), problems
    except ValidationError:
        return None, problems


def _remove(data: Any, path: Path) -> None:
    try:
        for part in path[:-1]:
            data = data[part]
        del data[path[-1]]
    except (IndexError, KeyError, TypeError):
        return  # what is missing cannot be removed


def _translate(error: ValidationError) -> list[Problem]:
    problems = []
    for item in error.errors():
        path: Path = item["loc"]
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, Problems):
            problems += [problem.below(path) for problem in cause.problems]
        elif item["type"] == "extra_forbidden":
            problems.append(unknown_key(path, known_keys()))
        elif item["type"] == "missing":
            mend = f"add {path[0]}: {{name: {EXAMPLES[path[:1]]}}}"
            problems.append(Problem(path, "missing", "a name" if len(path) > 1 else "a mapping", mend))
        elif item["type"] in ("model_type", "model_attributes_type", "dict_type"):
            block = path[-1] if path else "config"
            mend = f"remove {block} for its defaults" if item["input"] is None else ""
            if path in (("model",), ("data",)):
                name = item["input"] if isinstance(item["input"], str) else EXAMPLES[path]
                mend = f"write {block}: {{name: {name}}}"
            problems.append(wrong(path, "a mapping of options", item["input"], mend))
        elif item["type"] == "tuple_type":
            text = isinstance(item["input"], str)
            problems.append(wrong(path, "a list", item["input"], f"write [{item['input']}]" if text else ""))
        else:
            problems.append(Problem(path, item["msg"][0].lower() + item["msg"][1:] + f", got {shown(item['input'])}"))
    return problems


def known_keys() -> list[Path]:
    """Every key a config may hold, in the order of the schema."""
    return list(_keys(Config, ()))


def _keys(model: type[BaseModel], prefix: Path) -> Iterator[Path]:
    for key, info in model.model_fields.items():
        yield (*prefix, key)
        inner = next((t for t in _types(info.annotation) if isinstance(t, type) and issubclass(t, BaseModel)), None)
        if inner is not None and issubclass(inner, NamedBlock) and key != "metrics":
            yield from ((*prefix, key, arg) for arg in inner.all_keys())
        elif (*prefix, key) == ("model", "args"):
            yield from ((*prefix, key, word) for word in MODEL_WORDS)
        elif inner is not None and not issubclass(inner, NamedBlock):
            yield from _keys(inner, (*prefix, key))


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _types(part)


def _lines(tree: Node, problems: list[Problem]) -> list[str]:
    """One line per mistake, in the order of the file."""
    placed = []
    for problem in dict.fromkeys(problems):
        node, exact = tree.find(problem.path)
        mark = (node.key_mark or node.mark) if problem.at_key or not exact else node.mark
        if not exact and node is tree:
            mark = Mark(node.mark.source)
        placed.append(((mark.line is None, mark.source, mark.line or 0, mark.column or 0), f"{mark}: {problem}"))
    return [line for _, line in sorted(placed, key=lambda item: item[0])]


def _origins(tree: Node, value: Any, path: Path) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _origins(tree, item, (*path, key))
        return
    node, exact = tree.find(path)
    yield ".".join(map(str, path)), node.mark.origin if exact else "default"


def json_schema() -> dict[str, Any]:
    """The JSON schema of a config file, for editors."""
    schema = Config.model_json_schema()
    schema["$schema"] = "http://json-schema.org/draft-07/schema#"
    schema["title"] = "zoo config"
    schema["required"] = ["model", "data"]
    extends = {"type": "string", "description": "a config beside this one, whose values are taken where this has none"}
    schema["properties"] = {"extends": extends, **schema["properties"]}
    known = schema["$defs"]["ModelConfig"]["properties"]["name"]
    known["anyOf"] = [{"enum": model_names()}, {"pattern": "^[^:]+:[^:]+$"}]
    return schema
