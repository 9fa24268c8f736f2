"""Every mistake of a config at once, each with line, column and the mend."""

import pytest

from zoo.config import Config, load_config
from zoo.errors import ZooError

BASE = "model: {name: lenet5}\ndata: {name: digits}\n"
TEXT = {"model": {"name": "gru_text"}, "data": {"name": "imdb"}}


def mistakes(tmp_path, monkeypatch, text, overrides=()):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir(exist_ok=True)
    (tmp_path / "configs" / "x.yaml").write_text(text)
    with pytest.raises(ZooError) as caught:
        load_config("configs/x.yaml", overrides)
    return str(caught.value).split("\n")


def test_all_mistakes_at_once(tmp_path, monkeypatch):
    text = """\
name: my run
model: {name: lenet55}
data:
  name: digits
  batch_sise: 3
train:
  epochs: ten
  optimizer: {name: adam, learning_rate: 1e-3, nesterov: true}
  schedule: {name: step, factr: 3}
  metrics: [accuracy, sparse_categorical_acuracy]
callbacks:
  early_stopping: {monitor: val_loss, patience: -1}
  reduce_lr_on_plateau: {patience: 30}
runtime: {device: gpu, precision: bfloat16, sede: 3}
epochs: 3
"""
    assert mistakes(tmp_path, monkeypatch, text, ["train.epoch=3"]) == [
        "configs/x.yaml:1:7: name: expected letters, digits, _ . + -, got 'my run'",
        "configs/x.yaml:2:15: model.name: unknown model 'lenet55'; did you mean 'lenet5'? (`zoo list` shows all)",
        "configs/x.yaml:5:3: data.batch_sise: unknown key; did you mean data.batch_size?",
        "configs/x.yaml:7:11: train.epochs: expected a positive integer, got 'ten'",
        "configs/x.yaml:8:48: train.optimizer.nesterov: optimizer 'adam' has no argument 'nesterov'; "
        "it belongs to sgd, muon; remove it, or set it to null where it is inherited",
        "configs/x.yaml:9:13: train.schedule: schedule 'step' needs every_epochs or every_steps; "
        "add every_epochs (it counts in epochs)",
        "configs/x.yaml:9:26: train.schedule.factr: schedule 'step' has no argument 'factr'; did you mean factor?",
        "configs/x.yaml:10:23: train.metrics[1]: unknown metric 'sparse_categorical_acuracy'; "
        "did you mean 'sparse_categorical_accuracy'?",
        "configs/x.yaml:12:49: callbacks.early_stopping.patience: expected an integer of at least 0, got -1",
        "configs/x.yaml:14:35: runtime.precision: expected one of float32, mixed_bfloat16, mixed_float16, auto, "
        "got 'bfloat16'; did you mean 'mixed_bfloat16'?",
        "configs/x.yaml:14:45: runtime.sede: unknown key; did you mean runtime.seed?",
        "configs/x.yaml:15:1: epochs: unknown key; did you mean train.epochs?",
        "command line: train.epoch: unknown key; did you mean train.epochs?",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("model: {name: lenet5}\n", "configs/x.yaml: data: missing; expected a mapping; add data: {name: digits}"),
        (
            "model: {}\ndata: {name: digits}\n",
            "configs/x.yaml:1:1: model.name: missing; expected a name; add model: {name: lenet5}",
        ),
        (
            "model: lenet5\ndata: {name: digits}\n",
            "configs/x.yaml:1:8: model: expected a mapping of options, got 'lenet5'; write model: {name: lenet5}",
        ),
        (
            "model: {name: lenet5}\ndata:\n",
            "configs/x.yaml:2:6: data: expected a mapping of options, got null; write data: {name: digits}",
        ),
        (
            BASE + "train:\n",
            "configs/x.yaml:3:7: train: expected a mapping of options, got null; remove train for its defaults",
        ),
        (BASE + "trian: {epochs: 3}\n", "configs/x.yaml:3:1: trian: unknown key; did you mean train?"),
        (
            BASE + "zzz: 3\n",
            "configs/x.yaml:3:1: zzz: unknown key; choose from name, model, data, train, callbacks, runtime",
        ),
        (
            "model: {name: lenet5}\ndata: {name: digits, epochs: 3}\n",
            "configs/x.yaml:2:22: data.epochs: unknown key; did you mean train.epochs?",
        ),
        (
            "model: {name: lenet5, clases: 3}\ndata: {name: digits}\n",
            "configs/x.yaml:1:23: model.clases: unknown key; did you mean model.args.classes?",
        ),
        (
            BASE + "train: {momentum: 0.9}\n",
            "configs/x.yaml:3:9: train.momentum: unknown key; did you mean train.optimizer.momentum?",
        ),
        (
            BASE + "callbacks: {early_stoping: {patience: 3}}\n",
            "configs/x.yaml:3:13: callbacks.early_stoping: unknown key; did you mean callbacks.early_stopping?",
        ),
        (
            "model: {name: lenet5}\ndata: {name: mnits}\n",
            "configs/x.yaml:2:14: data.name: expected one of digits, mnist, fashion_mnist, cifar10, cifar100, imdb, "
            "reuters, image_folder, tfrecord, tfds, hf, text_folder, "
            "csv, tsv, jsonl, sequence, synthetic, got 'mnits'; did you mean 'mnist'?",
        ),
        (
            "model: {name: 'my nets:small'}\ndata: {name: digits}\n",
            "configs/x.yaml:1:15: model.name: 'my nets:small' names no builder; expected package.module:function",
        ),
        (
            "model: {name: lenet5, args: [1]}\ndata: {name: digits}\n",
            "configs/x.yaml:1:29: model.args: expected a mapping of the builder's arguments, got [1]",
        ),
        (
            "model: {name: lenet5}\ndata: {name: mnist, pixel_range: [0]}\n",
            "configs/x.yaml:2:34: data.pixel_range: expected two numbers [black, white], got [0]",
        ),
        (
            "model: {name: lenet5}\ndata: {name: mnist, image_size: [32]}\n",
            "configs/x.yaml:2:33: data.image_size: expected a positive integer, [height, width] or null, got [32]",
        ),
        (
            "model: {name: lenet5}\ndata: {name: mnist, augment: {flip: vertical}}\n",
            "configs/x.yaml:2:37: data.augment.flip: expected horizontal or null, got 'vertical'",
        ),
        (
            "model: {name: lenet5}\ndata: {name: mnist, validation: 1}\n",
            "configs/x.yaml:2:33: data.validation: expected a share from 0 up to, not including, 1, got 1",
        ),
        (
            "model: {name: lenet5}\ndata: {name: digits, test: 0}\n",
            "configs/x.yaml:2:28: data.test: expected a share between 0 and 1, got 0",
        ),
        (BASE + "train: {epochs: true}\n", "configs/x.yaml:3:17: train.epochs: expected a positive integer, got true"),
        (
            BASE + "train: {epochs: 5000000000}\n",
            "configs/x.yaml:3:17: train.epochs: expected a positive integer up to 1,000,000,000, got 5000000000",
        ),
        (
            BASE + f"train: {{epochs: {'9' * 5000}}}\n",
            "configs/x.yaml:3:17: train.epochs: expected a positive integer, got Infinity",
        ),
        (
            BASE + "train: {metrics: accuracy}\n",
            "configs/x.yaml:3:18: train.metrics: expected a list, got 'accuracy'; write [accuracy]",
        ),
        (
            BASE + "train: {class_weight: {a: 3}}\n",
            "configs/x.yaml:3:23: train.class_weight: expected a mapping from class index to a number of at least 0, "
            "such as {0: 1.0, 1: 2.5}",
        ),
        (
            BASE + "train: {regularizer: {l2: -1}}\n",
            "configs/x.yaml:3:27: train.regularizer.l2: expected a number of at least 0, got -1",
        ),
        (
            BASE + "runtime: {device: tpu}\n",
            "configs/x.yaml:3:19: runtime.device: expected auto, cpu, gpu or gpu:N, got 'tpu'",
        ),
        (
            BASE + "runtime: {deterministic: yes}\n",
            "configs/x.yaml:3:26: runtime.deterministic: expected true or false, got 'yes'",
        ),
        (
            BASE + "runtime: {steps_per_execution: 0}\n",
            "configs/x.yaml:3:32: runtime.steps_per_execution: expected auto or a positive integer, got 0",
        ),
    ],
)
def test_keys_and_kinds(tmp_path, monkeypatch, text, line):
    assert mistakes(tmp_path, monkeypatch, text) == [line]


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ({"optimizer": "adm"}, "train.optimizer.name: unknown optimizer 'adm'; did you mean 'adam'?"),
        ({"optimizer": 3}, "train.optimizer: expected a name or a mapping {name: ...} for the optimizer, got 3"),
        (
            {"optimizer": {"name": "sgd", "learning_rate": "1e-3"}},
            "train.optimizer.learning_rate: expected a number above 0, got '1e-3'",
        ),
        (
            {"optimizer": {"name": "sgd", "momentun": 0.9}},
            "train.optimizer.momentun: optimizer 'sgd' has no argument 'momentun'; did you mean momentum?",
        ),
        (
            {"optimizer": {"name": "sgd", "momentum": 9}},
            "train.optimizer.momentum: expected a number from 0 to 1, got 9",
        ),
        (
            {"optimizer": {"name": "adam", "gradient_accumulation_steps": 1}},
            "train.optimizer.gradient_accumulation_steps: expected an integer of at least 2, got 1",
        ),
        (
            {"loss": {"name": "sparse_categorical_crosentropy"}},
            "train.loss.name: unknown loss 'sparse_categorical_crosentropy'; "
            "did you mean 'sparse_categorical_crossentropy'?",
        ),
        (
            {"loss": {"label_smoothing": 0.1}},
            "train.loss.label_smoothing: loss 'auto' has no argument 'label_smoothing'; "
            "set train.label_smoothing instead",
        ),
        (
            {"loss": {"name": "hinge", "label_smoothing": 0.1}},
            "train.loss.label_smoothing: loss 'hinge' has no argument 'label_smoothing'; it belongs to "
            "categorical_crossentropy, binary_crossentropy, categorical_focal_crossentropy, binary_focal_crossentropy; "
            "remove it, or set it to null where it is inherited",
        ),
        (
            {"metrics": [{"name": "precision_at_recall"}]},
            "train.metrics[0].recall: missing; expected a number from 0 to 1; metric 'precision_at_recall' needs it",
        ),
        ({"metrics": [{"name": "auc", "curve": "roc"}]}, "train.metrics[0].curve: expected one of ROC, PR, got 'roc'"),
        ({"schedule": "cosin"}, "train.schedule.name: unknown schedule 'cosin'; did you mean 'cosine'?"),
        (
            {"schedule": {"alpha": 0.1}},
            "train.schedule.name: missing; expected the name of the schedule; choose from constant, step, piecewise, "
            "exponential, inverse_time, polynomial, cosine, cosine_restarts, one_cycle",
        ),
        (
            {"schedule": {"name": "exponential", "decay_steps": 10}},
            "train.schedule.decay_rate: missing; expected a number above 0; schedule 'exponential' needs it",
        ),
        (
            {"schedule": {"name": "inverse_time", "decay_rate": 0.5}},
            "train.schedule: schedule 'inverse_time' needs decay_steps or decay_epochs; "
            "add decay_steps (it counts in steps)",
        ),
        (
            {"schedule": {"name": "cosine_restarts"}},
            "train.schedule: schedule 'cosine_restarts' needs first_decay_steps or first_decay_epochs; "
            "add first_decay_steps (it counts in steps)",
        ),
        (
            {"schedule": {"name": "cosine", "decay_steps": 10, "decay_epochs": 1}},
            "train.schedule.decay_epochs: given together with decay_steps; expected one of the two; remove one",
        ),
        (
            {"schedule": {"name": "cosine", "warmup_steps": 10, "warmup_epochs": 1}},
            "train.schedule.warmup_epochs: given together with warmup_steps; expected one of the two; remove one",
        ),
        (
            {"schedule": {"name": "one_cycle", "warmup_epochs": 1}},
            "train.schedule.warmup_epochs: one_cycle brings its own warmup; remove it and set pct_start",
        ),
        (
            {"schedule": {"name": "one_cycle", "anneal": "cosine"}},
            "train.schedule.anneal: expected one of cos, linear, got 'cosine'",
        ),
        (
            {"schedule": {"name": "piecewise", "boundaries": [10, 20], "values": [0.1, 0.01]}},
            "train.schedule.values: expected 3 values for 2 boundaries, got 2",
        ),
        (
            {"schedule": {"name": "piecewise", "boundaries": [20, 10], "values": [0.1, 0.01, 0.001]}},
            "train.schedule.boundaries: expected a rising list of positive integers, got [20, 10]",
        ),
    ],
)
def test_named_blocks(block, line):
    with pytest.raises(ZooError) as caught:
        Config.from_dict({**TEXT, "train": block})
    assert str(caught.value) == f"config: {line}"


def test_many_mistakes_are_cut():
    with pytest.raises(ZooError) as caught:
        Config.from_dict({**TEXT, "train": {f"key{i}": i for i in range(100)}})
    lines = str(caught.value).split("\n")
    assert len(lines) == 31
    assert lines[-1] == "... and 70 more"
