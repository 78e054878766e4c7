"""PiecewiseConstantDecay: one rate up to a step, another from there on, and so forth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import ops
from flintglass.optimizers.schedules.base import LearningRateSchedule
from flintglass.tracing.tensor import cast, convert


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and with step ``boundaries[0]``, then ``values[1]`` up to ``boundaries[1]``, and so on.

    ``values`` has one element more than ``boundaries``, which rise.
    """

    def __init__(self, boundaries: Sequence[Any], values: Sequence[Any], name: str = "PiecewiseConstant") -> None:
        for argument, given in (("boundaries", boundaries), ("values", values)):
            if isinstance(given, str) or not hasattr(given, "__len__"):
                raise ValueError(f"PiecewiseConstantDecay: {argument} is a list of numbers, not {given!r}")
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"{name}: there is one value more than there are boundaries: {len(boundaries)} boundaries take "
                f"{len(boundaries) + 1} values, not {len(values)}"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"{name}: boundaries rise from step to step, unlike {list(boundaries)}")
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        step = convert(step)
        rate = convert(self.values[-1])
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = ops.where(step <= cast(convert(boundary), step.dtype), convert(value, rate.dtype), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
