"""Contradictions, each by its text; and that what is no contradiction passes."""

import pytest

from zoo.config import Config, check_steps, monitor_mode, monitors
from zoo.config.checks import RULES
from zoo.errors import ZooError

IMAGES = {"model": {"name": "lenet5"}, "data": {"name": "digits"}}
TEXTS = {"model": {"name": "gru_text"}, "data": {"name": "imdb"}}
STOP, PLATEAU = "callbacks.early_stopping", "callbacks.reduce_lr_on_plateau"

REFUSED = [
    # data
    (IMAGES, ["data.path=x.npz"], "data.path: cannot be used: 'digits' reads no file; remove it"),
    (IMAGES, ["data.name=synthetic", "data.path=x"], "data.path: cannot be used: 'synthetic' reads no file; remove it"),
    (
        IMAGES,
        ["data.name=image_folder"],
        "data: 'image_folder' reads your own files; expected data.path; add path: ...",
    ),
    (
        TEXTS,
        ["data.name=sequence", "data.path=a.csv"],
        "data: 'sequence' is not told how long a window is; expected data.window; add window: 50",
    ),
    (IMAGES, ["data.num_words=3"], "data.num_words: is for texts, but 'digits' gives images; remove it"),
    (TEXTS, ["data.image_size=3"], "data.image_size: is for images, but 'imdb' gives tokens; remove it"),
    (TEXTS, ["data.augment.shift=3"], "data.augment: is for images, but 'imdb' gives tokens; remove it"),
    (IMAGES, ["data.samples=3"], "data.samples: is for data.name: synthetic alone; remove it"),
    (
        TEXTS,
        ["data.name=synthetic", "data.kind=tokens", "data.shape=[8, 8, 1]"],
        "data.shape: is for images; the length of texts is data.maxlen; remove it",
    ),
    (
        IMAGES,
        ["data.name=mnist", "data.test=0.3"],
        "data.test: cannot be used: 'mnist' has its own test part; remove it",
    ),
    (IMAGES, ["data.fold=1"], "data.fold: is for data.folds alone; remove it"),
    (IMAGES, ["data.folds=3", "data.fold=4"], "data.fold: there is no fold 4 of 3; expected a number from 1 to 3"),
    (
        IMAGES,
        ["data.folds=3", "train.repeat=2"],
        "train.repeat: 2 seeds together with data.folds; expected one of the "
        "two; set data.fold=1 for the seeds of one fold",
    ),
    (
        IMAGES,
        ["data.pixel_range=[1, 1]"],
        "data.pixel_range: black and white become the same; expected two different numbers",
    ),
    (
        IMAGES,
        ["data.mean=[0.5]", "data.std=[1, 1]"],
        "data.std: data.mean has 1 channels and data.std 2; expected one number per channel in both",
    ),
    (IMAGES, ["data.std=[0]"], "data.std: 0 cannot divide; expected numbers above 0"),
    # model against data
    (
        IMAGES,
        ["model.args.classes=7"],
        "model.args.classes: 7 classes, but 'digits' has 10; remove it: classes come from the data",
    ),
    (
        TEXTS,
        ["data.bucket=true"],
        "data.bucket: 'gru_text' reads padding like a word, and training would have other "
        "padding than prediction; set model.args.mask: true, or remove it",
    ),
    (
        TEXTS,
        ["data.bucket=true", "model.args.mask=true", "model.args.sequence_length=80"],
        "model.args.sequence_length: one length for all texts, which data.bucket cuts to several; "
        "remove it, or set data.maxlen for the longest",
    ),
    (
        TEXTS,
        ["model.args.classes=3"],
        "model.args.classes: 3 classes, but 'imdb' has 2; remove it: classes come from the data",
    ),
    (
        TEXTS,
        ["data.num_words=500", "model.args.vocabulary_size=100"],
        "model.args.vocabulary_size: 100 words, but data.num_words is 500; remove it: it comes from the data",
    ),
    (
        TEXTS,
        ["data.maxlen=50", "model.args.sequence_length=100"],
        "model.args.sequence_length: 100, but data.maxlen is 50; remove it: it comes from the data",
    ),
    (
        TEXTS,
        ["data.name=mnist"],
        "data.name: 'gru_text' takes texts or sequences of numbers, but 'mnist' gives "
        "images; choose from imdb, reuters, tfds, hf, text_folder, csv, tsv, jsonl, sequence, synthetic",
    ),
    # loss and metrics
    (
        IMAGES,
        [
            "model.args.classifier_activation=softmax",
            "train.loss={name: sparse_categorical_crossentropy, from_logits: true}",
        ],
        "train.loss.from_logits: from_logits is true, but the model ends in softmax; "
        "remove model.args.classifier_activation",
    ),
    (
        TEXTS,
        ["train.loss={name: binary_crossentropy, from_logits: false}"],
        "train.loss.from_logits: from_logits is false, but the model gives logits; remove from_logits",
    ),
    (
        TEXTS,
        ["train.loss=categorical_crossentropy"],
        "train.loss: loss 'categorical_crossentropy' does not read class "
        "indices, which the labels are; take auto or sparse_categorical_crossentropy",
    ),
    (
        IMAGES,
        ["train.loss=binary_crossentropy"],
        "train.loss: loss 'binary_crossentropy' does not read class indices, "
        "which the labels are; take auto or sparse_categorical_crossentropy",
    ),
    (
        IMAGES,
        ["train.metrics=[accuracy, f1_score]"],
        "train.metrics: metric 'f1_score' does not read class indices, "
        "which the labels are; choose from accuracy, sparse_categorical_accuracy, sparse_top_k_categorical_accuracy, "
        "sparse_categorical_crossentropy",
    ),
    (
        TEXTS,
        ["train.metrics=[accuracy, {name: precision_at_recall, recall: 0.5}]"],
        "train.metrics: metric 'precision_at_recall' reads probabilities, but the model gives logits; "
        "set model.args.classifier_activation: sigmoid",
    ),
    (IMAGES, ["train.metrics=[accuracy, acc]"], "train.metrics: metric 'accuracy' stands twice; remove one"),
    (
        IMAGES,
        ["train.class_weight={3: 1.0, 10: 1.0}"],
        "train.class_weight.10: no class 10 in 'digits'; expected indices from 0 to 9",
    ),
    # label smoothing and side heads
    (
        IMAGES,
        ["train.loss={name: categorical_crossentropy, label_smoothing: 0.1}"],
        "train.loss: loss 'categorical_crossentropy' does not read class indices, which the labels are; "
        "take auto or sparse_categorical_crossentropy with train.label_smoothing=0.1",
    ),
    (
        IMAGES,
        ["train.loss={name: sparse_categorical_crossentropy, label_smoothing: 0.1}"],
        "train.loss.label_smoothing: loss 'sparse_categorical_crossentropy' has no argument 'label_smoothing'; "
        "set train.label_smoothing instead",
    ),
    (
        TEXTS,
        ["train.loss=hinge", "train.label_smoothing=0.1"],
        "train.label_smoothing: loss 'hinge' is not smoothed by it; take train.loss=auto, or remove it",
    ),
    (
        IMAGES,
        ["train.loss={name: sparse_categorical_crossentropy, ignore_class: 3}", "train.label_smoothing=0.1"],
        "train.label_smoothing: given together with train.loss.ignore_class; expected one of the two; remove one",
    ),
    (
        IMAGES,
        ["train.label_smoothing=1"],
        "train.label_smoothing: expected a share from 0 up to, not including, 1, got 1",
    ),
    (
        IMAGES,
        ["train.loss_weights=[1, 0.3]"],
        "train.loss_weights: 2 weights, but 'lenet5' has 1 output; one per output, or remove it",
    ),
    (
        IMAGES,
        ["model.name=googlenet", "train.loss_weights=[1, 0.3, 0.3]"],
        "train.loss_weights: 3 weights, but 'googlenet' has 1 output; set model.args.aux: true, or remove it",
    ),
    (
        IMAGES,
        ["model.name=googlenet", "model.args.aux=true", "train.loss_weights=[1, 0.3]"],
        "train.loss_weights: 2 weights, but 'googlenet' has 3 outputs; one per output, or remove it",
    ),
    # mixing images
    (TEXTS, ["train.mixup=0.2"], "train.mixup: is for images, but 'imdb' gives tokens; remove it"),
    (
        IMAGES,
        ["train.cutmix=1", "data.name=synthetic", "data.classes=2", "model.args.classes=1"],
        "train.cutmix: mixed labels are shares of classes, but the model has one logit; remove model.args.classes",
    ),
    (
        IMAGES,
        ["train.mixup=0.2", "data.name=synthetic", "data.classes=2", "train.loss=hinge"],
        "train.mixup: loss 'hinge' does not read mixed labels; take train.loss=auto",
    ),
    (
        IMAGES,
        ["train.mixup=0.2", "train.loss={name: sparse_categorical_crossentropy, ignore_class: 1}"],
        "train.mixup: train.loss has arguments that do not go with mixed labels; remove ignore_class and axis",
    ),
    (IMAGES, ["train.mixup=-1"], "train.mixup: expected a number of at least 0, got -1"),
    # saving inside an epoch
    (IMAGES, ["runtime.save_every={}"], "runtime.save_every: says neither steps nor minutes; add steps: 1000"),
    (
        IMAGES,
        ["runtime.save_every={steps: 5, minutes: 1}"],
        "runtime.save_every.minutes: given together with steps; expected one of the two; remove one",
    ),
    (
        IMAGES,
        ["runtime.save_every={minutes: 0}"],
        "runtime.save_every.minutes: expected a number above 0 or null, got 0",
    ),
    # monitors and patience
    (
        IMAGES,
        [f"{STOP}.monitor=val_acuracy"],
        f"{STOP}.monitor: 'val_acuracy' will not exist; expected one of loss, "
        "accuracy, val_loss, val_accuracy; did you mean 'val_accuracy'?, or add it to train.metrics",
    ),
    (
        IMAGES,
        ["data.validation=0", f"{STOP}.patience=3"],
        f"{STOP}.monitor: 'val_loss' will not exist: data.validation is 0; set data.validation=0.1, or watch loss",
    ),
    (
        IMAGES,
        ["train.metrics=[]", "callbacks.checkpoint.monitor=val_accuracy"],
        "callbacks.checkpoint.monitor: 'val_accuracy' will not exist; expected one of loss, val_loss; choose from "
        "loss, val_loss, or add it to train.metrics",
    ),
    (
        IMAGES,
        [f"{PLATEAU}.monitor=auc"],
        f"{PLATEAU}.monitor: 'auc' will not exist; expected one of loss, accuracy, "
        "val_loss, val_accuracy; choose from loss, accuracy, val_loss, val_accuracy, "
        "or add it to train.metrics",
    ),
    (IMAGES, [f"{STOP}.mode=max"], f"{STOP}.mode: max, but val_loss is better when smaller; write mode: auto"),
    (
        IMAGES,
        ["train.epochs=5", f"{STOP}.patience=5"],
        f"{STOP}.patience: patience 5 can never fire within train.epochs 5; expected at most 4; "
        f"lower it, raise train.epochs, or set {STOP}=null",
    ),
    (
        IMAGES,
        [f"{STOP}={{patience: 5, start_from_epoch: 15}}"],
        f"{STOP}.patience: patience 5 after start_from_epoch 15 can never fire within train.epochs 20; "
        f"expected at most 4; lower it, raise train.epochs, or set {STOP}=null",
    ),
    (
        IMAGES,
        ["train.epochs=10", f"{PLATEAU}.patience=10"],
        f"{PLATEAU}.patience: patience 10 can never fire within train.epochs 10; expected at most 9; "
        f"lower it, raise train.epochs, or set {PLATEAU}=null",
    ),
    (
        IMAGES,
        [f"{STOP}.patience=4", f"{PLATEAU}.patience=4"],
        f"{STOP}.patience: patience 4 stops before {PLATEAU.split('.')[1]}'s patience 4 lowers the rate; "
        f"expected more than 4; raise it, or lower {PLATEAU}.patience",
    ),
    (
        IMAGES,
        [f"{PLATEAU}.min_lr=0.1"],
        f"{PLATEAU}.min_lr: min_lr 0.1 is not below train.optimizer.learning_rate 0.001; lower it",
    ),
    (
        IMAGES,
        [f"{PLATEAU}.patience=3", "train.schedule=cosine"],
        f"{PLATEAU}: together with schedule 'cosine': both would set the learning rate; expected one of the two; "
        f"set train.schedule=null or {PLATEAU}=null",
    ),
    (
        IMAGES,
        [f"{PLATEAU}.patience=3", "train.schedule={name: constant, warmup_epochs: 1}"],
        f"{PLATEAU}: together with a warmup: both would set the learning rate; expected one of the two; "
        f"set train.schedule=null or {PLATEAU}=null",
    ),
    # optimizer and schedule
    (
        IMAGES,
        ["train.optimizer={clipnorm: 1, global_clipnorm: 1}"],
        "train.optimizer.global_clipnorm: given together with clipnorm; expected one way to clip; remove one",
    ),
    (
        IMAGES,
        ["train.optimizer={name: sgd, nesterov: true}"],
        "train.optimizer.nesterov: nesterov without momentum does nothing; set momentum: 0.9",
    ),
    (
        IMAGES,
        ["train.optimizer.ema_momentum=0.9"],
        "train.optimizer.ema_momentum: ema_momentum without use_ema does nothing; add use_ema: true",
    ),
    (
        IMAGES,
        ["train.optimizer.learning_rate=0.3", "train.schedule={name: piecewise, boundaries: [9], values: [1, 0.1]}"],
        "train.optimizer.learning_rate: 0.3 would never be used: schedule 'piecewise' has values 1; "
        "remove it or make them equal",
    ),
    (
        IMAGES,
        ["train.optimizer.learning_rate=0.3", "train.schedule={name: one_cycle, max_learning_rate: 0.4}"],
        "train.optimizer.learning_rate: 0.3 would never be used: schedule 'one_cycle' has max_learning_rate 0.4; "
        "remove it or make them equal",
    ),
    (
        IMAGES,
        ["train.optimizer=adagrad", "train.schedule={name: one_cycle, max_momentum: 0.9}"],
        "train.schedule.max_momentum: optimizer 'adagrad' has no momentum to move; "
        "remove max_momentum and min_momentum",
    ),
    (
        IMAGES,
        ["train.schedule={name: one_cycle, max_momentum: 0.8, min_momentum: 0.9}"],
        "train.schedule.min_momentum: 0.9 is above max_momentum 0.8; exchange them",
    ),
    (
        IMAGES,
        ["train.schedule={name: one_cycle, min_momentum: 0.97}"],
        "train.schedule.min_momentum: 0.97 is above max_momentum 0.95; set max_momentum too",
    ),
    (
        IMAGES,
        ["train.schedule={name: polynomial, end_learning_rate: 0.1}"],
        "train.schedule.end_learning_rate: 0.1 is not below train.optimizer.learning_rate 0.001; lower it",
    ),
    (
        IMAGES,
        ["train.optimizer=schedulefreeadamw", "train.schedule=cosine"],
        "train.schedule: schedulefreeadamw needs no schedule; set train.schedule=null or take adamw",
    ),
    (
        IMAGES,
        ["train.epochs=3", "train.schedule={name: cosine, warmup_epochs: 3}"],
        "train.schedule.warmup_epochs: a warmup of 3 epochs is not shorter than train.epochs 3; "
        "lower it or raise train.epochs",
    ),
    (
        IMAGES,
        ["train.schedule={name: step, every_epochs: 30, factor: 0.1}"],
        "train.schedule.every_epochs: the first change at epoch 30 is never reached within train.epochs 20; "
        "lower it, raise train.epochs, or set train.schedule=null",
    ),
    # runtime
    (
        IMAGES,
        ["runtime.device=cpu", "runtime.precision=mixed_float16"],
        "runtime.precision: mixed_float16 needs a GPU, but runtime.device is cpu; take mixed_bfloat16 or float32",
    ),
    (
        IMAGES,
        ["runtime.precision=mixed_float16", "train.optimizer.loss_scale_factor=2"],
        "train.optimizer.loss_scale_factor: loss_scale_factor together with mixed_float16, which scales the loss "
        "itself; remove it",
    ),
    (
        IMAGES,
        ["runtime.precision=auto", "train.optimizer.loss_scale_factor=2"],
        "train.optimizer.loss_scale_factor: loss_scale_factor together with auto, which may be mixed_float16 and scale "
        "the loss itself; remove it",
    ),
]


