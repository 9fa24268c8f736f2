"""Pictures of learning rates: a schedule over the steps, and what a range test saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.draw.curves import COLOURS
from zoo.io.figures import FORMATS, check_suffix, save, written

BLUE, RED, GREEN = COLOURS[:3]
MUTED, GRID = "#52525b", "#e4e4e7"


@dataclass(frozen=True)
class RangeTest:
    """What a range test saw.

    Attributes:
        rates, losses: of each step, before the weights changed.
        smoothed: the losses without their noise, not shifted.
        steepest: the rate at which the loss falls fastest; None where it never falls.
        valley: the middle of the longest fall, without its flat ends; None where it never falls.
        diverged: the rate at which the test stopped, None where it came to its end.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    steepest: float | None
    valley: float | None
    diverged: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "steepest": self.steepest,
            "valley": self.valley,
            "diverged": self.diverged,
            "rates": list(self.rates),
            "losses": [loss if math.isfinite(loss) else None for loss in self.losses],
            "smoothed": list(self.smoothed),
        }

    def text(self) -> str:
        """Both suggestions, and what to do with them, for a terminal."""
        if self.steepest is None:
            return (
                f"the loss did not fall at any rate from {self.rates[0]:.2g} to {self.rates[-1]:.2g}: "
                "try more --steps, or another --low and --high"
            )
        end = f"{self.diverged:<9.2g}the loss has diverged" if self.diverged else "none     the loss did not diverge"
        return "\n".join(
            [
                f"steepest  {self.steepest:<9.2g}where the loss falls fastest",
                f"valley    {self.valley:<9.2g}in the middle of its longest fall",
                f"end       {end}",
                f"to begin with: train.optimizer.learning_rate={self.valley:.2g}",
            ]
        )


def plot_schedule(
    rates: Sequence[float],
    to_file: str | Path,
    *,
    steps_per_epoch: int,
    momenta: Sequence[float] | None = None,
    title: str | None = None,
) -> Path:
    """Draw the learning rate, and beneath it the momentum where it moves, at every step of a training.

    Args:
        rates: one per step.
        to_file: .png, .svg or .pdf.
        steps_per_epoch: for the axis of epochs above.
        momenta: one per step.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    figure, axes = _panels(2 if momenta is not None else 1)
    for ax, values, colour, label in zip(
        axes, [rates, momenta], [BLUE, RED], ["learning rate", "momentum"], strict=False
    ):
        ax.plot(range(len(values)), values, color=colour, linewidth=1.6, drawstyle="steps-post")
        ax.set_ylabel(label)
        ax.margins(x=0.01, y=0.08)
    if min(rates) >= 0:
        axes[0].set_ylim(bottom=0)
    axes[-1].set_xlabel("step")
    above = axes[0].secondary_xaxis("top", functions=(lambda s: s / steps_per_epoch, lambda e: e * steps_per_epoch))
    above.set_xlabel("epoch")
    axes[0].spines["top"].set_visible(True)
    return _finish(figure, path, title)


def plot_range_test(
    found: RangeTest, to_file: str | Path, *, configured: float | None = None, title: str | None = None
) -> Path:
    """Draw loss over learning rate with both suggestions, and the rate that is `configured`.

    Raises:
        ZooError: an unknown suffix, a folder that cannot be written.
    """
    path = Path(to_file)
    check_suffix(path, FORMATS)
    figure, (ax,) = _panels(1)
    rates, smoothed = found.rates[: len(found.smoothed)], found.smoothed
    ax.plot(found.rates, found.losses, color="#a1a1aa", linewidth=0.8, label="loss of each step")
    ax.plot(rates, smoothed, color=BLUE, linewidth=2, label="smoothed")
    for rate, colour, word in [(found.steepest, RED, "steepest"), (found.valley, GREEN, "valley")]:
        if rate is not None:
            at = smoothed[rates.index(rate)]
            ax.plot([rate], [at], "o", color=colour, markersize=7, label=f"{word}  {rate:.2g}")
            ax.axvline(rate, color=colour, linewidth=1, linestyle="--")
    if configured is not None and found.rates[0] <= configured <= found.rates[-1]:
        ax.axvline(configured, color=MUTED, linewidth=1, linestyle=":", label=f"in the config  {configured:.2g}")
    ax.set_xscale("log")
    low, start = min(smoothed), smoothed[0]
    height = max(start - low, 0.1 * abs(start))
    ax.set_ylim(low - 0.35 * height, start + 0.7 * height)  # the blow-up at the end would flatten the rest
    ax.set_xlabel("learning rate")
    ax.set_ylabel("loss")
    ax.legend(edgecolor="none", fontsize=9, loc="lower left", facecolor="white", framealpha=0.9)
    return _finish(figure, path, title)


def _panels(count: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 1.4 + 2.4 * count), facecolor="white", layout="constrained")
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for ax in axes:
        ax.grid(True, color=GRID, linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _finish(figure: Any, path: Path, title: str | None) -> Path:
    if title:
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return written(path, lambda target: save(figure, target, 144))
