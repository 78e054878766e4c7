"""split_dataset: the rows of arrays, in two parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.errors import DataError
from flintglass.tracing.structure import flatten, map_leaves


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Two parts of arrays (one, or nested ones with the same number of rows), in the same nesting.

    A size is a share between 0 and 1 or a number of rows; what is not given is what is left over.
    """
    arrays = [np.asarray(leaf) for leaf in flatten(dataset)]
    if not arrays or any(array.ndim == 0 or len(array) != len(arrays[0]) for array in arrays):
        raise DataError("split_dataset takes arrays that all have the same number of rows")
    rows = len(arrays[0])
    left, right = _rows(left_size, rows, "left_size"), _rows(right_size, rows, "right_size")
    if left is None and right is None:
        raise DataError("split_dataset needs left_size, right_size or both")
    left = rows - right if left is None and right is not None else left
    assert left is not None
    right = rows - left if right is None else right
    if left + right > rows or left < 1 or right < 1:
        raise DataError(
            f"split_dataset: {left} and {right} rows are asked for, of {rows}; each part needs one at least"
        )
    order = np.random.RandomState(seed).permutation(rows) if shuffle else np.arange(rows)
    first, second = order[:left], order[left : left + right]
    return (
        map_leaves(lambda leaf: np.asarray(leaf)[first], dataset),
        map_leaves(lambda leaf: np.asarray(leaf)[second], dataset),
    )


def _rows(size: float | int | None, rows: int, name: str) -> int | None:
    if size is None:
        return None
    if (
        isinstance(size, bool)
        or not isinstance(size, (int, float))
        or size <= 0
        or (isinstance(size, float) and size >= 1)
    ):
        raise DataError(f"split_dataset: {name} is a share between 0 and 1 or a number of rows, not {size!r}")
    return round(size * rows) if isinstance(size, float) else size