@pytest.mark.parametrize(("data", "changes", "text"), REFUSED, ids=[r[2].split(";")[0][:60] for r in REFUSED])
def test_contradiction(data, changes, text):
    with pytest.raises(ZooError) as caught:
        Config.from_dict(data, changes)
    line = str(caught.value).replace("train.metrics[1]", "train.metrics")
    assert line.removeprefix("command line: ").removeprefix("config: ") == text


PASSES = [
    (IMAGES, ["data.path=null"]),
    (TEXTS, ["model.args.classes=1"]),
    (TEXTS, ["model.args.classes=2", "train.loss=sparse_categorical_crossentropy"]),
    (TEXTS, ["train.metrics=[accuracy, auc, precision, recall]", f"{STOP}.monitor=val_auc", f"{STOP}.mode=max"]),
    (TEXTS, ["data.num_words=500", "model.args.vocabulary_size=600"]),
    (IMAGES, [f"{STOP}.patience=19"]),
    (IMAGES, [f"{STOP}.patience=4", f"{PLATEAU}={{monitor: loss, patience: 4}}"]),
    (IMAGES, [f"{STOP}.patience=5", f"{PLATEAU}.patience=4", "train.schedule=constant"]),
    (IMAGES, ["data.validation=0", f"{STOP}={{monitor: loss, patience: 3}}"]),
    (IMAGES, ["train.optimizer={name: sgd, momentum: 0.9, nesterov: true, use_ema: true, ema_momentum: 0.9}"]),
    (IMAGES, ["train.schedule={name: piecewise, boundaries: [9], values: [1, 0.1]}"]),
    (IMAGES, ["train.schedule=one_cycle", "train.optimizer=adagrad"]),
    (IMAGES, ["train.schedule={name: one_cycle, max_momentum: 0.5}"]),
    (IMAGES, ["model.name=my_pkg.nets:small", "model.args.width=3"]),
    (IMAGES, ["runtime.device=gpu:1", "runtime.precision=mixed_float16"]),
]


