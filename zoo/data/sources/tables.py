"""Texts in tables: CSV, TSV and JSON lines with a column of texts and a column of classes.

`data.path` is one file, or a folder with train.csv and, where they exist, validation.csv and test.csv.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.raw import Raw
from zoo.data.sources.folders import PARTS
from zoo.data.sources.official import own
from zoo.data.text.vocabulary import raw_texts, utf8
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    from zoo.config import DataConfig

MAX_FIELD = 2**24  # characters of one text


def read(data: DataConfig) -> Raw:
    """`Texts` with labels; the classes are those of the training part, sorted, numbers by size."""
    kind = data.name
    path = own(data, want=f"a .{kind} file, or a folder with train.{kind} and test.{kind}")
    rows = [
        (text, label, part, where)
        for part, file in _files(path, kind).items()
        for text, label, where in _labelled(file, data)
    ]
    found = {label for _, label, part, _ in rows if part == "train"}
    names = sorted_classes(found)
    if len(names) < 2:
        held = f"only the class '{names[0]}'" if names else "no rows"
        raise ZooError(f"{path} holds {held} in its training part", "two classes or more", "correct data.label")
    index = {name: i for i, name in enumerate(names)}
    for _, label, _, where in rows:
        if label not in index:
            raise ZooError(
                f"{where} has the {data.label} '{label}', which the training part does not have",
                f"one of {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}",
                "correct or remove the row",
            )
    return raw_texts(kind, names, [(text, index[label], part) for text, label, part, _ in rows], ())


def _files(path: Path, kind: str) -> dict[str, Path]:
    if path.is_file():
        return {"train": path}
    found = {}
    for part, names in PARTS.items():
        files = [path / f"{name}.{kind}" for name in names if (path / f"{name}.{kind}").is_file()]
        if files:
            found[part] = files[0]
    if "train" not in found:
        raise ZooError(f"{path} lacks train.{kind}", f"train.{kind}, or the path of one file", "correct data.path")
    return found


def _labelled(path: Path, data: DataConfig) -> Iterator[tuple[str, str, str]]:
    """(text, label, where it stands) of each row."""
    lines = io.StringIO(utf8(path.read_bytes(), str(path), rows=True), newline="")
    for where, row in (_json_rows if data.name == "jsonl" else _csv_rows)(path, lines, data):
        for key in (data.text, data.label):
            if key not in row:
                raise ZooError(f"{where} has no '{key}' (it has {', '.join(map(str, row))})", f"'{key}'", "add it")
        text, label = row[data.text], row[data.label]
        if not isinstance(text, str):
            raise ZooError(f"{where} has no text in '{data.text}'", "a string", "correct the row")
        if label is None or isinstance(label, (dict, list)) or not str(label).strip():
            raise ZooError(f"{where} has no {data.label}", "a name or a number", "add it, or remove the row")
        yield text, str(label).strip(), where


def _csv_rows(path: Path, lines: io.StringIO, data: DataConfig) -> Iterator[tuple[str, dict[str, str]]]:
    before = csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(lines, delimiter="\t" if data.name == "tsv" else ",", strict=True)
    try:
        header = next(reader, [])
        for key, option in ((data.text, "text"), (data.label, "label")):
            if header.count(key) != 1:
                what = "two columns" if key in header else "no column"
                raise ZooError(
                    f"{path} has {what} '{key}' (its first row is {', '.join(header[:8]) or 'empty'})",
                    f"a first row with the names of the columns, '{data.text}' and '{data.label}' among them",
                    f"set data.{option}; {did_you_mean(key, header)}" if header else "give another file",
                )
        for number, row in enumerate(reader, start=2):
            if not row:
                continue
            where = f"{path}, row {number} (line {reader.line_num})"
            if len(row) != len(header):
                raise ZooError(
                    f"{where} has {len(row)} field{'s' if len(row) > 1 else ''}",
                    f"{len(header)}, as in the first row",
                    "quote texts that hold the separator",
                )
            yield where, dict(zip(header, row, strict=True))
    except csv.Error as e:
        raise ZooError(
            f"{path}, line {reader.line_num}, cannot be read ({e})",
            "quotes that are closed, and doubled inside quotes",
            "correct the row",
        ) from e
    finally:
        csv.field_size_limit(before)


def _json_rows(path: Path, lines: io.StringIO, data: DataConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, row {number},"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as e:
            raise ZooError(f"{where} is not JSON ({e})", "one object on each line", "correct the row") from e
        if not isinstance(row, dict):
            raise ZooError(f"{where} is not an object", f'{{"{data.text}": ..., "{data.label}": ...}}', "correct it")
        yield where.removesuffix(","), row


def sorted_classes(found: set[str]) -> tuple[str, ...]:
    """Class names by alphabet, numbers by size."""
    return tuple(sorted(found, key=int if all(map(_is_number, found)) else None))


def _is_number(label: str) -> bool:
    return label.removeprefix("-").isdecimal()
