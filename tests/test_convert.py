"""scripts/convert.py: the files it writes give the items of the official ones, in their order, or one sentence."""

import gzip
import importlib.util
import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from test_data import same, settings, take
from test_data_files import cifar_folder, mnist_arrays

from zoo.data import load
from zoo.errors import ZooError

spec = importlib.util.spec_from_file_location("convert", Path(__file__).parent.parent / "scripts" / "convert.py")
convert = importlib.util.module_from_spec(spec)
spec.loader.exec_module(convert)

REVIEWS = {
    f"aclImdb/{part}/{name}/{i}_{7 if name == 'pos' else 2}.txt": f'{part} {name}, "{i}"\r\nand\na {name}é line'
    for part in ("train", "test")
    for name in ("neg", "pos")
    for i in range(12)
}


def tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def both(official, own):
    """Training batches over an epoch's end, and the test part, are the same for both."""
    official, own = load(official, seed=3), load(own, seed=3)
    assert own.info.class_names == official.info.class_names
    count = official.train.steps_per_epoch + 2
    assert own.train.steps_per_epoch == count - 2
    assert same(take(own.train.stream(), count), take(official.train.stream(), count))
    assert same(take(own.test, 9), take(official.test, 9))


@pytest.mark.parametrize("archive", [False, True])
def test_cifar10_as_an_image_folder_and_as_official_batches_give_the_same_batches(tmp_path, archive):
    source = cifar_folder(tmp_path)
    if archive:
        with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as packed:
            packed.add(source, "cifar-10-batches-py")
        source = tmp_path / "c.tar.gz"
    assert convert.convert(source, tmp_path / "out") == {"train": 100, "test": 20}
    words = {"validation": 0.2, "batch_size": 16}
    both(
        settings("cifar10", path=str(source), **words),
        settings("image_folder", path=str(tmp_path / "out"), **words),
    )
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.png"))[-1] == "00099.png"


def test_idx_files_of_mnist(tmp_path):
    arrays = mnist_arrays()
    source = tmp_path / "idx"
    source.mkdir()
    for part, key in (("train", "train"), ("t10k", "test")):
        x, y = arrays[f"x_{key}"], arrays[f"y_{key}"]
        sizes = np.array(x.shape, ">i4").tobytes()
        for name, contents in (
            ("images-idx3", b"\x03" + sizes + x.tobytes()),
            ("labels-idx1", b"\x01" + sizes[:4] + y.tobytes()),
        ):
            (source / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08" + contents))
    convert.convert(source, tmp_path / "out")
    words = {"validation": 0.2, "batch_size": 16}
    both(
        settings("mnist", path=str(source), **words),
        settings("image_folder", path=str(tmp_path / "out"), **words),
    )


def test_reviews_of_an_archive_and_of_its_folder(tmp_path):
    packed = tar(tmp_path / "aclImdb_v1.tar.gz", REVIEWS)
    for name, text in REVIEWS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    for source, out in ((packed, "a"), (tmp_path / "aclImdb", "b")):
        assert convert.convert(source, tmp_path / out) == {"train": 24, "test": 24}
    assert (tmp_path / "a" / "train.csv").read_bytes() == (tmp_path / "b" / "train.csv").read_bytes()
    words = {"kind": "tokens", "validation": 0.25, "batch_size": 4}
    both(
        settings("text_folder", path=str(packed), **words),
        settings("csv", path=str(tmp_path / "a"), **words),
    )


def test_what_is_refused_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    source = cifar_folder(tmp_path / "in")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "text").write_text("no archive")
    (tmp_path / "other").mkdir()
    escape = tar(tmp_path / "e.tar.gz", {"../aclImdb/train/pos/0_9.txt": "harm"})
    mistakes = {
        (source, "full"): r"full is there and not empty; expected a folder of its own",
        (source, "in/cifar-10-batches-py/out"): r"out is inside of .*cifar-10-batches-py",
        (tmp_path / "none", "out"): r"there is no .*none; expected cifar-10-batches-py",
        (tmp_path / "other", "out"): r"other holds no official data set that is known here",
        (tmp_path / "text", "out"): r"text cannot be read as an archive",
        (escape, "out"): r"'../aclImdb/train/pos/0_9.txt' in .*e.tar.gz leads out of the archive",
    }
    before = sorted(tmp_path.rglob("*"))
    for (given, out), message in mistakes.items():
        with pytest.raises(ZooError, match=message):
            convert.convert(given, tmp_path / out)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(convert, "write_images", full)
    monkeypatch.setattr(sys, "argv", ["convert.py", str(source), str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="2"):
        convert.main()
    assert capsys.readouterr().err == "[Errno 28] No space left on device\n"
    assert sorted(tmp_path.rglob("*")) == before