@pytest.mark.parametrize(("data", "changes"), PASSES, ids=[" ".join(p[1])[:60] for p in PASSES])
def test_no_contradiction(data, changes):
    config = Config.from_dict(data, changes)
    assert Config.from_dict(config.to_dict()) == config


def test_learning_rate_follows_the_schedule_where_it_is_not_given():
    config = Config.from_dict(IMAGES, ["train.schedule={name: piecewise, boundaries: [9], values: [0.5, 0.1]}"])
    assert config.train.optimizer.learning_rate == 0.5
    config = Config.from_dict(IMAGES, ["train.schedule={name: one_cycle, max_learning_rate: 0.4}"])
    assert config.train.optimizer.learning_rate == 0.4


def test_contradictions_are_shown_beside_other_mistakes_but_not_because_of_them():
    with pytest.raises(ZooError) as caught:
        Config.from_dict(IMAGES, ["train.epoch=100", f"{STOP}.patience=30", "data.path=x", f"{PLATEAU}.mode=max"])
    assert str(caught.value).split("\n") == [
        "command line: train.epoch: unknown key; did you mean train.epochs?",
        "command line: data.path: cannot be used: 'digits' reads no file; remove it",
        f"command line: {PLATEAU}.mode: max, but val_loss is better when smaller; write mode: auto",
    ]


