"""`zoo data`: counts, values, duplicates, examples."""

import json

import numpy as np
import pytest
from PIL import Image
from test_data_folder import folder, picture, save
from test_data_own_texts import films, write
from typer.testing import CliRunner

from zoo import cli
from zoo.analysis import data_report
from zoo.analysis.data_report import report
from zoo.cli import tables
from zoo.config import Config
from zoo.data import Preprocessor
from zoo.errors import ZooError


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch):
    monkeypatch.setattr(data_report, "TIMED_SECONDS", 0.01)


def images(path, **data):
    block = {"name": "image_folder", "path": str(path), "image_size": 8, "pixel_range": [-1, 1]} | data
    return Config.from_dict({"model": {"name": "nets:small"}, "data": block})


def texts(path, **data):
    block = {"name": "csv", "path": str(path), "validation": 0} | data
    return Config.from_dict({"model": {"name": "textcnn"}, "data": block})


def test_images_are_counted_measured_and_drawn(tmp_path):
    folder(tmp_path / "d", {"train/cat": 12, "train/dog": 18, "test/cat": 4, "test/dog": 3})
    found = report(images(tmp_path / "d"), tmp_path / "a.png")
    assert found.class_counts == {"train": [11, 16], "validation": [1, 2], "test": [4, 3]}
    assert found.input_shape == (8, 8, 3)
    assert all(-1 <= low < high <= 1 for low, high in zip(found.values["least"], found.values["largest"], strict=True))
    assert found.samples_per_second > 0
    assert {key: pair["count"] for key, pair in found.duplicates.items()} == {
        "train and validation": 0,
        "train and test": 0,
        "validation and test": 0,
    }
    with Image.open(tmp_path / "a.png") as drawn:
        assert min(drawn.size) > 300
    lines = tables.data(found).splitlines()
    assert lines[0] == "image_folder: 8x8x3 pixels"
    assert [*map(str.split, lines[2:8])][2] == ["cat", "11", "1", "4"]
    assert json.loads(json.dumps(found.to_dict()))["hash"] == found.hash


def test_the_same_image_in_two_parts_is_found_by_name(tmp_path):
    folder(tmp_path, {"train/a": 12, "train/b": 12, "test/a": 4, "test/b": 3}, suffixes=(".png",))
    save(tmp_path / "train/b/leak.png", picture(999))
    save(tmp_path / "test/a/leaked.bmp", picture(999))
    save(tmp_path / "test/b/other.png", picture(999))
    save(tmp_path / "test/b/third.png", picture(999))
    found = report(images(tmp_path, augment={"shift": 3}, batch_size=5, split_seed=1))
    pair = found.duplicates["train and test"]
    assert pair == {
        "count": 3,
        "other_label": 1,
        "pairs": [["train/b/leak.png", f"test/{name}"] for name in ("a/leaked.bmp", "b/other.png", "b/third.png")],
    }
    assert "duplicates   3 between train and test, 1 of them with another label: train/b/leak.png = " in (
        tables.data(found)
    )


def test_texts_are_measured_and_decoded(tmp_path):
    rows = [f'"{a}",{b}\n' for a, b in films(24)]
    write(tmp_path / "train.csv", "text,label\n" + "".join(rows))
    write(tmp_path / "test.csv", "text,label\n" + rows[0] + "quite unknown good words,pos\n")
    found = report(texts(tmp_path, min_count=2))
    assert found.values["words"] == {"least": 5, "median": 6, "largest": 8}
    assert found.values["unknown"] == {"train": round(24 / (24 * 6.5), 4), "test": round(5 / 12, 4)}
    assert found.duplicates["train and test"]["count"] == 1  # their numbers are unknown words
    assert {row["text"] for row in found.examples} == {
        "a fine film don't miss it great <unknown>",
        "dull br and long <unknown>",
    }
    assert {row["class"] for row in found.examples} <= {"pos", "neg"}
    shown = tables.data(found)
    assert "csv: 9 words, " in shown
    assert "pos: a fine film don't miss it great <unknown>" in shown
    with pytest.raises(ZooError, match="csv gives texts, of which there is no picture; expected images; leave out"):
        report(texts(tmp_path), tmp_path / "a.png")


def test_pixels_are_what_they_were():
    settings = {
        "kind": "image",
        "shape": [4, 4, 3],
        "fit": "pad",
        "pixel_range": [-1, 1],
        "mean": [0.1, 0.2, 0.3],
        "std": [0.5, 0.6, 0.7],
    }
    given = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), np.uint8)
    preprocessor = Preprocessor.from_dict(settings)
    assert np.array_equal(preprocessor.pixels(preprocessor.array(given)), given)


def test_the_command(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text(images(folder(tmp_path / "d", {"a": 20, "b": 20})).to_yaml())
    result = CliRunner().invoke(cli.app, ["data", str(config), "data.batch_size=4", "-o", str(tmp_path / "x.png")])
    assert result.exit_code == 0, result.exception
    assert "image_folder: 8x8x3 pixels" in result.stdout
    assert (tmp_path / "x.png").stat().st_size > 10_000
    result = CliRunner().invoke(cli.app, ["data", str(config), "--json"])
    assert json.loads(result.stdout)["class_counts"]["test"] == [4, 4]


def test_made_texts_are_shown_too():
    config = Config.from_dict(
        {
            "model": {"name": "gru_text"},
            "data": {"name": "synthetic", "kind": "tokens", "samples": 60, "maxlen": 6},
        }
    )
    assert len(report(config).examples) == data_report.SHOWN_TEXTS
