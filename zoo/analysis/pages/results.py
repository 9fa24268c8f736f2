"""The sections of a report that say how well a net does: its figures, where it errs, and its surest mistakes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.analysis.interval import wilson
from zoo.io.html import Html, folded, inline, picture, section, table, tag, wide

if TYPE_CHECKING:
    import numpy as np

    from zoo.draw.contact import Mistake
    from zoo.runs.evaluate import Figures
    from zoo.runs.folder import Run

MOST_CELLS = 20  # classes up to which the confusion matrix is a table
MOST_CONFUSIONS = 10
MOST_LETTERS = 700  # of a text that is shown
MOST_OF_A_NAME = 30  # of a file
SMALL = 64  # pixels a side up to which an image is kept exactly; larger ones are JPEG
HIDDEN = ("best_epoch", "stopped")

STYLE = """
.big { font-size: 2.6rem; font-weight: 700; line-height: 1.1; margin: 0; font-variant-numeric: tabular-nums }
.confusion td { text-align: center; min-width: 2rem; padding: .3rem .25rem; border: 1px solid var(--line);
  font-variant-numeric: tabular-nums }
.confusion thead td { border: 0 }
.confusion th { padding: .25rem .5rem; border: 0; max-width: 11rem }
.confusion thead th { text-align: center; padding: .25rem .1rem } .confusion tbody th { text-align: right }
.confusion .tall span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9rem;
  overflow: hidden; text-overflow: ellipsis }
.confusion thead th { vertical-align: bottom }
.confusion .right { background: color-mix(in srgb, var(--blue) var(--share), var(--card)) }
.confusion .wrong { background: color-mix(in srgb, var(--red) var(--share), var(--card)) }
.confusion .deep { color: #ffffff }
@media (max-width: 30rem) { .confusion td { min-width: 1.55rem; padding: .25rem .05rem }
  .confusion th { padding: .2rem } }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .9rem; margin: .6rem 0 0;
  padding: 0; list-style: none; font-size: .875rem }
