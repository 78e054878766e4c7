"""Ftrl: the weights that would have been best so far, with most of them at 0 where l1 asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flintglass import initializers, ops
from flintglass.optimizers.arguments import common
from flintglass.optimizers.base import Optimizer
from flintglass.optimizers.blocks import called, move
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable

_FROM_0_UP = (
    "initial_accumulator_value",
    "l1_regularization_strength",
    "l2_regularization_strength",
    "l2_shrinkage_regularization_strength",
)


# Equal settings give one function, so that all weights of all such optimizers share one block.
@lru_cache(maxsize=64)
def _ftrl(power: float, l1: float, l2: float, shrinkage: float, beta: float) -> Any:
    def ftrl(w: Tensor, d: Tensor, total: Tensor, linear: Tensor, rate: Tensor) -> Any:
        larger = called(total + ops.square(d), "total'")
        before, after = ops.power(total, -power), ops.power(larger, -power)
        slope = d + w * (2.0 * shrinkage) if shrinkage else d
        linear = called(linear + slope - w * ((after - before) / rate), "linear'")
        curve = called((after + beta) / rate + 2.0 * l2, "curve")
        near = ops.clip(linear, -l1, l1) if l1 else 0.0
        return called((near - linear) / curve, "w'"), larger, linear

    return ftrl


class Ftrl(Optimizer):
    """Ftrl: "follow the regularized leader", of use for wide and sparse linear models.

    total: the sum of the squared gradients, begun at ``initial_accumulator_value``; its power
    ``-learning_rate_power`` sets the rate of each weight. linear: the gradients so far, less what their steps
    have done. A weight whose linear part lies within ``l1_regularization_strength`` is 0.
    ``l2_regularization_strength`` and ``l2_shrinkage_regularization_strength`` draw weights to 0, the latter
    only by way of the gradient; ``beta`` adds to the curve.
    Source: McMahan et al., "Ad click prediction" (KDD 2013).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(**common(locals()))
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if learning_rate_power > 0:
            raise ValueError(f"{self.name}: learning_rate_power is a number up to 0, not {learning_rate_power!r}")
        for label in _FROM_0_UP:
            if getattr(self, label) < 0:
                raise ValueError(f"{self.name}: {label} is a number from 0 up, not {getattr(self, label)!r}")
        self._accumulators: list[Variable] = []
        self._linears: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make a sum and a linear part for each variable."""
        if self.built:
            return
        super().build(variables)
        starts = [initializers.Constant(self.initial_accumulator_value), "zeros"]
        self._accumulators, self._linears = self.add_optimizer_variables(
            self._trained, ["accumulator", "linear"], starts
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable, its sum and its linear part."""
        position = self._position(variable)
        block = _ftrl(
            self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )
        slots = [self._accumulators[position], self._linears[position]]
        move(block, variable, gradient, slots, cast(learning_rate, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
