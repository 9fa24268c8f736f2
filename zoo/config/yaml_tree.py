"""Reading YAML safely and strictly into a tree in which every value knows its file, line and column.

YAML 1.2's core schema (Sec. 10.3.2): `1e-3` is a number, `no` and `on` are texts, `0o17` is 15; there are no
sexagesimals and no dates. Refused: tags, anchors and aliases, duplicate keys, tabs as indentation, several
documents, anything but UTF-8, files above 256 KB, an empty file, a top level that is no mapping.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import yaml

from zoo.errors import ZooError

from .mistakes import Path, dotted

COMMAND_LINE = "command line"  # the source of overrides
A_CONFIG = "the blocks model and data; start from a file in configs/"
MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_LINES = 30  # of mistakes shown at once
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")  # longer ones are read as floats
_OCTAL, _HEX = re.compile(r"0o[0-7]{1,20}\Z"), re.compile(r"0x[0-9a-fA-F]{1,15}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INF, _NAN = re.compile(r"([-+]?)\.(?:inf|Inf|INF)\Z"), re.compile(r"\.(?:nan|NaN|NAN)\Z")


def scalar(text: str) -> Any:
    """The value of a plain (unquoted) scalar by YAML 1.2's core schema."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text[0] in "tT"
    if _INT.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEX.match(text):
        return int(text[2:], 16)
    if _FLOAT.match(text):
        return float(text)
    if match := _INF.match(text):
        return float(match[1] + "inf")
    return float("nan") if _NAN.match(text) else text


@dataclass(frozen=True)
class Mark:
    """Where something stands: a file with line and column (from 1), or a source without lines."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"

    @property
    def origin(self) -> str:
        """As `zoo config` shows it: `configs/x.yaml:7`."""
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass
class Node:
    """A value with its place: a scalar, a list of nodes or a dict of nodes."""

    value: Any
    mark: Mark
    key_mark: Mark | None = None

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value

    def find(self, path: Path) -> tuple[Node, bool]:
        """The node at `path` or the nearest one above it, and whether it is exactly there."""
        node = self
        for part in path:
            try:
                node = node.value[part]
            except (IndexError, KeyError, TypeError):
                return node, False
        return node, True


def from_plain(value: Any, mark: Mark) -> Node:
    """A tree of plain Python values, all standing at one place."""
    if isinstance(value, Mapping):
        return Node({str(key): from_plain(item, mark) for key, item in value.items()}, mark)
    if isinstance(value, (list, tuple)):
        return Node([from_plain(item, mark) for item in value], mark)
    return Node(value, mark)


def merge(below: Node, above: Node) -> Node:
    """Deep merge: mappings key by key, everything else is replaced by what stands above."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node) if key in merged else node
    return Node(merged, above.mark, above.key_mark)


