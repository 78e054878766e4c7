"""Layers that add, multiply, average and compare their inputs element by element."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.layers.merge import Merge


class Add(Merge):
    """The sum of its inputs."""

    def pair(self, x: Any, y: Any) -> Any:
        return x + y


class Subtract(Merge):
    """The first of two inputs less the second."""

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ShapeError(f"{self._place} takes two inputs, a list [a, b] for a - b, not {len(input_shape)}")

    def pair(self, x: Any, y: Any) -> Any:
        return x - y


class Multiply(Merge):
    """The product of its inputs."""

    def pair(self, x: Any, y: Any) -> Any:
        return x * y


class Average(Add):
    """The mean of its inputs."""

    def merge(self, inputs: list[Any]) -> Any:
        return super().merge(inputs) / len(inputs)


class Maximum(Merge):
    """The largest of its inputs."""

    def pair(self, x: Any, y: Any) -> Any:
        return ops.maximum(x, y)


class Minimum(Merge):
    """The smallest of its inputs."""

    def pair(self, x: Any, y: Any) -> Any:
        return ops.minimum(x, y)


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of the inputs; ``Add`` called on them."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The first of two inputs less the second; ``Subtract`` called on them."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of the inputs; ``Multiply`` called on them."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of the inputs; ``Average`` called on them."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The largest of the inputs; ``Maximum`` called on them."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The smallest of the inputs; ``Minimum`` called on them."""
    return Minimum(**kwargs)(inputs)
