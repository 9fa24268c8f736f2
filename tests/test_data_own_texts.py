"""Texts of one's own: folders, archives and tables; the vocabulary; what a wrong row is told."""

import io
import json
import tarfile

import numpy as np
import pytest
from test_data import same, settings, take

from zoo.config import Config
from zoo.data import Preprocessor, decode, load
from zoo.errors import ZooError

GOOD, BAD = "A fine film, don't miss it: 'great'", "Dull <br />and long"


def block(name, path, **changes):
    return settings(name, **{"path": str(path), "validation": 0.25, "maxlen": 8} | changes)


def films(count=12):
    """(text, class) with a word of its own in each text."""
    return [(f"{(GOOD, BAD)[i % 2]} number{i}", ("pos", "neg")[i % 2]) for i in range(count)]


def in_folder(root, rows, below=""):
    for i, (text, label) in enumerate(rows):
        path = root / below / label / f"{i:03d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def archive(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for name, contents in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(contents, bytes):
                info.size = len(contents)
                tar.addfile(info, io.BytesIO(contents))
            else:
                info.type, info.linkname = contents
                tar.addfile(info)
    return path


def acl(root):
    for part in ("train", "test"):
        in_folder(root, films(), part)
    (root / "train" / "unsup").mkdir()
    (root / "train" / "unsup" / "0.txt").write_text("no label")
    (root / "train" / "urls_pos.txt").write_text("http://a")
    return root


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


# -- sources that agree ----------------------------------------------------------------------------------------------


def test_folder_archive_and_tables_give_the_same(tmp_path):
    rows = sorted(films(), key=lambda row: row[1])
    quoted = "".join('"{}",{}\r\n'.format(text.replace('"', '""'), label) for text, label in rows)
    paths = {
        "text_folder": in_folder(tmp_path / "folder", rows),
        "csv": write(tmp_path / "a.csv", "\ufefftext,label\r\n" + quoted),
        "tsv": write(tmp_path / "a.tsv", "label\tn\ttext\n" + "".join(f"{b}\t1\t{a}\n" for a, b in rows)),
        "jsonl": write(tmp_path / "a.jsonl", "\n".join(json.dumps({"text": a, "label": b}) for a, b in rows)),
    }
    made = {name: load(block(name, path), seed=0) for name, path in paths.items()}
    members = {str(p.relative_to(tmp_path)): p.read_bytes() for p in paths["text_folder"].rglob("*.txt")}
    made["tar"] = load(block("text_folder", archive(tmp_path / "a.tgz", members)), seed=0)
    first = made.pop("text_folder")
    assert first.info.class_names == ("neg", "pos")
    assert first.info.sizes == {"train": 6, "validation": 3, "test": 3}
    for data in made.values():
        assert data.info.hash == first.info.hash
        assert data.info.vocabulary == first.info.vocabulary
        assert same(take(data.train.stream(), 3), take(first.train.stream(), 3))
    assert load(block("csv", write(tmp_path / "b.csv", "text,label\n" + quoted + "x,pos\n")), seed=0).info.hash != (
        first.info.hash
    )


def test_the_layout_of_acl_imdb(tmp_path):
    data = load(block("text_folder", acl(tmp_path / "aclImdb")), seed=0)
    assert data.info.class_names == ("neg", "pos")
    assert data.info.class_counts["test"] == [6, 6]
    (x, y), *_ = take(data.test, 1)
    assert list(y) == [0] * 6 + [1] * 6
    preprocessor = Preprocessor.from_dict(data.info.preprocessing, data.info.vocabulary)
    texts = [p.read_text() for label in ("neg", "pos") for p in sorted((tmp_path / "aclImdb/test" / label).iterdir())]
    assert np.array_equal(x, preprocessor.texts(texts))
    members = {
        f"aclImdb/{p.relative_to(tmp_path / 'aclImdb')}": p.read_bytes() for p in (tmp_path / "aclImdb").rglob("*.txt")
    }
    tarred = load(block("text_folder", archive(tmp_path / "aclImdb.tar.gz", members)), seed=0)
    assert tarred.info.hash == data.info.hash


def test_tables_in_parts(tmp_path):
    for name, count in (("train", 8), ("dev", 4), ("test", 6)):
        rows = "".join(f'"{text}",{i % 3}\n' for i, (text, _) in enumerate(films(count)))
        write(tmp_path / f"{name}.csv", "review,stars\n" + rows)
    data = load(block("csv", tmp_path, text="review", label="stars"), seed=0)
    assert data.info.sizes == {"train": 8, "validation": 4, "test": 6}
    assert data.info.class_names == ("0", "1", "2")
    with pytest.raises(ZooError, match=r"data.validation is 0, but .* has a validation part of its own; .* remove"):
        load(block("csv", tmp_path, text="review", label="stars", validation=0.0), seed=0)


