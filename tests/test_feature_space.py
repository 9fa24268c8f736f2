"""Features and words: against NumPy, against points planted apart, and what the projector's files hold."""

import gzip
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

import zoo
from zoo.analysis.embed.neighbours import analogy, nearest
from zoo.analysis.embed.projecting import project
from zoo.analysis.embed.projector import _sprite, export_projector
from zoo.analysis.embed.space import Space, feature_space, vector_space
from zoo.cli import app
from zoo.config import Config
from zoo.draw.scatter import plot_space
from zoo.errors import ZooError
from zoo.runs.confusion import rows_of
from zoo.runs.evaluate import dataset_of
from zoo.runs.net import model_of

pytestmark = pytest.mark.usefixtures("undrawn")


def train(folder, **blocks):
    config = Config.from_dict({"name": "tiny", "train": {"epochs": 1}, "runtime": {"output": str(folder)}} | blocks)
    return zoo.train(config, console=Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    data = {"name": "synthetic", "samples": 100, "classes": 3, "shape": [8, 8, 1], "batch_size": 16}
    return train(tmp_path_factory.mktemp("images"), model={"name": "mlp", "args": {"hidden": [12]}}, data=data)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    data = {"name": "synthetic", "kind": "tokens", "samples": 200, "maxlen": 8, "batch_size": 16, "num_words": 40}
    model = {"name": "textcnn", "args": {"filters": 4, "embedding_dim": 4}}
    return train(tmp_path_factory.mktemp("texts"), model=model, data=data)


@pytest.fixture(scope="module")
def clusters():
    """Three classes far apart in 6 of 60 dimensions; the third's last item was taken for the first."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    vectors = rng.normal(0, 0.3, (90, 60))
    vectors[np.arange(90), labels] += 8
    predicted = labels.copy()
    predicted[89] = 0
    images = rng.integers(0, 255, (90, 5, 7, 1)).astype("uint8")
    return Space(
        "planted",
        vectors.astype("float32"),
        tuple(f"#{i}" for i in range(90)),
        labels,
        ("a", "b", "cd"),
        predicted,
        images,
    )


def test_features_are_what_feeds_the_last_layer(images):
    dataset = dataset_of(images)
    space = feature_space(images, items=7, seed=3, dataset=dataset)
    model = model_of(images)
    chosen = [int(name[1:]) for name in space.names]
    kernel, bias = model.layers[-1].get_weights()
    logits = model.predict(rows_of(dataset, "test", chosen), verbose=0)
    np.testing.assert_allclose(space.vectors @ kernel + bias, logits, rtol=1e-4, atol=1e-5)
    labels = np.concatenate([y for _, y in dataset.test.as_numpy_iterator()])
    assert np.array_equal(space.labels, labels[chosen])
    assert np.array_equal(space.predicted, logits.argmax(axis=1))
    assert space.images.shape == (7, *images.data["input_shape"])
    assert feature_space(images, items=7, seed=3, dataset=dataset).names == space.names


def test_planted_classes_stay_apart_in_all_three(clusters):
    from sklearn.metrics import silhouette_score

    found = project(clusters)
    for points in (found.pca, found.tsne, found.lda):
        assert silhouette_score(points, clusters.labels) > 0.6
    centred = clusters.vectors - clusters.vectors.mean(axis=0)
    variances = np.linalg.svd(centred, compute_uv=False) ** 2
    np.testing.assert_allclose(found.pca_shares, variances[:2] / variances.sum(), rtol=1e-4)
    assert np.array_equal(project(clusters).tsne, found.tsne)


def test_lda_does_not_part_what_is_one_cloud():
    """As many dimensions as items: an LDA without PCA before it would part any labels at all."""
    rng = np.random.default_rng(1)
    labels = np.arange(100) % 3
    noise = Space(
        "noise",
        rng.normal(size=(100, 100)).astype("float32"),
        tuple(map(str, range(100))),
        labels,
        ("a", "b", "c"),
        labels,
    )
    from sklearn.metrics import silhouette_score

    assert silhouette_score(project(noise).lda, labels) < 0.3


def test_two_classes_have_one_axis_and_words_none(clusters, tmp_path):
    labels = np.arange(90) % 2
    two = Space("two", clusters.vectors, clusters.names, labels, ("a", "b"), labels)
    assert project(two).lda.shape == (90, 1)
    words = Space("words", clusters.vectors, clusters.names, clusters.labels, ("a", "b", "c"))
    assert project(words).lda is None
    svg = plot_space(project(words), tmp_path / "a.svg").read_text()
    assert "more in b" in svg
    assert "LDA" not in svg
    svg = plot_space(project(clusters), tmp_path / "b.svg").read_text()
    assert "mistaken (1)" in svg
    assert project(clusters)._repr_png_()[:4] == b"\x89PNG"


def test_perplexity_has_to_fit(clusters):
    with pytest.raises(ZooError, match="perplexity 90 for 90 points; expected above 0 and below 90"):
        project(clusters, perplexity=90)
    assert project(clusters.first(7)).perplexity == 2
    with pytest.raises(ZooError, match="4 points cannot be drawn"):
        project(clusters.first(4))


def test_the_projector_reads_what_was_written(clusters, tmp_path):
    tabbed = replace(clusters, class_names=("a", "b", "c\td"))
    files = {path.name: path for path in export_projector(tabbed, tmp_path / "projector")}
    np.testing.assert_allclose(np.loadtxt(files["tensors.tsv"], delimiter="\t"), clusters.vectors, rtol=1e-5)
    lines = files["metadata.tsv"].read_text().splitlines()
    assert lines[:2] == ["name\tclass\tpredicted", "#0\ta\ta"]
    assert lines[-1] == "#89\tc d\ta"  # a tab in a name would be a column
    assert len(lines) == 91
    with Image.open(files["sprite.png"]) as sprite:
        assert sprite.size == (10 * 7, 10 * 5)
        assert np.array_equal(np.asarray(sprite)[10:15, 7:14, 0], clusters.images[21, ..., 0])
    config = files["projector_config.pbtxt"].read_text()
    assert config.count("single_image_dim") == 2
    assert config.index("single_image_dim: 7") < config.index("single_image_dim: 5")  # width, then height
    words = Space("words", clusters.vectors, clusters.names)
    files = {path.name: path for path in export_projector(words, tmp_path / "words")}
    assert "sprite.png" not in files
    assert files["metadata.tsv"].read_text().splitlines() == list(clusters.names)  # one column has no header


def test_thumbnails_are_small_enough():
    png, (height, width) = _sprite(np.zeros((4, 200, 100, 3), "uint8"))
    assert (height, width) == (64, 32)
    assert Image.open(io.BytesIO(png)).size == (64, 128)


@pytest.fixture(scope="module")
def glove(tmp_path_factory):
    """King and queen as man and woman, by construction, among words of noise."""
    rng = np.random.default_rng(2)
    royal, male, female = np.eye(3, 12) * 3
    words = {"king": royal + male, "queen": royal + female, "man": male, "woman": female, "prince": royal + male * 0.9}
    words |= {f"word{i}": rng.normal(0, 1, 12) for i in range(50)}
    path = tmp_path_factory.mktemp("glove") / "glove.txt.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(f"{word} {' '.join(f'{v:.5f}' for v in vector)}\n" for word, vector in words.items())
    return path


def test_nearest_and_analogies(glove):
    space = vector_space(glove)
    assert (len(space), space.names[0]) == (55, "king")
    assert nearest(space, "King", 1)[0][0] == "prince"
    assert analogy(space, "king - man + woman", 3)[0][0] == "queen"
    v = space.vectors[10].astype("float64")
    cosines = space.vectors @ v / np.linalg.norm(space.vectors, axis=1) / np.linalg.norm(v)
    by_hand = [i for i in np.argsort(-cosines) if i != 10]
    assert nearest(space, space.names[10], 100) == [
        (space.names[i], pytest.approx(cosines[i], abs=1e-5)) for i in by_hand
    ]
    with pytest.raises(ZooError, match=r"'kong' has no vector in glove.*did you mean 'king'"):
        nearest(space, "kong")
    for nonsense in ("king", "king man", "king - man +", "king-man", "", "king * man"):
        with pytest.raises(ZooError, match="is no sum of words"):
            analogy(space, nonsense)


def ask(*words):
    return CliRunner().invoke(app, ["embed", *map(str, words)])


def test_the_command_draws_and_exports(images, texts, tmp_path):
    done = ask(images, "--projector", tmp_path / "p")
    assert done.exit_code == 0, done.exception
    assert (images.path / "features.png").exists()
    assert (tmp_path / "p" / "sprite.png").exists()
    plain = json.loads(ask(texts, "--words", "--json").stdout)
    assert len(plain["points"]) == 36  # of 40 tokens 4 are no words
    leaning = {row["name"]: row["class"] for row in plain["points"]}
    own = {name for name in leaning if name.startswith("class")}
    assert own
    assert all(leaning[name] == name[:6] for name in own)  # a class's own words are counted there


def test_the_command_seeks_words(texts, glove):
    assert "queen" in ask("--vectors", glove, "--analogy", "king - man + woman").stdout
    rows = json.loads(ask(texts, "--nearest", "class0a", "--top", "3", "--json").stdout)["nearest"]["words"]
    table = model_of(texts).get_layer("embedding").get_weights()[0]
    cosines = table @ table[4] / np.linalg.norm(table, axis=1) / np.linalg.norm(table[4])
    order = [i for i in np.argsort(-cosines) if i > 4][:3]
    assert [row["word"] for row in rows] == [texts.vocabulary[i] for i in order]


@pytest.mark.parametrize(
    ("run", "words", "message"),
    [
        (None, (), "neither a run nor --vectors were given"),
        ("images", ("--vectors", "x.txt"), "both a run and --vectors were given"),
        ("images", ("--nearest", "king"), "was trained on images; expected a text run for words"),
        ("images", ("--words",), "was trained on images; expected a text run for words"),
        ("images", ("--split", "tset"), "unknown split 'tset'"),
        ("images", ("--perplexity", "500"), "perplexity 500 for 20 points"),
        ("texts", ("--nearest", "class0z"), "'class0z' has no vector.*did you mean 'class0"),
        ("texts", ("--analogy", "king man"), "'king man' is no sum of words"),
        ("texts", ("--nearest", "class0a", "-o", "x.png"), "--output is given together with words"),
        ("texts", ("-o", "x.txt"), r"cannot draw into x\.txt"),
        (None, ("--vectors", "nowhere.txt", "--nearest", "a"), r"^nowhere\.txt does not exist"),
        (None, ("--vectors", "GLOVE"), "a picture of --vectors has no folder"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(request, glove, run, words, message):
    what = [] if run is None else [request.getfixturevalue(run)]
    done = ask(*what, *(glove if w == "GLOVE" else w for w in words))
    assert isinstance(done.exception, ZooError), done.exception
    with pytest.raises(ZooError, match=message):
        raise done.exception


def test_an_unfinished_run_is_refused(images, tmp_path):
    (tmp_path / "config.yaml").write_text(images.config.to_yaml())
    for command in ("embed", "explain"):
        done = CliRunner().invoke(app, [command, str(tmp_path), *(["--filters"] if command == "explain" else [])])
        assert "is not finished" in str(done.exception)
