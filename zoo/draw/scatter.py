"""A space of features or words, drawn flat three times, coloured by class; by matplotlib."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.draw.contact import cut
from zoo.draw.style import INK, MUTED
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written

if TYPE_CHECKING:
    import numpy as np


PANEL = 4.3  # inches
MOST_IN_KEY = 20  # classes; of more the names stand in the picture
NAMED = 40  # words written beside their points
PLAIN = "#2563eb"


@dataclass(frozen=True)
class Space:
    """N points of D dimensions.

    Attributes:
        what: a line that says what they are.
        vectors: float32 (N, D).
        names: of the points: words, files, or places in the split.
        labels: int (N,), the class of each; of a word the one in whose training texts it is the most frequent for
            their length. None where nothing is known.
        class_names: in the order of the labels.
        predicted: int (N,), the class that the net chooses; None for words.
        images: uint8 (N, h, w, C) as the net saw them; None for texts and words.
    """

    what: str
    vectors: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    predicted: np.ndarray | None = None
    images: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.names)

    def first(self, count: int) -> Space:
        """The first points alone."""
        if count >= len(self):
            return self
        cut = {k: None if (v := getattr(self, k)) is None else v[:count] for k in ("labels", "predicted", "images")}
        what = f"{self.what}: the first {count:,}"
        return replace(self, what=what, vectors=self.vectors[:count], names=self.names[:count], **cut)


@dataclass(frozen=True)
class Projections:
    """The same points three times.

    Attributes:
        space: the points.
        pca: (N, 2).
        pca_shares: of the whole variance on the two axes.
        tsne: (N, 2).
        perplexity: t-SNE's.
        lda: (N, 2), of two classes (N, 1); None for words, and where there are too few items or classes.
    """

    space: Space
    pca: np.ndarray
    pca_shares: tuple[float, float]
    tsne: np.ndarray
    perplexity: float
    lda: np.ndarray | None

    def to_dict(self) -> dict[str, Any]:
        """Everything but pixels and vectors, as JSON."""
        space = self.space
        names = space.class_names
        plain = {
            "what": space.what,
            "dimensions": space.vectors.shape[1],
            "pca_shares": list(self.pca_shares),
            "perplexity": self.perplexity,
            "points": [],
        }
        for i, name in enumerate(space.names):
            row = {"name": name}
            if space.labels is not None:
                row["class"] = names[space.labels[i]]
            if space.predicted is not None:
                row["predicted"] = names[space.predicted[i]]
            row |= {"pca": self.pca[i].tolist(), "tsne": self.tsne[i].tolist()}
            row |= {} if self.lda is None else {"lda": self.lda[i].tolist()}
            plain["points"].append(row)
        return plain

    def _repr_png_(self) -> bytes:
        from zoo.draw import seeing

        return seeing.png_of(figure(self))


def plot_space(projections: Projections, to_file: str | Path, *, dpi: float = 144) -> Path:
    """Draw PCA, t-SNE and, where there is one, LDA beside each other.

    Args:
        projections: from `zoo.analysis.embed.projecting.project`.
        to_file: .png, .svg or .pdf.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    return written(path, lambda target: save(figure(projections), target, dpi))


def figure(projections: Projections) -> Any:
    """One panel for each projection, a key of the classes beneath."""
    from matplotlib.figure import Figure

    first, second = projections.pca_shares
    panels = [
        ("PCA", projections.pca, (f"{first:.0%} of the variance", f"{second:.0%} of the variance")),
        (f"t-SNE, perplexity {projections.perplexity:.3g}", projections.tsne, ("", "")),
    ]
    if projections.lda is not None:
        panels.append(("LDA, fitted to these points", projections.lda, ("", "")))
    columns = _columns(projections, len(panels))
    rows = -(-_entries(projections) // columns) if columns else 0
    drawn = Figure(figsize=(PANEL * len(panels), PANEL + 0.55 + 0.22 * rows), facecolor="white", layout="constrained")
    axes = drawn.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, points, labels) in zip(axes, panels, strict=True):
        _panel(ax, projections, points)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(labels[0], fontsize=8, color=MUTED)
        ax.set_ylabel(labels[1], fontsize=8, color=MUTED)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_color("#d4d4d8")
    if columns:
        _key(drawn, projections, columns)
    drawn.suptitle(projections.space.what, fontsize=10.5, parse_math=False)
    return drawn