def test_numbers_as_classes_are_sorted_by_size(tmp_path):
    rows = "".join(json.dumps({"text": f"a{i}", "label": (10, 9, -1)[i % 3]}) + "\n" for i in range(24))
    data = load(block("jsonl", write(tmp_path / "a.jsonl", rows)), seed=0)
    assert data.info.class_names == ("-1", "9", "10")


def test_quotes_and_line_ends_inside_a_field(tmp_path):
    text = "text,label\n" + '"He said ""no"",\nthen yes",a\n' * 4 + "plain,b\n" * 4
    data = load(block("csv", write(tmp_path / "a.csv", text), validation=0.0, test=0.5), seed=0)
    x, _ = data.train.arrays()
    assert decode(x[0], data.info.vocabulary) == "he said no then yes"


# -- the vocabulary --------------------------------------------------------------------------------------------------


def test_vocabulary_is_of_the_training_part_alone(tmp_path):
    data = load(block("text_folder", in_folder(tmp_path, films())), seed=0)
    words = data.info.vocabulary
    rows = sorted(films(), key=lambda row: row[1])  # folders are read class by class
    seen = {rows[i][0].split()[-1] for i in data.splits["train"]}
    unseen = {rows[i][0].split()[-1] for part in ("validation", "test") for i in data.splits[part]}
    assert seen <= set(words)
    assert not unseen & set(words)
    assert words[:4] == ("<pad>", "<start>", "<unknown>", "<unused>")
    assert words[4:6] == ("a", "and")  # both three times: by alphabet
    assert "great" in words
    assert "don't" in words
    assert len(words) == data.info.vocabulary_size == 4 + 7 + 4 + 6


def test_size_and_least_count_of_the_vocabulary(tmp_path):
    path = in_folder(tmp_path / "films", films())
    assert len(load(block("text_folder", path, num_words=6), seed=0).info.vocabulary) == 6
    twice = in_folder(tmp_path / "twice", [(f"alpha zeta {i} zeta", "ab"[i % 2]) for i in range(24)])
    assert load(block("text_folder", twice, num_words=6), seed=0).info.vocabulary[4:] == ("zeta", "alpha")
    often = load(block("text_folder", path, min_count=2), seed=0)
    assert not any(word.startswith("number") for word in often.info.vocabulary)
    x, _ = often.train.arrays()
    assert (x[:, -1] == 2).all()  # number7 is unknown
    for words in ({"num_words": 4}, {"min_count": 99}):
        with pytest.raises(ZooError, match=r"no word is left in the vocabulary by data.num_words=.* data.min_count"):
            load(block("text_folder", path, **words), seed=0)


def test_length_follows_the_texts_unless_it_is_given(tmp_path):
    rows = [(" ".join(["word"] * (20 + 300 * (i < 4))), "ab"[i % 2]) for i in range(200)]
    path = in_folder(tmp_path, rows)
    assert load(block("text_folder", path, maxlen=None), seed=0).info.input_shape == (21,)
    assert load(block("text_folder", path, maxlen=None), seed=0, input_shape=(None,)).info.input_shape == (21,)
    assert load(block("text_folder", path, maxlen=None), seed=0, input_shape=(30,)).info.input_shape == (30,)
    assert load(block("text_folder", path, maxlen=5), seed=0, input_shape=(5,)).info.input_shape == (5,)


def test_texts_without_words_are_said(tmp_path):
    data = load(block("text_folder", in_folder(tmp_path, [*films(), ("...", "pos")])), seed=0)
    assert data.info.notes == ("texts without words: 1",)
    with pytest.raises(ZooError, match="the training part holds no words"):
        load(block("text_folder", in_folder(tmp_path / "none", [("!", "ab"[i % 2]) for i in range(12)])), seed=0)


# -- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a/x.txt": b"x", "../b/y.txt": b"y"}, r"'../b/y.txt' in .*a.tar leads out of the archive; expected files"),
        ({"/etc/x.txt": b"x"}, "'/etc/x.txt' in .* leads out of the archive"),
        ({"a/x.txt": (tarfile.SYMTYPE, "/etc/passwd")}, "'a/x.txt' in .* is a link or a device; .*; pack it anew"),
        ({"a/x.txt": (tarfile.LNKTYPE, "b")}, "'a/x.txt' in .* is a link or a device"),
        ({"a/x.txt": b"x", "a/y.txt": b"y"}, "holds no class folders"),
        (
            {"train/a/x.txt": b"x", "train/b/y.txt": b"caf\xe9"},
            r"train/b/y.txt in .*a.tar is not UTF-8 \(byte 4 holds 0xe9",
        ),
    ],
)
def test_archives_that_are_refused(tmp_path, members, message):
    path = archive(tmp_path / "a.tar", members, "w")
    with pytest.raises(ZooError, match=message):
        load(block("text_folder", path), seed=0)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar"]


