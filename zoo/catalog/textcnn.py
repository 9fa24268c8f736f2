"""Rows of Kim's sentence classifier, counted at the 18,765 words of the paper's MR data."""

from zoo.catalog.spec import Counts, Figure, ModelSpec, Paper

TEXTS = "text-classification"

KIM = Paper(
    title="Convolutional neural networks for sentence classification",
    authors="Y. Kim",
    year=2014,
    venue="EMNLP",
    url="https://arxiv.org/abs/1408.5882",
)

# variant: summary, trainable and total parameters.
VARIANTS = {
    "rand": ("word vectors begin at random and are trained", 5_990_402, 5_990_402),
    "static": ("given word vectors, kept", 360_902, 5_990_402),
    "non-static": ("given word vectors, trained further", 5_990_402, 5_990_402),
    "multichannel": ("given word vectors twice, one channel kept and one trained", 5_990_402, 11_619_902),
}
# On the sentences of MR, by 10-fold cross-validation.
ACCURACY = {"rand": "76.1 %", "non-static": "81.5 %"}


def _textcnn(name: str, variant: str) -> ModelSpec:
    summary, trainable, total = VARIANTS[variant]
    return ModelSpec(
        name=name,
        builder="zoo.models.textcnn:textcnn",
        summary=f"Kim's CNN-{variant}: {summary}",
        task=TEXTS,
        input_shape=(56,),
        classes=2,
        counts=Counts(trainable, total, 19_020_600),
        features="features",
        paper=KIM,
        args={"variant": variant},
        accuracy=(Figure("top-1 accuracy, MR, 10-fold", ACCURACY[variant], "as recalled from the paper"),)
        if variant in ACCURACY
        else (),
        deviations=(
            "padding is a word like the others, put there by the data; the author's code keeps it at zero",
            *(() if variant == "rand" else ("without `embedding_matrix` the word vectors begin at random",)),
        ),
    )


ROWS: tuple[ModelSpec, ...] = (
    _textcnn("textcnn", "rand"),
    _textcnn("textcnn_static", "static"),
    _textcnn("textcnn_non_static", "non-static"),
    _textcnn("textcnn_multichannel", "multichannel"),
)
