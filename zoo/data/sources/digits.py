"""1,797 handwritten digits of 8x8 pixels, embedded in scikit-learn: real data without a download.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits" (test part), UCI, 1998.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_digits

from zoo.data.raw import Items, Raw

if TYPE_CHECKING:
    from zoo.config import DataConfig


def read(data: DataConfig) -> Raw:
    """uint8 (1797, 8, 8, 1): the stored 0..16 spread over 0..255, so that `data.pixel_range` means the same here."""
    images, labels = load_digits(return_X_y=True)
    x = np.rint(images * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return Raw("digits", "image", tuple("0123456789"), Items(x, labels.astype(np.int32)), test=None)