def test_a_cut_archive(tmp_path):
    path = archive(tmp_path / "a.tgz", {f"a/{i}.txt": bytes(np.random.default_rng(i).bytes(500)) for i in range(9)})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ZooError, match=r"a.tgz cannot be read as an archive; expected a .tar or .tar.gz"):
        load(block("text_folder", path), seed=0)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("csv", "text,label\ngood,pos\nbad\n", r"a.csv, row 3 \(line 3\) has 1 field; expected 2, as in the first row"),
        ("csv", 'text,label\n"go\nod",pos\nfine,x,pos\n', r"row 3 \(line 4\) has 3 fields; expected 2"),
        ("csv", 'text,label\n"good,pos\n', "a.csv, line 2, cannot be read .*; expected quotes that are closed"),
        (
            "csv",
            "txt,label\ngood,pos\n",
            r"has no column 'text' \(its first row is txt, label\).*set data.text; did you mean 'txt'",
        ),
        ("csv", "text,label,text\n", "a.csv has two columns 'text'"),
        ("csv", "", r"no column 'text' \(its first row is empty\)"),
        ("csv", "text,label\n", "a.csv holds no rows in its training part"),
        ("csv", "text,label\ngood,pos\nbad,\n", r"row 3 \(line 3\) has no label; expected a name or a number"),
        ("csv", "text,label\ngood,pos\nbad,pos\n", "holds only the class 'pos' in its training part"),
        ("tsv", "text\tlabel\ngood\tpos\nbad\tneg\tx\n", r"row 3 \(line 3\) has 3 fields"),
        ("jsonl", '{"text": "a", "label": 1}\n{"text"\n', "a.jsonl, row 2, is not JSON .*expected one object on each"),
        ("jsonl", '{"text": "a", "label": 1}\n[1]\n', "a.jsonl, row 2, is not an object"),
        ("jsonl", '{"text": "a", "lable": 1}\n', r"row 1 has no 'label' \(it has text, lable\)"),
        ("jsonl", '{"text": 5, "label": 1}\n', "row 1 has no text in 'text'; expected a string"),
        ("jsonl", '{"text": "a", "label": null}\n', "row 1 has no label"),
        ("jsonl", "[" * 100_000, "a.jsonl, row 1, is not JSON"),
    ],
)
def test_tables_that_are_refused(tmp_path, kind, text, message):
    with pytest.raises(ZooError, match=message):
        load(block(kind, write(tmp_path / f"a.{kind}", text)), seed=0)


def test_encoding_names_file_and_line(tmp_path):
    path = write(tmp_path / "a.csv", "text,label\ngood,pos\ncaf\xe9,neg\n", "latin-1")
    with pytest.raises(ZooError, match=r"a.csv is not UTF-8 \(line 3 holds 0xe9\); .*; convert it with `iconv"):
        load(block("csv", path), seed=0)
    path = in_folder(tmp_path / "f", films())
    (path / "pos" / "000.txt").write_bytes(b"\xff\xfea\x00")
    with pytest.raises(ZooError, match=r"pos/000.txt is not UTF-8 \(byte 1 holds 0xff\)"):
        load(block("text_folder", path), seed=0)


def test_a_class_of_the_test_part_alone(tmp_path):
    write(tmp_path / "train.csv", "text,label\na,x\nb,y\n")
    write(tmp_path / "test.csv", "text,label\na,x\nb,z\n")
    with pytest.raises(ZooError, match=r"test.csv, row 3 \(line 3\) has the label 'z', which the training part does"):
        load(block("csv", tmp_path), seed=0)
    (tmp_path / "train.csv").unlink()
    with pytest.raises(ZooError, match=r"lacks train.csv; expected train.csv, or the path of one file"):
        load(block("csv", tmp_path), seed=0)


def test_a_config_for_own_texts_takes_their_length(tmp_path):
    from zoo.build.create import wanted_shape

    plain = {"model": {"name": "textcnn"}, "data": {"name": "csv", "path": "a.csv", "label": "stars"}}
    config = Config.from_dict(plain)
    assert wanted_shape(config) == (None,)
    assert wanted_shape(config.override("data.maxlen=30")) == (30,)
    assert config.to_dict()["data"]["label"] == "stars"
    with pytest.raises(ZooError, match=r"data: 'csv' reads your own files; expected data.path; add path"):
        Config.from_dict({**plain, "data": {"name": "csv"}})
