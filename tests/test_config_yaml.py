"""The YAML a config may be: strict, safe, version 1.2, with line and column in every refusal."""

import math
import time

import pytest

from zoo.config import Config, load_config
from zoo.config.yaml_tree import dump, parse, parse_value, scalar
from zoo.errors import ZooError

BASE = "model: {name: lenet5}\ndata: {name: digits}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("+3", 3),
        ("007", 7),
        ("0o17", 15),
        ("0xff", 255),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("1e", "1e"),
        (".", "."),
        ("0b1", "0b1"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
    ],
)
def test_scalars_are_yaml_1_2(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)
    assert type(parse_value(f"[{text or '~'}]")[0]) is type(value)


def test_quoted_scalars_are_texts():
    assert parse("a: '3'\nb: \"no\"\nc: |\n  true\n", "x").plain() == {"a": "3", "b": "no", "c": "true\n"}


def test_dump_writes_what_both_versions_read_alike():
    import yaml

    data = {"a": ["1e-3", "no", "0o17", "12:30", "", "null", "é", "a: b", "#", "1e5"], "b": 1e-5, "c": None, "d": True}
    assert parse(dump(data), "x").plain() == data
    assert yaml.safe_load(dump(data)) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.yaml: empty; expected the blocks model and data; start from a file in configs/"),
        ("# nothing\n", "x.yaml: empty; expected the blocks model and data; start from a file in configs/"),
        (
            "- a\n",
            "x.yaml:1:1: the top level is no mapping; expected the blocks model and data; start "
            "from a file in configs/",
        ),
        (
            "lenet5\n",
            "x.yaml:1:1: the top level is no mapping; expected the blocks model and data; start "
            "from a file in configs/",
        ),
        (
            BASE + "train:\n\tepochs: 3\n",
            "x.yaml:4:1: a tab in the indentation; expected spaces; replace the tab by two spaces",
        ),
        (
            BASE + "train:\n  \tepochs: 3\n",
            "x.yaml:4:3: a tab in the indentation; expected spaces; replace the tab by two spaces",
        ),
        (
            BASE + "train: {epochs: 3, epochs: 4}\n",
            "x.yaml:3:20: train.epochs: duplicate key; expected it once; the first stands at x.yaml:3:9",
        ),
        (
            BASE + "data: {name: mnist}\n",
            "x.yaml:3:1: data: duplicate key; expected it once; the first stands at x.yaml:2:1",
        ),
        (
            BASE + "name: !!python/object/apply:os.system [ls]\n",
            "x.yaml:3:7: a tag (!!python/object/apply:os.system); expected a plain value; tags are refused",
        ),
        (BASE + "name: !!str 3\n", "x.yaml:3:7: a tag (!!str); expected a plain value; tags are refused"),
        (BASE + "name: ! 3\n", "x.yaml:3:7: a tag (!); expected a plain value; tags are refused"),
        (
            BASE + "? !!python/name:os.system x\n: 3\n",
            "x.yaml:3:3: a tag (!!python/name:os.system); expected a plain value; tags are refused",
        ),
        (BASE + "name: &n x\n", "x.yaml:3:7: an anchor (&n); expected the value alone; anchors are refused"),
        (BASE + "name: *n\n", "x.yaml:3:7: an alias (*n); expected the value itself; aliases are refused"),
        (BASE + "---\n" + BASE, "x.yaml:3:1: a second document ('---'); expected one document per file"),
        (BASE + "[a]: 3\n", "x.yaml:3:1: a key that is no word; expected key: value"),
        (
            BASE + "train: {epochs: 3\n",
            "x.yaml:4:1: not valid YAML (while parsing a flow mapping did not find expected "
            "',' or '}'); check indentation, quotes and brackets",
        ),
        (
            BASE + "a: " + "[" * 900,
            "x.yaml:3:23: not valid YAML (more than 20 levels); check indentation, quotes and brackets",
        ),
        (BASE + "a: \x07\n", "x.yaml: holds a control character; expected plain text"),
    ],
)
def test_what_is_refused(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ZooError) as caught:
        load_config("x.yaml")
    assert str(caught.value) == message


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{? "])
def test_deep_nesting_is_refused_at_once(opening):
    with pytest.raises(ZooError):
        parse("a:\n " + opening * 20000, "x")


def test_an_alias_bomb_costs_nothing():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 60))
    begun = time.perf_counter()
    with pytest.raises(ZooError, match=r"x:1:5: an anchor \(&a0\)") as caught:
        parse(bomb, "x")
    assert time.perf_counter() - begun < 2
    assert str(caught.value).endswith("... and 561 more")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (BASE.encode("utf-16"), "x.yaml:1: not UTF-8; expected a YAML config; save the file as UTF-8"),
        (BASE.encode() + b"# caf\xe9\n", "x.yaml:3: not UTF-8; expected a YAML config; save the file as UTF-8"),
        (b"#" * 300_000, "x.yaml: larger than 256 KB; expected a YAML config of a few lines"),
    ],
)
def test_bytes_that_are_refused(tmp_path, monkeypatch, raw, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_bytes(raw)
    with pytest.raises(ZooError) as caught:
        load_config("x.yaml")
    assert str(caught.value) == message


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert load_config(tmp_path / "x.yaml") == Config.from_dict(
        {"name": "x", "model": {"name": "lenet5"}, "data": {"name": "digits"}}
    )


def test_a_missing_file_names_its_neighbour(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lenet5_digits.yaml").write_text(BASE)
    for path, message in [
        (
            "lenet_digits.yaml",
            "lenet_digits.yaml: no such file; expected a YAML config; did you mean lenet5_digits.yaml?",
        ),
        ("nowhere/x.yaml", "nowhere/x.yaml: no such file; expected a YAML config"),
        (".", ".: is a folder; expected a YAML config; name the file in it"),
    ]:
        with pytest.raises(ZooError) as caught:
            load_config(path)
        assert str(caught.value) == message
