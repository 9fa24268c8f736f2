"""`zoo embed`: what is asked, and the answer drawn, exported and printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.analysis.embed.neighbours import analogy, nearest, terms
from zoo.analysis.embed.space import Space, feature_space, vector_space, word_space
from zoo.config.facts import CONTENTS
from zoo.errors import ZooError
from zoo.io import formats
from zoo.runs import folder as rundir
from zoo.runs.folder import finished


@dataclass(frozen=True)
class Question:
    """The words of `zoo embed`: a run, or a file of vectors; a picture, or words sought."""

    run: Path | None
    vectors: Path | None = None
    words: bool = False
    nearest: str | None = None
    analogy: str | None = None
    split: str = "test"
    items: int = 1000
    perplexity: float | None = None
    top: int = 10
    projector: Path | None = None
    output: Path | None = None

    @property
    def sought(self) -> bool:
        """Whether words are sought, rather than a picture drawn."""
        return self.nearest is not None or self.analogy is not None

    def checked(self) -> Question:
        """The question itself, refused where it makes no sense; imports no TensorFlow.

        Raises:
            ZooError: neither or both of run and vectors, no such run, one that is not finished or not of texts.
        """
        if (self.run is None) == (self.vectors is None):
            given = "both a run and --vectors" if self.run else "neither a run nor --vectors"
            raise ZooError(f"{given} were given", "one of the two", "zoo embed RUN, or zoo embed --vectors FILE")
        if self.sought and self.output is not None:
            raise ZooError("--output is given together with words that are sought", "a picture or words", "ask twice")
        if self.analogy is not None:
            terms(self.analogy)
        if self.run is not None:
            run = finished(rundir.open_run(self.run))
            if self.sought and run.data["kind"] != "tokens":
                what = CONTENTS[run.data["kind"]]
                raise ZooError(f"{run} was trained on {what}", "a text run for words", "or give --vectors FILE")
        return self

    def space(self) -> Space:
        """The points that are asked about."""
        if self.vectors is not None:
            return vector_space(self.vectors)
        if self.words or self.sought:
            return word_space(str(self.run))
        return feature_space(str(self.run), split=self.split, items=self.items)


@dataclass(frozen=True)
class Answer:
    """What `zoo embed` prints: JSON, lines, files written."""

    plain: Any
    lines: Sequence[str]
    written: Sequence[Path]


def answer(question: Question, *, draw: bool) -> Answer:
    """Find the points, then search among them, or project, draw and export them.

    Args:
        question: checked.
        draw: whether a picture is written.

    Raises:
        ZooError: a word without a vector, too few items, a damaged file, a place that cannot be written.
    """
    space = question.space()
    files = _exported(question, space)
    if question.sought:
        return _found(question, space, files)
    if draw and question.output is None and question.run is None:
        raise ZooError("a picture of --vectors has no folder of its own", "-o FILE", "or --nearest, --analogy")
    from zoo.analysis.embed.projecting import project
    from zoo.draw import scatter

    points = project(space.first(question.items), perplexity=question.perplexity)
    if draw:
        name = "words.png" if question.words else "features.png"
        files = [scatter.plot_space(points, question.output or question.run / name), *files]
    first, second = points.pca_shares
    line = f"{points.space.what}; {points.space.vectors.shape[1]} dimensions, PCA keeps {first + second:.0%}"
    return Answer(points.to_dict(), [line], files)


def _exported(question: Question, space: Space) -> list[Path]:
    from zoo.analysis.embed.projector import export_projector

    return [] if question.projector is None else export_projector(space, question.projector)


def _found(question: Question, space: Space, files: Sequence[Path]) -> Answer:
    plain, lines = {"what": space.what}, [f"{space.what}, by cosine"]
    asked = (("nearest", question.nearest, nearest), ("analogy", question.analogy, analogy))
    for key, words, seek in asked:
        if words is None:
            continue
        rows = seek(space, words, question.top)
        plain[key] = {"of": words, "words": [{"word": word, "cosine": cosine} for word, cosine in rows]}
        lines += ["", formats.table((words, "cosine"), [(w, f"{c:.3f}") for w, c in rows], right=(1,))]
    return Answer(plain, lines, files)