.mistakes.texts { grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)) }
#confusion img { width: 100%; min-width: 34rem; max-width: 60rem }
.mistakes img { width: 100%; border-radius: 4px; display: block; background: #ffffff }
.mistakes .pixels { image-rendering: pixelated }
.mistakes blockquote { margin: .2rem 0; padding: .1rem 0 .1rem .8rem; border-left: 3px solid var(--line) }
.mistakes b { font-weight: 600 } .mistakes .taken { color: var(--wrong) } :root { --wrong: #b91c1c }
@media screen and (prefers-color-scheme: dark) { :root { --wrong: #fca5a5 } .confusion td { color: #ffffff } }
"""


def result(run: Run, split: str | None, found: Figures | None) -> Html:
    """The accuracy with its interval, in words, and the figures of every split that was evaluated."""
    if found is None:
        return section("result", "Result", tag("p", "No data were held out: there are no figures on items unseen."))
    right, items = int((found.predicted == found.labels).sum()), len(found.labels)
    low, high = (_percent(bound) for bound in wilson(right, items))
    most = int(found.confusion.sum(axis=1).max())
    words = [
        tag("p", _percent(right / items), class_="big"),
        tag("p", f"of the {split} items are labelled rightly: {right:,} of {items:,}."),
        tag(
            "p",
            "Of all items of this kind it labels ",
            tag("b", f"between {low} and {high}"),
            " rightly, with 95 % "
            f"confidence: the {items:,} items are a sample, and by chance another sample would give another figure "
            "(Wilson's interval). So would another seed, which is another net: ",
            tag("code", "zoo train CONFIG --seeds 0,1,2"),
            " shows how much.",
        ),
        tag("p", f"For comparison: always naming the commonest class would be right in {_percent(most / items)}."),
    ]
    if split == "validation":
        words.append(
            tag(
                "p",
                "The test items are untouched. The best epoch was chosen by these very validation items, "
                "which flatters the figure a little.",
            )
        )
    splits = {name: figures for name, figures in run.metrics.items() if name not in HIDDEN}
    columns = list(dict.fromkeys(key for figures in splits.values() for key in figures))
    rows = [[name, *(f"{f[c]:.4f}" if c in f else "-" for c in columns)] for name, f in splits.items()]
    words.append(table(("split", *columns), rows, right=range(1, 1 + len(columns))))
    return section("result", "Result", *words)


def curves(run: Run) -> Html:
    """Loss, metrics and learning rate over the epochs."""
    from zoo.draw.curves import plot_curves

    if not run.history:
        return section("curves", "Training", tag("p", "history.csv is not there: no curves.", class_="muted"))
    best = run.metrics["best_epoch"]
    drawn = inline(lambda file: plot_curves(run.history, file, best_epoch=best, resumed=run.resumed, width=4.6))
    count = len(run.history)
    why = "stopped early" if run.metrics["stopped"] == "early_stopping" else "trained to the last epoch"
    said = f"{count} epoch{'' if count == 1 else 's'}, {why}; the weights of epoch {best} are the ones evaluated."
    return section("curves", "Training", wide(drawn, "white curves"), tag("p", said, class_="muted"))


def confusion(found: Figures, split: str) -> Html:
    """What each class was taken for: a table, or a picture where there are many classes, and the commonest errors."""
    names, matrix = found.class_names, found.confusion
    few = len(names) <= MOST_CELLS
    drawn = _cells(names, matrix) if few else wide(_confusion_picture(names, matrix), "white")
    said = tag("p", f"Rows are the true classes of the {split} items, columns what the net said.", class_="muted")
    return section("confusion", "Confusion matrix", drawn, said, *_confusions(names, matrix))


def _cells(names: Sequence[str], matrix: np.ndarray) -> Html:
    head = tag("tr", tag("td"), *map(_column, names))
    rows = []
    for k, (name, counts) in enumerate(zip(names, matrix, strict=True)):
        total = int(counts.sum()) or 1
        cells = [_cell(int(count), total, right=k == j) for j, count in enumerate(counts)]
        rows.append(tag("tr", tag("th", name, scope="row"), *cells))
    return wide(tag("table", tag("thead", head), tag("tbody", *rows), class_="confusion"))


def _column(name: str) -> Html:
    """The head of a column; what is longer than its cells is written downwards."""
    return tag("th", tag("span", name), scope="col", title=name, class_="tall" if len(str(name)) > 3 else None)


def _cell(count: int, total: int, *, right: bool) -> Html:
    """A count on a colour that grows with its share of the true class; an error is always seen."""
    if not count:
        return tag("td")
    share = count / total if right else max(count / total, 0.12)
    look = ("right" if right else "wrong") + (" deep" if share >= 0.8 else "")
    return tag("td", count, class_=look, style=f"--share: {100 * share:.0f}%")


def _confusion_picture(names: Sequence[str], matrix: np.ndarray) -> Html:
    from zoo.draw.curves import plot_confusion

    with tempfile.TemporaryDirectory() as folder:
        data = plot_confusion(matrix.tolist(), names, Path(folder) / "confusion.png", dpi=110).read_bytes()
    return picture(data, "png", f"confusion matrix of {len(names)} classes")


def _confusions(names: Sequence[str], matrix: np.ndarray) -> list[Html]:
    pairs = [(int(n), k, j) for k, row in enumerate(matrix) for j, n in enumerate(row) if n and k != j]
    pairs = sorted(pairs, key=lambda pair: (-pair[0], *pair[1:]))[:MOST_CONFUSIONS]
    if len(names) <= 2 or not pairs:
        return []
    rows = [(names[k], names[j], n) for n, k, j in pairs]
    return [tag("h3", "The commonest confusions"), table(("true class", "taken for", "times"), rows, right=(2,))]


def per_class(found: Figures, split: str) -> Html:
    """Precision, recall and F1 of every class."""
    rows = [
        [r["class"], *(f"{r[key]:.3f}" for key in ("precision", "recall", "f1")), f"{r['count']:,}"]
        for r in found.per_class()
    ]
    drawn = table(("class", "precision", "recall", "F1", "items"), rows, right=(1, 2, 3, 4), sortable=True)
    said = (
        "Precision: of the items the net gave to a class, the share that belongs there. Recall: of the items of a "
        "class, the share it found. F1: their harmonic mean."
    )
    body = folded(f"{len(rows)} classes", drawn) if len(rows) > 30 else drawn
    return section("classes", f"Class by class ({split})", body, tag("p", said, class_="muted"))


def worst(shown: Sequence[Mistake], wrong: int, split: str) -> Html:
    """The most confident of `wrong` mistakes, as pictures or as texts."""
    if not shown:
        return section("mistakes", "Mistakes", tag("p", f"The net labels every {split} item rightly."))
    of = "All mistakes" if len(shown) == wrong else f"The {len(shown)} most confident of {wrong:,} mistakes"
    texts = shown[0].image is None
    items = tag("ul", *map(_mistake, shown), class_="mistakes texts" if texts else "mistakes")
    return section("mistakes", "Mistakes", tag("p", f"{of} on the {split} items, the surest first."), items)


def _mistake(mistake: Mistake) -> Html:
    said = [
        tag("div", "true ", tag("b", mistake.true)),
        tag("div", "taken for ", tag("b", mistake.predicted, class_="taken"), f", {_percent(mistake.probability)}"),
        tag("div", _name(mistake), class_="muted", title=mistake.name),
    ]
    if mistake.image is None:
        words = mistake.text if len(mistake.text) <= MOST_LETTERS else f"{mistake.text[:MOST_LETTERS]}…"
        return tag("li", *said[:2], tag("blockquote", words or "(no word)"), said[2])
    return tag("li", _image(mistake.image, f"{mistake.true}, taken for {mistake.predicted}"), *said)


def _name(mistake: Mistake) -> str:
    if mistake.name is None:
        return f"item {mistake.item}"
    name = mistake.name.rpartition("/")[2]
    return name if len(name) <= MOST_OF_A_NAME else f"…{name[1 - MOST_OF_A_NAME :]}"


def _image(pixels: np.ndarray, alt: str) -> Html:
    """uint8 (H, W, 1 or 3) as it is while it is small."""
    import tensorflow as tf

    if max(pixels.shape[:2]) <= SMALL:
        return picture(tf.io.encode_png(pixels).numpy(), "png", alt, class_="pixels")
    return picture(tf.io.encode_jpeg(pixels, quality=85).numpy(), "jpeg", alt)


def _percent(share: float) -> Any:
    """`98.3 %`, which is not broken over two lines."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"
