"""Adadelta: steps as long as the last steps were, relative to the gradients."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flintglass import ops
from flintglass.optimizers.arguments import common
from flintglass.optimizers.base import Optimizer
from flintglass.optimizers.blocks import called, move
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable


# Equal settings give one function, so that all weights of all such optimizers share one block.
@lru_cache(maxsize=64)
def _adadelta(rho: float, epsilon: float) -> Any:
    def adadelta(w: Tensor, d: Tensor, v: Tensor, u: Tensor, rate: Tensor) -> Any:
        v = called(v * rho + ops.square(d) * (1.0 - rho), "v'")
        step = called(d * ops.sqrt(u + epsilon) / ops.sqrt(v + epsilon), "step")
        u = called(u * rho + ops.square(step) * (1.0 - rho), "u'")
        return called(w - step * rate, "w'"), v, u

    return adadelta


class Adadelta(Optimizer):
    """Adadelta: step = gradient * sqrt(u + epsilon) / sqrt(v + epsilon), w -= learning_rate * step.

    v is the running mean of the squared gradient, u that of the squared step; ``rho`` of both stays at each
    step. The paper's learning rate is 1. Source: Zeiler, "ADADELTA" (2012).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        self.rho = rho
        self.epsilon = epsilon
        self._accumulated_grads: list[Variable] = []
        self._accumulated_delta_vars: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make both running means for each variable."""
        if self.built:
            return
        super().build(variables)
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(
            self._trained, ["accumulated_grad", "accumulated_delta_var"]
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable and its means."""
        position = self._position(variable)
        slots = [self._accumulated_grads[position], self._accumulated_delta_vars[position]]
        move(_adadelta(self.rho, self.epsilon), variable, gradient, slots, cast(learning_rate, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "epsilon": self.epsilon,
        }
