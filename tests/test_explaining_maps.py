"""Grad-CAM, filters and maps: against NumPy, against CAM, and against evidence planted in a corner."""

import keras
import numpy as np
import pytest

from zoo.analysis.explain.maps import feature_maps, filters, grad_cam, last_maps, map_layers
from zoo.analysis.explain.photos import heats
from zoo.draw.seeing import Heat, plot_filters, plot_heats, plot_maps
from zoo.errors import ZooError
from zoo.runs.net import Net, _window


@pytest.fixture(scope="module")
def cam():
    """A convolution, global average pooling and a dense layer: the net that CAM was made for."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 10, 2))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = keras.layers.Dropout(0.5)(keras.layers.MaxPooling2D(2, name="pool")(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(x))


@pytest.fixture(scope="module")
def linear():
    """Logits that are a plain dot product with the pixels' flattened maps."""
    inputs = keras.Input((4, 4, 1), name="input")
    maps = keras.layers.Conv2D(2, 1, use_bias=False, name="maps")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(maps)))
    rng = np.random.default_rng(0)
    model.set_weights([np.float32([[[[1.0, -2.0]]]]), rng.normal(size=(32, 3)).astype("float32"), np.zeros(3)])
    return model


def test_grad_cam_is_the_formula_computed_by_hand(linear):
    rng = np.random.default_rng(1)
    images = rng.normal(size=(3, 4, 4, 1)).astype("float32")
    dense = linear.get_layer("logits").get_weights()[0].reshape(4, 4, 2, 3)  # d y^c / d A^k at every position
    for index in range(3):
        weights = dense[..., index].mean(axis=(0, 1))
        by_hand = np.maximum(images[..., 0] * weights[0] - 2 * images[..., 0] * weights[1], 0)
        np.testing.assert_allclose(grad_cam(linear, images, index, layer="maps"), by_hand, rtol=1e-4, atol=1e-6)
    likeliest = linear.predict(images, verbose=0).argmax(axis=1)
    one_by_one = [grad_cam(linear, image, int(c)) for image, c in zip(images, likeliest, strict=True)]
    np.testing.assert_allclose(grad_cam(linear, images), one_by_one, rtol=1e-4, atol=1e-6)


def test_with_global_pooling_grad_cam_is_cam(cam):
    image = np.random.default_rng(2).normal(size=(8, 10, 2)).astype("float32")
    pooled = feature_maps(cam, image, "pool").maps
    dense = cam.get_layer("logits").get_weights()[0]
    for index in range(3):
        by_cam = np.maximum(pooled @ dense[:, index], 0)
        np.testing.assert_allclose(
            grad_cam(cam, image, index, layer="pool") * pooled[..., 0].size, by_cam, rtol=1e-4, atol=1e-6
        )


def test_softmax_and_side_heads_do_not_count(cam):
    image = np.random.default_rng(3).normal(size=(8, 10, 2)).astype("float32")
    squashed = keras.Model(cam.input, keras.layers.Activation("softmax")(cam.output))
    side = keras.layers.Dense(3)(keras.layers.Flatten()(cam.get_layer("conv").output))
    for other in (squashed, keras.Model(cam.input, [cam.output, side])):
        np.testing.assert_allclose(grad_cam(other, image, 1), grad_cam(cam, image, 1), rtol=1e-5)


