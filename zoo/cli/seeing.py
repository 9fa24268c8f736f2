"""The commands that look into nets: explain, embed."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.door import RUNS, Json, app, quiet_tensorflow


class Method(StrEnum):
    occlusion = "occlusion"
    gradient = "gradient"


@app.command(rich_help_panel=RUNS)
def explain(
    what: Annotated[str, typer.Argument(help="A run folder; or a model's name with --weights.", metavar="RUN|MODEL")],
    inputs: Annotated[list[str] | None, typer.Argument(help="Image files; or texts, or files of text.")] = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Explain this class, not the likeliest.")] = None,
    layer: Annotated[str | None, typer.Option(help="Whose maps Grad-CAM weighs; the last by default.")] = None,
    method: Annotated[Method | None, typer.Option(help="For texts: how words are weighed.")] = None,
    filters: Annotated[bool, typer.Option("--filters", help="Draw the first layer's filters instead.")] = False,
    maps: Annotated[str | None, typer.Option(metavar="LAYER", help="Draw a layer's maps of the image instead.")] = None,
    mistakes: Annotated[
        int | None, typer.Option(metavar="N", help="The N most confident mistakes of the test set instead.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="For a model's name: imagenet, a source, or a file.")] = None,
    class_index: Annotated[str | None, typer.Option(help="A copy of imagenet_class_index.json.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture, .png, .svg or .pdf; of texts a page, .html.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a net sees: the evidence in a photo (Grad-CAM), the words that carried a decision, its mistakes."""
    from rich.console import Console

    from zoo.analysis.explain.asking import Question, answer

    question = Question(
        what,
        tuple(inputs or ()),
        class_name,
        layer,
        method and method.value,
        filters,
        maps,
        mistakes,
        weights,
        class_index,
        output,
    ).checked()
    quiet_tensorflow()
    console = Console(highlight=False, soft_wrap=True)
    found = answer(question, draw=output is not None or not as_json, colour=console.color_system is not None)
    if as_json:
        print(json.dumps(found.plain, ensure_ascii=False))
        return
    for text in found.texts:
        console.print(text, end="\n\n" if len(found.texts) > 1 else "\n", markup=False)
    if found.written:
        print(f"written: {found.written}")


@app.command(rich_help_panel=RUNS)
def embed(
    run: Annotated[Path | None, typer.Argument(help="A run folder; or none, with --vectors.")] = None,
    vectors: Annotated[Path | None, typer.Option(help="A file of word vectors in GloVe's text format.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Draw the embedding's words, not the features.")] = False,
    nearest: Annotated[str | None, typer.Option(metavar="WORD", help="The words nearest to one, by cosine.")] = None,
    analogy: Annotated[str | None, typer.Option(metavar="SUM", help="Such as 'king - man + woman'.")] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    items: Annotated[int, typer.Option(min=1, help="How many items or words to draw at most.")] = 1000,
    perplexity: Annotated[float | None, typer.Option(help="Of t-SNE; 30 by default, less for few items.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many words to list.")] = 10,
    projector: Annotated[Path | None, typer.Option(help="Also export for TensorBoard's projector.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The picture: .png, .svg or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Draw what a net makes of its items, or its words, by PCA, t-SNE and LDA; seek near words and analogies."""
    from zoo.analysis.embed.asking import Question, answer

    question = Question(
        run, vectors, words, nearest, analogy, split, items, perplexity, top, projector, output
    ).checked()
    quiet_tensorflow()
    found = answer(question, draw=output is not None or not as_json)
    if as_json:
        print(json.dumps(found.plain, ensure_ascii=False))
        return
    print("\n".join([*found.lines, *(f"written: {path}" for path in found.written)]))
