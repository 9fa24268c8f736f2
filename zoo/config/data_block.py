"""The data block: source, splits, and what is done to images and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, Strict, model_serializer, model_validator

from . import facts
from .values import (
    LARGEST,
    Block,
    Bool,
    NonNegative,
    Numbers,
    Positive,
    PositiveOrNull,
    ProperShare,
    Seed,
    Share,
    Side,
    Text,
    TextOrNull,
    Whole,
    one_of,
    says,
)


class RandAugment(Block):
    """keras.layers.RandAugment, the same changes again for the same seed, epoch and image."""

    num_ops: Positive = Field(2, description="how many changes each image gets, one after the other")
    factor: Annotated[float, Field(gt=0, le=1), says("a number above 0, up to 1")] = Field(
        0.5, description="strength of a change is drawn up to this, as Keras means it"
    )


class Augment(Block):
    """Random changes of training images, the same ones again for the same seed, epoch and image."""

    shift: Whole = Field(
        0, description="shift by up to this many pixels in each direction: a random crop of the image padded by them"
    )
    flip: Annotated[Literal["horizontal"] | None, says("horizontal or null")] = Field(
        None, description="horizontal: mirror half of the images"
    )
    brightness: Share = Field(0.0, description="add up to this share of white, or take it away")
    contrast: Share = Field(0.0, description="multiply differences from the mean by 1 - this to 1 + this")
    saturation: Share = Field(0.0, description="multiply the saturation by 1 - this to 1 + this; RGB alone")
    pca: NonNegative = Field(
        0.0,
        description="AlexNet's noise along the principal colours of the training part, of this standard deviation "
        "(the paper: 0.1); RGB alone",
    )
    rand_augment: RandAugment | None = Field(None, description="random changes of many kinds, or null; RGB alone")


class DataConfig(Block):
    """Where the data come from and how they become batches."""

    name: Annotated[Literal[facts.DATA_NAMES], one_of(*facts.DATA_NAMES)] = Field(description="the data source")  # type: ignore[valid-type]
    path: TextOrNull = Field(
        None, description="a local file in the official format (null: download once), or the folder or file of your own"
    )
    dataset: TextOrNull = Field(
        None, description="tfds: name, name/config or name/config:1.0.0; hf: name or owner/name; null: by data.path"
    )
    subset: TextOrNull = Field(None, description="hf: the configuration of the data set")
    batch_size: PositiveOrNull = Field(
        64,
        description="items per training step; own texts by default (null): the power of two from 8 to 64 that "
        "makes about 100 steps an epoch, since a net learns too little from a small folder in few steps",
    )
    validation: Share = Field(0.1, description="share of the training part kept for validation, stratified; 0: none")
    folds: Annotated[int | None, Field(ge=2, le=LARGEST), says("an integer of at least 2 or null")] = Field(
        None,
        description="cross-validation: each of so many parts of the training part is, in a run of its own, the "
        "validation part; data.validation is not used then",
    )
    fold: PositiveOrNull = Field(None, description="train this fold alone, from 1; null: all, one run each")
    test: ProperShare = Field(0.2, description="share kept for the test, for sources without an official test part")
    split_seed: Seed = Field(0, description="fixes the splits, whatever runtime.seed is")
    limit: PositiveOrNull = Field(None, description="use at most this many training and test items, to try things")
    # images
    image_size: Annotated[
        Annotated[int, Field(gt=0)]
        | Annotated[tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]], Strict(False)]
        | None,
        says("a positive integer, [height, width] or null"),
    ] = Field(None, description="side, or [height, width]; null: the model's")
    fit: Annotated[Literal["pad", "resize", "crop"], one_of("pad", "resize", "crop")] = Field(
        "pad",
        description="how images are brought to that size: black around them, stretched, or the middle of the "
        "largest window of that form, resized; image files and records: resize",
    )
    crop: ProperShare = Field(0.875, description="fit: crop: the share of the image that is kept, such as 224 of 256")
    channel_order: Annotated[Literal["rgb", "bgr"], one_of("rgb", "bgr")] = Field(
        "rgb", description="the order of the colours, and of mean and std; published weights bring it"
    )
    color: Annotated[Literal["auto", "grey", "rgb"], one_of("auto", "grey", "rgb")] = Field(
        "auto", description="image files and records: channels; auto: the model's, or grey if all images are"
    )
    on_corrupt: Annotated[Literal["fail", "skip"], one_of("fail", "skip")] = Field(
        "fail",
        description="image files and records: what happens to those that cannot be read; either way they are named",
    )
    pixel_range: Annotated[tuple[float, float], Strict(False), says("two numbers [black, white]")] = Field(
        (0.0, 1.0), description="what black and white become"
    )
    mean: Annotated[Numbers, says("a list of numbers, one per channel, or null")] = Field(
        None, description="subtracted per channel, after pixel_range"
    )
    std: Annotated[Numbers, says("a list of numbers, one per channel, or null")] = Field(
        None, description="divided by per channel, after mean"
    )
    augment: Augment = Field(default_factory=Augment, description="random changes of training images")
    image: Text = Field(
        "image", description="the feature or column of the images: tfrecord (image/encoded), tfds and hf (image)"
    )
    label: Text = Field(
        "label",
        description="the feature or column of the classes, names or numbers: csv, tsv, jsonl, sequence, tfds "
        "and hf (label), tfrecord (image/class/label)",
    )
    label_text: Text = Field(
        "label_text", description="tfrecord: the feature of the classes' names, image/class/text; it may be missing"
    )
    # tokens
    text: Text = Field("text", description="csv, tsv, jsonl, tfds, hf: the column of the texts")
    min_count: Positive = Field(1, description="own texts: words seen less often in the training part are unknown")
    num_words: PositiveOrNull = Field(None, description="keep the most frequent words; null: all")
    maxlen: PositiveOrNull = Field(
        None, description="length of a text in words; null: the model's; own texts: what holds 95 % of them, up to 500"
    )
    pad: Side = Field("pre", description="the side on which short texts are padded")
    truncate: Side = Field("pre", description="the side on which long texts are cut")
    bucket: Bool = Field(
        False, description="training batches of texts of like length, padded to a few lengths in place of maxlen"
    )
    # sequence
    window: PositiveOrNull = Field(None, description="sequence: time steps of a window; its class is its last step's")
    stride: Positive = Field(1, description="sequence: time steps from one window to the next")
    columns: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...] | None,
        Field(min_length=1),
        Strict(False),
        says("a list of names or null"),
    ] = Field(None, description="sequence: the columns of numbers of a .csv; null: all but data.label")
    labels: TextOrNull = Field(
        None, description="sequence: the .npy with the class of each time step, where data.path is a .npy"
    )
    # synthetic
    kind: Annotated[Literal["image", "tokens"], one_of("image", "tokens")] = Field(
        "image", description="synthetic: what to make; tfds, hf: what is read"
    )
    samples: Positive = Field(1000, description="synthetic: how many items in all")
    classes: Annotated[int | None, Field(ge=2), says("an integer of at least 2")] = Field(
        None, description="synthetic: how many classes; null: 10 for images, 2 for tokens"
    )
    shape: Annotated[
        Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=3, max_length=3), Strict(False)] | None,
        says("[height, width, channels] or null"),
    ] = Field(None, description="synthetic images: [height, width, channels]; null: [28, 28, 1]")

    @property
    def content(self) -> str:
        """What the items are: "image", "tokens" or "frames"."""
        return facts.SOURCES[self.name].content or self.kind

    @property
    def own_texts(self) -> bool:
        """Whether the items are texts of the user's own, often some hundreds."""
        return self.content == "tokens" and facts.SOURCES[self.name].own

    def unused(self) -> dict[str, str]:
        """Options that this source does not use, with the reason."""
        source, reasons = facts.SOURCES[self.name], {}
        given = "tokens" if self.content == "tokens" else facts.CONTENTS[self.content]
        if self.content != "image":
            reasons |= dict.fromkeys(facts.IMAGE_OPTIONS, f"is for images, but '{self.name}' gives {given}")
        if self.content != "tokens":
            reasons |= dict.fromkeys(facts.TOKEN_OPTIONS, f"is for texts, but '{self.name}' gives {given}")
        if self.content != "frames":
            reasons |= dict.fromkeys(facts.FRAME_OPTIONS, "is for data.name: sequence alone")
        else:
            reasons |= dict.fromkeys(("folds", "fold"), "cannot be used: windows of one sequence are parted in time")
        if self.name not in facts.FILE_SOURCES or self.content != "image":
            reasons |= dict.fromkeys(facts.FILE_OPTIONS, f"is for data.name: {_or(facts.FILE_SOURCES)}")
        for option in ("image", "label", "label_text", "text"):
            other = {"image": "tokens", "text": "image"}.get(option)
            if self.name in facts.PACKAGE_SOURCES and other == self.content:
                reasons[option] = f"is not read with data.kind: {self.kind}"
            elif option not in facts.COLUMNS.get(self.name, {}):
                having = [name for name, columns in facts.COLUMNS.items() if option in columns]
                reasons[option] = f"is for data.name: {_or(having)}"
        if not (source.own and self.content == "tokens"):
            reasons |= dict.fromkeys(facts.WORD_OPTIONS, "is for texts of text_folder, csv, tsv, jsonl, tfds or hf")
        if self.name not in facts.PACKAGE_SOURCES:
            reasons["dataset"] = f"is for data.name: {_or(facts.PACKAGE_SOURCES)}"
        if self.name != "hf":
            reasons["subset"] = "is for data.name: hf alone"
        if source.content is not None:
            reasons["kind"] = "is for data.name: synthetic, tfds or hf"
        if self.name != "synthetic":
            reasons |= dict.fromkeys(facts.SYNTHETIC_OPTIONS, "is for data.name: synthetic alone")
        elif self.kind == "tokens":
            reasons["shape"] = "is for images; the length of texts is data.maxlen"
        if self.folds is None:
            reasons["fold"] = "is for data.folds alone"
        if not source.takes_path:
            reasons["path"] = f"cannot be used: '{self.name}' reads no file"
        if source.official_test:
            reasons["test"] = f"cannot be used: '{self.name}' has its own test part"
        return reasons

    @model_validator(mode="after")
    def _resolve(self) -> DataConfig:
        if self.name in facts.FILE_SOURCES and "fit" not in self.model_fields_set:
            self.__dict__["fit"] = "resize"
        for option, column in facts.COLUMNS.get(self.name, {}).items():
            if option not in self.model_fields_set:
                self.__dict__[option] = column
        if self.batch_size is None or "batch_size" not in self.model_fields_set:
            self.__dict__["batch_size"] = None if self.own_texts else 64
        if self.folds is not None:
            self.__dict__["validation"] = 1 / self.folds
        if self.name == "synthetic":
            self.__dict__["classes"] = self.classes or (10 if self.kind == "image" else 2)
            if self.kind == "image":
                self.__dict__["shape"] = self.shape or (28, 28, 1)
        return self

    @model_serializer(mode="wrap")
    def _dump(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        unused = {*self.unused(), "folds" if self.folds is None else "validation"}
        return {key: value for key, value in handler(self).items() if key not in unused}


def _or(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
