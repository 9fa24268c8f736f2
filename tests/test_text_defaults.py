"""What the defaults promise for a folder of articles: nearly what tf-idf with logistic regression reaches."""

import json

import numpy as np
import pytest
from running import train
from test_data_own_texts import in_folder

from zoo.config import Config
from zoo.data.text.vocabulary import default_batch

pytestmark = pytest.mark.usefixtures("undrawn")

TOPICS = ("business", "culture", "politics", "science", "sport")


def articles(root, per_class, seed=1):
    """Articles of 50 to 100 words: common ones by Zipf's law, the few of a story again and again, some of any topic."""
    rng = np.random.default_rng(seed)
    common = 1 / np.arange(1, 2001)
    rows = []
    for name in TOPICS:
        for _ in range(per_class):
            size = rng.integers(50, 100)
            story = rng.choice(rng.choice(60, 8, replace=False), size)
            kinds = [
                [f"{name}{w}" for w in story],
                [f"{rng.choice(TOPICS)}{w}" for w in rng.choice(60, size)],
                [f"word{w}" for w in rng.choice(2000, size, p=common / common.sum())],
            ]
            chosen = rng.choice(3, size, p=[0.35, 0.05, 0.6])
            rows.append((" ".join(kinds[kind][i] for i, kind in enumerate(chosen)), name))
    return in_folder(root, rows)


def linear(root, splits):
    """The test accuracy of logistic regression on tf-idf, trained on the same articles."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    files = [path for name in TOPICS for path in sorted((root / name).iterdir())]
    texts, labels = np.array([p.read_text() for p in files]), np.array([p.parent.name for p in files])
    tfidf = TfidfVectorizer()
    net = LogisticRegression(max_iter=1000).fit(tfidf.fit_transform(texts[splits["train"]]), labels[splits["train"]])
    return net.score(tfidf.transform(texts[splits["test"]]), labels[splits["test"]])


def test_articles_by_the_defaults_reach_tf_idf_less_four_points_in_ten_epochs(tmp_path):
    root = articles(tmp_path / "news", per_class=60)
    config = Config.from_dict({"model": {"name": "textcnn"}, "data": {"name": "text_folder", "path": str(root)}})
    run, printed = train(config.override("train.epochs=10", f"runtime.output={tmp_path}"))
    assert "batches of 8 texts, by default for 216 of them" in printed
    assert run.metrics["test"]["accuracy"] >= linear(root, json.loads((run.path / "splits.json").read_text())) - 0.04


@pytest.mark.parametrize(
    ("items", "size"), [(1, 8), (1131, 8), (1132, 16), (1600, 16), (4525, 32), (4526, 64), (10**6, 64)]
)
def test_the_default_batch_makes_about_a_hundred_steps(items, size):
    assert default_batch(items) == size


@pytest.mark.parametrize(
    ("data", "size"),
    [
        ({"name": "text_folder", "path": "a"}, None),
        ({"name": "hf", "path": "a", "kind": "tokens"}, None),
        ({"name": "hf", "path": "a"}, 64),
        ({"name": "csv", "path": "a.csv", "batch_size": 48}, 48),
        ({"name": "imdb"}, 64),
        ({"name": "imdb", "batch_size": None}, 64),
        ({"name": "synthetic", "kind": "tokens"}, 64),
    ],
)
def test_only_own_texts_have_batches_by_their_number(data, size):
    model = "lenet5" if data["name"] == "hf" and "kind" not in data else "textcnn"
    config = Config.from_dict({"model": {"name": model}, "data": data})
    assert config.data.batch_size == size
    assert config.callbacks.checkpoint.monitor == ("val_loss" if config.data.own_texts else "val_accuracy")
    assert Config.from_dict(config.to_dict()).data.batch_size == size
