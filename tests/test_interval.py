"""The interval of an accuracy, against scipy's."""

import pytest
from scipy import stats

from zoo.analysis.interval import wilson


@pytest.mark.parametrize(("right", "items"), [(0, 1), (1, 1), (0, 40), (40, 40), (354, 360), (5, 9), (8705, 10_000)])
def test_wilson_equals_scipy(right, items):
    expected = stats.binomtest(right, items).proportion_ci(method="wilson")
    assert wilson(right, items) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= wilson(right, items)[0] < wilson(right, items)[1] <= 1
