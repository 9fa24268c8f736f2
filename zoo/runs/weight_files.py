"""Weights files: a published or foreign one imported, the best weights of a run written for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.catalog import sources
from zoo.errors import ZooError
from zoo.runs.folder import Run


def import_weights(name: str, file: str, to: Path | None = None, *, source: str | None = None) -> Path:
    """Import a published or foreign file, wholly checked, into a weights file of the zoo's own.

    Args:
        name: the catalogue model the file is for.
        file: a `.h5`, `.safetensors` or `.pth` file, or a source of the row.
        to: where to write; `<name>.weights.h5` by default.
        source: the source that the file is of, where neither its name nor its hash tells.

    Returns:
        The file written: Keras's `.weights.h5` with a manifest; `weights=` takes it.

    Raises:
        ZooError: the file does not fit, tensor by tensor; nothing is written then.
    """
    from zoo.build.create import create_model
    from zoo.weights import manifest

    to = to or Path(f"{name}.weights.h5")
    if not to.name.endswith(".weights.h5"):
        raise ZooError(
            f"the output {to} has another ending", "a name that ends in .weights.h5", f"-o {name}.weights.h5"
        )
    if Path(file).expanduser().exists() and to.resolve() == Path(file).expanduser().resolve():
        raise ZooError(f"the output {to} is the input", "another name", "give -o FILE.weights.h5")
    model = create_model(name, weights=file)
    manifest.save(model, to, origin(name, file, source))
    return to


def origin(name: str, file: str, source: str | None) -> dict[str, Any]:
    """What an imported file keeps of where it came from: the source's name, and what it wants of its input."""
    known = sources.source_of(name, file, source)
    return {} if known is None else {"source": known.name, "wanted": sources.wanted(known.preprocessing)}


def export(run: Run, format: str, to: Path | None = None, *, raw: bool = False) -> Path:
    """Write a run's best weights for another library, as safetensors.

    Args:
        run: a finished run.
        format: "torchvision" for torchvision's names and layout, where it has the net; "safetensors" for every net,
            in Keras's layout, named layer/variable. Both are read back exactly by `weights=`.
        to: the file; in the run folder by default.

        raw: refused: weights take no input.

    Raises:
        ZooError: torchvision has no such net, or the file cannot be written.
    """
    if raw:
        raise ZooError(
            f"--raw with --format {format}, which holds weights alone", "--format saved_model --raw", "leave --raw out"
        )
    from zoo.runs.net import model_of
    from zoo.weights import safetensors
    from zoo.weights.torch import save_torch

    to = to or run.path / f"{run.config.name}{'.torchvision' if format == 'torchvision' else ''}.safetensors"
    model = model_of(run)
    if format == "torchvision":
        save_torch(model, to, name=run.config.model.name)
    else:
        safetensors.save(model, to)
    return to
