"""The contract of layers that merge several inputs into one, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.layers.base import Layer


class Merge(Layer):
    """A layer of a list of inputs. Subclasses define ``merge(inputs)``, or ``pair(x, y)`` to go from left to right.

    Extents of 1 stretch; an input of a lower rank gets axes of extent 1 behind its batch, as in Keras.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        shapes = list_of_shapes(self._place, input_shape)
        same_batch(self._place, shapes)
        rank = max(len(shape) for shape in shapes)
        for extents in zip(*(_widened(shape[1:], rank - 1) for shape in shapes), strict=True):
            if len({extent for extent in extents if extent not in (None, 1)}) > 1:
                raise ShapeError(
                    f"{self._place} merges inputs whose extents are equal or 1, but got {_shown(shapes)}: "
                    f"{', '.join(map(str, extents))} do not fit together"
                )
        self.built = True

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise ShapeError(f"{self._place} {_ONE_LIST}")
        rank = max(tensor.ndim for tensor in inputs)
        return self.merge([_of_rank(tensor, rank) for tensor in inputs])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Where any input counts; None where one of them has no mask."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        found, *others = previous_mask
        for mask in others:
            found = ops.logical_or(found, mask)
        return found

    def merge(self, inputs: list[Any]) -> Any:
        """The output for inputs of the same rank."""
        output = inputs[0]
        for tensor in inputs[1:]:
            output = self.pair(output, tensor)
        return output

    def pair(self, x: Any, y: Any) -> Any:
        """Two inputs made one."""
        raise NotImplementedError(f"{type(self).__name__} defines neither merge() nor pair()")


_ONE_LIST = "merges several inputs: call it on a list of them, layer([a, b])"


def list_of_shapes(place: str, input_shape: Any) -> list[tuple[Any, ...]]:
    """The shapes of a list of inputs; ShapeError where the layer was called on a single one."""
    if not isinstance(input_shape, (list, tuple)) or not all(isinstance(shape, tuple) for shape in input_shape):
        raise ShapeError(f"{place} {_ONE_LIST}; it was called on one of shape {input_shape}")
    if not input_shape or any(not shape for shape in input_shape):
        raise ShapeError(f"{place} {_ONE_LIST}; each needs a batch axis, but the shapes are {_shown(input_shape)}")
    return list(input_shape)


def same_batch(place: str, shapes: Sequence[tuple[Any, ...]]) -> None:
    """ShapeError where inputs have different numbers of rows."""
    if len({shape[0] for shape in shapes if shape[0] is not None}) > 1:
        raise ShapeError(f"{place} merges inputs with the same number of rows, but got {_shown(shapes)}")


def _shown(shapes: Sequence[Any]) -> str:
    return " and ".join(str(tuple(shape)) for shape in shapes)


def _widened(extents: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    return (1,) * (count - len(extents)) + extents


def _of_rank(tensor: Any, rank: int) -> Any:
    """The tensor with axes of extent 1 behind its first, until it has this rank."""
    missing = rank - tensor.ndim
    return ops.expand_dims(tensor, tuple(range(1, 1 + missing))) if missing else tensor
