"""Adagrad: steps divided by the root of the sum of all squared gradients so far."""

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


# Equal settings give one function, so that all weights of all such optimizers share one block.
@lru_cache(maxsize=64)
def _adagrad(epsilon: float) -> Any:
    def adagrad(w: Tensor, d: Tensor, total: Tensor, rate: Tensor) -> Any:
        total = called(total + ops.square(d), "total'")
        return called(w - d * rate / ops.sqrt(total + epsilon), "w'"), total

    return adagrad


class Adagrad(Optimizer):
    """Adagrad: w -= learning_rate * gradient / sqrt(total + epsilon).

    total is the sum of the squared gradients, begun at ``initial_accumulator_value``.
    Source: Duchi et al., "Adaptive subgradient methods" (JMLR 2011).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon
        self._accumulators: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make a sum for each variable."""
        if self.built:
            return
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self._accumulators = self.add_optimizer_variables(self._trained, "accumulator", start)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable, and add to its sum."""
        total = self._accumulators[self._position(variable)]
        move(_adagrad(self.epsilon), variable, gradient, [total], cast(learning_rate, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
