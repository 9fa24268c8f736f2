"""What a config stands for once it is built: its data and its compiled model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.build import word_vectors
from zoo.catalog import registry, sources
from zoo.config.facts import FILE_SOURCES
from zoo.errors import ZooError
from zoo.io import files
from zoo.runs.catalogue_nets import imported
from zoo.runs.folder import Run, find, open_run, run_digest
from zoo.runs.net import model_of
from zoo.training import devices

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from zoo.config import Config
    from zoo.data import Dataset


@dataclass
class Job:
    """What a config stands for once it is built: data, compiled model, and the steps of an epoch."""

    config: Config
    data: Dataset
    model: keras.Model
    steps_per_epoch: int
    notes: tuple[str, ...] = ()  # what is said once before the training
    class_weight: dict[int, float] | None = None  # of every class
    parent: dict[str, str] | None = None  # the run whose weights it begins with, and their SHA-256

    def identity(self) -> dict[str, Any]:
        """What the run is, as environment.json and the receipt state it: digests, data, parent, own code."""
        recipe, data_hash = self.config.recipe_digest(), self.data.info.hash
        return {
            "recipe_digest": recipe,
            "run_digest": run_digest(recipe, data_hash, self.parent),
            "data_hash": data_hash,
            "data_hash_of": "all items",
            "parent": self.parent,
            "own_code": registry.own_code(self.config.model.name),
        }

    def batches(self, epoch: int = 0, step: int = 0) -> tf.data.Dataset:
        """The endless training batches from there on, mixed where the config says so."""
        train, stream = self.config.train, self.data.train.stream(epoch, step)
        if not (train.mixup or train.cutmix):
            return stream
        from zoo.training.mixing import mix

        return mix(
            stream,
            mixup=train.mixup,
            cutmix=train.cutmix,
            classes=self.model.outputs[0].shape[-1],
            seed=self.config.runtime.seed,
            first=epoch * self.steps_per_epoch + step,
        )


def resolve(config: Config) -> Config:
    """What the machine and the weights decide, settled once: precision, and how the weights want their images.

    What the config says itself stands; `config.origins` says "weights" of what they brought. Needs TensorFlow for
    `runtime.precision: auto` alone.

    Raises:
        ZooError: weights of no known source, or of one of several.
    """
    found = wanted_by_weights(config)
    return devices.settled(config.with_defaults(found[1], "weights") if found else config)


def wanted_by_weights(config: Config) -> tuple[str, dict[str, Any]] | None:
    """Whose weights a config begins with, and what they want of the data block; None where nothing is known of it."""
    weights, name = config.model.weights, config.model.name
    if weights is None or config.data.content != "image":
        return None
    if Path(weights).is_dir() and not sources.is_source(name, weights):
        settings, whose = open_run(weights).data["preprocessing"], f"the run {weights}"
        if settings["kind"] != "image":
            return None
        wanted = {key: settings.get(key, value) for key, value in sources.PLAIN.items()}
        channels = settings["shape"][2]
    else:
        origin = imported(weights)
        source = None if origin else sources.source_of(name, weights, config.model.weights_source)
        if origin is None and source is None:
            return None
        wanted = origin or sources.wanted(source.preprocessing)
        whose = f"the weights ({weights if source is None else source.name})"
        channels = registry.describe(name).input_shape[2]
    files_ = config.data.name in FILE_SOURCES  # others have their own size and colours, and are brought to it whole
    wanted |= {"color": {1: "grey", 3: "rgb"}.get(channels, "auto")} if files_ else {}
    return whose, {f"data.{key}": v for key, v in wanted.items() if files_ or key not in ("fit", "crop")}


def _told(config: Config) -> tuple[str, ...]:
    """What is to be said of preprocessing by the weights: what they brought, and where the config departs from it."""
    found = wanted_by_weights(config)
    if found is None:
        return ()
    whose, wanted = found
    plain = {f"data.{key}": value for key, value in config.to_dict()["data"].items()}
    brought = [key for key in wanted if config.origins.get(key) == "weights"]
    other = [key for key in wanted if key in plain and plain[key] != wanted[key]]
    lines = [f"{whose} bring their preprocessing: {_listed(brought, wanted)}"] if brought else []
    lines += [f"{whose} want {_listed(other, wanted)}, but the config says {_listed(other, plain)}"] if other else []
    return tuple(lines)


def _listed(keys: Sequence[str], values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={json.dumps(values[key])}" for key in keys)


def begun(config: Config) -> Run | None:
    """The run that training this config would go on with or has finished, found without TensorFlow."""
    known = config if config.runtime.precision == "auto" else resolve(config)
    return find(Path(config.runtime.output), known)


def prepare(config: Config) -> Job:
    """Load the data, build the model for them, compile it."""
    import keras

    from zoo import data
    from zoo.build.create import freeze, gives_logits, is_run_folder, model_for, wanted_shape
    from zoo.build.heads import with_heads
    from zoo.config import check_steps
    from zoo.training import compile

    config = resolve(config)
    keras.utils.set_random_seed(config.runtime.seed)
    devices.check_precision(config.runtime.precision, config.runtime.device)
    if config.runtime.deterministic:
        devices.make_deterministic()
    with devices.place(config.runtime.device):
        dataset = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config))
        if "weights" in config.origins.values():
            dataset = replace(dataset, info=replace(dataset.info, preprocessing_origin="weights"))
        weights = config.model.weights
        donor = parent = None
        if weights and is_run_folder(config.model.name, weights):
            begun_with = open_run(weights)
            donor = model_of(begun_with)
            parent = {"run": str(begun_with.path.absolute()), "weights_sha256": files.sha256(begun_with.weights)}
        model = with_heads(model_for(config, dataset.info, donor), config.train.loss_weights)
        notes = (word_vectors.fill(model, config, dataset.info),) if word_vectors.asked(config) else ()
        if config.train.freeze:
            freeze(model, config.model.name, config.train.freeze)
        compile.regularise(model, config.train)
        classes = model.outputs[0].shape[-1]
        steps = dataset.train.steps_per_epoch
        check_steps(config, steps)
        model.compile(
            optimizer=compile.make_optimizer(config.train, steps_per_epoch=steps),
            loss=compile.make_loss(config.train, classes, from_logits=gives_logits(config)),
            metrics=compile.make_metrics(config.train, classes, from_logits=gives_logits(config)),
            jit_compile=devices.jit_compile(config, model),
            steps_per_execution=devices.steps_per_execution(config, model, steps, dataset.train.batch_size),
        )
        compile.build(model)
    class_weight = _weight_of_each(config, dataset.info.classes)
    return Job(config, dataset, model, steps, dataset.info.notes + _told(config) + notes, class_weight, parent)


def _weight_of_each(config: Config, classes: int) -> dict[int, float] | None:
    """1 where the config names none: Keras would look for those in a table that has no place for them."""
    given = config.train.class_weight
    for index in given or {}:
        if index >= classes:
            raise ZooError(
                f"train.class_weight names class {index}, but the data have {classes} classes",
                f"indices from 0 to {classes - 1}",
                "`zoo data CONFIG` shows the classes",
            )
    return given and {index: given.get(index, 1.0) for index in range(classes)}
