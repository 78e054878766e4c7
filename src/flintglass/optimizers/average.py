"""Averaged weights: a running mean of every weight, which takes the weight's place when training ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import ops
from flintglass.optimizers.blocks import block_name, called
from flintglass.optimizers.choice import choose
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable


def average(mean: Tensor, w: Tensor, kept: Tensor) -> Tensor:
    """A share of the mean stays, the rest is the weight's."""
    return called(mean * kept + w * (1.0 - kept), "average'")


def update_averages(means: Sequence[Variable], variables: Sequence[Variable], momentum: float, iterations: Any) -> None:
    """Each mean moves towards its weight; at iteration 0 it becomes the weight."""
    for mean, variable in zip(means, variables, strict=True):
        kept = cast(ops.not_equal(iterations, 0), variable.dtype) * momentum
        mean.assign(each(average, mean, variable, kept, name=block_name("average", variable.dtype)))


def overwrite_every(frequency: int, means: Sequence[Variable], variables: Sequence[Variable], iterations: Any) -> None:
    """Each weight becomes its mean where the iteration is one of every ``frequency``."""
    due = ops.equal((iterations + 1) % frequency, 0)
    for mean, variable in zip(means, variables, strict=True):
        variable.assign(choose(due, [mean.value], [variable.value])[0])
