"""Curves of a run and confusion matrices."""

import math

import matplotlib.image
import pytest

from zoo import errors
from zoo.draw.curves import RESUMED, _best, _confusion_figure, _curves, _curves_figure, plot_confusion, plot_curves


def history(epochs=6, shift=0.0):
    return [
        {
            "epoch": epoch,
            "loss": math.exp(-epoch / 3),
            "accuracy": 1 - math.exp(-epoch),
            "val_loss": 0.1 * (epoch - 4) ** 2 + 0.2 + shift,
            "val_accuracy": 0.9 - 0.01 * abs(epoch - 4) + shift,
            "learning_rate": 1e-3 / epoch,
            "seconds": 1.0,
        }
        for epoch in range(1, epochs + 1)
    ]


def figure(histories, best=None):
    made = _curves_figure(_curves(histories), {"": best} if isinstance(best, int) else best or {}, None)
    made.draw_without_rendering()
    return made


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_run_has_panels_for_loss_metric_and_learning_rate_with_the_best_epoch_marked():
    rows = history()
    assert _best(rows) == 4
    loss, accuracy, rate = figure(rows, 4).axes
    assert [ax.get_ylabel() for ax in (loss, accuracy, rate)] == ["loss", "accuracy", "learning rate"]
    assert texts(loss) == ["0.2"]
    assert texts(accuracy) == ["0.9"]
    labels = [text.get_text() for text in loss.get_legend().get_texts()]
    assert labels == ["training", "validation", "best epoch (4)"]
    assert list(loss.lines[1].get_ydata()) == [row["val_loss"] for row in rows]


def test_the_best_epoch_falls_back_to_the_loss_and_skips_nan():
    rows = [{"epoch": 1, "loss": 1.0, "val_loss": float("nan")}, {"epoch": 2, "loss": 0.5, "val_loss": 0.7}]
    assert _best(rows) == 2
    assert _best([{"epoch": 1, "loss": 1.0}]) is None


def test_seeds_are_a_mean_with_a_band_and_runs_have_colours_of_their_own():
    loss = figure({"lenet5": [history(), history(shift=0.05)], "mlp": history(4)}).axes[0]
    assert len(loss.collections) == 2  # bands of training and validation
    solid = [line for line in loss.lines if line.get_linestyle() == "-"]
    assert solid[0].get_ydata()[3] == pytest.approx(0.225)
    assert solid[0].get_color() != solid[1].get_color()
    labels = [text.get_text() for text in loss.get_legend().get_texts()]
    assert labels[-2:] == ["lenet5 (2 runs: mean, range)", "mlp"]


def test_each_of_several_runs_has_a_ring_at_its_best_epoch_and_a_band_has_none():
    runs = {"lenet5": history(), "mlp": history(7), "seeds": [history(), history(shift=0.05)]}
    loss, accuracy, _ = figure(runs, {"lenet5": 4, "mlp": 5, "seeds": 2}).axes
    for ax, key in ((loss, "val_loss"), (accuracy, "val_accuracy")):
        rings = [line for line in ax.lines if line.get_fillstyle() == "none"]
        assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in rings] == [
            (4, history()[3][key]),
            (5, history(7)[4][key]),
        ]
        assert texts(ax) == []
    assert "best epoch" in [text.get_text() for text in loss.get_legend().get_texts()]


@pytest.mark.parametrize("rows", [history(1), history(40), [{"epoch": 1, "loss": 2.0}]])
def test_short_long_and_bare_histories_are_drawn_within_the_picture(rows):
    made = figure(rows, 1)
    for ax in made.axes:
        assert ax.get_xlim() == (0.5, len(rows) + 0.5)
        box = ax.get_tightbbox()
        assert box.x0 >= 0
        assert box.y1 <= made.bbox.height


def test_resumptions_are_lines_between_the_epochs():
    made = _curves_figure(_curves(history()), {"": 4}, None, resumed=[2, 5])
    for ax in made.axes:
        assert [line.get_xdata()[0] for line in ax.lines if line.get_color() == RESUMED] == [2.5, 5.5]
    assert "resumed (2 times)" in [text.get_text() for text in made.axes[0].get_legend().get_texts()]


def test_a_loss_that_leaps_is_logarithmic_and_others_are_not():
    rows = history(12)
    assert figure(rows).axes[0].get_yscale() == "linear"
    rows[10]["loss"] = 400.0
    loss, accuracy, _ = figure(rows).axes
    assert (loss.get_yscale(), loss.get_ylabel(), accuracy.get_yscale()) == ("log", "loss (logarithmic)", "linear")


def test_epochs_that_are_not_numbers_are_gaps_and_said():
    rows = history(8)
    for row in rows[5:]:
        row["loss"] = row["val_loss"] = float("inf")
    loss, accuracy, _ = figure(rows).axes
    assert "not a finite number in 3 epochs, 6 to 8" in texts(loss)
    assert math.isfinite(loss.get_ylim()[1])
    assert not any("finite" in text for text in texts(accuracy))


def test_long_names_stay_in_the_picture():
    made = figure({f"{name} {'with a long name ' * 5}": history() for name in ("one", "two", "three")})
    box = made.axes[0].get_legend().get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= made.bbox.width
    assert box.y1 <= made.bbox.height


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_rows_give_the_same_bytes(suffix, tmp_path):
    first, again = (plot_curves(history(), tmp_path / f"{k}{suffix}").read_bytes() for k in "ab")
    assert first == again
    if suffix == ".png":
        assert matplotlib.image.imread(tmp_path / "a.png").std() > 0.05


def test_confusion_cells_carry_counts_and_the_title_the_accuracy(tmp_path):
    ax = _confusion_figure([[90, 10], [5, 95]], ["cat", "dog"], None).axes[0]
    assert texts(ax) == ["90", "10", "5", "95"]
    assert ax.get_title() == "185 of 200 right (92.50%)"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog"]
    many = [[int(a == b) for b in range(120)] for a in range(120)]
    ax = _confusion_figure(many, [str(k) for k in range(120)], None).axes[0]
    assert texts(ax) == []
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):  # at 7 points there is room for every third of them
        assert [label.get_text() for label in labels] == [str(k) for k in range(0, 120, 3)]
    assert plot_confusion([[1, 0], [0, 0]], ["a", "b"], tmp_path / "c.png").exists()


def test_mistakes_are_sentences(tmp_path):
    with pytest.raises(errors.ZooError, match="there is no finished epoch to draw"):
        plot_curves([], tmp_path / "c.png")
    with pytest.raises(errors.ZooError, match=r"'\.txt' names no format; expected one of \.png, \.svg, \.pdf"):
        plot_curves(history(), tmp_path / "c.txt")
    with pytest.raises(errors.ZooError, match="a confusion matrix of 2 rows does not fit 3 class names"):
        plot_confusion([[1, 0], [0, 1]], ["a", "b", "c"], tmp_path / "c.png")
