#!/usr/bin/env python
"""Run the notebooks, each in a fresh kernel and an empty folder: `scripts/notebooks.py [NAME ...]`.

Prints the seconds of each; exits with 1 when a cell fails, with its number and the error. `--write` keeps what the
cells showed in the files, which is how they are committed.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS = 600  # of one cell, on a busy machine
MOST_BYTES = 700_000  # of a notebook with its outputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="parts of file names; all by default")
    parser.add_argument("--write", action="store_true", help="keep the outputs in the files")
    args = parser.parse_args()
    files = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [file for file in files if not args.names or any(name in file.name for name in args.names)]
    if not chosen:
        parser.error(f"no notebook is called so: {', '.join(file.stem for file in files)}")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    failed = [file.name for file in chosen if not run(file, args.write)]
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


def run(file: Path, write: bool) -> bool:
    """Whether every cell of the notebook ran to its end and what they showed is small."""
    notebook = nbformat.read(file, as_version=4)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=MOST_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            print(f"{file.name}: failed\n{error}", flush=True)
            return False
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # not the version of whoever ran it
    text = nbformat.writes(notebook)
    size = len(text.encode())
    print(f"{file.name}: {time.perf_counter() - begin:.0f} s, {size / 1000:.0f} kB", flush=True)
    if size > MOST_BYTES:
        print(f"{file.name}: its outputs are too large: at most {MOST_BYTES / 1000:.0f} kB")
        return False
    if write:
        file.write_text(text + "\n", encoding="utf-8")
    return True


if __name__ == "__main__":
    main()
