"""Images in folders: layouts, pixels, caching against streaming, resumption, damaged files."""

import io
import itertools
import os
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from test_data import same, settings, take

import zoo
from zoo.config import Config
from zoo.data import Preprocessor, load
from zoo.data.images.decoding import CROP_SHARE, decode, decode_middle
from zoo.data.images.files import look
from zoo.data.images.headers import MAX_PIXELS, Unreadable, measure
from zoo.data.sources.folders import labelled, walk
from zoo.errors import ZooError

MORE = (pytest.mark.slow, pytest.mark.ci)


def picture(seed: int, height: int = 20, width: int = 24, grey: bool = False) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).resize((width, height), Image.BICUBIC)
    return coarse.convert("L") if grey else coarse


def save(path, image, **words):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **words)


def folder(root, counts, suffixes=(".jpg", ".png", ".gif", ".bmp"), **words):
    """{"train/cat": 5, ...} -> images of several formats."""
    for c, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            save(root / name / f"{i:03d}{suffixes[i % len(suffixes)]}", picture(100 * c + i, **words))
    return root


def block(path, **changes):
    words = {"path": str(path), "fit": "resize", "image_size": 8, "validation": 0.25}
    return settings("image_folder", **words | changes)


def by_name(root):
    return sorted(root.rglob("*.*"), key=lambda path: (path.name, path))


def pil_pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


# -- layouts ---------------------------------------------------------------------------------------------------------


def test_one_folder_is_split_by_seed(tmp_path):
    folder(tmp_path, {"zebra": 20, "ant": 12})
    data = load(block(tmp_path), seed=0)
    assert data.info.class_names == ("ant", "zebra")
    assert data.info.sizes == {"train": 18, "validation": 7, "test": 7}
    assert data.info.class_counts["train"] == [6, 12]
    assert data.info.input_shape == (8, 8, 3)
    again, other = (load(block(tmp_path, split_seed=s), seed=9) for s in (0, 1))
    assert all(np.array_equal(again.splits[part], data.splits[part]) for part in data.splits)
    assert not np.array_equal(other.splits["test"], data.splits["test"])
    assert again.info.hash == data.info.hash


def test_parts_of_their_own_are_used_as_they_are(tmp_path):
    folder(tmp_path, {"train/a": 6, "train/b": 6, "val/a": 3, "val/b": 2, "test/a": 1, "test/b": 4})
    data = load(block(tmp_path, test=0.5), seed=0)
    assert data.info.class_counts == {"train": [6, 6], "validation": [3, 2], "test": [1, 4]}
    assert [list(rows) for rows in data.splits.values()] == [
        [*range(12)],
        [*range(12, 17)],
        [*range(17, 22)],
    ]
    (x, y), *_ = take(data.validation, 1)
    want = Preprocessor.from_dict(data.info.preprocessing).images(by_name(tmp_path / "val"))
    assert np.array_equal(x, want)
    assert list(y) == [0, 1, 0, 1, 0]  # by the files' own names
    with pytest.raises(ZooError, match=r"data.validation is 0, but .* has a validation part of its own; .*; remove"):
        load(block(tmp_path, validation=0.0), seed=0)


def test_hash_follows_order_and_bytes(tmp_path):
    folder(tmp_path, {"a": 5, "b": 5})
    first = load(block(tmp_path), seed=0).info.hash
    assert load(block(tmp_path, image_size=6), seed=1).info.hash == first
    (tmp_path / "a" / "000.jpg").rename(tmp_path / "a" / "000x.jpg")
    renamed = load(block(tmp_path), seed=0).info.hash
    save(tmp_path / "a" / "000x.jpg", picture(77))
    assert len({first, renamed, load(block(tmp_path), seed=0).info.hash}) == 3


def test_other_files_are_left_out_and_said(tmp_path):
    folder(tmp_path, {"a": 5, "b": 5})
    (tmp_path / "a" / "notes.txt").write_text("no image")
    (tmp_path / "a" / ".hidden.png").write_text("no image")
    data = load(block(tmp_path), seed=0)
    assert data.info.notes == ("files that do not end in .jpg, .jpeg, .png, .bmp, .gif are left out: 1 .txt",)
    assert sum(data.info.sizes.values()) == 10


