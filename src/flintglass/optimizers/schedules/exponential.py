"""ExponentialDecay: the rate is multiplied by the same number again and again."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.optimizers.schedules.base import LearningRateSchedule, as_float, require_steps


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps); with ``staircase`` the exponent is whole."""

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        require_steps(name, "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        rate, step = as_float(self.initial_learning_rate, step)
        exponent = step / self.decay_steps
        return rate * ops.power(self.decay_rate, ops.floor(exponent) if self.staircase else exponent)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }
