"""Tensors made from nothing, or from arrays: zeros, ones, ranges, identities, conversions and casts."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.ops.shapes import reshape, shape_of
from flintglass.program import Literal
from flintglass.tracing.promotion import result_dtype, standard_dtype, weak_dtype
from flintglass.tracing.tensor import Tensor, apply, convert
from flintglass.tracing.tensor import cast as _cast


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Tensor:
    """A tensor from an array, a number, a nested list (of tensors, too), or a tensor."""
    if sparse or ragged:
        raise ValueError("tensors are dense: `sparse` and `ragged` cannot be True")
    if isinstance(x, (list, tuple)) and _holds_tensors(x):
        from flintglass.ops.shapes import stack

        x = stack([convert_to_tensor(item, dtype) for item in x])
    return convert(x, dtype)


def _holds_tensors(x: Any) -> bool:
    return isinstance(x, Tensor) or (isinstance(x, (list, tuple)) and any(_holds_tensors(item) for item in x))


def array(x: Any, dtype: Any = None) -> Tensor:
    """A tensor from an array, a number, a nested list, or a tensor."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The numbers as a NumPy array of their own."""
    return np.array(x.array if isinstance(x, Tensor) else x)


def is_tensor(x: Any) -> bool:
    """Whether this is a tensor (variables are)."""
    return isinstance(x, Tensor)


def cast(x: Any, dtype: Any) -> Tensor:
    """The tensor in another dtype; floats become whole numbers towards 0."""
    return _cast(x, dtype)


def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """The tensor in another dtype; what lies outside its range becomes the nearest number of it."""
    x = convert(x)
    wanted = standard_dtype(dtype)
    if wanted == "bool" or x.dtype == "bool":
        return _cast(x, wanted)
    low, high = _range(wanted)
    lowest, highest = _range(x.dtype)
    if low > lowest:
        x = apply("maximum", x, Literal(low, x.dtype))
    if high < highest:
        x = apply("minimum", x, Literal(high, x.dtype))
    return _cast(x, wanted)


def _range(dtype: str) -> tuple[Any, Any]:
    limits = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    return limits.min.item() if hasattr(limits.min, "item") else limits.min, (
        limits.max.item() if hasattr(limits.max, "item") else limits.max
    )


def dtype(x: Any) -> str:
    """The name of the dtype."""
    return convert(x).dtype


def copy(x: Any) -> Tensor:
    """A tensor with numbers of its own."""
    x = convert(x)
    return Tensor(x.numpy()) if x.is_concrete else x


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor of this shape that holds one number (or a tensor, broadcast)."""
    wanted = standard_dtype(dtype)
    extents = shape_of(shape)
    if isinstance(fill_value, (bool, int, float)):
        return apply("broadcast", Literal(fill_value, wanted), shape=extents)
    return apply("broadcast", convert(fill_value, wanted), shape=extents)


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros of this shape."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones of this shape."""
    return full(shape, 1, dtype)


empty = zeros


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """One number in the shape, and unless another is given the dtype, of x."""
    x = convert(x)
    return full(x.spec.shape, fill_value, dtype or x.dtype)


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros in the shape of x."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones in the shape of x."""
    return full_like(x, 1, dtype)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Numbers from start (0) up to stop, which is left out, in steps (1)."""
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if isinstance(step, (int, float)) and step == 0:
        raise ValueError("arange: steps of 0 lead nowhere; step is a number above or below 0")
    if dtype is None:
        dtype = result_dtype(*(_dtype_of(item) for item in (start, stop, step)))
    wanted = standard_dtype(dtype)
    if hasattr(stop, "terms") or hasattr(start, "terms"):
        return _named_range(start, stop, step, wanted)
    numbers = [item.item() if isinstance(item, Tensor) else item for item in (start, stop, step)]
    return convert(np.arange(*numbers, dtype=wanted))


def _dtype_of(number: Any) -> str:
    if hasattr(number, "terms"):
        return "int32"
    return weak_dtype(number) if isinstance(number, (bool, int, float)) else convert(number).dtype


def _named_range(start: Any, stop: Any, step: int, dtype: str) -> Tensor:
    """The range whose length is an expression of named sizes."""
    count = shape_of((stop - start) // step)
    return apply("iota", shape=count, axis=0, dtype=dtype) * step + start


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """``num`` numbers from start to stop at equal distances; with ``retstep``, the distance too."""
    if dtype is None:
        dtype = result_dtype(*(_dtype_of(item) for item in (start, stop)), "float")
    wanted = standard_dtype(dtype)
    low, high = (np.asarray(x.array if isinstance(x, Tensor) else x, wanted) for x in (start, stop))
    points, distance = np.linspace(low, high, num, endpoint, retstep=True, dtype=wanted, axis=axis)
    return (convert(points), convert(np.asarray(distance, wanted))) if retstep else convert(points)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix with ones on a diagonal (``k`` above the main one), zeros elsewhere."""
    rows, columns = _grid(N, N if M is None else M)
    ones_and_zeros = apply("equal", rows + k, columns) if k else apply("equal", rows, columns)
    return _cast(ones_and_zeros, standard_dtype(dtype))


