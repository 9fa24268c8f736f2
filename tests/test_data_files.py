"""Official files: read as they are, and one sentence for each way in which they can be wrong."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import pickle
import tarfile

import keras
import numpy as np
import pytest
from test_data import settings

from zoo.data import load
from zoo.data.sources.official import official
from zoo.data.sources.unpickle import load_arrays
from zoo.errors import ZooError

RNG = np.random.default_rng(0)


def pictures(count: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    return RNG.integers(0, 256, (count, *shape), np.uint8), np.arange(count, dtype=np.uint8) % 10


def mnist_arrays(**changes) -> dict[str, np.ndarray]:
    x_train, y_train = pictures(60, 28, 28)
    x_test, y_test = pictures(20, 28, 28)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test} | changes


def mnist(path, **changes):
    return settings("mnist", path=str(path), validation=0.2, **changes)


@pytest.fixture
def mnist_npz(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **mnist_arrays())
    return path


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty cache, and a download that fails as it does without a network."""

    def offline(name, origin, **_):
        raise Exception(f"URL fetch failure on {origin}: None -- [Errno -2] Name or service not known")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("zoo.data.sources.official.get_file", offline)
    return tmp_path / "keras" / "datasets"


class Harmful:
    def __reduce__(self):
        return os.system, ("echo harm",)


# -- MNIST and Fashion-MNIST -----------------------------------------------------------------------------------------


def test_mnist_npz_and_idx_folder_give_the_same_data(tmp_path):
    arrays = mnist_arrays()
    np.savez(tmp_path / "mnist.npz", **arrays)
    folder = tmp_path / "idx"
    folder.mkdir()
    for part, key in (("train", "train"), ("t10k", "test")):
        x, y = arrays[f"x_{key}"], arrays[f"y_{key}"]
        sizes = np.array(x.shape, ">i4").tobytes()
        images, labels = b"\0\0\x08\x03" + sizes + x.tobytes(), b"\0\0\x08\x01" + sizes[:4] + y.tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)  # unpacked, as some people keep them
    one, other = load(mnist(tmp_path / "mnist.npz"), seed=0), load(mnist(folder), seed=0)
    assert one.info.hash == other.info.hash
    assert one.info.sizes == {"train": 48, "validation": 12, "test": 20}
    (x, y), *_ = one.test.as_numpy_iterator()
    assert np.array_equal(x[..., 0], arrays["x_test"][:16] / np.float32(255))
    assert y.tolist() == arrays["y_test"][:16].tolist()
    assert one.splits["test"].tolist() == list(range(60, 80))
    clothes = load(settings("fashion_mnist", path=str(folder), validation=0.2), seed=0).info
    assert clothes.class_names[9] == "Ankle boot"

    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(images)[:-500])
    with pytest.raises(ZooError, match=r"t10k-images-idx3-ubyte.gz is not a complete IDX file"):
        load(mnist(folder), seed=0)
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(ZooError, match=r"lacks t10k-images-idx3-ubyte.gz; expected a folder with train-images"):
        load(mnist(folder), seed=0)


def test_missing_and_cut_files(tmp_path, mnist_npz):
    with pytest.raises(ZooError, match=r"no.npz does not exist; expected mnist.npz.*; correct data.path, or remove"):
        load(mnist(tmp_path / "no.npz"), seed=0)
    mnist_npz.write_bytes(mnist_npz.read_bytes()[:20_000])
    with pytest.raises(ZooError, match=r"mnist.npz cannot be read as .npz \(BadZipFile.*download it again"):
        load(mnist(mnist_npz), seed=0)
    mnist_npz.write_bytes(b"")
    with pytest.raises(ZooError, match=r"mnist.npz cannot be read as .npz"):
        load(mnist(mnist_npz), seed=0)


