"""A text whose words show in colour what they did for a class: a page, a piece of one, a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.draw.style import FONTS
from zoo.io.figures import check_suffix, written

if TYPE_CHECKING:
    from rich.text import Text


FOR, AGAINST = (37, 99, 235), (217, 119, 6)  # blue and amber differ for every eye
FAINTEST, STRONGEST = 0.08, 0.62  # opacity; below the first a word is left plain
LISTED = 8  # of the strongest words
HOW = {
    "occlusion": "the change of the class's logit when the word is replaced by the unknown word (occlusion)",
    "gradient": "gradient times input at the word's vector, a first-order estimate of its part in the logit",
}

_STYLE = f"""
.zoo-words {{ font: 16px/1.75 {FONTS}; max-width: 46rem; overflow-wrap: break-word }}
.zoo-words p {{ margin: .5rem 0 }}
.zoo-words h2 {{ font-size: 1.05rem; margin: 0 }}
.zoo-words .small {{ font-size: .85rem; line-height: 1.45; opacity: .8 }}
.zoo-words .text {{ white-space: pre-wrap }}
.zoo-words .w {{ border-radius: 3px; padding: .1em .05em }}
.zoo-words .new {{ text-decoration: underline dotted }}
.zoo-words .cut {{ opacity: .45 }}
.zoo-words ol {{ display: flex; flex-wrap: wrap; gap: .2rem .9rem; list-style: none; padding: 0; margin: .5rem 0 }}
.zoo-words li {{ font-size: .9rem }} .zoo-words li b {{ font-weight: 600 }}
"""

_PAGE_STYLE = """
:root { color-scheme: light dark }
body { margin: 0 auto; padding: 1rem; max-width: 46rem }
article + article { border-top: 1px solid #8886; margin-top: 1.2rem; padding-top: 1.2rem }
"""


@dataclass(frozen=True)
class Word:
    """A word of a text.

    Attributes:
        start, end: where it stands in the text.
        weight: how much it speaks for the class (above 0) or against it; None where the net did not read it, because
            the text is longer than the net's input.
        known: whether it is in the vocabulary; all others are one and the same to the net.
    """

    start: int
    end: int
    weight: float | None
    known: bool


@dataclass(frozen=True)
class TextWeights:
    """The words of a text with what each did for a class.

    Attributes:
        text: as it was given.
        words: in order.
        class_name: the class explained.
        method: "occlusion" or "gradient".
        probabilities: of all classes, by falling order.
    """

    text: str
    words: tuple[Word, ...]
    class_name: str
    method: str
    probabilities: dict[str, float]

    def word(self, word: Word) -> str:
        """As it is written in the text."""
        return self.text[word.start : word.end]

    def strongest(self, count: int) -> list[Word]:
        """The words with the largest weights, either way."""
        read = [word for word in self.words if word.weight]
        return sorted(read, key=lambda word: -abs(word.weight))[:count]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        words = [{"word": self.word(w), "weight": w.weight, "known": w.known} for w in self.words]
        return {
            "input": self.text,
            "label": next(iter(self.probabilities)),
            "probability": next(iter(self.probabilities.values())),
            "class": self.class_name,
            "method": self.method,
            "words": words,
            "probabilities": self.probabilities,
        }

    def _repr_html_(self) -> str:
        return fragment(self)


def plot_words(texts: Sequence[TextWeights], to_file: str | Path, headings: Sequence[str] | None = None) -> Path:
    """Write a page of texts in colour: self-contained, light and dark.

    Args:
        texts: from `zoo.analysis.explain.opening.explain`.
        to_file: .html.
        headings: what stands above each text.

    Raises:
        ZooError: another suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, (".html",))
    headings = [None] * len(texts) if headings is None else headings
    articles = "\n".join(f"<article>{_article(t, h)}</article>" for t, h in zip(texts, headings, strict=True))
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<title>The words that carried the decision</title>\n<link rel="icon" href="data:,">\n'
        f"<style>{_PAGE_STYLE}{_STYLE}</style>\n</head>\n<body>\n{articles}\n</body>\n</html>\n"
    )
    return written(path, lambda target: target.write_text(page, encoding="utf-8"))


def fragment(text: TextWeights) -> str:
    """One text as a piece of a page, for notebooks."""
    return f"<style>{_STYLE}</style>{_article(text, None)}"


