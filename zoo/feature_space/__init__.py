"""The spaces a net thinks in: its penultimate features and its word vectors, projected, exported and searched."""

from zoo.feature_space.neighbours import analogy, nearest
from zoo.feature_space.projecting import Projections, project
from zoo.feature_space.projector import export_projector
from zoo.feature_space.space import Space, feature_space, vector_space, word_space

__all__ = [
    "Projections", "Space", "analogy", "embed", "export_projector", "feature_space", "nearest", "project",
    "vector_space", "word_space",
]  # fmt: skip


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