def test_a_flipped_byte_is_noticed(mnist_npz):
    raw = bytearray(mnist_npz.read_bytes())
    raw[len(raw) // 2] ^= 255
    mnist_npz.write_bytes(bytes(raw))
    with pytest.raises(ZooError, match=r"mnist.npz cannot be read as .npz"):
        load(mnist(mnist_npz), seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": np.arange(60) % 11}, r"'y_train' in .* holds the label 10 \(item 10\); expected labels 0"),
        ({"y_test": -np.ones(20, int)}, r"'y_test' in .* holds the label -1 \(item 0\)"),
        ({"y_test": np.zeros(19, int)}, "'y_test' in .* holds 19 labels for 20 items; expected 20 whole"),
        ({"y_test": np.full(20, 0.5)}, "'y_test' in .* does not hold class numbers"),
        ({"y_test": np.full(20, np.nan)}, "'y_test' in .* holds NaN or infinity"),
        ({"y_test": np.array(["a"] * 20)}, "'y_test' in .* does not hold class numbers"),
        ({"x_test": np.zeros((20, 32, 32), np.uint8)}, "'x_test' in .* holds images of 32x32; expected 28x28"),
        ({"x_test": np.uint8(0)}, "'x_test' in .* holds images of single numbers; expected 28x28"),
        ({"x_test": np.full((20, 28, 28), np.nan)}, r"'x_test' in .* holds NaN or infinity \(first in item 0\)"),
        ({"x_test": np.full((20, 28, 28), 0.5)}, "'x_test' in .* holds pixels that are not whole numbers 0 to 255"),
        ({"x_test": np.full((20, 28, 28), 256)}, "'x_test' in .* holds pixels that are not whole numbers 0 to 255"),
        ({"x_test": np.full((20, 28, 28), "a")}, "'x_test' in .* holds <U1 instead of pixels"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0)}, "'x_test' in .* holds no items"),
        ({"y_train": np.minimum(np.arange(60), 2)}, "class '0' has 1 item, too few to be cut by data.validation=0.2"),
        ({"x_test": np.array([Harmful()])}, "'x_test' in .* holds pickled Python objects, which is refused"),
    ],
)
def test_wrong_contents(tmp_path, changes, message):
    np.savez(tmp_path / "mnist.npz", **mnist_arrays(**changes))
    with pytest.raises(ZooError, match=message):
        load(mnist(tmp_path / "mnist.npz"), seed=0)


def test_whole_numbers_of_another_type_are_pixels_too(tmp_path):
    arrays = mnist_arrays()
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez(tmp_path / "b.npz", **{key: value.astype(np.float64) for key, value in arrays.items()})
    assert load(mnist(tmp_path / "a.npz"), seed=0).info.hash == load(mnist(tmp_path / "b.npz"), seed=0).info.hash


def test_a_file_that_unpacks_to_too_much_is_refused(mnist_npz, monkeypatch):
    monkeypatch.setattr("zoo.data.sources.official.MAX_MEMBER_BYTES", 1000)
    with pytest.raises(
        ZooError, match=r"'x_train' in .*mnist.npz is over 2 GB unpacked; expected the official mnist.npz"
    ):
        load(mnist(mnist_npz), seed=0)


def test_a_foreign_npz_is_told_its_keys(tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros(3), x_test=np.zeros(3))
    message = r"other.npz lacks x_train, y_train, y_test \(it holds images, x_test\); expected the official mnist.npz"
    with pytest.raises(ZooError, match=message):
        load(mnist(tmp_path / "other.npz"), seed=0)


# -- CIFAR-10 --------------------------------------------------------------------------------------------------------


def cifar_folder(root, changes=None):
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name in [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]:
        x, y = pictures(20, 3072)
        batch = {b"data": x, b"labels": y.tolist(), b"batch_label": name.encode()} | (changes or {})
        (folder / name).write_bytes(pickle.dumps({k: v for k, v in batch.items() if v is not None}, protocol=4))
    return folder