def _entries(projections: Projections) -> int:
    return len(projections.space.class_names) + (projections.space.predicted is not None)


def _columns(projections: Projections, panels: int) -> int:
    """Of the key; 0 where the classes are too many for one."""
    space = projections.space
    if space.labels is None or len(space.class_names) > MOST_IN_KEY:
        return 0
    longest = max(len(cut(name, 24)) for name in space.class_names)
    return max(1, min(_entries(projections), int(PANEL * panels / (0.45 + 0.085 * max(longest, 8)))))


def _panel(ax: Any, projections: Projections, points: np.ndarray) -> None:
    import numpy as np

    space = projections.space
    if points.shape[1] == 1:
        _one_axis(ax, projections, points[:, 0])
        return
    size = float(np.clip(8000 / len(space), 6, 28))
    colours = _colours(projections)
    ax.scatter(points[:, 0], points[:, 1], s=size, c=colours, linewidths=0, alpha=0.75, rasterized=len(space) > 3000)
    if space.predicted is not None:
        wrong = points[space.predicted != space.labels]
        ax.scatter(
            wrong[:, 0],
            wrong[:, 1],
            s=size * 2.2,
            facecolors="none",
            edgecolors=INK,
            linewidths=0.6,
            alpha=float(np.clip(60 / max(len(wrong), 1), 0.3, 1)),
        )
        if len(space.class_names) > MOST_IN_KEY:
            for label in np.unique(space.labels):
                x, y = np.median(points[space.labels == label], axis=0)
                ax.annotate(
                    cut(space.class_names[label], 14), (x, y), ha="center", va="center", fontsize=6, parse_math=False
                )
    else:
        far = np.argsort(-np.linalg.norm(projections.pca - projections.pca.mean(axis=0), axis=1), kind="stable")
        _name(ax, [space.names[i] for i in far], points[far])  # those that PCA tells most about


def _name(ax: Any, names: list[str], points: np.ndarray) -> None:
    """Write words beside their points, the first ones first, none over another."""
    import numpy as np

    span = np.ptp(points, axis=0) + 1e-12
    places = (points - points.min(axis=0)) / span
    taken: list[tuple[float, float, float]] = []
    for name, point, place in zip(names, points, places, strict=True):
        width = 0.02 + 0.018 * min(len(name), 14)
        x, y = float(place[0]), float(place[1])
        if x + width > 1.05 or any(abs(y - b) < 0.036 and x < a + w and a < x + width for a, b, w in taken):
            continue
        taken.append((x, y, width))
        ax.annotate(
            cut(name, 14), tuple(point), (2, 0), textcoords="offset points", va="center", fontsize=6.5, parse_math=False
        )
        if len(taken) == NAMED:
            return


def _one_axis(ax: Any, projections: Projections, values: np.ndarray) -> None:
    """Two classes have one axis: a histogram of each over the other's."""
    import numpy as np

    space, palette = projections.space, _palette(len(projections.space.class_names))
    edges = np.histogram_bin_edges(values, bins=30)
    for label in np.unique(space.labels):
        ax.hist(values[space.labels == label], edges, color=palette[label], alpha=0.6)


def _palette(count: int) -> list[Any]:
    from matplotlib import colormaps

    if count <= 10:
        return list(colormaps["tab10"].colors[:count])
    if count <= MOST_IN_KEY:
        return list(colormaps["tab20"].colors[:count])
    return [colormaps["turbo"](k / (count - 1)) for k in range(count)]


def _colours(projections: Projections) -> list[Any] | str:
    space = projections.space
    if space.labels is None:
        return PLAIN
    palette = _palette(len(space.class_names))
    return [palette[label] for label in space.labels]


def _key(drawn: Any, projections: Projections, columns: int) -> None:
    from matplotlib.lines import Line2D

    space = projections.space
    lean = "" if space.predicted is not None else "more in "
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=6, color=colour, label=lean + cut(name, 24))
        for name, colour in zip(space.class_names, _palette(len(space.class_names)), strict=True)
    ]
    if space.predicted is not None:
        wrong = int((space.predicted != space.labels).sum())
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker="o",
                markersize=8,
                fillstyle="none",
                color=INK,
                markeredgewidth=0.8,
                label=f"mistaken ({wrong:,})",
            )
        )
    legend = drawn.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
