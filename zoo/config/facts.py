"""Our own words as data: learning-rate schedules and data sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ScheduleFacts:
    """Arguments of a schedule: their kinds (`names.KINDS`), defaults, and which of two ways to say a length.

    `either` names two arguments that say one thing in epochs or in steps; `needed` says that one must be given
    (otherwise the length is the whole training).
    """

    args: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    either: tuple[str, str] | None = None
    needed: bool = False


_DECAY = {"decay_steps": "count", "decay_epochs": "positive"}
_RATE = {"decay_rate": "positive", "staircase": "bool"}

SCHEDULES: dict[str, ScheduleFacts] = {
    "constant": ScheduleFacts(),
    "step": ScheduleFacts(
        {"every_epochs": "positive", "every_steps": "count", "factor": "positive"},
        required=("factor",), either=("every_epochs", "every_steps"), needed=True,
    ),
    "piecewise": ScheduleFacts(
        {"boundaries_epochs": "rising", "boundaries": "rising_counts", "values": "rates"},
        required=("values",), either=("boundaries_epochs", "boundaries"), needed=True,
    ),
    "exponential": ScheduleFacts(
        {**_DECAY, **_RATE}, {"staircase": False},
        required=("decay_rate",), either=("decay_steps", "decay_epochs"), needed=True,
    ),
    "inverse_time": ScheduleFacts(
        {**_DECAY, **_RATE}, {"staircase": False},
        required=("decay_rate",), either=("decay_steps", "decay_epochs"), needed=True,
    ),
    "polynomial": ScheduleFacts(
        {**_DECAY, "end_learning_rate": "nonnegative", "power": "positive", "cycle": "bool"},
        {"end_learning_rate": 1e-4, "power": 1.0, "cycle": False}, either=("decay_steps", "decay_epochs"),
    ),
    "cosine": ScheduleFacts({**_DECAY, "alpha": "unit"}, {"alpha": 0.0}, either=("decay_steps", "decay_epochs")),
    "cosine_restarts": ScheduleFacts(
        {
            "first_decay_steps": "count", "first_decay_epochs": "positive",
            "t_mul": "positive", "m_mul": "positive", "alpha": "unit",
        },
        {"t_mul": 2.0, "m_mul": 1.0, "alpha": 0.0},
        either=("first_decay_steps", "first_decay_epochs"), needed=True,
    ),
    "one_cycle": ScheduleFacts(
        {
            "max_learning_rate": "positive", "div_factor": "positive", "final_div_factor": "positive",
            "pct_start": "between", "max_momentum": "share", "min_momentum": "share", "anneal": "cos|linear",
        },
        {"div_factor": 25.0, "final_div_factor": 1e4, "pct_start": 0.3, "anneal": "cos"},
    ),
}  # fmt: skip
# Optimizers whose momentum one_cycle moves, by their own word; RMSprop's is off by default and stays as it is.
MOVED_MOMENTUM = {"sgd": "momentum", "muon": "momentum"} | dict.fromkeys(
    ("adam", "adamw", "nadam", "adamax", "lamb", "lion"), "beta_1"
)
WARMUP = {"warmup_steps": "whole", "warmup_epochs": "nonnegative"}


@dataclass(frozen=True)
class SourceFacts:
    """A data source: what its items are, its classes, whether it reads `data.path` and has its own test part."""

    content: str | None  # "image" | "tokens" | "frames"; None: `data.kind` says it
    classes: int | None  # None: the data say it
    takes_path: bool
    official_test: bool
    own: bool = False  # the user's own files: `data.path` (or `data.dataset`) is needed, the classes are found in them


SOURCES: dict[str, SourceFacts] = {
    "digits": SourceFacts("image", 10, takes_path=False, official_test=False),
    "mnist": SourceFacts("image", 10, takes_path=True, official_test=True),
    "fashion_mnist": SourceFacts("image", 10, takes_path=True, official_test=True),
    "cifar10": SourceFacts("image", 10, takes_path=True, official_test=True),
    "cifar100": SourceFacts("image", 100, takes_path=True, official_test=True),
    "imdb": SourceFacts("tokens", 2, takes_path=True, official_test=True),
    "reuters": SourceFacts("tokens", 46, takes_path=True, official_test=True),
    "image_folder": SourceFacts("image", None, takes_path=True, official_test=False, own=True),
    "tfrecord": SourceFacts("image", None, takes_path=True, official_test=False, own=True),
    "tfds": SourceFacts(None, None, takes_path=True, official_test=False, own=True),
    "hf": SourceFacts(None, None, takes_path=True, official_test=False, own=True),
    "text_folder": SourceFacts("tokens", None, takes_path=True, official_test=False, own=True),
    "csv": SourceFacts("tokens", None, takes_path=True, official_test=False, own=True),
    "tsv": SourceFacts("tokens", None, takes_path=True, official_test=False, own=True),
    "jsonl": SourceFacts("tokens", None, takes_path=True, official_test=False, own=True),
    "sequence": SourceFacts("frames", None, takes_path=True, official_test=False, own=True),
    "synthetic": SourceFacts(None, None, takes_path=False, official_test=False),
}
DATA_NAMES = tuple(SOURCES)
# Weights in the loss of a net with `aux: true`, the main output first. GoogLeNet: Sec. 5; Inception v3 prints none,
# 0.4 is that of TensorFlow's and torchvision's training.
SIDE_LOSS_WEIGHTS = {
    "googlenet": (1.0, 0.3, 0.3), "googlenet_bn": (1.0, 0.3, 0.3), "inception_v3": (1.0, 0.4),
    "inception_v3_tv": (1.0, 0.4),
}  # fmt: skip
# Losses that `train.label_smoothing` smooths.
SMOOTHED_LOSSES = ("auto", "sparse_categorical_crossentropy", "binary_crossentropy")
# Labels are class indices: these losses and metrics want one-hot rows or mean something else.
ONE_HOT_LOSSES = (
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_generalized_cross_entropy",
    "categorical_hinge", "kl_divergence", "cosine_similarity", "circle", "ctc", "dice", "tversky",
)  # fmt: skip
ONE_HOT_METRICS = (
    "categorical_accuracy", "top_k_categorical_accuracy", "categorical_crossentropy", "categorical_hinge",
    "f1_score", "f_beta_score", "one_hot_io_u", "one_hot_mean_io_u", "kl_divergence", "cosine_similarity",
    "pearson_correlation", "concordance_correlation", "r2_score",
)  # fmt: skip
# With more than two classes these read class indices rightly.
INDEX_LOSSES = ("auto", "sparse_categorical_crossentropy")
INDEX_METRICS = (
    "accuracy", "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy",
    "sparse_categorical_crossentropy",
)  # fmt: skip
# Words of builders, for the mend when one stands outside model.args.
MODEL_WORDS = (
    "classes", "input_shape", "vocabulary_size", "sequence_length", "embedding_dim", "units", "dropout",
    "depth", "alpha", "aux", "include_top", "pooling", "classifier_activation",
)  # fmt: skip
IMAGE_OPTIONS = ("image_size", "fit", "crop", "channel_order", "pixel_range", "mean", "std", "augment")
TOKEN_OPTIONS = ("num_words", "maxlen", "pad", "truncate", "bucket")
FRAME_OPTIONS = ("window", "stride", "labels", "columns")
TASK_CONTENT = {"image-classification": ("image",), "text-classification": ("tokens",)}
# What the items are, in words.
CONTENTS = {"image": "images", "tokens": "texts", "frames": "sequences of numbers"}
FILE_SOURCES = ("image_folder", "tfrecord", "tfds", "hf")  # of encoded images, each with a size of its own
FILE_OPTIONS = ("color", "on_corrupt")
# The columns or features that a source reads, with their names in it.
COLUMNS: dict[str, dict[str, str]] = {
    "csv": {"text": "text", "label": "label"},
    "tsv": {"text": "text", "label": "label"},
    "jsonl": {"text": "text", "label": "label"},
    "sequence": {"label": "label"},
    "tfrecord": {"image": "image/encoded", "label": "image/class/label", "label_text": "image/class/text"},
    "tfds": {"image": "image", "label": "label", "text": "text"},
    "hf": {"image": "image", "label": "label", "text": "text"},
}
WORD_OPTIONS = ("min_count",)  # where the vocabulary is built from the texts
PACKAGE_SOURCES = ("tfds", "hf")  # data sets of another package, by name or from a local copy
SYNTHETIC_OPTIONS = ("samples", "classes", "shape")
