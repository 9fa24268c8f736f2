"""The parts of the gallery: a card and a page for each model, the table of all, results, and the user's runs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zoo.analysis.compare_models import ComparedModel
from zoo.analysis.pages.facts import began
from zoo.analysis.pages.receipts import Result, RunRow
from zoo.catalog import registry, tables
from zoo.catalog.spec import ModelSpec
from zoo.io import formats
from zoo.io.html import Html, facts, inline, joined, section, table, tag, wide

if TYPE_CHECKING:
    from zoo.graph.summary import Summary

WIDE = 560.0  # pixels; a wider diagram has several columns

STYLE = """
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17.5rem), 1fr)); gap: 1rem;
  list-style: none; padding: 0; margin: 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
  display: flex; flex-direction: column }
.card[hidden] { display: none }
.card > a { background: #ffffff; border-bottom: 1px solid var(--line); display: block }
.card img { display: block; width: 100%; height: 13rem; object-fit: cover; object-position: top }
.card div { padding: .7rem .9rem .9rem } .card h3 { margin: 0 0 .2rem } .card p { margin: .2rem 0; font-size: .9rem }
.card dl { font-size: .875rem; margin-top: .5rem; grid-template-columns: max-content minmax(0, 1fr) }
.card dd { margin: 0 }
.find { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; align-items: center }
.find input, .find select { font: inherit; padding: .35rem .6rem; border: 1px solid var(--muted); border-radius: 6px;
  background: var(--card); color: var(--ink); max-width: 100% }
.find input { flex: 1 1 14rem }
.chart svg { width: 100%; min-width: 38rem; height: auto; max-width: 60rem; margin: 0 auto }
#diagram svg { margin: 0 auto } #comparison td, #results td, #runs td, #weights td,
#printed td, #summary td[style*=right] { white-space: nowrap } header + main { margin-top: 1rem }
@media (max-width: 30rem) { .card img { height: 11rem } .card dl { gap: .1rem .8rem } }
"""

# The words one types, and the task, leave those cards and rows that hold all of them.
SCRIPT = """
const words = document.getElementById("words"), task = document.getElementById("task");
function find() {
  const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const card of document.querySelectorAll(".card")) {
    const about = card.textContent.toLowerCase() + " " + card.dataset.words;
    const fits = wanted.every(word => about.includes(word)) && (!task.value || card.dataset.task === task.value);
    card.hidden = !fits;
    document.getElementById("row-" + card.id).hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = shown + " of " + document.querySelectorAll(".card").length;
}
words.addEventListener("input", find);
task.addEventListener("change", find);
find();
"""


@dataclass(frozen=True)
class Entry:
    """A model of the catalogue as the gallery shows it."""

    spec: ModelSpec
    counted: ComparedModel
    summary: Summary
    diagram: str  # an <svg> element
    results: tuple[Result, ...]


def card(entry: Entry) -> Html:
    """A glance at a model: the beginning of its diagram, its paper, its size, its accuracy."""
    spec, page = entry.spec, f"models/{entry.spec.name}.html"
    source = f"models/{spec.name}.svg#{_below_heading(entry.diagram)}"
    thumb = tag("img", src=source, alt=f"diagram of {spec.name}", loading="lazy")
    pairs: list[tuple[str, Any]] = [("parameters", f"{spec.counts.trainable:,}")]
    pairs.append(("multiply-adds", formats.number(spec.counts.macs)))
    pairs += [("paper prints", f"{f.what} {f.printed}") for f in spec.printed]
    if entry.counted.accuracy:
        pairs.append(("reported", f"{entry.counted.accuracy.percent:.1f} %, {entry.counted.accuracy.data}"))
    pairs += [("measured", f"{result.mean:.4f}, {result.data}") for result in entry.results]
    body = tag("div", tag("h3", tag("a", spec.name, href=page)), tag("p", spec.summary), _paper(spec), facts(pairs))
    words = f"{spec.paper.title} {spec.paper.authors}".lower() if spec.paper else ""
    return tag(
        "li",
        tag("a", thumb, href=page, tabindex=-1, aria_hidden="true"),
        body,
        id=spec.name,
        class_="card",
        data_task=spec.task,
        data_words=words,
    )


def _below_heading(svg: str) -> str:
    """The view of a diagram that begins with its first box, since the card says name and size; of two columns one."""
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    first = re.search(r'<g id=.*?<rect x="[\d.]+" y="([\d.]+)"', svg)
    top = float(first[1]) - 10 if first else 0.0
    share = 0.5 if width > WIDE else 1.0
    return f"svgView(viewBox(0,{top:g},{share * width:g},{share * height:g}))"


def _paper(spec: ModelSpec) -> Html:
    return tag("p", _cited(spec), class_="muted")


def _cited(spec: ModelSpec) -> Any:
    if spec.paper is None:
        return "no paper"
    return tag(
        "a", f"{tables.first_author(spec.paper.authors)} {spec.paper.year}", href=spec.paper.url, rel="noreferrer"
    )


def comparison(entries: Sequence[Entry]) -> Html:
    """All models in a table that sorts by any column."""
    header = ("model", "paper", "parameters", "multiply-adds", "depth", "activations, MiB", "reported top-1, %", "data")
    rows = []
    for entry in entries:
        counted = entry.counted
        accuracy = counted.accuracy
        rows.append(
            (
                tag("a", entry.spec.name, href=f"models/{entry.spec.name}.html"),
                _cited(entry.spec),
                f"{counted.parameters:,}",
                formats.number(counted.macs),
                counted.depth,
                "-" if counted.activations is None else f"{counted.activations / 2**20:,.2f}",
                f"{accuracy.percent:.2f}" if accuracy else "-",
                accuracy.data if accuracy else "-",
            )
        )
    return table(header, rows, right=(2, 3, 4, 5, 6), sortable=True, ids=[f"row-{e.spec.name}" for e in entries])


def chart(entries: Sequence[Entry]) -> list[Html]:
    """Accuracy over operations; nothing where fewer than two models have a reported accuracy."""
    from zoo.analysis.compare_models import bubbles_of
    from zoo.draw.bubbles import plot_bubbles

    if sum(e.counted.accuracy is not None and e.counted.macs is not None for e in entries) < 2:
        return []
    bubbles, left_out, data = bubbles_of([entry.counted for entry in entries])
    drawn = inline(lambda file: plot_bubbles(bubbles, data, file))
    said = "The accuracies are the papers' or of published weights, none is ours."
    if left_out:
        said += f" {len(left_out)} models have none on {data}, or an open input size."
    return [
        section(
            "chart", f"Accuracy over operations, {data}", wide(drawn, "white chart"), tag("p", said, class_="muted")
        )
    ]


def results(found: Sequence[Result], known: Sequence[str]) -> Html:
    """What the shipped configs came to, each figure with its receipt."""
    rows = [(result.config, _link(result.model, known), result.data, *_figures(result, "receipts")) for result in found]
    header = ("config", "model", "data", "test accuracy, mean", "spread", "each seed")
    said = "Each seed links the receipt that closed its run. Spread: the standard deviation over the seeds."
    return section(
        "results", "Measured", table(header, rows, right=(3, 4), sortable=True), tag("p", said, class_="muted")
    )


def _figures(result: Result, where: str) -> tuple[Any, ...]:
    spread = "-" if result.spread is None else f"{result.spread:.4f}"
    seeds = [
        tag("a", f"{a:.4f}", href=f"{where}/{quote(file.name)}", title=f"seed {seed}")
        for seed, file, a in zip(result.seeds, result.files, result.accuracies, strict=True)
    ]
    return f"{result.mean:.4f}", spread, joined(seeds, ", ")


def _link(model: str | None, known: Sequence[str]) -> Any:
    return tag("a", model, href=f"models/{model}.html") if model in known else model or "-"


def runs(rows: Sequence[RunRow], known: Sequence[str], site: Path) -> Html:
    """The user's own runs, each with its page; links go from where the site lies."""
    if not rows:
        none = tag("p", "No run was found: ", tag("code", "zoo train CONFIG"), " makes one.")
        return section("runs", "Your runs", none)
    lines = []
    for row in rows:
        page = row.page and quote(os.path.relpath(row.page.resolve(), site.resolve()))
        accuracy = row.figures.get("accuracy")
        lines.append(
            (
                tag("a", row.name, href=page) if page else row.name,
                began(row.run) or row.run.path.name,
                _link(row.model, known),
                row.data,
                "-" if accuracy is None else f"{accuracy:.4f}",
                row.split or "-",
                row.state,
            )
        )
    header = ("run", "begun", "model", "data", "accuracy", "split", "state")
    return section("runs", "Your runs", table(header, lines, right=(4,), sortable=True))


def model_body(entry: Entry) -> Html:
    """The page of one model: facts, printed against counted, weights, results, diagram, summary."""
    from zoo.graph.summary import summary_html

    spec = entry.spec
    head = tag(
        "header",
        tag("p", tag("a", "all models", href=f"../index.html#{spec.name}")),
        tag("h1", spec.name),
        tag("p", spec.summary),
    )
    parts = [_about(entry), _printed(entry), *_weights(spec)]
    if entry.results:
        rows = [(result.config, result.data, *_figures(result, "../receipts")) for result in entry.results]
        header = ("config", "data", "test accuracy, mean", "spread", "each seed")
        parts.append(section("results", "Measured", table(header, rows, right=(2, 3))))
    parts.append(section("diagram", "Architecture", wide(Html(entry.diagram), "white")))
    parts.append(section("summary", "Block by block", wide(Html(summary_html(entry.summary)))))
    return joined([head, tag("main", "\n", joined(parts, "\n"))], "\n")


def _about(entry: Entry) -> Html:
    spec = entry.spec
    pairs: list[tuple[str, Any]] = [("task", spec.task), ("input", formats.shape(spec.input_shape))]
    if spec.paper:
        paper = spec.paper
        link = tag("a", paper.title, href=paper.url, rel="noreferrer")
        pairs.append(("paper", joined([f"{paper.authors}: ", link, f". {paper.venue}, {paper.year}"])))
    pairs.append(("departs in", "; ".join(spec.deviations) or "nothing"))
    words = {k: v for k, v in registry.paper_arguments(spec.name).items() if v is not ...}
    if words:
        pairs.append(("arguments", ", ".join(f"{key}={value!r}" for key, value in words.items())))
    pairs.append(("in Python", tag("code", f"zoo.{spec.name}(classes={spec.classes})")))
    if spec.config:
        pairs.append(("recipe", tag("code", f"zoo train configs/{spec.config}")))
    return section("about", "About", facts(pairs))


def _printed(entry: Entry) -> Html:
    spec, counted = entry.spec, {"parameters": entry.spec.counts.trainable, "multiply-adds": entry.spec.counts.macs}
    rows = [(f.what, f.printed, f"{counted[f.what]:,}" if counted.get(f.what) else "-", f.where) for f in spec.printed]
    shown = {f.what for f in spec.printed}
    rows += [(what, "-", formats.number(value), "-") for what, value in counted.items() if what not in shown]
    rows += [(f.what, f.printed, "-", f.where) for f in spec.accuracy]
    rows.append(("depth", "-", entry.counted.depth, "layers with weights on the longest path"))
    return section(
        "printed", "Printed and counted", table(("figure", "the paper prints", "counted", "where"), rows, right=(1, 2))
    )


def _weights(spec: ModelSpec) -> list[Html]:
    rows = [
        (
            tag("a", w.name, href=w.url, rel="noreferrer"),
            w.accuracy or "-",
            w.preprocessing,
            w.licence,
            tag("code", w.hash or "none published"),
        )
        for w in spec.weights
    ]
    header = ("source", "its accuracy", "preprocessing", "licence", "hash")
    return [section("weights", "Published weights", table(header, rows))] if rows else []
