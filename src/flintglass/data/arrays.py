"""Arrays from what users hand over: NumPy, lists, tuples, ranges, frames, tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass import config
from flintglass.errors import DataError, warn
from flintglass.program.spec import dtype_name

_NUMBERS = (int, float, np.number, np.bool_)


def as_array(value: Any, place: str) -> np.ndarray:
    """One array with at least two axes: rank 1 becomes (n, 1), as in Keras; not copied where it fits."""
    if hasattr(value, "to_numpy"):  # frames and series
        value = value.to_numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{place}: {_why_no_array(value)}") from error
    if array.dtype.kind == "O" and array.size and all(isinstance(item, _NUMBERS) for item in array.flat):
        array = array.astype("float64")  # what a frame of mixed columns gives
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"{place}: numbers are expected, not values of dtype {array.dtype}"
            + _first_text(array)
            + "; turn texts and categories into numbers, and fill what is missing, first"
        )
    if array.ndim == 0:
        raise DataError(f"{place}: an array with a row for each example is expected, not the single number {array}")
    if len(array) == 0:
        raise DataError(f"{place} has no rows (its shape is {array.shape}): there is nothing to compute with")
    if array.dtype.kind == "f" and dtype_name(array.dtype) not in ("float16", "float32", "float64"):
        array = array.astype("float64")
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _first_text(array: np.ndarray) -> str:
    if array.dtype.kind not in "OUS" or not array.size:
        return ""
    position = next((i for i, item in enumerate(array.flat) if not isinstance(item, _NUMBERS)), 0)
    item = array.reshape(-1)[position]
    where = ", ".join(
        f"{name} {int(i)}" for name, i in zip(("row", "column"), np.unravel_index(position, array.shape), strict=False)
    )
    return f" (the first{' in ' + where if where else ''}: {item.item() if isinstance(item, np.generic) else item!r})"


def _why_no_array(value: Any) -> str:
    """What hinders a list from being an array."""
    if all(getattr(item, "ndim", 0) >= 2 for item in value):
        return (
            f"{len(value)} arrays of different shapes, where one is expected; targets are an argument of their own, "
            "as in fit(x, y)"
        )
    lengths = [len(item) if hasattr(item, "__len__") else None for item in value]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return "its rows are nested unevenly, so it is no array; make them equally long"
    told = ["a single number" if length is None else f"{length} entries" for length in (lengths[0], lengths[odd])]
    return (
        f"its rows differ in length, so it is no array: row 0 has {told[0]}, row {odd} has {told[1]}. Make all rows "
        "equally long"
    )


def as_arrays(data: Any, place: str, names: Sequence[str] | None = None) -> list[np.ndarray]:
    """A list of arrays: one for each input (or output) that ``data`` holds.

    A dict is read by ``names``. A list or tuple counts as several arrays where ``names`` has more than
    one, where it holds a single array with rows itself, and, where no names are known, where all its
    items are arrays, one at least with rows.
    """
    if isinstance(data, dict):
        return [as_array(data[name], f"{place}[{name!r}]") for name in _wanted(data, place, names)]
    if isinstance(data, (list, tuple)) and data and _is_several(data, names):
        return [as_array(item, f"{place}[{i}]") for i, item in enumerate(data)]
    return [as_array(data, place)]


def _wanted(data: Mapping[str, Any], place: str, names: Sequence[str] | None) -> list[str]:
    """The keys that are read, in order."""
    if names is None:
        return sorted(data)
    missing = [name for name in names if name not in data]
    if missing:
        unknown = sorted(map(str, set(data) - set(names)))
        raise DataError(
            f"{place}: the dict has no entry {missing[0]!r}"
            + (f", but {', '.join(map(repr, unknown))}, which the model does not know" if unknown else "")
            + (f"; the keys are {', '.join(map(repr, names))}" if len(names) > 1 else "; or give the array itself")
        )
    if len(data) > len(names):
        unread = sorted(map(str, set(data) - set(names)))
        warn(f"{place}: the model has nothing called {', '.join(map(repr, unread))}, which is not read")
    return list(names)


def _is_several(data: Sequence[Any], names: Sequence[str] | None) -> bool:
    ranks = [getattr(item, "ndim", 0) for item in data]
    if names is None:
        return min(ranks) >= 1 and max(ranks) >= 2
    return len(names) > 1 or (len(data) == 1 and ranks[0] >= 2)


def check_rows(arrays: Sequence[tuple[str, np.ndarray]], place: str) -> int:
    """The number of rows, which must be the same everywhere."""
    counts = {name: len(array) for name, array in arrays}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise DataError(f"{place}: all arrays need the same number of rows, one for each example, but {told}")
    return next(iter(counts.values()))


def entering_dtype(array: np.ndarray, wanted: str | None = None) -> str:
    """The dtype in which data enters a program: floats as the model's float, the rest as they are."""
    if wanted is not None:
        return wanted
    return config.floatx() if array.dtype.kind == "f" else dtype_name(array.dtype)
