"""keras.applications with drawn weights, written as Keras publishes them and read by the importer: equal logits."""

import keras
import keras_files
import numpy as np
import pytest

from zoo.build import create
from zoo.weights import keras_h5

APPLICATIONS = keras.applications
MORE = (pytest.mark.slow, pytest.mark.ci)
TOLERANCE = 1e-3  # of the logits' spread; a wrong net differs by 1e-2 and more

# zoo name, keras.applications' builder, side, arguments of both
FAST = {
    "vgg16": (APPLICATIONS.VGG16, 32, {}),
    "resnet50": (APPLICATIONS.ResNet50, 64, {}),
    "inception_v3": (APPLICATIONS.InceptionV3, 79, {}),
    "mobilenet": (APPLICATIONS.MobileNet, 96, {"alpha": 1.0}),
    "mobilenet_075_160": (APPLICATIONS.MobileNet, 64, {"alpha": 0.75}),
    "mobilenet_050_224": (APPLICATIONS.MobileNet, 66, {"alpha": 0.5}),
    "mobilenet_025_128": (APPLICATIONS.MobileNet, 32, {"alpha": 0.25}),
    "xception": (APPLICATIONS.Xception, 72, {}),
}
DEEPER = {  # the same blocks more often
    "vgg19": (APPLICATIONS.VGG19, 32, {}),
    "resnet101": (APPLICATIONS.ResNet101, 64, {}),
    "resnet152": (APPLICATIONS.ResNet152, 64, {}),
}
PAPERS_SIZE = {
    "vgg16": (APPLICATIONS.VGG16, 224, {}),
    "vgg19": (APPLICATIONS.VGG19, 224, {}),
    "resnet50": (APPLICATIONS.ResNet50, 224, {}),
    "resnet152": (APPLICATIONS.ResNet152, 224, {}),
    "inception_v3": (APPLICATIONS.InceptionV3, 299, {}),
    "mobilenet": (APPLICATIONS.MobileNet, 224, {"alpha": 1.0}),
    "xception": (APPLICATIONS.Xception, 299, {}),
}


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)
    yield
    keras.backend.clear_session()


def compare(name, function, side, words, tmp_path, classes=11, **layout):
    theirs = function(weights=None, input_shape=(side, side, 3), classes=classes, classifier_activation=None, **words)
    keras_files.randomize(theirs)
    keras_files.save(theirs, tmp_path / "weights.h5", **layout)
    ours = create.create_model(name, input_shape=(side, side, 3), classes=classes)
    keras_h5.load(ours, tmp_path / "weights.h5", name=name)
    x = np.random.default_rng(1).normal(size=(2, side, side, 3)).astype("float32")
    expected, got = np.asarray(theirs(x)), np.asarray(ours(x))
    assert np.isfinite(expected).all()
    assert expected.std() > 1e-3
    return np.abs(got - expected).max() / expected.std()


# Of other widths alone; and two whose logits test_weights_keras.py compares with Keras's, through older files.
ELSEWHERE = ("mobilenet_075_160", "mobilenet_050_224", "inception_v3", "xception")


@pytest.mark.parametrize("name", [pytest.param(n, marks=MORE) if n in ELSEWHERE else n for n in FAST])
def test_logits_agree_with_keras_applications(name, tmp_path):
    assert compare(name, *FAST[name], tmp_path) < TOLERANCE


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("name", DEEPER)
def test_logits_of_the_deeper_agree(name, tmp_path):
    assert compare(name, *DEEPER[name], tmp_path) < TOLERANCE


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("name", PAPERS_SIZE)
def test_logits_agree_at_the_papers_size(name, tmp_path):
    assert compare(name, *PAPERS_SIZE[name], tmp_path, classes=1000) < TOLERANCE
