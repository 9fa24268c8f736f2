"""A sweep in one picture: how the best value was found, and how the value depends on each key."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.draw.curves import COLOURS
from zoo.errors import ZooError
from zoo.io.figures import FORMATS, check_dpi, check_suffix, save, written

IN_A_ROW = 3


def plot_trials(
    trials: Sequence[Mapping[str, Any]],
    metric: str,
    to_file: str | Path,
    *,
    larger_is_better: bool = False,
    log: Collection[str] = (),
    dpi: float = 144,
) -> Path:
    """Draw the trials of a sweep: the value of each in order, then against every key that was tried.

    Args:
        trials: `{"number", "params", "value", "reports"}` as in trials.json; one without value (pruned) stands, as a
            grey cross, where its last report is.
        metric: what the value is called.
        to_file: .png, .svg or .pdf.
        larger_is_better: for the line of the best so far.
        log: keys that are shown on a logarithmic axis.

    Raises:
        ZooError: no trial with a report, an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    check_dpi(dpi)
    shown = [t for t in trials if t["reports"]]
    if not shown:
        raise ZooError("there is no trial to draw", "one with a finished epoch")
    return written(path, lambda target: save(_figure(shown, metric, larger_is_better, set(log)), target, dpi))


def _figure(trials: Sequence[Mapping[str, Any]], metric: str, larger: bool, log: set[str]) -> Any:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    keys = list(trials[0]["params"])
    columns = min(IN_A_ROW, len(keys))
    rows = -(-len(keys) // columns)
    figure = Figure(figsize=(max(3.2 * columns, 6.4), 2.6 + 2.5 * rows), facecolor="white", layout="constrained")
    grid = figure.add_gridspec(rows + 1, columns)
    top = figure.add_subplot(grid[0, :])
    done = [t for t in trials if t["value"] is not None]
    _dots(top, trials, lambda t: t["number"])
    best, so_far = None, []
    for t in done:
        best = t["value"] if best is None else (max if larger else min)(best, t["value"])
        so_far.append(best)
    if done:
        numbers = [t["number"] for t in done]
        top.step(numbers, so_far, where="post", color=COLOURS[1], linewidth=1.3, label="best so far")
    top.set_xlabel("trial")
    top.xaxis.set_major_locator(MaxNLocator(integer=True))
    top.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=3, frameon=False, fontsize=9)
    for place, key in enumerate(keys):
        ax = figure.add_subplot(grid[1 + place // columns, place % columns])
        values = [t["params"][key] for t in trials]
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            _dots(ax, trials, lambda t, k=key: t["params"][k])
            if key in log:
                ax.set_xscale("log")
        else:
            names = sorted({json.dumps(v) for v in values})
            _dots(ax, trials, lambda t, k=key, n=names: n.index(json.dumps(t["params"][k])))
            ax.set_xticks(range(len(names)), [name.strip('"') for name in names])
            ax.set_xlim(-0.5, len(names) - 0.5)
        ax.set_xlabel(key)
    for ax in figure.axes:
        ax.set_ylabel(metric.replace("_", " "))
        ax.grid(True, color="#e4e4e7", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
        low, high = _window(trials)
        ax.set_ylim(low, high)
    return figure


def _dots(ax: Any, trials: Sequence[Mapping[str, Any]], x: Any) -> None:
    done = [t for t in trials if t["value"] is not None]
    cut = [t for t in trials if t["value"] is None]
    ax.scatter([x(t) for t in done], [t["value"] for t in done], s=26, color=COLOURS[0], label="trained to its end")
    if cut:
        ax.scatter([x(t) for t in cut], [_last(t) for t in cut], s=22, color="#a1a1aa", marker="x", label="pruned")


def _last(trial: Mapping[str, Any]) -> float:
    reports = trial["reports"]
    return reports[max(reports, key=int)]


def _window(trials: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The values of the trials that were trained to their ends, so that one bad pruned one does not flatten them."""
    values = [t["value"] for t in trials if t["value"] is not None] or [_last(t) for t in trials]
    low, high = min(values), max(values)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 0.1
    return low - room, high + room
