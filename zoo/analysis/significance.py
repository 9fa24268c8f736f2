"""Two nets on the same test items: McNemar's test and a bootstrap interval, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 10_000
LEVEL = 0.95
FEW = 25  # deciding items below which the chi-squared approximation is rough


@dataclass(frozen=True)
class Paired:
    """How often two nets are right on the same items, and what follows.

    Attributes:
        both, only_first, only_second, neither: counts of items that are labelled rightly by both, one or none.
        exact_p: McNemar's test by the binomial distribution, two-sided.
        chi2, chi2_p: the same by chi-squared with continuity correction and one degree of freedom.
        interval: of the accuracy difference (first minus second) at 95 %, by the paired percentile bootstrap.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    exact_p: float
    chi2: float
    chi2_p: float
    interval: tuple[float, float]

    @property
    def items(self) -> int:
        """How many items were tested."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of the first minus that of the second."""
        return (self.only_first - self.only_second) / self.items

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {**asdict(self), "items": self.items, "difference": self.difference}

    def text(self, first: str = "A", second: str = "B") -> str:
        """What a student should know of it."""
        b, c = self.only_first, self.only_second
        lines = [
            f"on the same {self.items:,} test items: both right {self.both:,}, only {first} right {b:,}, "
            f"only {second} right {c:,}, both wrong {self.neither:,}"
        ]
        if b + c == 0:
            return lines[0] + f"\nno item tells {first} and {second} apart: their accuracies are equal"
        better = first if b > c else second
        lines.append(
            "accuracies are equal" if b == c else f"{better} is ahead by {_points(abs(self.difference))} of accuracy"
        )
        rough = f", rough with fewer than {FEW} such items" if b + c < FEW else ""
        lines.append(
            f"McNemar's test: {b + c:,} items are right in one net only. Were both nets equally good, each would fall "
            f"to either like a coin; {b:,} to {c:,} or more uneven comes up with probability {_p(self.exact_p)} "
            f"(exact binomial; chi-squared with continuity correction {self.chi2:.2f}, p {_p(self.chi2_p)}{rough})."
        )
        low, high = self.interval
        lines.append(
            f"Bootstrap: on {RESAMPLES:,} test sets drawn from these items with replacement, accuracy of {first} minus "
            f"accuracy of {second} lay between {_points(low, sign=True)} and {_points(high, sign=True)} in "
            f"{LEVEL:.0%} of them.".replace("%", " %")
        )
        if self.exact_p < 1 - LEVEL:
            lines.append(f"So chance in the choice of test items hardly explains the difference: {better} is better.")
        else:
            lines.append(
                "So chance in the choice of test items may explain the difference. That does not prove them equal: "
                "more test items would show a smaller difference."
            )
        lines.append(
            "This is about these two trained nets. Another seed of the same config is another net: "
            "`zoo train CONFIG --seeds 0,1,2` shows how much that changes."
        )
        return "\n".join(lines)


def _points(share: float, sign: bool = False) -> str:
    return f"{100 * share:{'+' if sign else ''}.1f} points"


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def paired(right_first: Sequence[bool], right_second: Sequence[bool], *, seed: int = 0) -> Paired:
    """Compare two nets item by item.

    Args:
        right_first, right_second: (N,) whether each net labels each item rightly, in the same order.
        seed: of the bootstrap.
    """
    import numpy as np

    one, two = np.asarray(right_first, bool), np.asarray(right_second, bool)
    both, only_first = int((one & two).sum()), int((one & ~two).sum())
    only_second, neither = int((~one & two).sum()), int((~one & ~two).sum())
    chi2, chi2_p = mcnemar_chi2(only_first, only_second)
    return Paired(
        both,
        only_first,
        only_second,
        neither,
        mcnemar_exact(only_first, only_second),
        chi2,
        chi2_p,
        bootstrap(one.astype(int) - two.astype(int), seed),
    )


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided p: twice the chance of at most min(b, c) heads in b + c throws of a coin, at most 1.

    McNemar 1947, Psychometrika 12:153; exact as in any sign test.
    """
    n, k = b + c, min(b, c)
    tail = sum(math.comb(n, i) for i in range(k + 1))
    return min(1.0, 2 * tail / 2**n)  # whole numbers of any size: nothing overflows


def mcnemar_chi2(b: int, c: int) -> tuple[float, float]:
    """(|b - c| - 1)^2 / (b + c) with Edwards's continuity correction, and its p at one degree of freedom."""
    if b + c == 0:
        return 0.0, 1.0
    chi2 = max(abs(b - c) - 1, 0) ** 2 / (b + c)
    return chi2, math.erfc(math.sqrt(chi2 / 2))


def bootstrap(differences: np.ndarray, seed: int) -> tuple[float, float]:
    """The percentile interval of the mean of `differences` (each -1, 0 or 1) over resamples of its items.

    How often each of the three values is drawn is multinomial, so the counts are drawn instead of the items.
    """
    import numpy as np

    n = len(differences)
    shares = [float((differences == value).sum()) / n for value in (-1, 0, 1)]
    drawn = np.random.default_rng(seed).multinomial(n, shares, size=RESAMPLES)
    low, high = np.quantile((drawn[:, 2] - drawn[:, 0]) / n, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
