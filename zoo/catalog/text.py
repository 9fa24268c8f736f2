"""Rows of the recurrent text classifiers, counted at 10,000 words, 200 a text, 128 dimensions, 64 units."""

from zoo.catalog.spec import Counts, ModelSpec, Paper

TEXTS = "text-classification"

ELMAN = Paper(
    "Finding structure in time",
    "J. L. Elman",
    1990,
    "Cognitive Science 14(2)",
    "https://doi.org/10.1207/s15516709cog1402_1",
)
LSTM = Paper(
    "Long short-term memory",
    "S. Hochreiter, J. Schmidhuber",
    1997,
    "Neural Computation 9(8)",
    "https://doi.org/10.1162/neco.1997.9.8.1735",
)
BIDIRECTIONAL = Paper(
    "Bidirectional recurrent neural networks",
    "M. Schuster, K. K. Paliwal",
    1997,
    "IEEE Transactions on Signal Processing 45(11)",
    "https://doi.org/10.1109/78.650093",
)
GRU = Paper(
    "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    "K. Cho, B. van Merrienboer, C. Gulcehre, D. Bahdanau, F. Bougares, H. Schwenk, Y. Bengio",
    2014,
    "EMNLP",
    "https://arxiv.org/abs/1406.1078",
)

NO_MASK = "padding is read like a word (no mask), as in the classical scripts"

ROWS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="simple_rnn",
        builder="zoo.models.recurrent:simple_rnn",
        summary="Embedding, SimpleRNN(64), dropout .5, one logit",
        task=TEXTS,
        input_shape=(200,),
        classes=1,
        counts=Counts(1_292_417, 1_292_417, 2_457_664),
        features="rnn",
        paper=ELMAN,
        deviations=(NO_MASK,),
    ),
    ModelSpec(
        name="lstm_text",
        builder="zoo.models.recurrent:lstm_text",
        summary="Embedding, LSTM(64), dropout .5, one logit",
        task=TEXTS,
        input_shape=(200,),
        classes=1,
        counts=Counts(1_329_473, 1_329_473, 9_830_464),
        features="lstm",
        paper=LSTM,
        deviations=(NO_MASK, "with the forget gate of Gers 2000, as in every library"),
    ),
    ModelSpec(
        name="bilstm_imdb",
        builder="zoo.models.recurrent:bilstm_imdb",
        summary="Embedding, LSTM(64) in both directions, dropout .5, one logit",
        task=TEXTS,
        input_shape=(200,),
        classes=1,
        counts=Counts(1_378_945, 1_378_945, 19_660_928),
        features="bilstm",
        paper=BIDIRECTIONAL,
        deviations=(NO_MASK,),
        config="bilstm_imdb.yaml",
    ),
    ModelSpec(
        name="gru_text",
        builder="zoo.models.recurrent:gru_text",
        summary="Embedding, GRU(64), dropout .5, one logit",
        task=TEXTS,
        input_shape=(200,),
        classes=1,
        counts=Counts(1_317_313, 1_317_313, 7_372_864),
        features="gru",
        paper=GRU,
        deviations=(NO_MASK, "reset gate after the product with the state, two biases (reset_after=True)"),
        config="gru_imdb.yaml",
    ),
)
