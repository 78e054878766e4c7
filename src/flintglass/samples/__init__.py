"""Small real data that comes with the package, so that a first look needs no download.

digits.npz: 1,797 scanned digits of 43 writers, images of 8 by 8 points from 0 to 16, with their labels: the test
part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (UCI Machine Learning Repository,
1998, https://doi.org/10.24432/C50P49), under the licence CC BY 4.0; the numbers are unchanged.
"""

from __future__ import annotations

from importlib import resources

import numpy as np


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images, float64 from 0 to 16 of shape (1797, 64), and labels, int64 of shape (1797,)."""
    with resources.files(__name__).joinpath("digits.npz").open("rb") as file, np.load(file) as data:
        return data["images"].astype("float64"), data["labels"].astype("int64")