def _article(text: TextWeights, heading: str | None) -> str:
    largest = _largest(text)
    parts, last = [], 0
    for word in text.words:
        parts += [escape(text.text[last : word.start]), _word(text, word, largest)]
        last = word.end
    parts.append(escape(text.text[last:]))
    listed = "".join(f"<li><b>{escape(text.word(w))}</b> {w.weight:+.2f}</li>" for w in text.strongest(LISTED))
    head = f"<p class='small'>{escape(heading)}</p>" if heading else ""
    cut = " Pale words were not read: the text is longer than the net's input." if _cut(text) else ""
    new = " Dotted words are not in the vocabulary." if any(not w.known for w in text.words) else ""
    return (
        f"<div class='zoo-words'>{head}<h2>{escape(_ranked(text))}</h2>"
        f"<p class='small'><span class='w' style='{_back(FOR, 0.45)}'>speaks for {escape(text.class_name)}</span> "
        f"<span class='w' style='{_back(AGAINST, 0.45)}'>speaks against it</span></p>"
        f"<p class='text'>{''.join(parts)}</p><ol>{listed}</ol>"
        f"<p class='small'>Weight: {HOW[text.method]}.{new}{cut}</p></div>"
    )


def _word(text: TextWeights, word: Word, largest: float) -> str:
    shown = escape(text.word(word))
    if word.weight is None:
        return f"<span class='cut'>{shown}</span>"
    opacity = _opacity(word, largest)
    look = f" style='{_back(FOR if word.weight > 0 else AGAINST, opacity)}'" if opacity else ""
    kind = "w" if word.known else "w new"
    return f"<span class='{kind}'{look} title='{word.weight:+.3f}'>{shown}</span>"


def _back(colour: tuple[int, int, int], opacity: float) -> str:
    return f"background: rgb({colour[0]} {colour[1]} {colour[2]} / {opacity:.2f})"


def _largest(text: TextWeights) -> float:
    return max((abs(w.weight) for w in text.words if w.weight is not None), default=0.0) or 1.0


def _opacity(word: Word, largest: float) -> float:
    """0 where the word is left plain."""
    opacity = STRONGEST * abs(word.weight) / largest
    return opacity if opacity >= FAINTEST else 0.0


def _cut(text: TextWeights) -> bool:
    return any(word.weight is None for word in text.words)


def _ranked(text: TextWeights) -> str:
    return ", ".join(f"{name} {p:.1%}" for name, p in list(text.probabilities.items())[:3])


def terminal(text: TextWeights, heading: str | None = None, *, colour: bool) -> Text:
    """The same for a terminal: words on coloured ground, or without colour the strongest followed by their weights."""
    from rich.text import Text

    largest, strongest = _largest(text), text.strongest(LISTED)
    out = Text()
    if heading:
        out.append(f"{heading}\n", style="dim")
    out.append(f"{_ranked(text)}\n", style="bold")
    out.append("words for ")
    out.append(text.class_name, style=_ground(FOR, 0.6) if colour else "")
    out.append(" and ")
    out.append("against it", style=_ground(AGAINST, 0.6) if colour else "")
    out.append(f": {HOW[text.method]}\n\n")
    last = 0
    for word in text.words:
        out.append(text.text[last : word.start])
        opacity = 0.0 if word.weight is None else _opacity(word, largest)
        style = "dim" if word.weight is None else "" if word.known else "underline"
        if opacity and colour:
            style = f"{style} {_ground(FOR if word.weight > 0 else AGAINST, opacity)}"
        out.append(text.word(word), style=style.strip())
        if not colour and word in strongest:
            out.append(f"[{word.weight:+.2f}]")
        last = word.end
    out.append(text.text[last:] + "\n\n")
    out.append("strongest: " + ", ".join(f"{text.word(w)} {w.weight:+.2f}" for w in strongest))
    if _cut(text):
        read = sum(w.weight is not None for w in text.words)
        out.append(f"\nread: {read} of {len(text.words)} words; the text is longer than the net's input")
    return out


def _ground(colour: tuple[int, int, int], opacity: float) -> str:
    """White letters on the colour, darker the weaker: legible whatever the terminal's own ground."""
    strength = 0.35 + 0.65 * opacity / STRONGEST
    red, green, blue = (int(channel * strength) for channel in colour)
    return f"white on rgb({red},{green},{blue})"
