"""Dot: for each row, the sum of products of two inputs over an axis of each."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.layers.arguments import axes_within, is_whole
from flintglass.layers.merge import Merge, list_of_shapes, same_batch


class Dot(Merge):
    """Contracts ``axes`` of two inputs, row by row: (n, k) and (n, k) become (n, 1), and with ``axes=(2, 1)``
    (n, i, k) and (n, k, j) become (n, i, j).

    axes: one axis for both inputs, or a pair; axis 0 holds the rows and cannot be contracted. normalize: whether
    the vectors along the axes are scaled to length 1 first, so that the products are cosines.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = list(axes) if isinstance(axes, (list, tuple)) else [axes, axes]
        if not all(is_whole(axis) for axis in pair):
            raise TypeError(f"{self._place}: axes is a whole number or a pair of them, not {axes!r}")
        if len(pair) != 2 or 0 in pair:
            raise ValueError(
                f"{self._place}: axes is one axis for both inputs, or a pair, counted from 1, since axis 0 holds "
                f"the rows; not {axes!r}"
            )
        self.axes = axes
        self.normalize = normalize

    def _pair(self, ranks: tuple[int, int]) -> tuple[int, int]:
        """The contracted axis of each input, counted from 0."""
        first, second = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        found = axes_within(self._place, [first], ranks[0])[0], axes_within(self._place, [second], ranks[1])[0]
        if 0 in found:
            raise ShapeError(f"{self._place}: axes {self.axes} name axis 0 of an input, which holds the rows")
        return found

    def build(self, input_shape: Any = None) -> None:
        shapes = list_of_shapes(self._place, input_shape)
        if len(shapes) != 2:
            raise ShapeError(f"{self._place} takes two inputs, a list [a, b], not {len(shapes)}")
        same_batch(self._place, shapes)
        left, right = shapes
        first, second = self._pair((len(left), len(right)))
        if None not in (left[first], right[second]) and left[first] != right[second]:
            raise ShapeError(
                f"{self._place} contracts axis {first} of {left} with axis {second} of {right}, which must be equal, "
                f"but they are {left[first]} and {right[second]}"
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        left, right = inputs
        first, second = self._pair((left.ndim, right.ndim))
        if self.normalize:
            left, right = ops.normalize(left, axis=first), ops.normalize(right, axis=second)
        if left.ndim == 2 and right.ndim == 2:
            return ops.sum(left * right, axis=1, keepdims=True)
        left, right = ops.moveaxis(left, first, -1), ops.moveaxis(right, second, 1)
        n, *rows, extent = left.spec.shape
        _, _, *columns = right.spec.shape
        found = ops.matmul(
            ops.reshape(left, (n, _count(rows), extent)), ops.reshape(right, (n, extent, _count(columns)))
        )
        return ops.reshape(found, (n, *rows, *columns))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _count(extents: Any) -> Any:
    total: Any = 1
    for extent in extents:
        total = total * extent
    return total


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Two inputs contracted over axes, row by row; ``Dot`` called on them."""
    return Dot(axes=axes, **kwargs)(inputs)
