"""The sentence classifier of Kim: filters over 3, 4 and 5 words, the largest value of each over the sentence.

Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014, https://arxiv.org/abs/1408.5882

As printed: windows of 3, 4 and 5 words with 100 feature maps each, ReLU, max-over-time pooling, dropout of
    0.5, an l2 limit of 3 on the weight vector of each class (Sec. 2.1, 3.1); CNN-rand, CNN-static,
    CNN-non-static, CNN-multichannel (Sec. 3.3), words of 300 dimensions; in the last "each filter is
    applied to both channels and the results are added" (Sec. 2), and only one channel is trained.
Not printed: taken from the author's code: word vectors from U(-0.25, 0.25), filters from U(-0.01, 0.01),
    biases and the last layer from 0; sentences of at most 56 words.
Deviation: the author's code puts four zero vectors at each end of a sentence and keeps the padding word's
    vector at zero; here padding is a word like the others, put there by the data.
Deviation: without `embedding_matrix` (the paper: word2vec) the vectors of every variant begin at random.
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.models.common import ZooError, check_choice, check_sequence, logits

# Sec. 3.3: for each variant its channels, and whether a channel is trained.
VARIANTS = {
    "rand": {"embedding": True},
    "static": {"embedding": False},
    "non-static": {"embedding": True},
    "multichannel": {"embedding_static": False, "embedding_tuned": True},
}


def textcnn(
    variant: str = "rand",
    *,
    vocabulary_size: int = 18_765,
    sequence_length: int | None = 56,
    embedding_dim: int = 300,
    windows: tuple[int, ...] = (3, 4, 5),
    filters: int = 100,
    dropout: float = 0.5,
    embedding_matrix=None,
    classes: int = 2,
    name: str = "textcnn",
) -> keras.Model:
    """Word indices (T) -> logits (classes).

    Args:
        variant: "rand", "static", "non-static" or "multichannel".
        vocabulary_size: number of words; 18,765 in the paper's MR data (Table 1).
        sequence_length: T, at least the largest window; None for any.
        embedding_dim: dimensions of a word vector.
        windows: words each filter sees (h).
        filters: feature maps for each window.
        dropout: share of the features dropped before the classifier.
        embedding_matrix: word vectors to begin with, (vocabulary_size, embedding_dim); not for "rand".

    Raises:
        ZooError: an unknown variant, a sentence shorter than a window, a matrix of another shape.
    """
    check_choice(name, "variant", variant, VARIANTS)
    check_sequence(
        name,
        classes=classes,
        sequence_length=sequence_length,
        vocabulary_size=vocabulary_size,
        embedding_dim=embedding_dim,
        filters=filters,
        **{f"windows[{i}]": h for i, h in enumerate(windows)},
    )
    _check_words(name, variant, sequence_length, windows, embedding_matrix, (vocabulary_size, embedding_dim))

    inputs = layers.Input((sequence_length,), dtype="int32", name="input")  # T
    embeddings = [
        layers.Embedding(
            vocabulary_size,
            embedding_dim,
            embeddings_initializer=uniform(0.25),
            trainable=trained,
            name=channel,
        )
        for channel, trained in VARIANTS[variant].items()
    ]
    x = [embedding(inputs) for embedding in embeddings]  # T x 300 for each channel
    # A filter on both channels, added: w * a + w * b = w * (a + b), so the channels are added first.
    x = x[0] if len(x) == 1 else layers.Add(name="channels")(x)  # T x 300
    maxima = []
    for h in windows:
        c = layers.Conv1D(filters, h, activation="relu", kernel_initializer=uniform(0.01), name=f"conv{h}")(
            x
        )  # (T - h + 1) x 100, Eq. 2
        maxima.append(layers.GlobalMaxPooling1D(name=f"max{h}" if len(windows) > 1 else "features")(c))  # 100
    x = layers.Concatenate(name="features")(maxima) if len(windows) > 1 else maxima[0]  # 300, z in the paper
    x = layers.Dropout(dropout, name="dropout")(x)
    x = logits(x, classes, kernel_initializer="zeros", kernel_constraint=keras.constraints.MaxNorm(3, axis=0))
    model = keras.Model(inputs, x, name=name)
    for embedding in embeddings:  # both channels begin alike
        embedding.embeddings.assign(embeddings[0].embeddings if embedding_matrix is None else embedding_matrix)
    return model


def uniform(limit: float):
    """One instance for each layer, since an instance repeats its draws."""
    return keras.initializers.RandomUniform(-limit, limit)


def _check_words(name, variant, sequence_length, windows, matrix, shape) -> None:
    if not windows or len(set(windows)) < len(windows):
        raise ZooError(f"{name} was given windows={tuple(windows)}", "one window or more, all different", "set windows")
    if sequence_length is not None and sequence_length < max(windows):
        raise ZooError(
            f"{name} was given sequence_length={sequence_length}, shorter than its largest window",
            f"{max(windows)} words or more",
            "make the sentences longer (data.maxlen) or the windows smaller",
        )
    if matrix is None:
        return
    if variant == "rand":
        raise ZooError(f"{name} was given an embedding_matrix with variant='rand'", "random vectors",
                       "choose static, non-static or multichannel")  # fmt: skip
    given = getattr(matrix, "shape", None)
    if given is None or tuple(given) != shape:
        raise ZooError(
            f"{name} was given an embedding_matrix of shape {given}",
            f"an array of shape {shape}",
            "set vocabulary_size and embedding_dim to the matrix's",
        )
