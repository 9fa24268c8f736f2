"""`zoo explain`: what is asked, whether it makes sense, and the answer drawn and printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import registry
from zoo.errors import ZooError
from zoo.io.formats import predictions
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

if TYPE_CHECKING:
    from rich.text import Text

    from zoo.draw.seeing import Heat
    from zoo.draw.words import TextWeights

NO_MISTAKE = "it makes no mistake on the test set"


@dataclass(frozen=True)
class Question:
    """The words of `zoo explain`; of `filters`, `maps` and `mistakes` at most one, else the inputs are explained."""

    what: str
    inputs: tuple[str, ...] = ()
    class_name: str | None = None
    layer: str | None = None
    method: str | None = None
    filters: bool = False
    maps: str | None = None
    mistakes: int | None = None
    weights: str | None = None
    class_index: str | None = None
    output: Path | None = None

    @property
    def mode(self) -> str | None:
        """ "filters", "maps", "mistakes", or None."""
        return next(iter(self._modes()), None)

    def _modes(self) -> list[str]:
        asked = {"filters": self.filters, "maps": self.maps is not None, "mistakes": self.mistakes is not None}
        return [mode for mode, value in asked.items() if value]

    def checked(self) -> Question:
        """The question itself, refused where it makes no sense; imports no TensorFlow.

        Raises:
            ZooError: no input or too many, words that do not go together, no such run or model.
        """
        given = self._modes()
        if len(given) > 1:
            raise ZooError(f"--{given[0]} and --{given[1]} are both given", "one of the two", "ask twice")
        heeded = {None: ("class", "layer", "method"), "mistakes": ("method",)}.get(self.mode, ())
        for name, value in (("class", self.class_name), ("layer", self.layer), ("method", self.method)):
            if value is not None and name not in heeded:
                raise ZooError(f"--{name} says nothing with --{self.mode}", "", "leave it out")
        if self.mode in ("filters", "mistakes") and self.inputs:
            raise ZooError(f"--{self.mode} takes no input, but {self.inputs[0]} was given", "", "leave one out")
        if self.mode == "maps" and len(self.inputs) != 1:
            raise ZooError(f"--maps was given {len(self.inputs)} images", "one", "zoo explain RUN IMAGE --maps LAYER")
        if self.mode is None and not self.inputs:
            raise ZooError("nothing was given to explain", "an image, a text, --filters, --maps or --mistakes N")
        self._check_net()
        return self

    def _check_net(self) -> None:
        if self.weights is not None:
            registry.describe(self.what)
            if self.mode == "mistakes":
                raise ZooError("published weights bring no test set", "a run folder for --mistakes", "train a run")
        elif self.what in registry.list_models() and not Path(self.what).exists():
            raise ZooError(
                f"{self.what} is a model without weights", "a run folder, or published weights", "add --weights FILE"
            )
        else:
            rundir.open_run(self.what)

    def place(self, name: str) -> Path:
        """Where a picture goes: what the user said, the run's folder, or here."""
        return self.output or (Path(name) if self.weights is not None else Path(self.what) / name)


@dataclass(frozen=True)
class Answer:
    """What `zoo explain` prints.

    Attributes:
        plain: as JSON.
        texts: for a terminal, or without colour.
        written: the picture or page.
    """

    plain: Any
    texts: Sequence[Text | str] = ()
    written: Path | None = None


def answer(question: Question, *, draw: bool, colour: bool = False) -> Answer:
    """Look into the net, draw where asked, and say what was seen.

    Args:
        question: checked.
        draw: whether a picture is written; a page of texts only where `question.output` says so.
        colour: whether texts may be coloured.

    Raises:
        ZooError: an input of the wrong kind, an unknown class or layer, a place that cannot be written.
    """
    modes = {None: _explained, "filters": _filters, "maps": _maps, "mistakes": _mistakes}
    return modes[question.mode](question, draw, colour)


def _explained(q: Question, draw: bool, colour: bool) -> Answer:
    from zoo.analysis.explain.opening import explain

    inputs = q.inputs
    if q.weights is None and Run(Path(q.what)).data["kind"] == "tokens":
        from zoo.runs.predict import read_texts

        inputs = read_texts(inputs)
    found = explain(
        q.what,
        inputs,
        class_name=q.class_name,
        layer=q.layer,
        method=q.method,
        weights=q.weights,
        class_index=q.class_index,
    )
    if hasattr(found[0], "heat"):
        return _of_photos(q, found, draw)
    return _of_texts(q, found, [None] * len(found), colour)


def _of_photos(q: Question, found: Sequence[Heat], draw: bool) -> Answer:
    from zoo.draw import seeing

    written = seeing.plot_heats(found, q.place("explained.png")) if draw else None
    plain = [heat.to_dict() for heat in found]
    return Answer(plain, [predictions(plain, 5)], written)


def _of_texts(q: Question, found: Sequence[TextWeights], headings: Sequence[str | None], colour: bool) -> Answer:
    from zoo.draw import words
    from zoo.draw.words import terminal

    written = words.plot_words(found, q.output, headings) if q.output is not None else None
    texts = [terminal(text, heading, colour=colour) for text, heading in zip(found, headings, strict=True)]
    return Answer([text.to_dict() for text in found], texts, written)


def _filters(q: Question, draw: bool, colour: bool) -> Answer:
    from zoo.analysis.explain.opening import first_filters
    from zoo.draw import seeing

    found = first_filters(q.what, weights=q.weights)
    written = seeing.plot_filters(found, q.place("filters.png")) if draw else None
    return Answer({"layer": found.layer, "kernels": found.kernels.tolist()}, (), written)


def _maps(q: Question, draw: bool, colour: bool) -> Answer:
    from zoo.analysis.explain.opening import layer_maps
    from zoo.draw import seeing

    found = layer_maps(q.what, q.inputs[0], q.maps, weights=q.weights)
    written = seeing.plot_maps(found, q.place(f"maps_{found.layer}.png")) if draw else None
    return Answer({"layer": found.layer, "maps": found.maps.tolist()}, (), written)


def _mistakes(q: Question, draw: bool, colour: bool) -> Answer:
    from zoo.analysis.explain.opening import explain_mistakes
    from zoo.draw import contact
    from zoo.runs.confusion import mistakes

    run = rundir.open_run(q.what)
    if run.data["kind"] == "tokens":
        pairs = explain_mistakes(run, q.mistakes, method=q.method)
        headings = [f"#{m.index}: {m.true} taken for {m.predicted}, {m.probability:.1%}" for m, _ in pairs]
        if not pairs:
            return Answer([], [NO_MISTAKE])
        shown = _of_texts(q, [text for _, text in pairs], headings, colour)
        plain = [{**m.to_dict(), "words": t["words"]} for (m, _), t in zip(pairs, shown.plain, strict=True)]
        return Answer(plain, shown.texts, shown.written)
    found = mistakes(run, q.mistakes)
    lines = [
        f"{m.name or f'#{m.index}'}: {m.true} taken for {m.predicted}, {m.probability:.1%}"
        f"{'' if m.text is None else f' ({m.text})'}"
        for m in found
    ]
    title = f"{run.config.name}: the {len(found)} most confident mistakes of the test set"
    pictured = draw and found and found[0].image is not None
    written = contact.plot_mistakes(found, q.place("mistakes.png"), title=title) if pictured else None
    return Answer([m.to_dict() for m in found], ["\n".join(lines) or NO_MISTAKE], written)
