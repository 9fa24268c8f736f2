"""Which words of a text carried a net's decision, by occlusion or by gradient times input.

Occlusion (M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014, Sec. 4.2, for words): the
logit of the class, less the logit with this one word replaced by the unknown word. Gradient times input (M. Denil et
al., "Extraction of Salient Sentences from Labelled Documents", 2014, https://arxiv.org/abs/1412.6815): the sum over a
word's vector of d logit / d vector times vector; one pass for all words, and a first-order estimate only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.draw.words import TextWeights, Word
from zoo.errors import ZooError, did_you_mean
from zoo.runs.net import Net, output_in, scores, softmax, up_to_logits

if TYPE_CHECKING:
    import keras
    import numpy as np

METHODS = ("occlusion", "gradient")
PAD, START, UNKNOWN = 0, 1, 2  # as in zoo.data.text.tokens, which needs TensorFlow


def word_weights(
    model: keras.Model, tokens: np.ndarray, class_index: int | None = None, *, method: str = "occlusion"
) -> np.ndarray:
    """What each token of a text did for a class.

    Args:
        model: a net of texts; of several outputs the first counts, and not its softmax but the logits before it.
        tokens: as the model takes them, (T,).
        class_index: by default the likeliest. One logit counts as two classes, 1 for it and 0 against it.
        method: "occlusion" or "gradient".

    Returns:
        float32 (T,), 0 for padding and the start of the text.

    Raises:
        ZooError: an unknown method, a net without an embedding for "gradient".
    """
    import numpy as np

    if method not in METHODS:
        raise ZooError(f"unknown method '{method}'", " or ".join(METHODS), did_you_mean(method, METHODS))
    tokens = np.asarray(tokens, "int32")
    net = up_to_logits(model)
    logits = np.asarray(net(tokens[None], training=False), "float32")
    index = int(softmax(logits)[0].argmax()) if class_index is None else int(class_index)
    classes = max(logits.shape[-1], 2)
    if not 0 <= index < classes:
        raise ZooError(f"there is no class {index}", f"0 to {classes - 1}")
    weigh = _occlusion if method == "occlusion" else _gradient
    return np.where((tokens == PAD) | (tokens == START), 0, weigh(net, tokens, index)).astype("float32")


def _occlusion(net: keras.Model, tokens: np.ndarray, index: int) -> np.ndarray:
    import numpy as np

    places = np.flatnonzero((tokens != PAD) & (tokens != START))
    rows = np.tile(tokens, (len(places) + 1, 1))
    rows[np.arange(len(places)) + 1, places] = UNKNOWN  # the first row is the text itself
    found = np.asarray(scores(net.predict(rows, batch_size=64, verbose=0), [index] * len(rows)), "float32")
    out = np.zeros(len(tokens), "float32")
    out[places] = found[0] - found[1:]
    return out


def _gradient(net: keras.Model, tokens: np.ndarray, index: int) -> np.ndarray:
    import keras
    import numpy as np
    import tensorflow as tf

    embeddings = [layer for layer in net.layers if isinstance(layer, keras.layers.Embedding)]
    if not embeddings:
        raise ZooError(f"{net.name} has no embedding", "a net with one", "take occlusion")
    both = keras.Model(net.input, [*(output_in(net, layer) for layer in embeddings), net.output])
    with tf.GradientTape() as tape:
        tape.watch([layer.embeddings.value for layer in embeddings])
        *vectors, logits = both(tokens[None], training=False)
        found = scores(logits, [index])
    slopes = tape.gradient(found, vectors)
    return sum(np.asarray(tf.reduce_sum(v * s, axis=-1), "float32")[0] for v, s in zip(vectors, slopes, strict=True))


def explain_texts(net: Net, texts: Sequence[str], class_name: str | None, method: str) -> list[TextWeights]:
    """The words of each text with their weights; see `zoo.analysis.explain.opening.explain`."""
    rows = net.batch(texts)  # refuses a text without words
    return [_weighed(net, text, row, class_name, method) for text, row in zip(texts, rows, strict=True)]


def explain_tokens(net: Net, rows: np.ndarray, class_name: str | None, method: str) -> list[TextWeights]:
    """The same for texts that are tokens already (N, T); their words are those of the vocabulary."""
    from zoo.data.text.tokens import SPECIAL_WORDS

    if net.vocabulary is None:
        raise ZooError(
            "this run has no vocabulary, so its tokens have no words",
            "data whose words are known",
            "put imdb_word_index.json beside the data file and train again",
        )
    out = []
    for row in rows:
        read = [int(t) for t in row if t not in (PAD, START)]
        words = (net.vocabulary[t] if t < len(net.vocabulary) else SPECIAL_WORDS[UNKNOWN] for t in read)
        text = " ".join(words)
        spans = [match.span() for match in re.finditer(r"\S+", text)]
        out.append(_weighed(net, text, row, class_name, method, spans))
    return out


def _weighed(
    net: Net,
    text: str,
    row: np.ndarray,
    class_name: str | None,
    method: str,
    spans: Sequence[tuple[int, int]] | None = None,
) -> TextWeights:
    import numpy as np

    from zoo.data.text.tokens import spans_of

    spans = spans_of(text) if spans is None else spans
    with net.place():
        probabilities = softmax(np.asarray(net.model(row[None], training=False), "float32"))[0]
        index = net.class_index(class_name, probabilities)
        weights = word_weights(net.model, row, index, method=method)
    places = np.flatnonzero((row != PAD) & (row != START))
    first = 0 if START in row else len(spans) - len(places)  # a text cut in front has lost its start
    words = []
    for i, (start, end) in enumerate(spans):
        place = places[i - first] if first <= i < first + len(places) else None
        weight = None if place is None else float(weights[place])
        words.append(Word(start, end, weight, known=place is None or bool(row[place] != UNKNOWN)))
    order = np.argsort(-probabilities, kind="stable")
    ranked = {net.class_names[i]: float(probabilities[i]) for i in order}
    return TextWeights(text, tuple(words), net.class_names[index], method, ranked)
