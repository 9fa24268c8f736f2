"""The one place that makes models: classes, shapes, tops, activations, and every refusal by its text."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ZooError


@pytest.mark.parametrize(
    ("name", "words", "match"),
    [
        ("resnet5", {}, "unknown model 'resnet5'.*did you mean 'resnet50'"),
        ("resnet50", {"aux": True}, "resnet50 has no auxiliary heads"),
        ("resnet50", {"depht": 50}, "unknown argument 'depht'.*did you mean 'depth'"),
        ("resnet50", {"depth": 51}, "depth=51.*did you mean 50"),
        ("textcnn", {"variant": "nonstatic"}, "variant='nonstatic'.*did you mean 'non-static'"),
        ("resnet50", {"input_shape": (16, 16, 3)}, "at least 32"),
        ("vgg16", {"input_shape": (224, 1, 3)}, "at least 32"),
        ("alexnet", {"input_shape": (1, 1, 3)}, "at least 67"),
        ("vgg16", {"classes": 0}, "classes=0.*at least 1"),
        ("lenet5", {"classes": 2.5}, "classes=2.5"),
        ("bilstm_imdb", {"input_shape": (3, 3, 3)}, "text model"),
        ("bilstm_imdb", {"dropout": 5}, "cannot be built with"),
        ("resnet18", {"pooling": "avg"}, "include_top=True"),
        ("resnet18", {"include_top": False, "pooling": "avgg"}, "did you mean 'avg'"),
        ("resnet18", {"include_top": False, "classifier_activation": "softmax"}, "include_top=False"),
        ("lenet5", {"classifier_activation": "sofmax"}, "did you mean 'softmax'"),
        ("nets:smal", {}, "has no function 'smal'.*did you mean 'nets:small'"),
        ("os:system", {}, "'os:system' cannot be called: missing a required argument: 'command'.*takes"),
        ("nowhere.nets:small", {}, "there is no module 'nowhere'"),
    ],
)
def test_refusals(name, words, match):
    with pytest.raises(ZooError, match=match):
        zoo.create_model(name, **words)


def test_a_name_is_a_function():
    import inspect

    model, again = zoo.lenet5(classes=7), zoo.create_model("lenet5", classes=7)
    assert model.output_shape == again.output_shape == (None, 7)
    assert model.count_params() == again.count_params()
    assert zoo.lenet5.__name__ == "lenet5"
    assert "LeCun" in zoo.lenet5.__doc__
    parameters = inspect.signature(zoo.mobilenet).parameters
    assert parameters["alpha"].default == 1.0
    assert {"classes", "input_shape", "weights", "include_top", "pooling"} <= parameters.keys()


def test_every_public_name_resolves():
    for name in dir(zoo):
        assert callable(getattr(zoo, name)), name
    with pytest.raises(AttributeError):
        zoo.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("name", "words", "shape"),
    [
        ("resnet18", {"input_shape": (64, 48, 1)}, (None, 2, 2, 512)),
        ("resnet18", {"input_shape": (None, None, 3), "pooling": "max"}, (None, 512)),
        ("inception_v3", {"input_shape": (75, 75, 3), "pooling": "avg"}, (None, 2048)),
        ("bilstm_imdb", {}, (None, 128)),
        ("lenet5", {}, (None, 1, 1, 120)),
    ],
)
def test_without_the_top(name, words, shape):
    assert zoo.create_model(name, include_top=False, **words).output_shape == shape


def test_pooling_is_over_positions():
    net = zoo.create_model("lenet5", include_top=False, input_shape=(36, 36, 1))
    pooled = zoo.create_model("lenet5", include_top=False, pooling="avg", input_shape=(36, 36, 1))
    pooled.set_weights(net.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 36, 36, 1)).astype("float32")
    np.testing.assert_allclose(pooled(x), np.mean(net(x), axis=(1, 2)), rtol=1e-5, atol=1e-6)


def test_an_activation_turns_logits_into_probabilities():
    logits = zoo.create_model("lenet5")
    probable = zoo.create_model("lenet5", classifier_activation="softmax")
    probable.set_weights(logits.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype("float32")
    np.testing.assert_allclose(probable(x), keras.ops.softmax(logits(x)), rtol=1e-5)
