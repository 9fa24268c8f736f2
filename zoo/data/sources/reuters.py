"""11,228 newswires of 46 topics as ranks of words, from keras.datasets' reuters.npz, cut into parts as Keras does.

Source: Reuters-21578, D. Lewis; URLs, hashes, names of the topics and the split (a shuffle by seed 113, a fifth for
the test) are those of keras.datasets.reuters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.raw import Items, Raw, check_not_empty
from zoo.data.sources.official import local, official, read_npz
from zoo.data.text.keras_ranks import BASE, items, limit_words, vocabulary
from zoo.data.text.tokens import Ragged

if TYPE_CHECKING:
    from zoo.config import DataConfig

SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
INDEX_NAME, INDEX_MD5 = "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921"
SEED, TEST = 113, 0.2
TOPICS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi",
    "iron-steel", "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver",
    "wpi", "hog", "lead",
)  # fmt: skip


def read(data: DataConfig) -> Raw:
    """Rows of tokens below `data.num_words` (rarer words become 2); the vocabulary when its word index is found."""
    if data.path is None:
        path = official(["reuters.npz"], BASE + "reuters.npz", SHA256)
    else:
        path = local(data.path, name="reuters", want="reuters.npz in the form of keras.datasets.reuters")
    arrays = read_npz(path, ("x", "y"), official_name="reuters.npz", pickled=("x",))
    whole = items(arrays["x"], arrays["y"], len(TOPICS), f"'x' in {path}", f"'y' in {path}")
    size = data.num_words or 1 + int(whole.x.flat.max())
    order = np.arange(len(whole))
    np.random.RandomState(SEED).shuffle(order)
    cut = int(len(order) * (1 - TEST))
    train, test = (
        check_not_empty(Items(Ragged.from_rows([whole.x[i] for i in rows]), whole.y[rows]), str(path))
        for rows in (order[:cut], order[cut:])
    )
    words, notes = vocabulary(path, INDEX_NAME, INDEX_MD5, downloadable=data.path is None)
    return Raw(
        "reuters",
        "tokens",
        TOPICS,
        limit_words(train, size),
        limit_words(test, size),
        vocabulary_size=size,
        vocabulary=words and words[:size],
        notes=notes,
    )