def read_file(path: str | os.PathLike[str], holds: str = A_CONFIG) -> Node:
    """The tree of a config file, or of another that `holds` something else.

    Raises:
        ZooError: unreadable, not UTF-8, too large, not the YAML a config may be; with line and column.
    """
    label = os.fspath(path)
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ZooError(f"{label}: no such file", "a YAML config", _neighbour(label)) from None
    except IsADirectoryError:
        raise ZooError(f"{label}: is a folder", "a YAML config", "name the file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ZooError(f"{label}: cannot be read ({reason})", "a YAML config") from None
    if len(raw) > MAX_BYTES:
        raise ZooError(f"{label}: larger than {MAX_BYTES // 1024} KB", "a YAML config of a few lines")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ZooError(f"{label}:{line}: not UTF-8", "a YAML config", "save the file as UTF-8") from None
    return parse(text, label, holds)


def parse(text: str, label: str, holds: str = A_CONFIG) -> Node:
    """The tree of a YAML text whose top level is a mapping; `label` and what such a text `holds` stand in messages.

    Raises:
        ZooError: as `read_file`.
    """
    if tab := re.search(r"^ *\t[ \t]*(?=[^\s#])", text, re.MULTILINE):
        line, before = text.count("\n", 0, tab.start()) + 1, tab.group().index("\t")
        raise ZooError(
            f"{label}:{line}:{before + 1}: a tab in the indentation", "spaces", "replace the tab by two spaces"
        )
    root = _Reader(label).document(text)
    if root is None or (root.value is None):
        raise ZooError(f"{label}: empty", holds)
    if not isinstance(root.value, dict):
        raise ZooError(f"{root.mark}: the top level is no mapping", holds)
    return root


def parse_value(text: str) -> Any:
    """The value of an override by the same rules: a scalar, or `{...}`, `[...]`, `'...'` and `"..."`.

    Raises:
        ZooError: the text is not the YAML a config may hold.
    """
    if text[:1] not in ("{", "[", "'", '"'):
        return scalar(text)
    root = _Reader(COMMAND_LINE).document(text)
    return None if root is None else root.plain()


class _Reader:
    """Builds nodes from the parser's events, so that nothing is ever resolved, expanded or constructed."""

    def __init__(self, label: str):
        self.label = label
        self.mistakes: list[str] = []

    def document(self, text: str) -> Node | None:
        events = yaml.parse(text, Loader=_Loader)
        root, documents = None, 0
        try:
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._note(event, "a second document ('---')", "one document per file")
                        break
                    root = self._node(next(events), events, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Mark(self.label, mark.line + 1, mark.column + 1) if mark else self.label
            text = f"not valid YAML ({_problem(error)}); check indentation, quotes and brackets"
            self.mistakes.append(text if self.label == COMMAND_LINE else f"{place}: {text}")
        except yaml.YAMLError:
            self.mistakes.append(f"{self.label}: holds a control character; expected plain text")
        if self.mistakes:
            more = len(self.mistakes) - MAX_LINES
            raise ZooError("\n".join(self.mistakes[:MAX_LINES] + ([f"... and {more} more"] if more > 0 else [])))
        return root

    def _mark(self, event: yaml.Event) -> Mark:
        return Mark(self.label, event.start_mark.line + 1, event.start_mark.column + 1)

    def _note(self, event: yaml.Event, what: str, expected: str) -> None:
        place = "" if self.label == COMMAND_LINE else f"{self._mark(event)}: "
        self.mistakes.append(f"{place}{what}; expected {expected}")

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Node:
        mark = self._mark(event)
        if isinstance(event, yaml.AliasEvent):
            self._note(event, f"an alias (*{event.anchor})", "the value itself; aliases are refused")
            return Node(None, mark)
        if event.anchor is not None:
            self._note(event, f"an anchor (&{event.anchor})", "the value alone; anchors are refused")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(event, f"a tag ({tag})", "a plain value; tags are refused")
        if isinstance(event, yaml.ScalarEvent):
            return Node(scalar(event.value) if event.style in (None, "") else event.value, mark)
        if len(path) >= MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} levels"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._node(event, events, (*path, len(items))))
            return Node(items, mark)
        return self._mapping(mark, events, path)

    def _mapping(self, mark: Mark, events: Iterator[yaml.Event], path: Path) -> Node:
        found: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key_mark = self._mark(event)
            self._node(event, events, (*path, "?"))  # notes tags, anchors and aliases of the key
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            node = self._node(next(events), events, (*path, key or "?"))
            node.key_mark = key_mark
            if not key:
                self._note(event, "a key that is no word", "key: value")
            elif key in found:
                self._note(
                    event,
                    f"{dotted((*path, key))}: duplicate key",
                    f"it once; the first stands at {found[key].key_mark}",
                )
            else:
                found[key] = node
        return Node(found, mark)


def _problem(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part)


def _neighbour(label: str) -> str:
    folder, name = os.path.split(label)
    try:
        names = sorted(p.name for p in FilePath(folder or ".").iterdir() if p.suffix in (".yaml", ".yml"))
    except OSError:
        return ""
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {os.path.join(folder, close[0])}?" if close else ""


class _Dumper(yaml.SafeDumper):
    """Writes YAML that versions 1.1 and 1.2 read alike."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "'" if not isinstance(scalar(text), str) else None  # '1e-3' is a text only in YAML 1.1
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump(data: Mapping[str, Any]) -> str:
    """YAML of plain values, keys in their order, innermost collections on one line."""
    return yaml.dump(
        dict(data), Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True
    )
