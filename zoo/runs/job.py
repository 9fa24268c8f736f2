"""What a config stands for once it is built: its data and its compiled model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.build import word_vectors
from zoo.catalog import registry
from zoo.errors import ZooError
from zoo.io import files
from zoo.runs.folder import open_run, run_digest
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


def prepare(config: Config) -> Job:
    """Load the data, build the model for them, compile it."""
    import keras

    from zoo import data
    from zoo.build.create import freeze, gives_logits, is_run_folder, model_for, wanted_shape
    from zoo.build.heads import with_heads
    from zoo.config import check_steps
    from zoo.training import compile

    config = devices.settled(config)
    keras.utils.set_random_seed(config.runtime.seed)
    devices.check_precision(config.runtime.precision, config.runtime.device)
    if config.runtime.deterministic:
        devices.make_deterministic()
    with devices.place(config.runtime.device):
        dataset = data.load(config.data, seed=config.runtime.seed, input_shape=wanted_shape(config))
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
    return Job(config, dataset, model, steps, dataset.info.notes + notes, class_weight, parent)


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
