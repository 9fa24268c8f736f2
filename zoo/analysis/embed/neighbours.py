"""Words near a word, and analogies, by the cosine of their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.analysis.embed.space import Space
from zoo.errors import ZooError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

COMPARED = 20_000  # names among which a mistyped word's nearest is sought


def nearest(space: Space, word: str, count: int = 10) -> list[tuple[str, float]]:
    """The words with the largest cosine to a word, the nearest first, without itself.

    Raises:
        ZooError: the word has no vector; the nearest names are given.
    """
    return _closest(space, [(1, word)], count)


def analogy(space: Space, expression: str, count: int = 10) -> list[tuple[str, float]]:
    """The words nearest to a sum of unit vectors, such as "king - man + woman", without the words in it.

    T. Mikolov, W. Yih, G. Zweig, "Linguistic Regularities in Continuous Space Word Representations", 2013, Sec. 4.

    Raises:
        ZooError: no such sum, or a word without a vector.
    """
    return _closest(space, terms(expression), count)


def terms(expression: str) -> list[tuple[int, str]]:
    """ "king - man + woman" -> [(1, "king"), (-1, "man"), (1, "woman")]."""
    parts = expression.split()
    if parts and parts[0] not in ("+", "-"):
        parts = ["+", *parts]
    signs, words = parts[::2], parts[1::2]
    if len(words) < 2 or len(signs) != len(words) or not set(signs) <= {"+", "-"}:
        raise ZooError(
            f"'{expression}' is no sum of words",
            "words joined by + and -, with blanks around the signs",
            "for example 'king - man + woman'",
        )
    return [(1 if sign == "+" else -1, word) for sign, word in zip(signs, words, strict=True)]


def _closest(space: Space, sum_: list[tuple[int, str]], count: int) -> list[tuple[str, float]]:
    import numpy as np

    unit = _unit(space.vectors)
    places = [_place(space, word) for _, word in sum_]
    wanted = sum(sign * unit[place] for (sign, _), place in zip(sum_, places, strict=True))
    cosines = unit @ _unit(wanted[None])[0]
    cosines[places] = -np.inf
    order = np.argsort(-cosines, kind="stable")[: min(count, len(space) - len(set(places)))]
    return [(space.names[i], float(cosines[i])) for i in order]


def _unit(vectors: np.ndarray) -> np.ndarray:
    import numpy as np

    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _place(space: Space, word: str) -> int:
    places = {name: i for i, name in reversed(list(enumerate(space.names)))}
    for form in (word, word.lower()):
        if form in places:
            return places[form]
    alike = [n for n in space.names if abs(len(n) - len(word)) <= 2 and n[:1] == word[:1].lower()]
    raise ZooError(
        f"'{word}' has no vector in {space.what}",
        "a word of its vocabulary",
        did_you_mean(word, alike[:COMPARED] or space.names[:COMPARED]),
    )
