"""A space drawn flat, by scikit-learn: PCA keeps spread, t-SNE keeps neighbours, LDA parts the classes.

L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008: distances between clusters and their sizes
mean nothing there. More than 50 dimensions are brought to 50 by PCA before t-SNE, as in that paper, and before LDA,
which otherwise parts any classes once there are as many dimensions as items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.analysis.embed.space import feature_space, word_space
from zoo.draw.scatter import Projections, Space
from zoo.errors import ZooError

if TYPE_CHECKING:
    import numpy as np

PERPLEXITY = 30.0
MOST_DIMENSIONS = 50
ITEMS_PER_DIMENSION = 10  # that LDA has at least


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
        raise ZooError(
            f"perplexity {perplexity:g} for {count} points",
            f"above 0 and below {count}",
            "lower --perplexity or raise --items",
        )
    vectors = space.vectors.astype("float64")
    most = min(MOST_DIMENSIONS, *vectors.shape)
    pca = PCA(most, svd_solver="full").fit(vectors)
    reduced = pca.transform(vectors)
    if most == 1:
        reduced = np.pad(reduced, [(0, 0), (0, 1)])
    shares = [*np.nan_to_num(pca.explained_variance_ratio_), 0.0]
    with threadpool_limits(1):  # its threads wait busily for each other, which is slow where others compute too
        tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced.astype("float32"))
    return Projections(
        space, reduced[:, :2], (float(shares[0]), float(shares[1])), tsne, float(perplexity), _lda(space, reduced)
    )


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


def embed(run, *, words=False, split="test", items=1000, perplexity=None, seed=0) -> Projections:
    """The penultimate features of a run's items, or its word vectors, by PCA, t-SNE and LDA.

    Args:
        run: a finished `Run` or its folder.
        words: the word vectors of the embedding layer instead.
        split: "train", "validation" or "test".
        items: how many at most: items of the split, drawn by `seed`, or the most frequent words.
        perplexity: of t-SNE; 30 by default, less for few items.
        seed: of the draw and of t-SNE.

    Raises:
        ZooError: a run that is not finished, an unknown split, words of an image run, too few items.
    """
    space = word_space(run) if words else feature_space(run, split=split, items=items, seed=seed)
    return project(space.first(items), perplexity=perplexity, seed=seed)
