"""Word vectors of a file in a text model's embedding."""

import gzip

import numpy as np
import pytest
from running import assert_equal_runs, interrupted, make, train
from test_data_own_texts import films, write

import zoo
from zoo.config import Config
from zoo.data.text.tokens import SPECIAL_WORDS
from zoo.data.text.vectors import dimension, read_vectors
from zoo.errors import ZooError
from zoo.runs.net import model_of

pytestmark = pytest.mark.usefixtures("undrawn")
MORE = (pytest.mark.slow, pytest.mark.ci)


WORDS = (*SPECIAL_WORDS, "film", "film's", "dull", "zebra", "dog's")


def glove(path, rows, dim=3):
    """{word: first number} -> a file; the other numbers are that plus 0.1, plus 0.2."""
    lines = [" ".join([word, *(f"{value + i / 10:.4g}" for i in range(dim))]) for word, value in rows.items()]
    return write(path, "\n".join(lines) + "\n")


@pytest.fixture
def vectors(tmp_path):
    return glove(tmp_path / "v.txt", {"the": 9, "film": 1, "dull": -1, "dog": 5})


# -- the file --------------------------------------------------------------------------------------------------------


def test_words_take_their_rows_and_others_are_drawn(vectors):
    read = read_vectors(vectors, WORDS, seed=3)
    assert (read.found, read.words) == (4, 5)
    rows = dict(zip(WORDS, read.matrix, strict=True))
    assert rows["film"] == pytest.approx([1, 1.1, 1.2])
    assert rows["film's"] == pytest.approx([1, 1.1, 1.2])
    assert rows["dull"] == pytest.approx([-1, -0.9, -0.8])
    assert rows["dog's"] == pytest.approx([5, 5.1, 5.2])
    assert not rows["<pad>"].any()
    assert rows["<unknown>"].any()
    assert rows["zebra"].any()
    assert np.array_equal(read_vectors(vectors, WORDS, seed=3).matrix, read.matrix)
    assert not np.array_equal(read_vectors(vectors, WORDS, seed=4).matrix, read.matrix)


def test_unknown_words_have_the_spread_of_the_known(tmp_path):
    rng = np.random.default_rng(0)
    rows = (f"w{i} {rng.normal(5, 2):.4f} {rng.normal(-1, 0.1):.4f}\n" for i in range(400))
    path = write(tmp_path / "v.txt", "".join(rows))
    words = (*SPECIAL_WORDS, *(f"w{i}" for i in range(400)), *(f"x{i}" for i in range(400)))
    drawn = read_vectors(path, words, seed=0).matrix[-400:]
    assert drawn.mean(axis=0) == pytest.approx([5, -1], abs=0.4)
    assert drawn.std(axis=0) == pytest.approx([2, 0.1], rel=0.2)


def test_a_word_of_its_own_goes_before_that_of_the_word_before_s(tmp_path):
    for order in (["film's", "film"], ["film", "film's"]):
        path = glove(tmp_path / "v.txt", {word: 1 + (word == "film") for word in order})
        assert read_vectors(path, WORDS, seed=0).matrix[5][0] == 1


def test_the_first_of_two_rows_of_a_word_counts(tmp_path):
    path = write(tmp_path / "v.txt", "film 1 2 3\nfilm 7 8 9\n")
    assert read_vectors(path, WORDS, seed=0).matrix[4] == pytest.approx([1, 2, 3])


def test_other_forms_of_the_file(tmp_path, vectors):
    text = vectors.read_text()
    with gzip.open(tmp_path / "v.txt.gz", "wt") as file:
        file.write(text)
    counted = write(tmp_path / "w2v.txt", "4 3\n" + text)
    blanks = write(tmp_path / "b.txt", text + "at name 1 2 3\n")
    first = read_vectors(vectors, WORDS, seed=0).matrix
    for path in (tmp_path / "v.txt.gz", counted, blanks):
        assert dimension(path) == 3
        assert np.array_equal(read_vectors(path, WORDS, seed=0).matrix, first)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the 1 2 3\nfilm 1 2\n", r"row 2 of .*v.txt holds 2 numbers; expected 3, as in its first row; the file is"),
        ("the 1 2 3\nfilm\n", "row 2 of .*v.txt holds 0 numbers"),
        ("the 1 2 3\n\nfilm 1 2 3\n", "row 2 of .*v.txt holds 0 numbers"),
        ("the 1 2 3\nfilm 1 x 3\n", "row 2 of .*v.txt holds something else than numbers"),
        ("the 1 2 3\nfilm 1 nan 3\n", "row 2 of .*v.txt holds something else than numbers"),
        ("the 1 2 3\n", "has no vector for any of the 5 words of the data; expected vectors of the texts' language"),
        ("the\n", r"is no file of word vectors \(its first row has 1 fields\)"),
        ("", r"is no file of word vectors \(its first row has 0 fields\)"),
    ],
)
def test_damaged_files_name_the_row(tmp_path, text, message):
    path = write(tmp_path / "v.txt", text)
    with pytest.raises(ZooError, match=message):
        read_vectors(path, WORDS, seed=0)