def test_a_block_with_a_mistake_is_not_judged_further():
    with pytest.raises(ZooError) as caught:
        Config.from_dict(IMAGES, [f"{STOP}={{monitor: 3, mode: max}}"])
    assert str(caught.value) == f"command line: {STOP}.monitor: expected a text, got 3"


def test_monitors_and_their_directions():
    config = Config.from_dict(TEXTS, ["train.metrics=[accuracy, auc]"])
    assert monitors(config) == ["loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc"]
    assert [monitor_mode(m) for m in monitors(config)] == ["min", "max", "max"] * 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            "train.schedule={name: cosine, warmup_steps: 400}",
            "command line: train.schedule.warmup_steps: a warmup of 400 steps is not shorter than the training's 400 "
            "steps (20 epochs of 20); lower it or raise train.epochs",
        ),
        (
            "train.schedule={name: step, every_steps: 500, factor: 0.1}",
            "command line: train.schedule.every_steps: the first change at step 500 is never reached within the "
            "training's 400 steps (20 epochs of 20); lower it or raise train.epochs",
        ),
        (
            "train.schedule={name: piecewise, boundaries: [500, 900], values: [1, 0.1, 0.01]}",
            "command line: train.schedule.boundaries: the first change at step 500 is never reached within the "
            "training's 400 steps (20 epochs of 20); lower it or raise train.epochs",
        ),
        (
            "train.optimizer.gradient_accumulation_steps=3",
            "command line: train.optimizer.gradient_accumulation_steps: 3 steps do not divide the epoch's 20; "
            "take one of 2, 4, 5, 10, 20",
        ),
    ],
)
def test_what_only_the_number_of_steps_shows(change, text):
    config = Config.from_dict(IMAGES, [change])
    with pytest.raises(ZooError) as caught:
        check_steps(config, 20)
    assert str(caught.value) == text
    check_steps(config, 60 * 25)


def test_every_rule_has_a_test(monkeypatch):
    silent, before = [], [_texts(data, changes) for data, changes, _ in REFUSED]
    for entry in RULES:
        monkeypatch.setattr("zoo.config.checks.RULES", [other for other in RULES if other is not entry])
        if before == [_texts(data, changes) for data, changes, _ in REFUSED]:
            silent.append(entry[0].__name__)
    assert silent == []


def _texts(data, changes):
    try:
        return Config.from_dict(data, changes).recipe_digest()
    except ZooError as error:
        return str(error)
