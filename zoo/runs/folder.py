"""The run folder: its names, its lock, and how it is read again.

    runs/<name>/<UTC time>/
        config.yaml  environment.json  history.csv  best.weights.h5  last/     while it trains
        metrics.json  receipt.json  splits.json  data.json  vocabulary.json  model.svg  curves.png  ...

`metrics.json` is written last but one and `receipt.json` last: a folder without `receipt.json` is unfinished.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io import FORMAT, files, onednn
from zoo.io.installation import install

if TYPE_CHECKING:
    from zoo.config import Config

CONFIG, ENVIRONMENT, HISTORY, METRICS = "config.yaml", "environment.json", "history.csv", "metrics.json"
WEIGHTS, LAST, RECEIPT, DATA, VOCABULARY = "best.weights.h5", "last", "receipt.json", "data.json", "vocabulary.json"
SPLITS, RESUMES = "splits.json", "resumes.json"
IDENTITY = {  # of environment.json: what the run is; the other keys say where and by what it was computed
    "format",
    "config_digest",
    "recipe_digest",
    "run_digest",
    "config_sha256",
    "data_hash",
    "data_hash_of",
    "parent",
    "own_code",
}


@dataclass(frozen=True)
class Run:
    """A run folder, read lazily; everything in it is plain data.

    Attributes:
        path: the folder.
    """

    path: Path

    @cached_property
    def config(self) -> Config:
        """The resolved config the run was trained with; keys that came later have their defaults.

        Raises:
            ZooError: it is missing, or not as this zoo reads it.
        """
        from zoo.config import load_config

        path = self._existing(CONFIG)
        try:
            written_by = self.environment.get("format", 1) if (self.path / ENVIRONMENT).exists() else 1
            return load_config(path, written_by=written_by)
        except ZooError as error:
            writer = self.environment.get("zoo", "an older one") if (self.path / ENVIRONMENT).exists() else "unknown"
            raise ZooError(
                f"{error}\nthe config of {self.path} is not as this zoo reads it",
                f"what the zoo that wrote it (version {writer}) reads",
                "install that one, or train anew",
            ) from error

    @property
    def finished(self) -> bool:
        """Whether training and the final evaluation came to their end."""
        return (self.path / RECEIPT).exists()

    @property
    def history(self) -> list[dict[str, float]]:
        """One row per finished epoch, as in history.csv; empty before the first."""
        path = self.path / HISTORY
        if not path.exists():
            return []
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        try:
            return [
                {k: int(v) if k == "epoch" else float(v) if v else float("nan") for k, v in row.items()} for row in rows
            ]
        except (ValueError, TypeError) as error:  # a word, or more cells than the header has
            raise ZooError(
                f"{path}, row {rows.line_num} is damaged: {error}", mend="train the run again, or restore the file"
            ) from error

    @property
    def resumed(self) -> list[int]:
        """The finished epochs after which an interrupted training went on, as in resumes.json."""
        path = self.path / RESUMES
        listed = self.read_json(RESUMES) if path.exists() else []
        return sorted({entry["epoch"] for entry in listed if entry["epoch"] or entry["step"]})

    @property
    def metrics(self) -> dict[str, Any]:
        """What metrics.json holds: best epoch, why it stopped, the figures of each evaluated split."""
        found = self.read_json(METRICS)
        if not isinstance(found, dict) or "best_epoch" not in found:
            raise ZooError(
                f"{self.path / METRICS} is damaged: it names no best epoch",
                mend="train the run again, or restore the file",
            )
        return found

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, device, threads, revision and data hash of the training."""
        return self.read_json(ENVIRONMENT)

    @property
    def onednn(self) -> bool:
        """Whether TensorFlow's oneDNN kernels trained it; runs that do not say had what TensorFlow does by itself."""
        stated = self.environment.get("onednn")
        return onednn.by_itself() if stated is None else stated

    @cached_property
    def vocabulary(self) -> list[str] | None:
        """The words of the run's vocabulary in order of their index, or None for images."""
        return self.read_json(VOCABULARY) if (self.path / VOCABULARY).exists() else None

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the data were: class names, shapes, sizes, hash and preprocessing."""
        return self.read_json(DATA)

    @property
    def weights(self) -> Path:
        """The file of the best weights."""
        return self._existing(WEIGHTS)

    def read_json(self, name: str) -> Any:
        """Read one JSON file of the folder.

        Raises:
            ZooError: it is missing or damaged.
        """
        path = self._existing(name)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, UnicodeDecodeError) as error:
            raise ZooError(f"{path} is damaged: {error}", mend="train the run again, or restore the file") from error

    def _existing(self, name: str) -> Path:
        path = self.path / name
        if not path.exists():
            state = "is finished but" if self.finished else "is not finished and"
            raise ZooError(
                f"the run folder {self.path} {state} has no {name}",
                "a folder written by `zoo train`",
                "give the same `zoo train` command again to complete it",
            )
        return path

    def _repr_html_(self) -> str:
        """What became of the run, for notebooks."""
        from zoo.runs.glance import run_html

        metrics = self.metrics if (self.path / METRICS).exists() else {}
        return run_html(self.path, self.history, metrics, finished=self.finished)

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return str(self.path)


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder for reading.

    Raises:
        ZooError: the path is not there or not a run folder, or it was written by a newer zoo.
    """
    folder = Path(path)
    if not folder.exists():
        raise ZooError(f"there is no run folder {folder}", "the folder that `zoo train` printed", _runs_nearby(folder))
    if not (folder / CONFIG).is_file():
        raise ZooError(
            f"{folder} is not a run folder: it has no {CONFIG}",
            "the folder that `zoo train` printed",
            _runs_nearby(folder),
        )
    run = Run(folder)
    if (folder / ENVIRONMENT).exists() and run.environment.get("format", 0) > FORMAT:
        raise ZooError(
            f"{folder} was written by a newer zoo (format {run.environment['format']})",
            f"format {FORMAT} or older",
            f"upgrade with `{install()}`",
        )
    return run