def test_cifar10_folder_and_archive_give_the_same_data(tmp_path):
    folder = cifar_folder(tmp_path)
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-py")
    before = sorted(tmp_path.rglob("*"))
    paths = (folder, tmp_path, tmp_path / "cifar-10-python.tar.gz")
    data = [load(settings("cifar10", path=str(path)), seed=0) for path in paths]
    assert len({d.info.hash for d in data}) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert data[0].info.sizes == {"train": 90, "validation": 10, "test": 20}
    first = pickle.loads((folder / "test_batch").read_bytes())[b"data"][0]
    (x, _), *_ = data[0].test.as_numpy_iterator()
    assert np.array_equal(x[0, :, :, 1].ravel(), first[1024:2048] / np.float32(255))  # the green plane, row by row


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("../../test_batch", tarfile.REGTYPE, r"'../../test_batch' in .*c.tar.gz leads out of the archive"),
        ("/tmp/test_batch", tarfile.REGTYPE, r"'/tmp/test_batch' in .*c.tar.gz leads out of the archive"),
        ("a/test_batch", tarfile.SYMTYPE, r"'a/test_batch' in .*c.tar.gz is a link or a device"),
        ("a/test_batch", tarfile.LNKTYPE, r"'a/test_batch' in .*c.tar.gz is a link or a device"),
    ],
)
def test_archives_with_escapes_are_refused(tmp_path, name, kind, message):
    folder = cifar_folder(tmp_path)
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-py")
        escape = tarfile.TarInfo(name)
        escape.type, escape.linkname = kind, "/etc/passwd"
        archive.addfile(escape)
    with pytest.raises(ZooError, match=message):
        load(settings("cifar10", path=str(tmp_path / "c.tar.gz")), seed=0)


