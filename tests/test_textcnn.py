"""Kim's sentence classifier: his channels in NumPy, which of them learn, the limit on the last layer, bad input."""

import keras
import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.graph.counts import count
from zoo.models.textcnn import textcnn

SMALL = {"vocabulary_size": 30, "sequence_length": 9, "embedding_dim": 6, "filters": 4}


def words(batch=5, length=9):
    return np.random.default_rng(3).integers(0, 30, (batch, length)).astype("int32")


def shuffled(model):
    """The model with every weight drawn anew, so that nothing is zero or alike."""
    rng = np.random.default_rng(7)
    for layer in model.layers:
        if layer.name != "dropout":
            layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return model


def by_hand(model, tokens, channels):
    """Eqs. 1-4 with each filter applied to each channel and the results added (Sec. 2)."""
    maxima = []
    for h in (3, 4, 5):
        kernel, bias = model.get_layer(f"conv{h}").get_weights()
        steps = []
        for i in range(tokens.shape[1] - h + 1):
            applied = [
                np.einsum("bhd,hdf->bf", model.get_layer(name).get_weights()[0][tokens[:, i : i + h]], kernel)
                for name in channels
            ]
            steps.append(np.maximum(sum(applied) + bias, 0))
        maxima.append(np.max(steps, axis=0))
    kernel, bias = model.get_layer("predictions").get_weights()
    return np.concatenate(maxima, -1) @ kernel + bias


@pytest.mark.parametrize(
    ("variant", "channels"),
    [
        ("rand", ["embedding"]),
        ("static", ["embedding"]),
        ("non-static", ["embedding"]),
        ("multichannel", ["embedding_static", "embedding_tuned"]),
    ],
)
def test_the_net_is_the_papers_equations(variant, channels):
    model = shuffled(textcnn(variant, **SMALL))
    np.testing.assert_allclose(model(words()).numpy(), by_hand(model, words(), channels), rtol=1e-4, atol=1e-4)


def test_the_papers_net_has_300_v_and_360902_parameters():
    assert count(textcnn()).trainable == 300 * 18_765 + 360_902 == 5_990_402


def trained(model):
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    model.optimizer.learning_rate = 1000.0  # far enough for the limit of 3 to bite
    model.fit(words(), np.array([0, 1, 0, 1, 0]), epochs=3, verbose=0)
    return model


def test_only_one_channel_of_two_is_trained_and_both_begin_alike():
    model = textcnn("multichannel", **SMALL)
    before = {name: model.get_layer(name).get_weights()[0] for name in ("embedding_static", "embedding_tuned")}
    np.testing.assert_array_equal(before["embedding_static"], before["embedding_tuned"])
    trained(model)
    np.testing.assert_array_equal(model.get_layer("embedding_static").get_weights()[0], before["embedding_static"])
    assert np.any(model.get_layer("embedding_tuned").get_weights()[0] != before["embedding_tuned"])


def test_the_last_layers_weight_vectors_keep_a_length_of_three():
    kernel = trained(textcnn(**SMALL)).get_layer("predictions").get_weights()[0]
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), [3, 3], rtol=1e-4)


def test_given_vectors_are_the_ones_it_begins_with():
    matrix = np.random.default_rng(1).normal(size=(30, 6)).astype("float32")
    for variant in ("static", "non-static", "multichannel"):
        model = textcnn(variant, embedding_matrix=matrix, **SMALL)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Embedding):
                np.testing.assert_array_equal(layer.get_weights()[0], matrix)


def test_vectors_and_filters_begin_uniform_and_the_last_layer_at_zero():
    model = textcnn()
    for name, limit in (("embedding", 0.25), ("conv3", 0.01), ("conv5", 0.01)):
        values = model.get_layer(name).get_weights()[0]
        assert limit * 0.99 < np.abs(values).max() <= limit
        assert values.std() == pytest.approx(limit / 3**0.5, rel=0.02)
    assert not np.any(model.get_layer("predictions").get_weights()[0])


def test_any_length_when_none_is_given():
    model = textcnn(**{**SMALL, "sequence_length": None})
    assert model(words(length=5)).shape == model(words(length=40)).shape == (5, 2)


def test_one_window_and_one_logit():
    model = textcnn(**SMALL, windows=(2,), classes=1)
    assert model.get_layer("features").output.shape == (None, 4)
    assert model(words()).shape == (5, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"sequence_length": 4},
            "textcnn was given sequence_length=4, shorter than its largest window; expected 5 words or more; "
            "make the sentences longer (data.maxlen) or the windows smaller",
        ),
        ({"variant": "nonstatic"}, "expected one of rand, static, non-static, multichannel"),
        ({"variant": "rand", "embedding_matrix": np.zeros((30, 6))}, "choose static, non-static or multichannel"),
        ({"variant": "static", "embedding_matrix": np.zeros((30, 7))}, "expected an array of shape (30, 6)"),
        ({"variant": "static", "embedding_matrix": "vectors.bin"}, "an embedding_matrix of shape None"),
        ({"windows": ()}, "expected one window or more"),
        ({"windows": (3, 3)}, "expected one window or more, all different"),
        ({"windows": (0, 3)}, "windows[0]=0"),
        ({"filters": 0}, "filters=0"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ZooError) as error:
        textcnn(**{**SMALL, **arguments})
    assert sentence in str(error.value)
