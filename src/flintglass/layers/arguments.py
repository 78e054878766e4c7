"""Arguments that several layers take, checked alike: each error names the layer, what was expected and what came."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.errors import ProgramError, ShapeError
from flintglass.names import automatic_name, snake_case
from flintglass.tracing.promotion import standard_dtype

_STEERING = ("Cc", "Cs")  # Unicode's control characters, which steer a terminal, and halves of surrogate pairs


def layer_name(name: Any, kind: str) -> str:
    """The name of a layer, its user's or an automatic one; / stands between names in the paths of weights."""
    if name is None:
        return automatic_name(snake_case(kind))
    if not isinstance(name, str):
        raise TypeError(f"{kind}: a name is a text, not {name!r}")
    if not name or "/" in name:
        raise ValueError(f"{kind}: a name is a text without '/', which stands between names in a path, not {name!r}")
    if not name.isprintable() and any(unicodedata.category(letter) in _STEERING for letter in name):
        raise ValueError(f"{kind}: a name is a text without control characters, not {name!a}")
    return name


def layer_dtype(dtype: Any, kind: str) -> str:
    """The dtype of a layer by its name; ValueError for what is none, such as Keras's policies of mixed precision."""
    try:
        return standard_dtype(dtype)
    except ProgramError as error:
        raise ValueError(
            f"{kind}: dtype is the name of a dtype, such as 'float32' or 'float64', not {dtype!r}; there are no "
            "policies of mixed precision"
        ) from error


def is_whole(value: Any) -> bool:
    """True for whole numbers, of Python or NumPy; False for truth values."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """True for finite numbers, of Python or NumPy; False for truth values."""
    known = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return known and math.isfinite(value)


def positive_whole(place: str, name: str, value: Any) -> int:
    """The value as a whole number from 1 up; ValueError for anything else."""
    if not is_whole(value) or value <= 0:
        raise ValueError(f"{place}: {name} is a positive whole number, not {value!r}")
    return int(value)


def from_zero_up(place: str, name: str, value: Any) -> Any:
    """The value, a finite number from 0 up; ValueError for anything else."""
    if not is_number(value) or value < 0:
        raise ValueError(f"{place}: {name} is a number from 0 up, not {value!r}")
    return value


def probability(place: str, name: str, value: Any, below_one: bool = False) -> Any:
    """The value, a number from 0 to 1 (1 itself left out with ``below_one``); ValueError for anything else."""
    if not is_number(value) or not 0 <= value <= 1 or (below_one and value == 1):
        until = "up to, but not, 1" if below_one else "to 1"
        raise ValueError(
            f"{place}: {name} is the share that is dropped, a number from 0 {until}, not {value!r}; "
            "a percentage is given as a hundredth, 20 % as 0.2"
        )
    return value


def whole_axes(place: str, axis: Any) -> list[int]:
    """The axes that an integer, or a list or tuple of them, names; TypeError for anything else."""
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if not all(is_whole(item) for item in axes):
        raise TypeError(f"{place}: axis is a whole number, or a list or tuple of them, not {axis!r}")
    return [int(item) for item in axes]


def axes_within(place: str, axes: Sequence[int], rank: int) -> list[int]:
    """The axes counted from 0; ShapeError for one that an input of this rank does not have."""
    for axis in axes:
        if not -rank <= axis < rank:
            raise ShapeError(f"{place}: axis {axis} does not exist in its input, which has {rank} axes")
    return [axis % rank for axis in axes]


def known_extents(place: str, shape: Sequence[Any], axes: Sequence[int], weights: str) -> tuple[int, ...]:
    """The extents of these axes; ShapeError where one is known only when the program runs."""
    for axis in axes:
        if shape[axis] is None:
            raise ShapeError(
                f"{place} needs to know axis {axis} of its input to make its {weights}, but the input's shape is "
                f"{tuple(shape)}; give that extent in Input(), or choose other axes"
            )
    return tuple(int(shape[axis]) for axis in axes)


def refuse_mask(place: str, mask: Any) -> None:
    """ValueError for a mask."""
    if mask is not None:
        raise ValueError(f"{place} takes no mask: masks are not supported; leave it out")


def share(place: str, name: str, value: Any) -> Any:
    """The value, a number from 0 to 1; ValueError for anything else."""
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{place}: {name} is a number from 0 to 1, not {value!r}")
    return value
