"""InverseTimeDecay: the rate is divided by a number that grows with the step."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.optimizers.schedules.base import LearningRateSchedule, as_float, require_steps


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps); with ``staircase`` the quotient is whole."""

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        require_steps(name, "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        rate, step = as_float(self.initial_learning_rate, step)
        done = step / self.decay_steps
        return rate / (1.0 + self.decay_rate * (ops.floor(done) if self.staircase else done))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }
