"""The blocks of a config as frozen pydantic models: types, ranges, defaults and what editors show.

What concerns one value stands here; what concerns several together stands in `checks.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PrivateAttr,
    Strict,
    field_serializer,
    field_validator,
)

from .data_block import DataConfig
from .keras_blocks import Loss, Metric, Optimizer, Schedule
from .mistakes import Problem, Problems, wrong
from .values import (
    Block,
    Bool,
    Mode,
    NonNegative,
    Positive,
    PositiveOrNull,
    ProperShare,
    Seed,
    Share,
    Text,
    TextOrNull,
    Whole,
    one_of,
    says,
)
from .versions import without_later_keys
from .yaml_tree import dump


class ModelConfig(Block):
    """Which model, in the paper's words."""

    name: Text = Field(description="a name from `zoo list`, or your own builder as package.module:function")
    args: dict[str, Any] = Field(default_factory=dict, description="the builder's arguments, in the paper's words")
    weights: TextOrNull = Field(None, description="a source from `zoo info`, a file, or a run folder; null: fresh")
    weights_source: TextOrNull = Field(
        None, description="the source that a file of weights is of, where neither its name nor its hash tells"
    )

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        from .catalogue import model_name_problem

        if problem := model_name_problem(name):
            raise Problems([problem])
        return name

    @field_validator("args", mode="before")
    @classmethod
    def _plain(cls, args: Any) -> Any:
        if not isinstance(args, Mapping):
            raise Problems([wrong((), "a mapping of the builder's arguments", args)])
        try:
            return json.loads(json.dumps(dict(args), allow_nan=False))
        except (TypeError, ValueError):
            raise Problems([Problem((), "expected plain values (finite numbers, texts, lists)")]) from None


class Regularizer(Block):
    """Penalties on every kernel, added to the loss; Keras's l2 has no factor of one half."""

    l1: NonNegative = Field(0.0, description="l1 * sum(|w|)")
    l2: NonNegative = Field(0.0, description="l2 * sum(w^2)")


class Constraint(Block):
    """Limits on every kernel, enforced after each step."""

    max_norm: Annotated[float | None, Field(gt=0), says("a number above 0 or null")] = Field(
        None, description="the largest norm of a unit's incoming weights"
    )


class TrainConfig(Block):
    """How the model is trained."""

    epochs: Positive = Field(20, description="passes over the training part")
    repeat: Positive = Field(1, description="so many runs, with the seeds runtime.seed, +1, +2, ...")
    optimizer: Optimizer = Field(
        default_factory=lambda: Optimizer.model_validate("adam"), description="Keras's name and arguments"
    )
    schedule: Schedule | None = Field(None, description="the learning rate over time; null: constant")
    loss: Loss = Field(
        default_factory=lambda: Loss.model_validate("auto"), description="Keras's name and arguments; auto: by task"
    )
    freeze: TextOrNull = Field(
        None, description="layers kept as loaded: backbone (all before the classifier), or a pattern such as conv[12]*"
    )
    label_smoothing: Share = Field(0.0, description="share of each label spread over all classes")
    mixup: NonNegative = Field(0.0, description="mix pairs of images, shares from Beta(alpha, alpha); 0: off")
    cutmix: NonNegative = Field(0.0, description="paste a box of another image, area from Beta(alpha, alpha); 0: off")
    loss_weights: Annotated[
        tuple[NonNegative, ...] | None,
        Field(min_length=2),
        Strict(False),
        says("a list of numbers of at least 0, one per output of the model, or null"),
    ] = Field(None, description="weights of a net's outputs in the loss, the main one first; null: the paper's")
    metrics: Annotated[tuple[Metric, ...], Strict(False)] = Field(
        default_factory=lambda: (Metric.model_validate("accuracy"),), description="Keras's names, with arguments"
    )
    regularizer: Regularizer = Field(default_factory=Regularizer, description="penalties on the kernels")
    constraint: Constraint = Field(default_factory=Constraint, description="limits on the kernels")
    class_weight: dict[int, float] | None = Field(None, description="class index -> weight in the loss")

    @field_validator("class_weight", mode="before")
    @classmethod
    def _indices(cls, value: Any) -> Any:
        if value is None:
            return None
        try:
            weights = {int(key): float(weight) for key, weight in value.items()}
        except (AttributeError, TypeError, ValueError):
            weights = {}
        if not weights or not all(k >= 0 and 0 <= w < math.inf for k, w in weights.items()):
            expected = "a mapping from class index to a number of at least 0, such as {0: 1.0, 1: 2.5}"
            raise Problems([Problem((), f"expected {expected}")]) from None
        return weights

    @field_serializer("class_weight")
    def _texts(self, value: dict[int, float] | None) -> dict[str, float] | None:
        return value and {str(key): weight for key, weight in sorted(value.items())}


class EarlyStopping(Block):
    """Stop when the monitored value has not improved for `patience` epochs."""

    monitor: Text = Field("val_loss", description="loss or a metric, with val_ in front for the validation part")
    patience: Whole = Field(5, description="epochs without improvement before stopping")
    min_delta: NonNegative = Field(0.0, description="the least change that counts as an improvement")
    mode: Mode = Field("auto", description="whether smaller (min) or larger (max) is better; auto: by the monitor")
    baseline: Annotated[float | None, says("a number or null")] = Field(None, description="a value to be beaten")
    start_from_epoch: Whole = Field(0, description="epochs to wait before watching")


class Checkpoint(Block):
    """Which epoch's weights are the best; they are the ones evaluated."""

    monitor: TextOrNull = Field(
        None,
        description="null: val_accuracy, else val_loss, else loss, whichever exists; own texts: val_loss, which "
        "is not equal in several epochs where the validation part is small",
    )
    mode: Mode = Field("auto", description="whether smaller (min) or larger (max) is better; auto: by the monitor")


class ReduceLROnPlateau(Block):
    """Lower the learning rate when the monitored value has not improved for `patience` epochs."""

    monitor: Text = Field("val_loss", description="loss or a metric, with val_ in front for the validation part")
    factor: ProperShare = Field(0.1, description="the learning rate is multiplied by this")
    patience: Whole = Field(10, description="epochs without improvement before lowering")
    min_delta: NonNegative = Field(1e-4, description="the least change that counts as an improvement")
    cooldown: Whole = Field(0, description="epochs to wait after lowering")
    min_lr: NonNegative = Field(0.0, description="never lower than this")
    mode: Mode = Field("auto", description="whether smaller (min) or larger (max) is better; auto: by the monitor")


class CallbacksConfig(Block):
    """What watches the training; the arguments are Keras's."""

    early_stopping: EarlyStopping | None = Field(None, description="null: train all epochs")
    checkpoint: Checkpoint = Field(default_factory=Checkpoint, description="which weights are the best")
    reduce_lr_on_plateau: ReduceLROnPlateau | None = Field(None, description="null: off")
    terminate_on_nan: Bool = Field(True, description="stop when the loss is no number")
    tensorboard: Bool = Field(False, description="write logs/ for TensorBoard")


class SaveEvery(Block):
    """How often the state is saved inside an epoch; one of the two."""

    steps: PositiveOrNull = Field(None, description="after this many training steps")
    minutes: Annotated[float | None, Field(gt=0), says("a number above 0 or null")] = Field(
        None, description="after this many minutes"
    )


class RuntimeConfig(Block):
    """Where and how exactly it runs."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|gpu(:[0-9]{1,3})?)$"), says("auto, cpu, gpu or gpu:N")] = Field(
        "auto", description="auto, cpu, gpu or gpu:N; `zoo devices` shows them"
    )
    precision: Annotated[
        Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"],
        one_of("float32", "mixed_bfloat16", "mixed_float16", "auto"),
    ] = Field("float32", description="what is computed in; variables stay float32; auto: by the GPU")
    jit_compile: Annotated[Literal["auto"] | bool, says("auto, true or false")] = Field(
        "auto", description="XLA; auto: where it helps"
    )
    steps_per_execution: Annotated[
        Literal["auto"] | Annotated[int, Field(gt=0)], says("auto or a positive integer")
    ] = Field("auto", description="training steps per call; auto: by the model's size")
    seed: Seed = Field(0, description="weights, order of the data, dropout and augmentation; never the splits")
    deterministic: Bool = Field(True, description="two runs on one machine give the same weights")
    save_every: SaveEvery | None = Field(None, description="for long epochs; null: the state is saved at their ends")
    output: Text = Field("runs", description="folder of the run folders: OUTPUT/NAME/TIME")


class Settings(Block):
    """Every block of a config: everything a run depends on."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$"), says("letters, digits, _ . + -")] = (
        Field(description="the run folder's name; default: the file's name")
    )
    model: ModelConfig = Field(description="which model")
    data: DataConfig = Field(description="which data")
    train: TrainConfig = Field(default_factory=TrainConfig, description="how it is trained")
    callbacks: CallbacksConfig = Field(default_factory=CallbacksConfig, description="what watches the training")
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="where and how it runs")
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def origins(self) -> dict[str, str]:
        """Where each value comes from: `train.epochs` -> `configs/x.yaml:7`, `default` or `command line`."""
        return dict(self._origins)

    def to_dict(self) -> dict[str, Any]:
        """Plain, JSON-able values with all defaults resolved; options the data source does not use are left out."""
        return self.model_dump(mode="json")

    def to_yaml(self) -> str:
        """The config as a file that loads to an equal config."""
        return dump(self.to_dict())

    def places(self) -> dict[str, str]:
        """The files and folders a config names: where things lie on one machine."""
        given = {"data.path": self.data.path, "data.labels": self.data.labels}
        from zoo.catalog.sources import is_source

        given |= {"model.args.embedding": self.model.args.get("embedding")}
        if self.model.weights is not None and not is_source(self.model.name, self.model.weights):
            given["model.weights"] = self.model.weights
        return {key: path for key, path in given.items() if isinstance(path, str)}

    def recipe_digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of what is computed: the same wherever the files lie, whatever it is
        called, however often it is saved or repeated, and in every later version (see `versions`).

        Of a file that is no part of the data, word vectors or weights, its name counts.
        """
        data = self.to_dict()
        del data["name"], data["runtime"]["output"], data["runtime"]["save_every"], data["train"]["repeat"]
        data["data"].pop("path", None)
        data["data"].pop("labels", None)
        places = self.places()
        if "model.args.embedding" in places:
            data["model"]["args"]["embedding"] = Path(places["model.args.embedding"]).name
        if "model.weights" in places:
            data["model"]["weights"] = Path(places["model.weights"]).name
        without_later_keys(data)
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def clean_name(text: str) -> str:
    """A text made fit for the name of a folder."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", text).lstrip(".+-")[:100] or "run"
