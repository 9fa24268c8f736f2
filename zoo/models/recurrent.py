"""The recurrent text classifiers of the classical scripts: Embedding, a recurrent layer, dropout, dense.

Sources: J. Elman, "Finding structure in time", 1990 (SimpleRNN); S. Hochreiter, J. Schmidhuber, "Long
short-term memory", 1997, with the forget gate of Gers 2000 (LSTM); M. Schuster, K. Paliwal, 1997
(bidirectional); K. Cho et al., 2014, https://arxiv.org/abs/1406.1078 (GRU). The nets themselves are Keras's
examples (`imdb_lstm.py`, `imdb_bidirectional_lstm.py`).
As printed: 64 units on 128-dimensional embeddings of 10,000 words, 200 words a text, dropout .5, one logit.
Deviation: the embedding hands on no mask, as in those scripts: padding (index 0, in front) is read like a
word. With `mask=True` padding is left out, on whichever side it stands.

With `features` each net reads that many numbers a step in place of words: (200, features) -> (1), no embedding.
"""

from __future__ import annotations

import keras

from zoo.layers import GRU, LSTM, SimpleRNN
from zoo.models.common import ZooError, check_sequence, logits


def simple_rnn(
    *,
    vocabulary_size: int = 10_000,
    sequence_length: int | None = 200,
    embedding_dim: int = 128,
    units: int = 64,
    dropout: float = 0.5,
    mask: bool = False,
    features: int | None = None,
    classes: int = 1,
    name: str = "simple_rnn",
) -> keras.Model:
    """(200) word indices -> (1) logit through a SimpleRNN. Raises ZooError for sizes below one."""
    inputs, x = _entered(name, vocabulary_size, sequence_length, embedding_dim, units, mask, features, classes)
    x = SimpleRNN(units, name="rnn")(x)  # 64
    return _classified(inputs, x, dropout, classes, name)


def lstm_text(
    *,
    vocabulary_size: int = 10_000,
    sequence_length: int | None = 200,
    embedding_dim: int = 128,
    units: int = 64,
    dropout: float = 0.5,
    mask: bool = False,
    features: int | None = None,
    classes: int = 1,
    name: str = "lstm_text",
) -> keras.Model:
    """(200) word indices -> (1) logit through an LSTM. Raises ZooError for sizes below one."""
    inputs, x = _entered(name, vocabulary_size, sequence_length, embedding_dim, units, mask, features, classes)
    x = LSTM(units, name="lstm")(x)  # 64
    return _classified(inputs, x, dropout, classes, name)


def bilstm_imdb(
    *,
    vocabulary_size: int = 10_000,
    sequence_length: int | None = 200,
    embedding_dim: int = 128,
    units: int = 64,
    dropout: float = 0.5,
    mask: bool = False,
    features: int | None = None,
    classes: int = 1,
    name: str = "bilstm_imdb",
) -> keras.Model:
    """(200) word indices -> (1) logit through an LSTM read in both directions. Raises ZooError as above."""
    inputs, x = _entered(name, vocabulary_size, sequence_length, embedding_dim, units, mask, features, classes)
    x = keras.layers.Bidirectional(LSTM(units, name="lstm"), name="bilstm")(x)  # 2 x 64
    return _classified(inputs, x, dropout, classes, name)


def gru_text(
    *,
    vocabulary_size: int = 10_000,
    sequence_length: int | None = 200,
    embedding_dim: int = 128,
    units: int = 64,
    dropout: float = 0.5,
    mask: bool = False,
    features: int | None = None,
    reset_after: bool = True,
    classes: int = 1,
    name: str = "gru_text",
) -> keras.Model:
    """(200) word indices -> (1) logit through a GRU.

    `reset_after=True` applies the reset gate after the product with the state (two biases, cuDNN's form);
    False is the paper's form. Raises ZooError for sizes below one.
    """
    inputs, x = _entered(name, vocabulary_size, sequence_length, embedding_dim, units, mask, features, classes)
    x = GRU(units, reset_after=reset_after, name="gru")(x)  # 64
    return _classified(inputs, x, dropout, classes, name)


def _entered(name, vocabulary_size, sequence_length, embedding_dim, units, mask, features, classes):
    """What the recurrent layer reads: embedded words, or `features` numbers a step as they are."""
    sizes = {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "units": units}
    sizes |= {} if features is None else {"features": features}
    check_sequence(name, classes=classes, sequence_length=sequence_length, **sizes)
    if features is None:
        inputs = keras.Input((sequence_length,), dtype="int32", name="input")
        embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, mask_zero=mask, name="embedding")
        return inputs, embedding(inputs)  # 200x128
    if mask:
        raise ZooError(f"{name} was given mask=True with features={features}", "no mask: numbers have no padding",
                       "remove mask")  # fmt: skip
    inputs = keras.Input((sequence_length, features), name="input")
    return inputs, inputs


def _classified(inputs, x, dropout, classes, name):
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, logits(x, classes), name=name)
