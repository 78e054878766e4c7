"""CosineDecayRestarts: half waves of the cosine, one after the other, longer and lower each time."""

from __future__ import annotations

import math
from typing import Any

from flintglass import ops
from flintglass.optimizers.schedules.base import LearningRateSchedule, as_float, require_steps


class CosineDecayRestarts(LearningRateSchedule):
    """As CosineDecay, begun again after ``first_decay_steps``; each wave is ``t_mul`` times as long as the
    last and starts at ``m_mul`` times its height. Source: Loshchilov and Hutter, "SGDR" (ICLR 2017)."""

    def __init__(
        self,
        initial_learning_rate: Any,
        first_decay_steps: Any,
        t_mul: Any = 2.0,
        m_mul: Any = 1.0,
        alpha: Any = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        require_steps(name, "first_decay_steps", first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        rate, step = as_float(self.initial_learning_rate, step)
        wave, done = self._place(step / self.first_decay_steps)
        height = 0.5 * ops.power(self.m_mul, wave) * (1.0 + ops.cos(math.pi * done))
        return rate * ((1.0 - self.alpha) * height + self.alpha)

    def _place(self, lengths: Any) -> tuple[Any, Any]:
        """Which wave the step lies in, from 0 up, and the share of it that is done.

        lengths: the step in lengths of the first wave. The waves before wave i are sum t_mul ** j long.
        """
        if self.t_mul == 1:
            wave = ops.floor(lengths)
            return wave, lengths - wave
        wave = ops.floor(ops.log(1.0 - lengths * (1.0 - self.t_mul)) / math.log(self.t_mul))
        length = ops.power(self.t_mul, wave)
        return wave, (lengths - (1.0 - length) / (1.0 - self.t_mul)) / length

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
