"""One artifact, same answer: a run as a file that others load without the zoo, kept only if it answers as the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError
from zoo.io import artifact, files
from zoo.runs import folder as rundir
from zoo.runs.folder import Run

FORMATS = ("saved_model", "onnx", "litert", "keras")
SUFFIX = {"saved_model": "_saved_model", "onnx": ".onnx", "litert": ".tflite", "keras": ".keras"}


@dataclass(frozen=True)
class Exported:
    """What became of an export.

    Attributes:
        folder: where the artifact is, or would be.
        file: the exported file in it (for saved_model a folder).
        kept: whether every comparison held; otherwise nothing was written.
        replaced: whether an older artifact stood there.
        rows: one comparison each.
        notes: what the reader of the artifact should know.
    """

    folder: Path
    file: Path
    kept: bool
    replaced: bool
    rows: tuple
    notes: tuple[str, ...]


def export(run: Run, format: str, to: Path | None = None, *, raw: bool = False) -> Exported:
    """Export a run's best weights as a folder: the file, artifact.json, vocabulary.json for texts, README.md.

    Args:
        run: a finished run.
        format: "saved_model", "onnx", "litert" or "keras".
        to: the folder; exported/FORMAT in the run by default. An older artifact there is replaced.
        raw: take the bytes of image files, or texts, instead of prepared batches; a SavedModel only.

    Raises:
        ZooError: the run is unfinished or damaged, the format cannot hold the net, a package is missing, the folder
            is another's or cannot be written.
    """
    from zoo.data.preprocess import Preprocessor
    from zoo.runs import export_parity, export_writing, portable, portable_readme

    _check(run, format, raw)
    export_writing.require(format)
    config, folder = run.config, to or run.path / "exported" / (format + ("_raw" if raw else ""))
    replaced = artifact.check(folder)
    preprocessor = Preprocessor.from_dict(run.data["preprocessing"], run.vocabulary)
    net = portable.portable(run)
    with artifact.hidden_beside(folder) as hidden:
        file = hidden / f"{config.name}{SUFFIX[format]}"
        notes = export_writing.write(net, file, format, raw=portable.answering(net, preprocessor, run) if raw else None)
        rows = export_parity.compare(run, net, file, format, preprocessor, raw=raw)
        kept = all(row.holds for row in rows)
        if kept:
            facts = _facts(run, net, file, format, raw, rows, notes)
            files.write_json(hidden / artifact.FACTS, facts)
            if run.vocabulary is not None:
                files.write_json(hidden / rundir.VOCABULARY, run.vocabulary)
            files.write(hidden / "README.md", portable_readme.text(facts, run.vocabulary is not None))
            artifact.put(hidden, folder)
    return Exported(folder, folder / file.name, kept, replaced and kept, rows, notes)


def _check(run: Run, format: str, raw: bool) -> None:
    if not run.finished:
        raise ZooError(
            f"the run {run} is not finished", "a finished run", "give the same `zoo train` command again to complete it"
        )
    if raw and run.data["kind"] == "frames":
        raise ZooError(
            "--raw is for runs on images or texts, and windows of numbers are given as they are",
            "an export of the net alone",
            "leave --raw out",
        )
    if raw and format != "saved_model":
        why = "ONNX and LiteRT have no operation that decodes a JPEG or looks up a word, and a .keras file would need "
        raise ZooError(
            f"--raw with --format {format}: {why}the zoo to do so",
            "--format saved_model --raw",
            "leave --raw out: artifact.json and README.md say how inputs are prepared",
        )


def _facts(run: Run, net, file: Path, format: str, raw: bool, rows, notes) -> dict:
    from zoo.build.create import gives_logits

    (given,) = net.inputs
    return {
        "zoo_artifact": 1,
        "name": run.config.name,
        "model": run.config.model.name,
        "format": format,
        "file": file.name,
        "sha256": None if file.is_dir() else files.sha256(file),
        "raw": raw,
        "input": {"name": "input", "shape": list(given.shape[1:]), "dtype": str(given.dtype)},
        "output": {"gives": "logits" if gives_logits(run.config) else "probabilities", "units": net.output_shape[-1]},
        "class_names": list(run.data["class_names"]),
        "preprocessing": run.data["preprocessing"],
        "vocabulary_sha256": artifact.vocabulary_sha256(run.vocabulary),
        "data_hash": run.data["hash"],
        "parity": [row.to_dict() for row in rows],
        "notes": list(notes),
    }
