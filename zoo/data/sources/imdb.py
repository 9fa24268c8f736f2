"""25,000 + 25,000 labelled film reviews as ranks of words, from keras.datasets' imdb.npz.

Source: A. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011. URLs and hashes are those of
keras.datasets.imdb.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from zoo.data.raw import Raw
from zoo.data.sources.official import local, official, read_npz
from zoo.data.text.keras_ranks import BASE, items, limit_words, vocabulary
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.config import DataConfig

SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
INDEX_NAME, INDEX_MD5 = "imdb_word_index.json", "bfafd718b763782e994055a2d397834f"
WANT = "imdb.npz in the form of keras.datasets.imdb"


def read(data: DataConfig) -> Raw:
    """Rows of tokens below `data.num_words` (rarer words become 2); the vocabulary when its word index is found."""
    if data.path is None:
        path = official(["imdb.npz"], BASE + "imdb.npz", SHA256)
    else:
        path = local(data.path, name="imdb", want=WANT, folder=True)
        if path.is_dir() or tarfile.is_tarfile(path):
            raise ZooError(
                f"data.path={data.path} is a {'folder' if path.is_dir() else 'tar'}",
                WANT,
                "for the raw reviews, aclImdb as a folder or as its .tar.gz, set data.name=text_folder",
            )
    keys = ("x_train", "y_train", "x_test", "y_test")
    arrays = read_npz(path, keys, official_name="imdb.npz", pickled=("x_train", "x_test"))
    train, test = (
        items(arrays[f"x_{part}"], arrays[f"y_{part}"], 2, f"'x_{part}' in {path}", f"'y_{part}' in {path}")
        for part in ("train", "test")
    )
    size = data.num_words or 1 + int(max(part.x.flat.max() for part in (train, test)))
    words, notes = vocabulary(path, INDEX_NAME, INDEX_MD5, downloadable=data.path is None)
    return Raw(
        "imdb",
        "tokens",
        ("negative", "positive"),
        limit_words(train, size),
        limit_words(test, size),
        vocabulary_size=size,
        vocabulary=words and words[:size],
        notes=notes,
    )