def test_cifar100_reads_the_fine_labels_as_keras_does(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for name, count in (("train", 400), ("test", 100)):
        x, _ = pictures(count, 3072)
        fine = np.arange(count) % 100
        batch = {b"data": x, b"fine_labels": fine.tolist(), b"coarse_labels": (fine // 5).tolist()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=4))
    monkeypatch.setattr("keras.src.datasets.cifar100.get_file", lambda **_: str(tmp_path))
    _, (x, y) = keras.datasets.cifar100.load_data()
    data = load(settings("cifar100", path=str(folder), validation=0.25, batch_size=100), seed=0)
    (got, labels), *_ = data.test.as_numpy_iterator()
    assert np.array_equal(got, x / np.float32(255))
    assert labels.tolist() == y[:, 0].tolist()
    assert len(set(data.info.class_names)) == data.info.classes == 100
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-100-python")
    tarred = load(settings("cifar100", path=str(tmp_path / "c.tar.gz"), validation=0.25), seed=0)
    assert tarred.info.hash == data.info.hash
    with pytest.raises(ZooError, match=r"lacks data_batch_1, .*; expected cifar-10-python.tar.gz or the folder cifar"):
        load(settings("cifar10", path=str(folder)), seed=0)


def test_cifar10_batch_of_python_2_is_read(tmp_path):
    folder = cifar_folder(tmp_path)
    x, y = pictures(20, 3072)
    old = (
        b"(dp1\nS'data'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntS'b'\ntRp5\n"
        b"(I1\n(I20\nI3072\ntcnumpy\ndtype\np6\n(S'u1'\nI0\nI1\ntRp7\n(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nS"
        + repr(x.tobytes())[1:].encode()
        + b"\ntbsS'labels'\n(lp8\n"
        + b"".join(b"I%d\na" % v for v in y)
        + b"s."
    )
    (folder / "test_batch").write_bytes(old)
    (batch, labels), *_ = load(settings("cifar10", path=str(folder)), seed=0).test.as_numpy_iterator()
    assert np.array_equal(batch[3, 0, 0], x[3, [0, 1024, 2048]] / np.float32(255))
    assert labels.tolist() == y[:16].tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({b"labels": None}, "data_batch_1 in .* lacks labels; expected an official batch of cifar10"),
        ({b"data": [[0]]}, "data_batch_1 in .* lacks its array of pixels"),
        ({b"data": np.zeros((20, 100), np.uint8)}, "holds images of 100; expected 3072 for data.name=cifar10"),
        ({b"labels": [10] * 20}, r"data_batch_1 in .* holds the label 10 \(item 0\)"),
        ({b"harm": Harmful()}, "data_batch_1 in .* wants to load posix.system, which is refused; .* may be harmful"),
    ],
)
def test_wrong_cifar10_batches(tmp_path, changes, message):
    with pytest.raises(ZooError, match=message):
        load(settings("cifar10", path=str(cifar_folder(tmp_path, changes))), seed=0)


def test_cifar10_files_missing_or_cut(tmp_path):
    folder = cifar_folder(tmp_path)
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-py")
    (folder / "data_batch_3").write_bytes((folder / "data_batch_3").read_bytes()[:1000])
    with pytest.raises(ZooError, match=r"data_batch_3 in .* is damaged \(.*; expected the complete official file"):
        load(settings("cifar10", path=str(folder)), seed=0)
    (folder / "data_batch_3").unlink()
    with pytest.raises(ZooError, match=r"cifar-10-batches-py lacks data_batch_3; expected cifar-10-python.tar.gz or"):
        load(settings("cifar10", path=str(folder)), seed=0)
    (tmp_path / "c.tar.gz").write_bytes((tmp_path / "c.tar.gz").read_bytes()[:5000])
    with pytest.raises(ZooError, match=r"c.tar.gz cannot be read as an archive; expected cifar-10-python.tar.gz"):
        load(settings("cifar10", path=str(tmp_path / "c.tar.gz")), seed=0)


# -- pickles and downloads -------------------------------------------------------------------------------------------


def test_unpickler_refuses_every_other_class():
    array = np.array([[1, 2], [3]], dtype=object)
    assert load_arrays(io.BytesIO(pickle.dumps(array)), "f").tolist() == [[1, 2], [3]]
    for harmful in (Harmful(), [Harmful()], {"a": np.array([Harmful()])}):
        with pytest.raises(ZooError, match=r"f wants to load posix.system, which is refused"):
            load_arrays(io.BytesIO(pickle.dumps(harmful)), "f")
    with pytest.raises(ZooError, match=r"f wants to load builtins.eval"):
        load_arrays(io.BytesIO(b"cbuiltins\neval\n(S'1'\ntR."), "f")
    with pytest.raises(ZooError, match=r"f is damaged \(UnpicklingError\)"):
        load_arrays(io.BytesIO(b"Pid\n."), "f")
    with pytest.raises(ZooError, match="f is damaged"):
        load_arrays(io.BytesIO(b"hello"), "f")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "mnist.npz"),
        ("fashion_mnist", "fashion-mnist/train-images-idx3-ubyte.gz"),
        ("cifar10", "cifar-10-python.tar.gz"),
        ("cifar100", "cifar-100-python.tar.gz"),
        ("imdb", "imdb.npz"),
        ("reuters", "reuters.npz"),
    ],
)
def test_offline_says_where_the_file_goes(keras_home, name, file):
    base = file.split("/")[-1]
    with pytest.raises(
        ZooError, match=rf"could not download {base} from https://\S+ \(\[Errno -2\] Name or service not known\);"
    ) as e:
        load(settings(name), seed=0)
    assert str(e.value).endswith(f"put the file at {keras_home / file} or give data.path")
    assert not [p for p in keras_home.rglob("*") if p.is_file()]


def test_a_file_in_the_cache_with_another_hash_is_refused_and_kept(keras_home, mnist_npz):
    keras_home.mkdir(parents=True)
    mnist_npz.rename(keras_home / "mnist.npz")
    with pytest.raises(ZooError, match=r"mnist.npz is not the official file .*; expected SHA-256 731c5.*data.path"):
        load(settings("mnist"), seed=0)
    assert (keras_home / "mnist.npz").is_file()


def test_download_goes_into_the_cache_once_and_a_damaged_one_leaves_nothing(keras_home, monkeypatch, tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(b"official")
    md5, calls = hashlib.md5(b"official").hexdigest(), []
    monkeypatch.setattr(
        "zoo.data.sources.official.get_file", lambda *a, **k: calls.append(a) or keras.utils.get_file(*a, **k)
    )
    for _ in range(2):
        assert official(["a.bin"], source.as_uri(), md5).read_bytes() == b"official"
    assert len(calls) == 1
    with pytest.raises(ZooError, match=r"b.bin from file:.* arrived damaged"):
        official(["b.bin"], source.as_uri(), "0" * 32)
    assert [p.name for p in keras_home.iterdir()] == ["a.bin"]
