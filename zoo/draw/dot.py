"""The graph of all layers as Keras draws it, rendered without a system Graphviz.

`keras.utils.plot_model` insists on a `dot` that writes PostScript, so only its DOT text is used; the
`graphviz-pure` wheel brings the program that renders it, the same bytes on every platform.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from zoo.errors import ZooError

PROGRAM = "graphviz-pure"
LONGEST = 32_000  # pixels; viewers refuse longer pictures
PER_POINT = 72.0


def layers_dot(model: Any) -> str:
    """Keras's DOT text with its node names, which are memory addresses, numbered in order."""
    import keras

    graph = keras.utils.model_to_dot(model, show_shapes=True, show_layer_activations=True, dpi=96)
    text = graph.to_string()
    numbers: dict[str, str] = {}
    return re.sub(r"\b\d{9,}\b", lambda found: numbers.setdefault(found[0], f"layer{len(numbers) + 1}"), text)


def write_layers(model: Any, path: Path, dpi: float) -> None:
    """Render the layer graph into an .svg or .png file; a PNG too tall for viewers gets fewer dots per inch."""
    dot = layers_dot(model)
    if path.suffix == ".png":
        drawn = re.sub(r"\bdpi=\d+", f"dpi={_bearable(dot, dpi):g}", dot)
        path.write_bytes(_render(drawn, "png"))
    else:
        path.write_bytes(_render(_without_dpi(dot), "svg"))


def layers_svg(model: Any) -> str:
    """The layer graph as an SVG element without the XML prologue, to stand in a page."""
    svg = _render(_without_dpi(layers_dot(model)), "svg").decode()
    return svg[svg.index("<svg") :]


def _without_dpi(dot: str) -> str:
    return re.sub(r"\bdpi=\d+;?", "", dot)


def _bearable(dot: str, dpi: float) -> float:
    svg = _render(_without_dpi(dot), "svg").decode()
    size = re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if size is None:
        return dpi
    longest = max(float(size[1]), float(size[2])) / PER_POINT
    return min(dpi, LONGEST / longest)


def _render(dot: str, kind: str) -> bytes:
    done = subprocess.run([_program(), f"-T{kind}"], input=dot.encode(), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ZooError(
            f"{PROGRAM} could not draw the layer graph ({said[0] if said else f'exit {done.returncode}'})",
            mend="try --level blocks",
        )
    return done.stdout


def _program() -> str:
    """The program beside this Python, or on the PATH."""
    beside = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    found = next((hit for place in [*beside, None] if (hit := shutil.which(PROGRAM, path=place))), None)
    if found is None:
        raise ZooError(f"the program {PROGRAM} is not installed", "it for --level layers", f"pip install {PROGRAM}")
    return found