def test_class_names_are_sorted(tmp_path):
    found = labelled(walk(folder(tmp_path, dict.fromkeys("qwertyuiop", 1))), (".jpg",), "image")
    assert found.class_names == tuple("eiopqrtuwy")


# -- pixels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        (".jpg", {"quality": 80}),
        (".jpg", {"quality": 90, "subsampling": 0}),
        (".jpg", {"progressive": True}),
        (".png", {}),
        (".bmp", {}),
        (".gif", {}),
    ],
)
@pytest.mark.parametrize("grey", [False, True])
def test_decoding_gives_the_pixels_of_pil(tmp_path, suffix, words, grey):
    path = tmp_path / f"a{suffix}"
    save(path, picture(1, 37, 50, grey), **words)
    assert np.array_equal(decode(tf.constant(path.read_bytes())).numpy(), pil_pixels(path))
    assert measure(path.read_bytes())[:2] == (37, 50)
    assert measure(path.read_bytes())[2] == (grey and suffix != ".gif")


def test_transparency_and_palettes(tmp_path):
    half = np.zeros((4, 4, 4), np.uint8)
    half[..., 0], half[:2, ..., 3] = 200, 255
    save(tmp_path / "a.png", Image.fromarray(half))
    got = decode(tf.constant((tmp_path / "a.png").read_bytes())).numpy()
    assert (got[:2] == [200, 0, 0]).all()
    assert (got[2:] == 255).all()
    save(tmp_path / "p.png", picture(3).convert("P"))
    assert np.array_equal(decode(tf.constant((tmp_path / "p.png").read_bytes())), pil_pixels(tmp_path / "p.png"))
    save(tmp_path / "p.bmp", picture(3).convert("P"))
    with pytest.raises(Unreadable, match="a BMP file with a palette or compression"):
        measure((tmp_path / "p.bmp").read_bytes())


