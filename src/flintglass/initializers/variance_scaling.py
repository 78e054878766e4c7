"""VarianceScaling: random numbers whose variance shrinks with the number of inputs or outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from flintglass.errors import nearest
from flintglass.initializers.base import PRICE_OF_A_TRUNCATED_NORMAL, RandomInitializer
from flintglass.tracing.tensor import Tensor

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")
TRUNCATED_DEVIATION = 0.87962566103423978  # of a standard normal cut off at 2 standard deviations


class VarianceScaling(RandomInitializer):
    """Numbers of the variance ``scale`` / fan; the fan is the number of inputs, of outputs, or their mean.

    input_axes, output_axes: the axes whose extents multiply to the fans, where the shape does not say.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if scale <= 0.0:
            raise ValueError(f"VarianceScaling: scale is a number above 0, not {scale}")
        if mode not in MODES:
            raise ValueError(f"VarianceScaling: unknown mode {mode!r}. {nearest(mode, MODES)}")
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"VarianceScaling: unknown distribution {distribution!r}. {nearest(distribution, DISTRIBUTIONS)}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self.draw_uniform(shape, -limit, limit, dtype)
        if self.distribution == "untruncated_normal":
            return self.draw_normal(shape, 0.0, math.sqrt(variance), dtype)
        return self.draw_truncated_normal(shape, 0.0, math.sqrt(variance) / TRUNCATED_DEVIATION, dtype)

    def price(self, shape: Any) -> float:
        return PRICE_OF_A_TRUNCATED_NORMAL if self.distribution == "truncated_normal" else super().price(shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


def fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs and outputs a weight of this shape joins; axes before the last two multiply both."""
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    rest = math.prod(shape[:-2])
    return shape[-2] * rest, shape[-1] * rest
