"""Arrays from what users hand over: NumPy, lists, tuples, ranges, frames, tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import config
from flintglass.errors import DataError
from flintglass.program.spec import dtype_name


def as_array(value: Any, place: str) -> np.ndarray:
    """One array with at least two axes: rank 1 becomes (n, 1), as in Keras; not copied where it fits."""
    if hasattr(value, "to_numpy"):  # frames and series
        value = value.to_numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{place}: its rows have different lengths, so it is no array ({error})") from error
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"{place}: numbers are expected, not values of dtype {array.dtype}"
            + _first_text(array)
            + "; turn texts and categories into numbers first"
        )
    if array.ndim == 0:
        raise DataError(f"{place}: an array with a row for each example is expected, not the single number {array}")
    if array.dtype.kind == "f" and dtype_name(array.dtype) not in ("float16", "float32", "float64"):
        array = array.astype("float64")
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _first_text(array: np.ndarray) -> str:
    if array.dtype.kind not in "OUS" or not array.size:
        return ""
    position = next((i for i, item in enumerate(array.reshape(-1)) if not isinstance(item, (int, float, np.number))), 0)
    row = np.unravel_index(position, array.shape)
    return f" (first at {tuple(int(i) for i in row)}: {array.reshape(-1)[position]!r})"


def as_arrays(data: Any, place: str, names: Sequence[str] | None = None) -> list[np.ndarray]:
    """A list of arrays: one for each input (or output) that ``data`` holds.

    A dict is read by ``names``. A list or tuple counts as several arrays only where the model has
    several (``names`` has more than one) or where its items are arrays with rows themselves.
    """
    expected = len(names) if names is not None else 1
    if isinstance(data, dict):
        wanted = list(names) if names is not None and set(names) <= set(data) else sorted(data)
        return [as_array(data[name], f"{place}[{name!r}]") for name in wanted]
    if isinstance(data, (list, tuple)) and _is_several(data, expected):
        return [as_array(item, f"{place}[{i}]") for i, item in enumerate(data)]
    return [as_array(data, place)]


def _is_several(data: Sequence[Any], expected: int) -> bool:
    if expected > 1:
        return True
    return len(data) == 1 and getattr(data[0], "ndim", 0) >= 2


def check_rows(arrays: Sequence[tuple[str, np.ndarray]]) -> int:
    """The number of rows, which must be the same everywhere and not zero."""
    counts = {name: len(array) for name, array in arrays}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise DataError(f"all arrays need the same number of rows, but {told}")
    rows = next(iter(counts.values()))
    if rows == 0:
        raise DataError(f"{next(iter(counts))} has no rows: there is nothing to compute with")
    return rows


def entering_dtype(array: np.ndarray, wanted: str | None = None) -> str:
    """The dtype in which data enters a program: floats as the model's float, the rest as they are."""
    if wanted is not None:
        return wanted
    return config.floatx() if array.dtype.kind == "f" else dtype_name(array.dtype)
