"""`plot`: a model into a file, the format by its suffix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ZooError, did_you_mean
from zoo.io.figures import check_dpi, check_suffix, written

if TYPE_CHECKING:
    import keras

LEVELS = ("blocks", "layers")
FORMATS = {
    ".svg": "vector graphic with selectable text",
    ".png": "picture at any dpi",
    ".html": "page in which a click on a block opens its layers",
    ".mmd": "Mermaid flowchart",
    ".txt": "plain text",
}


def plot(
    model: keras.Model, to_file: str | Path, *, level: str = "blocks", dpi: float = 144, title: str | None = None
) -> Path:
    """Draw the architecture of `model` into `to_file` and return its path.

    Args:
        model: any built Keras model; a subclassed one shows its layers in a row.
        to_file: the file to write; its suffix decides the format: .svg, .png, .html, .mmd (Mermaid) or .txt.
        level: "blocks", the paper's blocks with repeats folded, on one page; "layers", Keras's graph of all layers.
        dpi: dots per inch of a PNG (a graph of layers taller than 32,000 pixels gets fewer: viewers refuse more).
        title: what stands above the diagram (the model's name).

    Raises:
        ZooError: an unknown suffix or level, a dpi out of range, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    if level not in LEVELS:
        raise ZooError(f"unknown level '{level}'", " or ".join(LEVELS), did_you_mean(level, LEVELS))
    check_dpi(dpi)
    draw = _layers if level == "layers" else _blocks
    return written(path, lambda target: draw(model, target, dpi, title))


def diagram_svg(model: keras.Model, title: str | None = None) -> str:
    """The paper's blocks as one `<svg>` element for a page; the same model gives the same text."""
    from zoo.draw.page import page
    from zoo.draw.svg import svg_text
    from zoo.graph.blocks import model_blocks
    from zoo.graph.read import model_graph

    return svg_text(page(model_blocks(model_graph(model)), title)[0])


def _blocks(model: keras.Model, path: Path, dpi: float, title: str | None) -> None:
    from zoo.draw.diagram_html import html_page
    from zoo.draw.page import page
    from zoo.draw.plain import mermaid, text_diagram
    from zoo.draw.png import write_png
    from zoo.draw.svg import svg_text
    from zoo.graph.blocks import model_blocks
    from zoo.graph.read import model_graph

    blocks = model_blocks(model_graph(model))
    if path.suffix in (".txt", ".mmd"):
        path.write_text(text_diagram(blocks) if path.suffix == ".txt" else mermaid(blocks), encoding="utf-8")
        return
    drawing, items = page(blocks, title)
    if path.suffix == ".png":
        write_png(drawing, path, dpi)
    else:
        text = svg_text(drawing) if path.suffix == ".svg" else html_page(drawing, items, blocks)
        path.write_text(text, encoding="utf-8")


def _layers(model: keras.Model, path: Path, dpi: float, title: str | None) -> None:
    from zoo.draw.diagram_html import layers_page
    from zoo.draw.dot import layers_svg, write_layers
    from zoo.draw.plain import mermaid_layers, text_diagram
    from zoo.graph.blocks import unfolded
    from zoo.graph.read import model_graph

    if path.suffix in (".svg", ".png"):
        write_layers(model, path, dpi)
    elif path.suffix == ".html":
        path.write_text(layers_page(layers_svg(model), title or model.name), encoding="utf-8")
    else:
        graph = model_graph(model)
        text = text_diagram(unfolded(graph)) if path.suffix == ".txt" else mermaid_layers(graph)
        path.write_text(text, encoding="utf-8")