def test_files_that_are_not_there_or_cut(tmp_path, vectors):
    with pytest.raises(ZooError, match=r"model.args.embedding=none.txt does not exist; expected a file of word vect"):
        dimension("none.txt")
    with pytest.raises(ZooError, match=r"is a folder; expected a file of word vectors"):
        dimension(tmp_path)
    path = tmp_path / "v.txt.gz"
    path.write_bytes(gzip.compress(vectors.read_bytes() * 999)[:-20])
    with pytest.raises(ZooError, match=r"v.txt.gz cannot be read after row .*; it may be cut"):
        read_vectors(path, WORDS, seed=0)
    path.write_bytes(b"no gzip")
    with pytest.raises(ZooError, match=r"v.txt.gz cannot be read \("):
        dimension(path)


# -- the model -------------------------------------------------------------------------------------------------------


def config(tmp_path, model, path, **words):
    rows = "".join(f'"{text}",{label}\n' for text, label in films(60))
    table = write(tmp_path / "films.csv", "text,label\n" + rows)
    return Config.from_dict(
        {
            "name": "tiny",
            "model": {"name": model, "args": {"embedding": str(path), **words}},
            "data": {"name": "csv", "path": str(table), "batch_size": 8, "validation": 0.2},
            "train": {"epochs": 2, "optimizer": {"name": "adam", "learning_rate": 0.01}},
            "runtime": {"steps_per_execution": 1, "jit_compile": False, "output": str(tmp_path / "runs")},
        }
    )


@pytest.mark.parametrize(
    ("model", "words"), [pytest.param("bilstm_imdb", {"units": 4}, marks=MORE), ("textcnn", {"filters": 4})]
)
def test_a_run_begins_with_the_vectors_and_does_not_need_the_file_again(tmp_path, model, words):
    path = glove(tmp_path / "v.txt", {"film": 1, "dull": -1, "and": 0.3})
    run, printed = train(config(tmp_path, model, path, embedding_trainable=False, **words))
    assert "vectors for 3 of " in printed
    assert f"({3 / (run.data['vocabulary_size'] - 4):.1%}) from {path}, kept" in printed
    path.unlink()
    kept = model_of(run)
    matrix = np.array(kept.get_layer("embedding").embeddings)
    assert matrix.shape[1] == 3
    assert matrix[run.vocabulary.index("film")] == pytest.approx([1, 1.1, 1.2])
    assert not matrix[0].any()
    assert zoo.predict(run, ["a fine film"])[0]["label"] in ("pos", "neg")
    assert zoo.evaluate(run)["loss"] == pytest.approx(run.metrics["test"]["loss"], abs=1e-6)


def test_trained_vectors_move_and_resume_exactly(tmp_path):
    path = glove(tmp_path / "v.txt", {"film": 1, "dull": -1, "and": 0.3})
    straight, printed = train(config(tmp_path, "textcnn", path, filters=4))
    assert "trained" in printed
    row = np.array(model_of(straight).get_layer("embedding").embeddings)[straight.vocabulary.index("film")]
    assert row == pytest.approx([1, 1.1, 1.2], abs=0.1)
    assert row != pytest.approx([1, 1.1, 1.2], abs=1e-6)
    again = config(tmp_path, "textcnn", path, filters=4).override(f"runtime.output={tmp_path / 'again'}")
    interrupted(again, 7)
    run, _ = train(again)
    assert_equal_runs(straight, run)


@pytest.mark.parametrize(
    ("model", "words", "message"),
    [
        ("textcnn", {"variant": "rand"}, "textcnn with variant 'rand' begins with random vectors; expected static"),
        ("textcnn", {"variant": "static", "embedding_trainable": True}, "embedding_trainable is given together with"),
        ("bilstm_imdb", {"embedding_dim": 7}, "embedding_dim is 7, but the vectors in .* have 3 numbers; expected 3"),
        ("bilstm_imdb", {"embedding_trainable": "yes"}, "embedding_trainable is 'yes'; expected true or false"),
        ("bilstm_imdb", {"embedding": 5}, "model.args.embedding is 5; expected the path of a file of word vectors"),
    ],
)
def test_words_that_clash(tmp_path, vectors, model, words, message):
    with pytest.raises(ZooError, match=message):
        train(config(tmp_path, model, vectors, **words))
    assert not (tmp_path / "runs" / "tiny").exists()


def test_vectors_need_words_and_a_text_model(tmp_path, vectors):
    base = config(tmp_path, "bilstm_imdb", vectors)
    with pytest.raises(ZooError, match=r"model.args.embedding_trainable is given without model.args.embedding"):
        train(Config.from_dict(base.to_dict() | {"model": {"name": "gru_text", "args": {"embedding_trainable": True}}}))
    with pytest.raises(ZooError, match="lenet5 has no embedding; expected a text model"):
        train(make(tmp_path, "model.name=lenet5", f"model.args={{embedding: {vectors}}}", "data.shape=[32, 32, 1]"))
    run, _ = train(base.override("train.epochs=1"))
    with pytest.raises(ZooError, match=r"model.weights and model.args.embedding are both given"):
        train(base.override(f"model.weights={run.path}"))