@pytest.mark.parametrize("size", [(8, 8), (16, 8), (5, 30)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_cropping_while_decoding_gives_the_same_pixels(size, subsampling):
    for height, width in [(h, 10 + 7 * h % 97) for h in range(20, 140, 2)]:
        out = io.BytesIO()
        noise = np.random.default_rng(5).integers(0, 255, (height, width, 3), np.uint8)
        Image.fromarray(noise).save(out, "JPEG", subsampling=subsampling)
        whole = decode(tf.constant(out.getvalue())).numpy()
        scale = CROP_SHARE * min(height / size[0], width / size[1])
        tall, wide = (max(1, round(side * scale)) for side in size)
        top, left = (height - tall) // 2, (width - wide) // 2
        cut = decode_middle(tf.constant(out.getvalue()), size).numpy()
        assert np.array_equal(cut, whole[top : top + tall, left : left + wide])


def test_colour_follows_the_model_the_files_or_the_config(tmp_path):
    folder(tmp_path, {"a": 5, "b": 5}, suffixes=(".png", ".jpg"), grey=True)
    assert load(block(tmp_path), seed=0).info.input_shape == (8, 8, 1)
    assert load(block(tmp_path), seed=0, input_shape=(None, None, 3)).info.input_shape == (8, 8, 3)
    data = load(block(tmp_path, color="rgb"), seed=0, input_shape=(8, 8, None))
    x, _ = data.train.arrays()
    assert np.array_equal(x[..., 0], x[..., 2])
    with pytest.raises(ZooError, match=r"data.color=grey gives 1 channel, but the model takes 3; expected the same"):
        load(block(tmp_path, color="grey"), seed=0, input_shape=(8, 8, 3))
    save(tmp_path / "a" / "colour.png", picture(8))
    assert load(block(tmp_path), seed=0).info.input_shape == (8, 8, 3)


def test_sizes_come_from_config_model_or_files(tmp_path):
    folder(tmp_path, {"a": 5, "b": 5})
    assert load(block(tmp_path, image_size=None), seed=0).info.input_shape == (20, 24, 3)
    assert load(block(tmp_path, image_size=None), seed=0, input_shape=(9, 7, None)).info.input_shape == (9, 7, 3)
    save(tmp_path / "a" / "other.png", picture(8, 10, 10))
    with pytest.raises(ZooError, match=r"the images of image_folder have different sizes; .*; set data.image_size"):
        load(block(tmp_path, image_size=None), seed=0)
    with pytest.raises(ZooError, match=r"b/00..... has 20x24 pixels and cannot be padded to 16x16; .* data.fit to res"):
        load(block(tmp_path, image_size=16, fit="pad"), seed=0)
    padded = load(block(tmp_path, image_size=30, fit="pad"), seed=0).train.arrays()[0]
    assert not padded[:, :5].any()
    assert padded[:, 5:25, 3:27].any()


@pytest.mark.parametrize("fit", ["resize", "crop"])
def test_prediction_sees_what_training_saw(tmp_path, fit):
    folder(tmp_path, {"train/a": 6, "train/b": 6, "test/a": 4, "test/b": 4})
    data = load(block(tmp_path, fit=fit, pixel_range=(-1.0, 1.0), mean=[0.1, 0.2, 0.3]), seed=0)
    preprocessor = Preprocessor.from_dict(data.info.preprocessing)
    files = by_name(tmp_path / "test")
    x = np.concatenate([x for x, _ in data.test])
    assert np.array_equal(preprocessor.images(files), x)
    assert np.array_equal(preprocessor.images([str(f) for f in files]), x)
    assert np.array_equal(preprocessor.images([pil_pixels(f) for f in files]), x)


# -- memory and order ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "fit"),
    [(5, "crop"), pytest.param(9, "resize", marks=MORE)],  # 36 items: 9 divides them
)
def test_streaming_from_files_equals_the_cache(tmp_path, monkeypatch, batch_size, fit):
    folder(tmp_path, {"train/a": 19, "train/b": 17, "val/a": 4, "val/b": 4, "test/a": 4, "test/b": 3})
    config = block(tmp_path, batch_size=batch_size, fit=fit, augment={"shift": 2, "flip": "horizontal"})
    cached = load(config, seed=4)
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", 8 * 8 * 3 * 51 - 1)
    streamed = load(config, seed=4)
    assert cached.train._x.dtype == tf.uint8
    assert streamed.train._x.dtype == tf.string  # the files' names
    steps = cached.train.steps_per_epoch
    want = take(cached.train.stream(), 3 * steps)
    assert same(take(streamed.train.stream(), 3 * steps), want)
    assert same(take(streamed.train.stream(1, 2), steps), want[steps + 2 : 2 * steps + 2])
    assert same([streamed.train.arrays()], [cached.train.arrays()])
    assert np.array_equal(streamed.train.arrays()[1], streamed.labels["train"])
    for part in ("validation", "test"):
        one, two = (getattr(d, part) for d in (streamed, cached))
        assert np.array_equal(np.concatenate([y for _, y in take(two, -1)]), cached.labels[part])
        assert one.cardinality() == two.cardinality()
        assert same(take(one, -1), take(two, -1))
    assert streamed.train.stream().element_spec[0].shape[1:] == (8, 8, 3)


KINDS = [(".jpg",), (".png",), (".gif",), (".bmp",), (".png", ".jpg"), (".gif", ".bmp")]
WAYS = list(itertools.product([(20, 24), (8, 8)], ["resize", "crop"], [2**30, 0]))
EVERY_KIND_IN_EVERY_WAY = [
    # At once: each kind in two ways that have nothing in common, so that it meets every size, fit and limit.
    pytest.param(kind, *way, marks=() if j in (k % 4, 7 - k % 4) else MORE)
    for k, kind in enumerate(KINDS)
    for j, way in enumerate(WAYS)
]


@pytest.mark.parametrize(("suffixes", "size", "fit", "limit"), EVERY_KIND_IN_EVERY_WAY)
def test_a_folder_of_any_kinds_gives_what_prediction_gives(tmp_path, monkeypatch, suffixes, size, fit, limit):
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", limit)
    folder(tmp_path, {"train/a": 4, "train/b": 4, "test/a": 2, "test/b": 3}, suffixes=suffixes)
    data = load(block(tmp_path, fit=fit, image_size=list(size)), seed=0)
    x = np.concatenate([x for x, _ in data.test])
    want = Preprocessor.from_dict(data.info.preprocessing).images(by_name(tmp_path / "test"))
    assert np.array_equal(x, want)


@pytest.fixture(scope="module")
def read_as_ever(tmp_path_factory):
    """A folder with two files that cannot be read, and what it gives."""
    root = folder(tmp_path_factory.mktemp("ever"), {"train/a": 9, "train/b": 8, "test/a": 4, "test/b": 3})
    (root / "train" / "a" / "cut.png").write_bytes((root / "train" / "a" / "001.png").read_bytes()[:-30])
    (root / "train" / "b" / "none.png").write_bytes(b"")
    return root, load(block(root, on_corrupt="skip"), seed=0)


@pytest.mark.parametrize(
    "changes",
    [{"HELD_BYTES": 0}, {"HASHED_BYTES": 0, "HELD_BYTES": 0, "HEAD": 8}, {"SLOW": 0.0, "AT_ONCE": 3}, {"PIXELS": 1000}],
)
def test_how_files_are_read_changes_nothing(read_as_ever, monkeypatch, changes):
    root, want = read_as_ever
    for name, value in changes.items():
        monkeypatch.setattr(f"zoo.data.images.{'decode_all' if name == 'PIXELS' else 'files'}.{name}", value)
    got = load(block(root, on_corrupt="skip"), seed=0)
    assert got.info.notes == want.info.notes
    assert "train/a/cut.png (damaged), train/b/none.png (0 bytes)" in got.info.notes[0]
    assert (got.info.hash == want.info.hash) == ("HASHED_BYTES" not in changes)
    assert same([got.train.arrays()], [want.train.arrays()])
    assert same(take(got.test, -1), take(want.test, -1))
    assert got.info.sizes == want.info.sizes
    assert got.info.sizes["train"] + got.info.sizes["validation"] == 17


# -- what is wrong ---------------------------------------------------------------------------------------------------


def huge_png() -> bytes:
    """A valid header of 30,000x30,000 pixels on few bytes."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10**6))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def spoil(root):
    (root / "a" / "empty.png").write_bytes(b"")
    (root / "a" / "huge.png").write_bytes(huge_png())
    (root / "b" / "text.jpg").write_text("no image")
    whole = (root / "b" / "000.jpg").read_bytes()
    (root / "b" / "cut.jpg").write_bytes(whole[: len(whole) - 60])
    (root / "b" / "header.jpg").write_bytes(whole[:30])


@pytest.mark.parametrize("limit", [2**30, 0])
def test_corrupt_files_are_all_named_at_once(tmp_path, monkeypatch, limit):
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", limit)
    folder(tmp_path, {"a": 12, "b": 12})
    spoil(tmp_path)
    sentence = (
        r"5 of 29 images in .* cannot be read: a/empty.png \(0 bytes\), a/huge.png \(30,000x30,000 pixels, over the "
        r"limit of 67 million\), b/cut.jpg \(damaged\), b/header.jpg \(cut short\), b/text.jpg \(not a JPEG, PNG, BMP "
        r"or GIF file\)"
    )
    with pytest.raises(ZooError, match=sentence + "; .*; mend or remove them, or set data.on_corrupt=skip"):
        load(block(tmp_path, on_corrupt="fail"), seed=0)
    data = load(block(tmp_path, on_corrupt="skip"), seed=0)
    assert sum(data.info.sizes.values()) == 24
    assert sum(map(sum, data.info.class_counts.values())) == 24
    assert sum(len(y) for _, y in take(data.train.stream(), data.train.steps_per_epoch)) == data.info.sizes["train"]
    assert "5 of 29 images" in data.info.notes[0]
    assert data.info.notes[0].endswith("they are skipped")


def test_a_file_lost_while_it_is_streamed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.IN_MEMORY_BYTES", 0)
    root = folder(tmp_path / "images", {"train/a": 6, "train/b": 6, "test/a": 2, "test/b": 2})
    loaded = []

    def losing(*args, **words):
        loaded.append(load(*args, **words))
        (root / "train" / "b" / "002.gif").unlink()
        return loaded[-1]

    monkeypatch.setattr("zoo.data.load", losing)
    config = Config.from_dict(
        {
            "model": {"name": "softmax_regression"},
            "data": {"name": "image_folder", "path": str(root), "image_size": 8, "fit": "resize", "validation": 0},
            "train": {"epochs": 1},
            "runtime": {"output": str(tmp_path / "runs")},
        }
    )
    sentence = r"of the images in .*images 1 can no longer be read: train/b/002.gif \(gone or damaged\); expected the f"
    with pytest.raises(ZooError, match=sentence + ".*; put them back, and give the command again"):
        zoo.train(config)
    with pytest.raises(tf.errors.ResourceExhaustedError), loaded[0].reading():  # no memory: not the file's fault
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
    folder(root, {"train/a": 6, "train/b": 6})
    with pytest.raises(tf.errors.OpError), loaded[0].reading():  # an error of another kind stays what it is
        tf.debugging.assert_equal(1, 2)


def test_links_pipes_and_closed_folders(tmp_path, monkeypatch):
    root = folder(tmp_path / "in", {"a": 12, "b": 12})
    save(tmp_path / "out" / "x.jpg", picture(99))
    (root / "a" / "linked.jpg").symlink_to(tmp_path / "out" / "x.jpg")
    (root / "b" / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(root / "b" / "pipe.jpg")
    files, _, wrong = look(root, ["a/linked.jpg", "b/dangling.jpg", "b/pipe.jpg"])
    assert files.names == ("a/linked.jpg",)
    assert wrong == {"b/dangling.jpg": "No such file or directory", "b/pipe.jpg": "not a file"}
    scan = os.scandir

    def closed(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(ZooError, match=r"in/b cannot be read \(Permission denied\); expected a readable folder"):
        walk(root)


def test_prediction_names_what_it_cannot_read(tmp_path):
    preprocessor = Preprocessor.from_dict(
        {"kind": "image", "shape": [8, 8, 3], "fit": "resize", "pixel_range": [0, 1], "mean": None, "std": None}
    )
    (tmp_path / "huge.png").write_bytes(huge_png())
    with pytest.raises(ZooError, match=r"huge.png is not an image that can be read \(30,000x30,000 pixels, over"):
        preprocessor.images([tmp_path / "huge.png"])


def test_headers_are_read_without_pixels():
    smaller = huge_png().replace(struct.pack(">II", 30_000, 30_000), struct.pack(">II", 300, 200))
    assert measure(smaller)[:2] == (200, 300)
    assert MAX_PIXELS < 30_000**2
    with pytest.raises(Unreadable, match="0x5 pixels"):
        measure(b"GIF89a" + struct.pack("<HH", 5, 0))
    with pytest.raises(Unreadable, match="a JPEG file with a broken header"):
        measure(b"\xff\xd8\xff\xe0\x00\x02abcdefgh")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            {"train/a": 4, "train/b": 4, "test/a": 2, "test/zebra": 1},
            r"test/zebra has no counterpart in the training part; expected the classes a, b; rename or remove",
        ),
        ({"train/a": 4, "train/b": 0}, r"class folder .*train/b holds no image; expected files ending in .jpg"),
        ({"a": 4}, "holds only the class folder a/; expected two or more classes"),
        ({}, "holds no class folders; expected two or more classes"),
        ({"test/a": 4, "test/b": 4}, r"lacks train/ \(it holds test\); expected a folder with train/ and test/"),
        ({"a": 4, "b": 1}, "class 'b' has 1 item, too few to be cut by data.test=0.2"),
    ],
)
def test_folders_that_do_not_fit_end_in_one_sentence(tmp_path, counts, message):
    folder(tmp_path, counts)
    with pytest.raises(ZooError, match=message):
        load(block(tmp_path), seed=0)


def test_a_path_is_needed_and_is_a_folder(tmp_path):
    with pytest.raises(ZooError, match=r"data.path is missing; expected a folder with train/ and test/"):
        load(settings("image_folder", path=None), seed=0)
    (tmp_path / "x.jpg").write_bytes(b"")
    with pytest.raises(ZooError, match=r"x.jpg is a file; expected a folder with train/.*give the path of the folder"):
        load(block(tmp_path / "x.jpg"), seed=0)
