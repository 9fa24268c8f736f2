"""How far an accuracy may be trusted that was measured on so many items."""

from __future__ import annotations

import math

Z = 1.959963984540054  # of 95 %, two-sided


def wilson(right: int, items: int, z: float = Z) -> tuple[float, float]:
    """The interval of a share of which `right` of `items` were seen; it stays within 0 and 1, also for all or none.

    Wilson 1927, JASA 22:209; Brown, Cai and DasGupta 2001, Statistical Science 16:101, recommend it.

    Args:
        right: 0..items.
        items: at least 1.
        z: the normal quantile of the confidence, by default of 95 %.
    """
    share, over = right / items, z * z / items
    centre = (share + over / 2) / (1 + over)
    half = z * math.sqrt(share * (1 - share) / items + over / (4 * items)) / (1 + over)
    return max(0.0, centre - half), min(1.0, centre + half)
