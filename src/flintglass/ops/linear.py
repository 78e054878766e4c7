"""Products: of matrices, of tensors over chosen axes, inner and outer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.errors import ShapeError
from flintglass.ops.common import floating, normal_axis
from flintglass.ops.reductions import sum as _sum
from flintglass.ops.shapes import expand_dims, ravel
from flintglass.program import Dimension, Literal
from flintglass.tracing.tensor import Tensor, apply, convert, divide
from flintglass.tracing.tensor import matmul as _product


def matmul(x1: Any, x2: Any) -> Tensor:
    """The matrix product over the last two axes; those before broadcast, as in NumPy."""
    return _product(x1, x2)


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over pairs of axes: the last and first ``axes`` ones, or two lists of them."""
    x1, x2 = convert(x1), convert(x2)
    left, right = _paired(axes, x1.ndim, x2.ndim)
    rows = [axis for axis in range(x1.ndim) if axis not in left]
    columns = [axis for axis in range(x2.ndim) if axis not in right]
    a = _as_matrix(x1, rows, left)
    b = _as_matrix(x2, right, columns)
    shape = tuple(x1.spec.shape[axis] for axis in rows) + tuple(x2.spec.shape[axis] for axis in columns)
    return apply("reshape", _product(a, b), shape=shape)


def _paired(axes: Any, left: int, right: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, int):
        if not 0 <= axes <= min(left, right):
            raise ShapeError(f"tensordot: tensors of {left} and {right} axes have no {axes} in common to sum over")
        return list(range(left - axes, left)), list(range(axes))
    first, second = ([item] if isinstance(item, int) else list(item) for item in axes)
    return [normal_axis(axis, left) for axis in first], [normal_axis(axis, right) for axis in second]


def _as_matrix(x: Tensor, rows: Sequence[int], columns: Sequence[int]) -> Tensor:
    order = (*rows, *columns)
    if order != tuple(range(x.ndim)):
        x = apply("transpose", x, axes=order)
    shape = x.spec.shape
    return apply("reshape", x, shape=(_extent(shape[: len(rows)]), _extent(shape[len(rows) :])))


def _extent(shape: Sequence[Dimension]) -> Dimension:
    total: Dimension = 1
    for extent in shape:
        total = total * extent
    return total


def dot(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axis of x1 and the last but one of x2 (the only one of a vector)."""
    x1, x2 = convert(x1), convert(x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return x1 * x2
    if x1.ndim <= 2 and x2.ndim <= 2:
        return _product(x1, x2)
    return tensordot(x1, x2, ([x1.ndim - 1], [max(x2.ndim - 2, 0)]))


def inner(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axes."""
    x1, x2 = convert(x1), convert(x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return x1 * x2
    return tensordot(x1, x2, ([x1.ndim - 1], [x2.ndim - 1]))


def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of products of all elements."""
    return _product(ravel(x1), ravel(x2))


def outer(x1: Any, x2: Any) -> Tensor:
    """The product of every element of x1 with every element of x2."""
    return expand_dims(ravel(x1), 1) * expand_dims(ravel(x2), 0)


def normalize(x: Any, axis: Any = -1, order: float = 2, epsilon: float | None = None) -> Tensor:
    """The tensor divided by its norm along the axis; norms below epsilon (1e-7) count as that."""
    from flintglass import config
    from flintglass.ops.reductions import norm

    x = floating(x)
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        # Under the root, so that the gradient at 0 is finite.
        squares = _sum(apply("square", x), axis, keepdims=True)
        return divide(x, apply("sqrt", apply("maximum", squares, Literal(epsilon * epsilon, x.dtype))))
    size = norm(x, order, axis, keepdims=True)
    return divide(x, apply("maximum", size, Literal(epsilon, x.dtype)))


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """Sums of products written with one letter an axis: ``"ij,jk->ik"`` is the matrix product.

    Letters that the result lacks are summed over. No letter may stand twice in one operand, and ``...``
    is not known.
    """
    inputs, result = _read_subscripts(subscripts)
    tensors = [convert(operand) for operand in operands]
    if len(inputs) != len(tensors):
        raise ShapeError(f"einsum: {subscripts!r} names {len(inputs)} operands, but {len(tensors)} are given")
    unknown = sorted(set(result) - set("".join(inputs)))
    if unknown or len(set(result)) != len(result):
        raise ShapeError(
            f"einsum: the result {result!r} of {subscripts!r} holds {(unknown or [result])[0]!r}, which no operand has"
            if unknown
            else f"einsum: the result {result!r} of {subscripts!r} names an axis twice"
        )
    for letters, tensor in zip(inputs, tensors, strict=True):
        if len(letters) != tensor.ndim or len(set(letters)) != len(letters):
            raise ShapeError(f"einsum: {letters!r} does not name the axes of {list(tensor.spec.shape)}")
    letters, total = inputs[0], tensors[0]
    for number in range(1, len(tensors)):
        wanted = set(result).union(*inputs[number + 1 :])
        letters, total = _contract(letters, total, inputs[number], tensors[number], wanted)
    letters, total = _summed(letters, total, set(result))
    return apply("transpose", total, axes=tuple(letters.index(letter) for letter in result))


def _read_subscripts(subscripts: str) -> tuple[list[str], str]:
    text = subscripts.replace(" ", "")
    if "." in text:
        raise ShapeError("einsum: '...' is not supported; name every axis by a letter")
    left, arrow, right = text.partition("->")
    inputs = left.split(",")
    if not arrow:
        joined = "".join(inputs)
        right = "".join(sorted(letter for letter in set(joined) if joined.count(letter) == 1))
    return inputs, right


def _summed(letters: str, x: Tensor, wanted: set[str]) -> tuple[str, Tensor]:
    """The tensor summed over the letters that nobody wants."""
    axes = tuple(axis for axis, letter in enumerate(letters) if letter not in wanted)
    kept = "".join(letter for letter in letters if letter in wanted)
    return kept, _sum(x, axes) if axes else x


def _contract(letters1: str, x1: Tensor, letters2: str, x2: Tensor, wanted: set[str]) -> tuple[str, Tensor]:
    """The product of two tensors, summed over shared letters that are not wanted after it."""
    letters1, x1 = _summed(letters1, x1, wanted | set(letters2))
    letters2, x2 = _summed(letters2, x2, wanted | set(letters1))
    batch = [letter for letter in letters1 if letter in letters2 and letter in wanted]
    inner = [letter for letter in letters1 if letter in letters2 and letter not in wanted]
    rows = [letter for letter in letters1 if letter not in letters2]
    columns = [letter for letter in letters2 if letter not in letters1]
    a, extents1 = _grouped(letters1, x1, batch, rows, inner)
    b, extents2 = _grouped(letters2, x2, batch, inner, columns)
    extents = {**extents1, **extents2}
    order = [*batch, *rows, *columns]
    return "".join(order), apply("reshape", _product(a, b), shape=tuple(extents[letter] for letter in order))


def _grouped(letters: str, x: Tensor, *groups: Sequence[str]) -> tuple[Tensor, dict[str, Dimension]]:
    """The tensor with its axes in this order, each group made one axis (the first group kept apart)."""
    extents = dict(zip(letters, x.spec.shape, strict=True))
    order = tuple(letters.index(letter) for group in groups for letter in group)
    shape = [extents[letter] for letter in groups[0]]
    shape += [_extent([extents[letter] for letter in group]) for group in groups[1:]]
    return apply("reshape", apply("transpose", x, axes=order), shape=tuple(shape)), extents
