"""CosineDecay: the rate falls along half a wave of the cosine, after a straight rise where one is asked for."""

from __future__ import annotations

import math
from typing import Any

from flintglass import ops
from flintglass.optimizers.schedules.base import LearningRateSchedule, as_float, require_steps


class CosineDecay(LearningRateSchedule):
    """highest * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha), constant after decay_steps.

    highest is initial_learning_rate; with ``warmup_target`` the rate first rises from initial_learning_rate
    to that number within ``warmup_steps``, and falls from there within decay_steps more.
    Source: Loshchilov and Hutter, "SGDR" (ICLR 2017).
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        alpha: Any = 0.0,
        name: str = "CosineDecay",
        warmup_target: Any = None,
        warmup_steps: Any = 0,
    ) -> None:
        require_steps(name, "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        rate, step = as_float(self.initial_learning_rate, step)
        if self.warmup_target is None:
            return self._falling(step, rate)
        falling = self._falling(step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return falling
        rising = rate + (self.warmup_target - rate) * (step / self.warmup_steps)
        return ops.where(step < self.warmup_steps, rising, falling)

    def _falling(self, step: Any, highest: Any) -> Any:
        done = ops.minimum(step, float(self.decay_steps)) / self.decay_steps
        return highest * ((1.0 - self.alpha) * (0.5 * (1.0 + ops.cos(math.pi * done))) + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }
