"""TensorFlow's oneDNN kernels: asked for in time, recorded as they are, and kept through the life of a run."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from running import interrupted, make, train

import zoo
from zoo import layers
from zoo.cli import door
from zoo.errors import ZooError
from zoo.io import files, onednn, terminal
from zoo.runs.folder import ENVIRONMENT, Run, unfinished


def _asks(code, **more):
    """What a fresh process says of the variable after this code."""
    environment = {k: v for k, v in os.environ.items() if k != onednn.VARIABLE} | more
    code += f"\nimport os; print(os.environ.get({onednn.VARIABLE!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def test_importing_the_zoo_changes_nothing_and_what_builds_asks():
    assert _asks("import zoo; zoo.list_models(); zoo.describe('lenet5'); zoo.load_config") == "None"
    assert _asks("import zoo; zoo.lenet5") == "1"
    assert _asks("import zoo; zoo.create_model", **{onednn.VARIABLE: "0"}) == "0"


def test_where_it_is_too_late_it_is_said_once(monkeypatch, capsys):
    monkeypatch.delenv(onednn.VARIABLE, raising=False)
    monkeypatch.setattr(onednn, "_said", False)
    monkeypatch.setattr(onednn, "in_effect", lambda: False)
    onednn.switch_on(), onednn.switch_on()
    said = capsys.readouterr().err
    assert said.count("TensorFlow was imported before the zoo") == 1
    assert f'import os; os.environ["{onednn.VARIABLE}"] = "1"' in said
    assert onednn.VARIABLE not in os.environ
    monkeypatch.setattr(onednn, "_said", False)
    monkeypatch.setattr(onednn, "in_effect", lambda: True)
    onednn.switch_on()
    assert capsys.readouterr().err == ""


def test_a_run_goes_on_under_its_own_setting(tmp_path, monkeypatch, undrawn):
    config = make(tmp_path)
    interrupted(config, 5)
    run = unfinished(tmp_path)
    assert run.environment["onednn"] is onednn.in_effect()
    other = not onednn.in_effect()
    files.write_json(run.path / ENVIRONMENT, {**run.environment, "onednn": other})

    asked = []
    monkeypatch.setattr(terminal, "quiet_tensorflow", lambda: asked.append(os.environ[onednn.VARIABLE]))
    monkeypatch.setenv(onednn.VARIABLE, str(int(not other)))
    door.quiet_tensorflow(unfinished(tmp_path))
    assert asked == [str(int(other))]

    line = f'begin with the line: import os; os.environ["{onednn.VARIABLE}"] = "{int(other)}"'
    with pytest.raises(ZooError) as caught:
        train(config)
    assert "was begun with TensorFlow's oneDNN kernels" in str(caught.value)
    assert line in str(caught.value)
    again, _ = train(config, resume="never")
    assert again.finished
    assert again.environment["onednn"] is onednn.in_effect()
    assert unfinished(tmp_path) is None


def test_a_run_that_does_not_say_had_what_the_processor_switches_on(tmp_path, monkeypatch):
    files.write_json(tmp_path / ENVIRONMENT, {"format": 1})
    for features, setting in ((["avx2", "avx512_vnni"], True), (["avx2", "fma", "avx512f"], False)):
        monkeypatch.setattr(onednn, "features", lambda features=features: features)
        assert Run(tmp_path).onednn is setting


def test_inference_of_batchnorm_is_scale_and_shift():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    layer = layers.BatchNormalization(epsilon=1e-3)
    layer.build(x.shape)
    gamma, beta, mean, variance = (np.random.default_rng(k).uniform(0.5, 2, 4).astype("float32") for k in range(4))
    layer.set_weights([gamma, beta, mean, variance])
    wanted = (x.astype("float64") - mean) / np.sqrt(variance.astype("float64") + 1e-3) * gamma + beta
    np.testing.assert_allclose(layer(x, training=False), wanted, rtol=1e-5, atol=1e-5)
    graph = tf.function(lambda x: layer(x, training=False)).get_concrete_function(x).graph
    assert not any("FusedBatchNorm" in operation.type for operation in graph.get_operations())


def test_statistics_stay_in_float32_under_bfloat16():
    layer = layers.BatchNormalization(dtype="mixed_bfloat16")
    layer.build((None, 1, 1, 1))
    layer.set_weights([np.float32([1.0]), np.float32([0.0]), np.float32([1000.0]), np.float32([1.0])])
    given = tf.constant([[[[1004.0]]]], tf.bfloat16)  # 1000 and 1004 are neighbours in bfloat16
    assert float(layer(given, training=False)[0, 0, 0, 0]) == pytest.approx(4.0 / np.sqrt(1.001), rel=1e-2)


def test_names_that_need_no_tensorflow_are_public():
    assert set(zoo.PUBLIC) > zoo.LIGHT
