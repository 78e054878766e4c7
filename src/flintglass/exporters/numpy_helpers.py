"""Functions that an exported script may need: their source is copied into it, so they use NumPy alone.

They carry no annotations, which would be noise in a script that is read.
"""

import base64
import math

import numpy as np


def array_of(given, name, dtype, shape):
    """An input as an array; ValueError where it has not the shape, in which None counts the rows."""
    array = np.asarray(given, dtype)
    if array.ndim == 1 and shape == (None, 1):
        array = array[:, None]
    if array.ndim != len(shape) or any(w not in (None, e) for w, e in zip(shape, array.shape)):  # noqa: B905
        wanted = ", ".join("n" if extent is None else str(extent) for extent in shape)
        raise ValueError(f"{name}: expected the shape ({wanted}), but got {array.shape}; n counts the rows")
    return array


def same_rows(**inputs):
    """Nothing, where all inputs have the same number of rows; else ValueError."""
    rows = {name: len(array) for name, array in inputs.items()}
    if len(set(rows.values())) > 1:
        raise ValueError(f"the inputs must have a row each for every example, but have {rows} rows")


def sigmoid(x):
    """1 / (1 + e ** -x)."""
    return 1 / (1 + np.exp(-x))


def erf(x):
    """The error function of each element."""
    return np.array([math.erf(t) for t in np.ravel(x).tolist()], x.dtype).reshape(x.shape)


def erf_inverse(x):
    """The number whose error function is x: an estimate by Winitzki (2008), and three steps of Halley's method."""

    def one(t):
        if not -1 < t < 1:
            return math.copysign(math.inf, t) if abs(t) == 1 else math.nan
        log = math.log((1 - t) * (1 + t))
        half = 2 / (math.pi * 0.147) + log / 2
        y = math.sqrt(math.sqrt(half * half - log / 0.147) - half)
        for _ in range(3):
            missed = math.erf(y) - abs(t) if y < 1 else (1 - abs(t)) - math.erfc(y)
            step = missed * math.exp(y * y) * math.sqrt(math.pi) / 2
            y -= step / (1 + y * step)
        return math.copysign(y, t)

    return np.array([one(t) for t in np.ravel(x).tolist()], x.dtype).reshape(x.shape)


def checked(indices, extent):
    """The indices, where all lie in 0..extent-1; else IndexError."""
    outside = indices[(indices < 0) | (indices >= extent)]
    if outside.size:
        raise IndexError(f"index {outside.flat[0]} is outside 0..{extent - 1}")
    return indices.astype("int64")


def lookup(table, indices, axis):
    """The elements of a table at these indices along one axis."""
    return np.take(table, checked(indices, table.shape[axis]), axis)


def lookup_in_each(table, indices, axis, batch):
    """The elements at these indices along one axis; for each place of the first ``batch`` axes in its own table."""
    rank = indices.ndim - batch
    grid = [g.reshape(g.shape + (1,) * rank) for g in np.ix_(*map(np.arange, indices.shape[:batch]))]
    found = np.moveaxis(table, axis, batch)[(*grid, checked(indices, table.shape[axis]))]
    return np.moveaxis(found, range(batch, batch + rank), range(axis, axis + rank))


def scatter_add(x, indices, updates, axis, batch=0):
    """x with updates added at these indices along one axis, the first ``batch`` axes being shared."""
    rank = indices.ndim - batch
    grid = [g.reshape(g.shape + (1,) * rank) for g in np.ix_(*map(np.arange, indices.shape[:batch]))]
    result = np.moveaxis(x, axis, batch).copy()
    updates = np.moveaxis(updates, range(axis, axis + rank), range(batch, batch + rank))
    np.add.at(result, (*grid, checked(indices, x.shape[axis])), updates)
    return np.moveaxis(result, batch, axis)


def running(ufunc, x, axis, reverse=False, exclusive=False):
    """Each element joined with all before it along one axis; exclusive: without itself."""
    x = np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0)
    if exclusive:
        x = np.concatenate([np.full_like(x[:1], ufunc.identity), x[:-1]])
    x = np.moveaxis(ufunc.accumulate(x, 0, x.dtype), 0, axis)
    return np.flip(x, axis) if reverse else x


def counted(shape, axis, dtype):
    """An array of the index of each element along one axis."""
    return np.broadcast_to(np.arange(shape[axis], dtype=dtype).reshape((-1,) + (1,) * (len(shape) - axis - 1)), shape)


def top_k(x, k):
    """The k largest along the last axis, descending, and their positions; of equal ones the first comes first."""
    places = x.shape[-1] - 1 - np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1][..., :k]
    return np.take_along_axis(x, places, -1), places.astype("int32")


def numbers(text, dtype, shape):
    """The array whose bytes, low ones first, the text spells in base 64."""
    return np.frombuffer(base64.b64decode(text), np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)


def difference(found, expected):
    """The largest difference as a part of the largest expected number; nan matches nan alone."""
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    if found.shape != expected.shape:
        return np.inf
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        distance = np.where(same, 0, np.abs(found - expected))
    return np.max(distance, initial=0) / (np.max(np.abs(expected[np.isfinite(expected)]), initial=0) or 1)
