"""Wrong texts and word vectors as a user meets them: one sentence with file and row, exit code 2, no run folder."""

import pytest
from test_cli import refused, zoo
from test_data_own_texts import films, in_folder, write

GOOD = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in films(20))
VECTORS = "the 1 2 3\nfilm 1 2 3\n"


def told(tmp_path, data, *fragments, args="{}", files=None):
    """`zoo train` and `zoo data` refuse the data with one sentence and leave nothing behind."""
    for name, contents in (files or {}).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    config = write(tmp_path / "c.yaml", f"model: {{name: textcnn, args: {args}}}\ndata: {data}\n")
    before = {p for p in tmp_path.rglob("*")}
    for command in ("train",) if args != "{}" else ("train", "data"):
        lines = refused(zoo(command, config, cwd=tmp_path), *fragments)
        assert len(lines) == 1
        assert {p for p in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    ("files", "data", "fragments"),
    [
        ({"a.csv": GOOD + "dull,neg,x\n"}, "{name: csv, path: a.csv}", ["a.csv, row 22 (line 22) has 3 fields"]),
        ({"a.csv": GOOD + "dull,\n"}, "{name: csv, path: a.csv}", ["a.csv, row 22 (line 22) has no label"]),
        (
            {"a.csv": GOOD.encode() + b"caf\xe9,neg\n"},
            "{name: csv, path: a.csv}",
            ["a.csv is not UTF-8 (line 22 holds 0xe9)"],
        ),
        ({"a.csv": b""}, "{name: csv, path: a.csv}", ["a.csv has no column 'text' (its first row is empty)"]),
        ({"a.csv": GOOD}, "{name: csv, path: a.csv, min_count: 99}", ["no word is left in the vocabulary"]),
        (
            {"d/train.csv": GOOD, "d/test.csv": "text,label\nfine,pos\nso,so\n"},
            "{name: csv, path: d}",
            ["test.csv, row 3 (line 3) has the label 'so'", "expected one of neg, pos"],
        ),
        (
            {"d/train.csv": GOOD, "d/test.csv": "text,label\nfine,pos\nso,\n"},
            "{name: csv, path: d}",
            ["test.csv, row 3 (line 3) has no label"],
        ),
        ({"f/pos/0.txt": "fine"}, "{name: text_folder, path: f}", ["f holds only the class folder pos/"]),
        (
            {"f/pos/0.txt": "fine", "f/neg/notes.md": "x"},
            "{name: text_folder, path: f}",
            ["class folder f/neg holds no text; expected files ending in .txt"],
        ),
        (
            {"f/pos/0.txt": b"caf\xe9", "f/neg/0.txt": "x"},
            "{name: text_folder, path: f}",
            ["f/pos/0.txt is not UTF-8 (byte 4 holds 0xe9)"],
        ),
        ({}, "{name: text_folder, path: none}", ["none does not exist"]),
    ],
)
def test_wrong_texts(tmp_path, files, data, fragments):
    told(tmp_path, data, *fragments, files=files)


@pytest.mark.parametrize(
    ("vectors", "args", "fragments"),
    [
        (VECTORS + "dull 1 2", "", ["row 3 of v.txt holds 2 numbers; expected 3"]),
        (VECTORS, "embedding_dim: 50", ["embedding_dim is 50, but the vectors in v.txt have 3 numbers"]),
        (VECTORS.encode() + b"caf\xe9 1 2 3\n", "", ["row 3 of v.txt is not UTF-8"]),
        (VECTORS.encode("utf-16"), "", ["row 1 of v.txt is not UTF-8"]),
        (b"", "", ["v.txt is no file of word vectors"]),
    ],
)
def test_wrong_vectors(tmp_path, vectors, args, fragments):
    in_folder(tmp_path / "f", films(20))
    data = "{name: text_folder, path: f}"
    told(tmp_path, data, *fragments, args=f"{{embedding: v.txt, {args}}}", files={"v.txt": vectors})
