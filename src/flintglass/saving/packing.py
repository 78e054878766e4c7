"""Packing: nested Python values as JSON and arrays, and back, without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LONG = 32  # floats in a row from which on a list is kept as an array
MARK = "flintglass"  # the key of what JSON has no word for
_REFERRED = ("array", "scalar", "floats")


def pack(value: Any, arrays: list[np.ndarray], place: str) -> Any:
    """The value in JSON's terms; arrays are added to ``arrays``, and referred to by their number.

    Takes None, bools, numbers, texts, arrays, and lists, tuples and dicts (whose keys are texts) of these. TypeError,
    which names the place, for anything else.
    """
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fiub":
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return _referred(kind, np.asarray(value), arrays)
    if isinstance(value, (list, tuple)):
        if type(value) is list and len(value) >= LONG and all(type(item) is float for item in value):
            return _referred("floats", np.array(value, "float64"), arrays)
        items = [pack(item, arrays, f"{place}[{i}]") for i, item in enumerate(value)]
        return items if isinstance(value, list) else {MARK: "tuple", "items": items}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value) and MARK not in value:
        return {key: pack(item, arrays, f"{place}[{key!r}]") for key, item in value.items()}
    raise TypeError(
        f"{place} is a {type(value).__name__}, which cannot be kept in a file; None, bools, numbers, texts, arrays, "
        "and lists, tuples and dicts (by texts) of these can"
    )


def _referred(kind: str, array: np.ndarray, arrays: list[np.ndarray]) -> dict[str, Any]:
    arrays.append(array)
    return {MARK: kind, "array": len(arrays) - 1}


def unpack(value: Any, arrays: Sequence[np.ndarray]) -> Any:
    """What ``pack`` was given. ValueError for what it never makes: an array that is referred to twice, as a bomb is."""
    return _unpacked(value, arrays, set())


def _unpacked(value: Any, arrays: Sequence[np.ndarray], taken: set[int]) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, arrays, taken) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(MARK)
    if kind is None:
        return {key: _unpacked(item, arrays, taken) for key, item in value.items()}
    if kind == "tuple":
        return tuple(_unpacked(item, arrays, taken) for item in value["items"])
    number = value["array"]
    if kind not in _REFERRED or type(number) is not int or number < 0 or number in taken:
        raise ValueError(f"{str(kind)[:40]!r} {str(number)[:40]} is no array that is referred to once")
    taken.add(number)
    array = arrays[number]
    return array.tolist() if kind == "floats" else array[()] if kind == "scalar" else array
