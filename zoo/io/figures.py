"""Pictures on the disk: their formats, and how they are written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.errors import ZooError

FORMATS = (".png", ".svg", ".pdf")


def check_suffix(path: Path, formats: dict[str, str] | tuple[str, ...]) -> None:
    """Refuse a file whose suffix names no format of ours."""
    if path.suffix not in formats:
        shown = f"'{path.suffix}'" if path.suffix else "a name without a suffix"
        raise ZooError(
            f"cannot draw into {path.name}: {shown} names no format",
            "one of " + ", ".join(formats),
            f"for example {path.stem or 'model'}{next(iter(formats))}",
        )


def check_dpi(dpi: float) -> None:
    """Refuse a resolution no printer and no memory has."""
    if not 10 <= dpi <= 2400:
        raise ZooError(f"dpi {dpi:g} is out of range", "10 to 2400", "try 144 for screens or 300 for paper")


def written(path: Path, write: Callable[[Path], None]) -> Path:
    """Write beside `path` and rename, so that a failure leaves the old picture; makes the folder."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except OSError as error:
        raise ZooError(
            f"cannot write {path}: {error.strerror or error}",
            "a folder that can be written",
            "choose another place for the picture",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def save(figure: Any, path: Path, dpi: float) -> None:
    """Write without dates and random names, so that the same figures give the same bytes."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    metadata = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}.get(
        path.suffix, {"CreationDate": None, "Creator": None, "Producer": None}
    )
    with rc_context({"svg.hashsalt": "zoo", "svg.fonttype": "none"}):
        figure.savefig(path, format=path.suffix[1:], dpi=dpi, metadata=metadata)