def _runs_nearby(folder: Path) -> str:
    root = folder if folder.is_dir() else folder.parent
    found = sorted(p.parent for p in root.glob(f"**/{CONFIG}"))[-1:] if root.is_dir() else []
    return f"a run stands at {found[0]}" if found else "`zoo train CONFIG` makes one"


def find(output: Path, config: Config) -> Run | None:
    """The newest run of this config under `output`: an unfinished one first, otherwise the last finished one.

    Raises:
        ZooError: it was written by a newer zoo.
    """
    runs = [Run(p) for p in sorted((output / config.name).glob("[!.]*"), reverse=True) if (p / CONFIG).is_file()]
    same = [run for run in runs if _is_of(run, config)]
    found = next((run for run in same if not run.finished), same[0] if same else None)
    return found and open_run(found)


def unfinished(folder: Path) -> Run | None:
    """The newest unfinished run below a folder, such as one of a series; None where there is none."""
    found = [path.parent for path in folder.glob(f"**/{ENVIRONMENT}") if not (path.parent / RECEIPT).exists()]
    return max((Run(path) for path in found), key=lambda run: run.path.name, default=None)


def _is_of(run: Run, config: Config) -> bool:
    """Whether a run is one of this config, with its files where they are.

    Not one whose config.yaml was edited since: the states beside it are of another config. A folder begun before a
    key existed is the same run with the value that changes nothing.
    """
    try:
        environment = run.environment if (run.path / ENVIRONMENT).exists() else {}
        written = files.sha256(run.path / CONFIG)
        recipe = config.recipe_digest()
        if environment.get("config_sha256", written) != written or environment.get("recipe_digest", recipe) != recipe:
            return False
        known = run.config.anywhere()
        return (known.recipe_digest(), known.places()) == (recipe, config.anywhere().places())
    except ZooError:  # half there, or of a zoo with other keys: it belongs to nobody
        return False


def run_digest(recipe_digest: str, data_hash: str, parent: dict[str, str] | None) -> str:
    """SHA-256 (hex) of what a run is: its recipe, its data and the weights of the run it begins with."""
    text = json.dumps([recipe_digest, data_hash, parent and parent["weights_sha256"]])
    return hashlib.sha256(text.encode()).hexdigest()


def create(output: Path, name: str, config_yaml: str, environment: dict[str, Any]) -> Run:
    """Make a new run folder with its config and environment in it.

    It is built under a hidden name and renamed, so that it is there whole or not at all.

    Raises:
        ZooError: the output folder cannot be made or written.
    """
    parent = files.make_folder(output / name)
    hidden = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    hidden.chmod(0o755)
    files.write(hidden / CONFIG, config_yaml)
    written = files.sha256(hidden / CONFIG)
    files.write_json(hidden / ENVIRONMENT, {"format": FORMAT, "config_sha256": written, **environment})
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for attempt in range(1, 1000):
        path = parent / (stamp if attempt == 1 else f"{stamp}-{attempt:03d}")
        if not path.exists():
            break
    os.rename(hidden, path)
    files.sync(parent)
    return Run(path)


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold a run folder for one process; the lock dies with the process, however it ends.

    Raises:
        ZooError: another process holds it; its number is given.
    """
    (run.path / LAST).mkdir(exist_ok=True)
    with open(run.path / LAST / "lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise ZooError(
                f"the run {run.path} is being trained by another process ({holder})",
                "one process per run folder",
                "wait for it or stop it, or set another runtime.output",
            ) from error
        file.truncate(0)
        file.write(f"pid {os.getpid()}")
        file.flush()
        yield


def write_history(run: Run, rows: list[dict[str, Any]]) -> None:
    """Write history.csv: a header and one row per finished epoch."""
    if not rows:
        (run.path / HISTORY).unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write(run.path / HISTORY, text.getvalue())


def finished(run: Run | str) -> Run:
    """The run, refused before its end: what is learnt from the test items must not come back into training."""
    run = run if isinstance(run, Run) else open_run(run)
    if not run.finished:
        raise ZooError(f"the run {run} is not finished", "a finished run", "give the same `zoo train` command again")
    return run
