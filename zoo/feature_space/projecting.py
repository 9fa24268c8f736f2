"""A space drawn flat, by scikit-learn: PCA keeps spread, t-SNE keeps neighbours, LDA parts the classes.

L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008: distances between clusters and their sizes
mean nothing there. More than 50 dimensions are brought to 50 by PCA before t-SNE, as in that paper, and before LDA,
which otherwise parts any classes once there are as many dimensions as items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.feature_space.space import Space

if TYPE_CHECKING:
    import numpy as np

PERPLEXITY = 30.0
MOST_DIMENSIONS = 50
ITEMS_PER_DIMENSION = 10  # that LDA has at least


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
        plain = {"what": space.what, "dimensions": space.vectors.shape[1], "pca_shares": list(self.pca_shares),
                 "perplexity": self.perplexity, "points": []}  # fmt: skip
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
        from zoo.drawing import scatter, seeing

        return seeing.png_of(scatter.figure(self))


def project(space: Space, *, perplexity: float | None = None, seed: int = 0) -> Projections:
    """Bring a space to two dimensions in three ways.

    Args:
        space: of at least 5 points.
        perplexity: of t-SNE, about how many neighbours count; 30 by default, a third of the items where they are few.
        seed: of t-SNE.

    Raises:
        ZooError: fewer points, a perplexity that is not below their number.
    """
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = len(space)
    if count < 5:
        raise ZooError(f"{count} point{'s' * (count > 1)} cannot be drawn by t-SNE", "at least 5", "raise --items")
    if perplexity is None:
        perplexity = min(PERPLEXITY, (count - 1) / 3)
    if not 0 < perplexity < count:
        raise ZooError(f"perplexity {perplexity:g} for {count} points", f"above 0 and below {count}",
                       "lower --perplexity or raise --items")  # fmt: skip
    vectors = space.vectors.astype("float64")
    most = min(MOST_DIMENSIONS, *vectors.shape)
    pca = PCA(most, svd_solver="full").fit(vectors)
    reduced = pca.transform(vectors)
    if most == 1:
        reduced = np.pad(reduced, [(0, 0), (0, 1)])
    shares = [*np.nan_to_num(pca.explained_variance_ratio_), 0.0]
    with threadpool_limits(1):  # its threads wait busily for each other, which is slow where others compute too
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced.astype("float32"))
    return Projections(space, reduced[:, :2], (float(shares[0]), float(shares[1])), tsne, float(perplexity),
                       _lda(space, reduced))  # fmt: skip


def _lda(space: Space, reduced: np.ndarray) -> np.ndarray | None:
    import numpy as np
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if space.labels is None or space.predicted is None:  # a word's class is a leaning only
        return None
    spread = reduced.std(axis=0)
    usable = np.flatnonzero(spread > 1e-6 * spread.max())[: len(space) // ITEMS_PER_DIMENSION]
    classes = len(np.unique(space.labels))
    if classes < 2 or len(usable) < min(2, classes - 1):
        return None
    axes = min(2, classes - 1)
    return LinearDiscriminantAnalysis(n_components=axes).fit_transform(reduced[:, usable], space.labels)