def identity(n: int, dtype: Any = None) -> Tensor:
    """The square matrix with ones on its diagonal."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix with ones on and below a diagonal, zeros elsewhere."""
    rows, columns = _grid(N, N if M is None else M)
    return _cast(columns <= rows + k, standard_dtype(dtype))


def tril(x: Any, k: int = 0) -> Tensor:
    """The elements on and below a diagonal, zeros elsewhere."""
    x = convert(x)
    rows, columns = _grid(*x.spec.shape[-2:])
    return apply("select", columns <= rows + k, x, Literal(0, x.dtype))


def triu(x: Any, k: int = 0) -> Tensor:
    """The elements on and above a diagonal, zeros elsewhere."""
    x = convert(x)
    rows, columns = _grid(*x.spec.shape[-2:])
    return apply("select", columns >= rows + k, x, Literal(0, x.dtype))


def _grid(rows: Any, columns: Any) -> tuple[Tensor, Tensor]:
    """The row number and the column number of each element of a matrix."""
    shape = (*shape_of(rows), *shape_of(columns))
    return apply("iota", shape=shape, axis=0, dtype="int32"), apply("iota", shape=shape, axis=1, dtype="int32")


def diag(x: Any, k: int = 0) -> Tensor:
    """The matrix whose diagonal is the vector x, or the diagonal of the matrix x."""
    x = convert(x)
    if x.ndim == 2:
        return diagonal(x, k)
    before, count = (k if k > 0 else 0), int(x.spec.shape[0])
    side = count + (k if k > 0 else -k)
    rows = reshape(_at(x, side, before), (1, side))
    return apply("select", _cast(eye(side, k=k), "bool"), *_same(rows, side))


def _at(x: Tensor, side: int, before: int) -> Tensor:
    """A vector of this length with x inside."""
    from flintglass.ops.shapes import concatenate

    parts = [zeros((before,), x.dtype), x, zeros((side - before - int(x.spec.shape[0]),), x.dtype)]
    return concatenate([part for part in parts if part.spec.shape != (0,)])


def _same(rows: Tensor, side: int) -> tuple[Tensor, Literal]:
    return apply("broadcast", rows, shape=(side, side)), Literal(0, rows.dtype)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of two axes, along a new last axis."""
    from flintglass.ops.shapes import moveaxis

    x = moveaxis(convert(x), (axis1, axis2), (-2, -1))
    rows, columns = (int(extent) for extent in x.spec.shape[-2:])
    start = offset if offset >= 0 else -offset * columns
    count = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    # In the flat matrix an element of the diagonal is columns + 1 behind the one before.
    start, stop = (start, start + (count - 1) * (columns + 1) + 1) if count > 0 else (0, 0)
    flat, whole = reshape(x, (*x.spec.shape[:-2], rows * columns)), (None,) * (x.ndim - 2)
    steps = (*(1 for _ in whole), columns + 1)
    return apply("slice", flat, start=(*whole, start), stop=(*whole, stop), step=steps)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal of two axes."""
    from flintglass.ops.reductions import sum as _sum

    return _sum(diagonal(x, offset, axis1, axis2), -1)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid, one tensor an axis."""
    vectors = [reshape(item, (-1,)) for item in x]
    order = [1, 0, *range(2, len(vectors))] if indexing == "xy" and len(vectors) > 1 else [*range(len(vectors))]
    grid = tuple(vectors[i].spec.shape[0] for i in order)
    shown = []
    for i, vector in enumerate(vectors):
        extents = tuple(vector.spec.shape[0] if place == i else 1 for place in order)
        shown.append(apply("broadcast", apply("reshape", vector, shape=extents), shape=grid))
    return shown