def test_one_logit_is_two_classes(cam):
    inputs = keras.Input((8, 10, 2))
    maps = cam.get_layer("conv")(inputs)
    logit = keras.layers.Dense(1, name="one")(keras.layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(inputs, logit)
    image = np.abs(np.random.default_rng(4).normal(size=(8, 10, 2))).astype("float32")
    signed = feature_maps(model, image, "conv").maps @ model.get_layer("one").get_weights()[0][:, 0] / 48
    np.testing.assert_allclose(grad_cam(model, image, 1), np.maximum(signed, 0), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(grad_cam(model, image, 0), np.maximum(-signed, 0), rtol=1e-3, atol=1e-6)
    with pytest.raises(ZooError, match="there is no class 2; expected 0 to 1"):
        grad_cam(model, image, 2)


def test_the_heat_is_where_the_evidence_was_planted():
    """Bright squares in a corner make the class; a trained net must look there."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    corners = [(slice(0, 5), slice(0, 5)), (slice(11, 16), slice(11, 16))]
    x, y = rng.normal(0, 0.3, (240, 16, 16, 1)).astype("float32"), np.arange(240) % 2
    places = rng.integers(0, 2, 240)
    for image, label, place in zip(x, y, places, strict=True):
        image[(*corners[place], 0)] += 2.0 if label else -2.0
    inputs = keras.Input((16, 16, 1))
    z = keras.layers.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    z = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(z))
    model = keras.Model(inputs, z)
    model.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, epochs=8, batch_size=32, verbose=0)
    found = grad_cam(model, x[:40], list(y[:40]))
    for heat, place in zip(found, places, strict=False):
        inside = heat[corners[place]].mean()
        assert inside > 3 * (heat.sum() - heat[corners[place]].sum()) / (256 - 25)


def test_the_default_is_the_last_map_with_room():
    import zoo

    assert last_maps(zoo.lenet5()) == "c3"  # c5 has one position
    assert last_maps(zoo.simple_cnn(input_shape=(16, 16, 3))) == "conv2_2"
    with pytest.raises(ZooError, match="mlp has no maps of convolutions"):
        last_maps(zoo.mlp())


def test_layers_are_sought_by_name(cam):
    assert map_layers(cam) == ["conv", "pool", *(layer.name for layer in cam.layers if "dropout" in layer.name)]
    image = np.zeros((8, 10, 2), "float32")
    with pytest.raises(ZooError, match="has no layer 'cnov'; expected a layer with maps; did you mean 'conv'"):
        grad_cam(cam, image, layer="cnov")
    with pytest.raises(ZooError, match=r"layer logits of .* gives no maps"):
        feature_maps(cam, image, "logits")


def test_filters_are_the_first_weights(cam, linear):
    assert np.array_equal(filters(cam).kernels, cam.get_layer("conv").get_weights()[0])
    inputs = keras.Input((4, 5, 1))
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(inputs)))
    kernels = model.get_layer("logits").get_weights()[0]
    assert np.array_equal(filters(model).kernels[1, 2, 0, :], kernels[1 * 5 + 2])  # a template for each class
    tokens = keras.Input((6,))
    with pytest.raises(ZooError, match="no filters over an image"):
        filters(keras.Model(tokens, keras.layers.Dense(2)(tokens)))


@pytest.mark.parametrize("fit", ["pad", "resize", "crop"])
def test_what_the_net_saw_is_found_again_on_the_photo(fit):
    """A net whose heat is the brightness, a photo with one bright spot: the heat lies on it at the photo's size."""
    from zoo.data import Preprocessor

    inputs = keras.Input((40, 40, 1), name="input")
    maps = keras.layers.Conv2D(1, 1, use_bias=False, name="maps")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps)))
    model.set_weights([np.float32([[[[1.0]]]]), np.float32([[1.0, -1.0]]), np.zeros(2)])
    photo = np.zeros((30, 40, 3) if fit == "pad" else (60, 90, 3), "uint8")
    photo[20:24, 25:29] = 255
    settings = {"kind": "image", "shape": [40, 40, 1], "fit": fit, "pixel_range": [0, 1], "mean": None, "std": None}
    net = Net(
        "net", model, "image", ("a", "b"), Preprocessor(settings).images, lambda h, w: _window(settings, h, w), _nowhere
    )
    (found,) = heats(net, [photo], "a", None)
    on_photo = np.nan_to_num(found.on_photo())
    rows, columns = np.indices(on_photo.shape)
    assert on_photo.shape == photo.shape[:2]
    assert (on_photo * rows).sum() / on_photo.sum() == pytest.approx(21.5, abs=0.8)
    assert (on_photo * columns).sum() / on_photo.sum() == pytest.approx(26.5, abs=0.8)
    assert np.isnan(found.on_photo()).any() == (fit == "crop")  # what was cut away was not seen
    assert found.on_photo(3).shape == (photo.shape[0] * 3, photo.shape[1] * 3)


def _nowhere():
    import contextlib

    return contextlib.nullcontext()


def test_the_window_of_published_preprocessing():
    square = {"fit": "crop", "crop": 224 / 256, "shape": (224, 224, 3)}
    assert _window(square, 512, 1024) == (32, 288, 448, 448)
    assert _window(square | {"crop": 224 / 232}, 232, 232) == (4, 4, 224, 224)
    assert _window(square | {"fit": "resize"}, 50, 70) == (0, 0, 50, 70)


def test_they_are_drawn(cam, tmp_path):
    image = np.random.default_rng(5).normal(size=(8, 10, 2)).astype("float32")
    photo = np.zeros((40, 50, 3), "uint8")
    heat = Heat("cat.jpg", photo, grad_cam(cam, image), (0, 0, 40, 50), "conv", "cat", {"dog": 0.75, "cat": 0.25})
    svg = plot_heats([heat, heat], tmp_path / "a.svg").read_text()
    assert "evidence for cat" in svg
    assert "75.0%" in svg
    assert "Grad-CAM, conv, 6×8" in svg
    nothing = Heat("cat.jpg", photo, np.zeros((6, 8)), (0, 0, 40, 50), "conv", "cat", {"cat": 1.0})
    assert "none at this layer" in plot_heats([nothing], tmp_path / "b.svg").read_text()
    assert "conv: 6×8, 4 maps" in plot_maps(feature_maps(cam, image, "conv"), tmp_path / "c.svg").read_text()
    assert "conv: 3×3×2, 4 filters" in plot_filters(filters(cam), tmp_path / "d.svg").read_text()
    assert heat._repr_png_()[:4] == filters(cam)._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(ZooError, match=r"cannot draw into a\.html"):
        plot_heats([heat], tmp_path / "a.html")
