"""PolynomialDecay: the rate falls from one number to another along a power."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.optimizers.schedules.base import LearningRateSchedule, as_float, require_steps


class PolynomialDecay(LearningRateSchedule):
    """end + (initial - end) * (1 - step / decay_steps) ** power, and ``end_learning_rate`` from then on.

    With ``cycle`` the rate rises again after each ``decay_steps`` and falls more slowly: decay_steps is
    multiplied by the smallest whole number that keeps it from lying before the step.
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        end_learning_rate: Any = 0.0001,
        power: Any = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        require_steps(name, "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        rate, step = as_float(self.initial_learning_rate, step)
        if self.cycle:
            done = step / (ops.maximum(ops.ceil(step / self.decay_steps), 1.0) * self.decay_steps)
        else:
            done = ops.minimum(step, float(self.decay_steps)) / self.decay_steps
        return (rate - self.end_learning_rate) * ops.power(1.0 - done, self.power) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }
