"""Configs: defaults, `extends`, overrides, origins, round trips, identity, and the shipped files."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

from zoo.config import Config, json_schema, load_config
from zoo.errors import ZooError

CONFIGS = Path(__file__).parent.parent / "configs"
SHIPPED = sorted(CONFIGS.glob("*.yaml"))
MINIMAL = {"model": {"name": "lenet5"}, "data": {"name": "digits"}}


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_file(text, name="x.yaml"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    return write_file


def refusal(call, *args, **kwargs):
    with pytest.raises(ZooError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


BASE = "model: {name: lenet5}\ndata: {name: digits}\n"


# --- defaults ----------------------------------------------------------------------------------------------------
def test_plain_values_serve_in_place_of_a_file():
    data = {"model": {"name": "lenet5"}, "data": {"name": "digits"}, "train": {"epochs": 7}}
    config = load_config(data, ["train.epochs=3"])
    assert config == Config.from_dict(data, ["train.epochs=3"])
    assert (config.name, config.train.epochs) == ("lenet5_digits", 3)
    assert refusal(load_config, {"model": {"nam": "lenet5"}, "data": {"name": "digits"}}).startswith("config: model")


def test_only_model_and_data_are_required(write):
    config = load_config(write(BASE, "my_run.yaml"))
    assert config.name == "my_run"
    assert (config.train.epochs, config.train.optimizer.name, config.train.optimizer.learning_rate) == (
        20,
        "adam",
        1e-3,
    )
    assert config.train.schedule is None
    assert config.train.loss.name == "auto"
    assert [m.name for m in config.train.metrics] == ["accuracy"]
    assert config.callbacks.early_stopping is None
    assert config.callbacks.terminate_on_nan
    assert (config.data.batch_size, config.data.validation, config.data.test) == (64, 0.1, 0.2)
    assert (config.runtime.device, config.runtime.seed, config.runtime.output) == ("auto", 0, "runs")


def test_optimizer_without_learning_rate_takes_kerass_default():
    config = Config.from_dict({**MINIMAL, "train": {"optimizer": "SGD"}})
    assert (config.train.optimizer.name, config.train.optimizer.learning_rate) == ("sgd", 0.01)


@pytest.mark.parametrize(
    ("changes", "monitor"),
    [
        ([], "val_accuracy"),
        (["data.validation=0"], "loss"),
        (["train.metrics=[]"], "val_loss"),
        (["train.metrics=[sparse_categorical_accuracy]"], "val_loss"),
        (["callbacks.checkpoint.monitor=loss"], "loss"),
    ],
)
def test_checkpoint_monitor_is_resolved(changes, monitor):
    config = Config.from_dict(MINIMAL, changes)
    assert config.to_dict()["callbacks"]["checkpoint"]["monitor"] == monitor


def test_losses_and_metrics_read_logits_unless_the_model_gives_probabilities():
    data = {"model": {"name": "bilstm_imdb"}, "data": {"name": "imdb"}}
    data["train"] = {"loss": "binary_crossentropy", "metrics": ["auc"]}
    config = Config.from_dict(data)
    assert config.train.loss.args == {"from_logits": True}
    assert config.train.metrics[0].args == {"from_logits": True}
    config = Config.from_dict(data, ["model.args.classifier_activation=sigmoid"])
    assert config.train.loss.args == {"from_logits": False}


def test_schedules_come_with_their_defaults():
    config = Config.from_dict({**MINIMAL, "train": {"schedule": "polynomial"}})
    assert config.train.schedule.args == {"end_learning_rate": 1e-4, "power": 1.0, "cycle": False}
    train = {"optimizer": {"name": "sgd", "learning_rate": 0.4}, "schedule": {"name": "one_cycle", "pct_start": 0.2}}
    words = Config.from_dict({**MINIMAL, "train": train}).train.schedule.model_dump()
    assert words == {
        "name": "one_cycle",
        "div_factor": 25.0,
        "final_div_factor": 1e4,
        "pct_start": 0.2,
        "anneal": "cos",
        "max_learning_rate": 0.4,
        "max_momentum": 0.95,
        "min_momentum": 0.85,
    }


def test_synthetic_data_resolve_their_own_defaults():
    images = Config.from_dict({"model": {"name": "lenet5"}, "data": {"name": "synthetic"}}).data
    assert (images.content, images.classes, images.shape) == ("image", 10, (28, 28, 1))
    tokens = {"name": "synthetic", "kind": "tokens"}
    tokens = Config.from_dict({"model": {"name": "gru_text"}, "data": tokens}).data
    assert (tokens.content, tokens.classes, tokens.shape) == ("tokens", 2, None)


def test_a_config_cannot_be_changed():
    config = Config.from_dict(MINIMAL)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.train.epochs = 3
    assert config.override("train.epochs=3").train.epochs == 3
    assert config.train.epochs == 20


# --- extends -----------------------------------------------------------------------------------------------------
def test_extends_merges_deeply_and_remembers_origins(write):
    write(BASE + "name: base\ntrain:\n  epochs: 7\n  optimizer: {name: sgd, momentum: 0.9}\n", "shared/base.yaml")
    child = write("extends: ../shared/base.yaml\ntrain:\n  optimizer: {learning_rate: 0.1}\n", "mine/child.yaml")
    config = load_config(child, ["runtime.seed=4"])
    assert config.name == "child"  # a name is never inherited: a child is a run of its own
    assert config.train.optimizer.model_dump() == {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    origins = config.origins
    assert origins["train.epochs"] == "shared/base.yaml:5"
    assert origins["train.optimizer.momentum"] == "shared/base.yaml:6"
    assert origins["train.optimizer.learning_rate"] == "mine/child.yaml:3"
    assert origins["runtime.seed"] == "command line"
    assert origins["train.metrics"] == "default"
    assert "extends" not in config.to_dict()


def test_null_drops_an_inherited_argument(write):
    write(BASE + "train: {optimizer: {name: sgd, momentum: 0.9}, schedule: cosine}\n", "base.yaml")
    child = write("extends: base.yaml\ntrain: {optimizer: {name: adam, momentum: null}, schedule: null}\n")
    config = load_config(child)
    assert config.train.optimizer.args == {}
    assert config.train.schedule is None


def test_mistakes_of_a_parent_point_into_the_parent(write):
    write(BASE + "train:\n  epochs: ten\n", "base.yaml")
    assert refusal(load_config, write("extends: base.yaml\n")).startswith("base.yaml:4:11: train.epochs: expected")


def test_extends_in_a_circle_is_refused(write):
    write("extends: b.yaml\n", "a.yaml")
    write("extends: a.yaml\n", "b.yaml")
    assert refusal(load_config, "a.yaml") == (
        "b.yaml:1:10: extends: goes round in a circle (a.yaml -> b.yaml -> a.yaml); remove one of them"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("nope.yaml", "x.yaml:3:10: extends: no such file nope.yaml; expected a file relative to this one"),
        ("[a, b]", 'x.yaml:3:10: extends: got ["a", "b"]; expected the name of one file'),
    ],
)
def test_extends_names_one_existing_file(write, value, text):
    assert refusal(load_config, write(BASE + f"extends: {value}\n")) == text


# --- overrides ---------------------------------------------------------------------------------------------------
def test_overrides_read_values_like_the_file(write):
    config = load_config(
        write(BASE),
        [
            "train.optimizer.learning_rate=1e-2",
            "train.optimizer.clipnorm=1",
            "train.schedule={name: cosine, alpha: .1}",
            "callbacks.early_stopping.patience=3",
            "train.metrics=[accuracy, sparse_top_k_categorical_accuracy]",
            "data.name=mnist",
            "data.path=C:\\data #1: m.npz",
            "runtime.seed=1",
            "runtime.seed=2",
            "name=no",
        ],
    )
    assert config.train.optimizer.model_dump() == {"name": "adam", "learning_rate": 0.01, "clipnorm": 1.0}
    assert config.train.schedule.model_dump() == {"name": "cosine", "alpha": 0.1}
    assert (config.callbacks.early_stopping.patience, config.callbacks.early_stopping.monitor) == (3, "val_loss")
    assert [m.label for m in config.train.metrics] == ["accuracy", "sparse_top_k_categorical_accuracy"]
    assert config.data.path == "C:\\data #1: m.npz"
    assert (config.runtime.seed, config.name) == (2, "no")


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("train.epoch=3", "command line: train.epoch: unknown key; did you mean train.epochs?"),
        ("train.epochs=ten", "command line: train.epochs: expected a positive integer, got 'ten'"),
        ("train.epochs='3'", "command line: train.epochs: expected a positive integer, got '3'"),
        ("train.epochs", "command line: 'train.epochs'; expected key.path=value, such as train.epochs=3"),
        ("train..epochs=3", "command line: 'train..epochs=3'; expected key.path=value, such as train.epochs=3"),
        (
            "train.epochs=",
            "command line: 'train.epochs=' has no value; expected key.path=value; write train.epochs=null for none",
        ),
        (
            "train.metrics=[*a]",
            "command line: 'train.metrics=[*a]': an alias (*a); expected the value itself; aliases are refused",
        ),
        ("train=5", "command line: train: expected a mapping of options, got 5"),
    ],
)
def test_mistakes_in_overrides(write, override, text):
    assert refusal(load_config, write(BASE), [override]) == text


def test_overriding_a_config_keeps_what_was_derived_open():
    config = Config.from_dict(MINIMAL)
    assert config.callbacks.checkpoint.monitor == "val_accuracy"
    changed = config.override("data.validation=0", "train.optimizer=sgd")
    assert changed.callbacks.checkpoint.monitor == "loss"
    assert changed.train.optimizer.learning_rate == 0.01
    assert changed.name == config.name
    assert refusal(config.override, "train.epoch=3") == (
        "command line: train.epoch: unknown key; did you mean train.epochs?"
    )


# --- round trips and identity --------------------------------------------------------------------------------------
TRICKY = {
    "name": "no",
    "model": {"name": "lenet5", "args": {"note": "1e-3", "more": ["yes", "0o17", "null", "é", ""], "one": 1}},
    "data": {"name": "mnist", "path": "12:30", "image_size": [32, 32], "mean": [0.5], "std": [1e-05]},
    "train": {"class_weight": {3: 2, 0: 1}, "metrics": [{"name": "sparse_top_k_categorical_accuracy", "k": 3}]},
    "callbacks": {"early_stopping": {"patience": 3}, "reduce_lr_on_plateau": {"patience": 2}},
}


@pytest.mark.parametrize("data", [MINIMAL, TRICKY], ids=["minimal", "tricky"])
def test_round_trips(write, data):
    config = Config.from_dict(data)
    again = load_config(write(config.to_yaml(), "other.yaml"))
    assert again.to_dict() == config.to_dict()
    assert again == config
    assert again.recipe_digest() == config.recipe_digest()
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs(write, path):
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    assert f"    zoo train configs/{path.name}" in text
    config = load_config(path)
    assert config.name == path.stem
    assert load_config(write(config.to_yaml())) == config


def test_digest_knows_what_matters(write):
    first = load_config(
        write(BASE + "name: a\ntrain: {epochs: 3, optimizer: {name: adam, beta_1: 1e-1, beta_2: 0.5}}\n")
    )
    second = "name: a\ntrain: {optimizer: {beta_2: 5e-1, beta_1: 0.1, name: Adam}, epochs: 3}\n"
    second = load_config(write(second + "data: {name: digits}\nmodel: {name: lenet5}\n", "elsewhere/b.yaml"))
    assert first.recipe_digest() == second.recipe_digest()
    assert re.fullmatch("[0-9a-f]{64}", first.recipe_digest())
    assert first.override("runtime.output=/elsewhere").recipe_digest() == first.recipe_digest()
    assert first.override("runtime.save_every={steps: 9}").recipe_digest() == first.recipe_digest()
    assert first.override("train.schedule=null").recipe_digest() == first.recipe_digest()
    for change in ("runtime.seed=1", "train.epochs=4", "data.batch_size=63", "train.optimizer.beta_1=0.2"):
        assert first.override(change).recipe_digest() != first.recipe_digest()


def test_from_dict_names_its_mistakes():
    assert refusal(Config.from_dict, {**MINIMAL, "train": {"epochs": 0}}) == (
        "config: train.epochs: expected a positive integer, got 0"
    )
    assert refusal(Config.from_dict, []) == "config: got []; expected a mapping with the blocks model and data"
    odd = {"model": {"name": "lenet5", "args": {"f": print}}, "data": {"name": "digits"}}
    assert refusal(Config.from_dict, odd) == (
        "config: model.args: expected plain values (finite numbers, texts, lists)"
    )


# --- schema and imports ------------------------------------------------------------------------------------------
def test_schema_is_the_shipped_one():
    shipped = json.loads((CONFIGS / "schema.json").read_text())
    assert shipped == json_schema(), "renew it: python -m zoo.config > configs/schema.json"


def test_schema_helps_editors():
    schema = json_schema()
    assert schema["required"] == ["model", "data"]
    assert "lenet5" in schema["$defs"]["ModelConfig"]["properties"]["name"]["anyOf"][0]["enum"]
    for name, block in schema["$defs"].items():
        assert block.get("description"), name
        for key, value in block.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key} has no description"


def test_importing_configs_imports_nothing_heavy():
    code = "import zoo.config, sys; print([m for m in ('keras', 'tensorflow', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
