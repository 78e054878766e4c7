"""Lamb: Adam whose step is as long as its weight, relative to the step's own length."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flintglass import ops
from flintglass.optimizers.arguments import common
from flintglass.optimizers.base import Optimizer
from flintglass.optimizers.blocks import block_name, called
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable


# Equal settings give one function, so that all weights of all such optimizers share one block.
@lru_cache(maxsize=64)
def _direction(beta_1: float, beta_2: float, epsilon: float) -> Any:
    def lamb(d: Tensor, m: Tensor, v: Tensor, of_mean: Tensor, of_spread: Tensor) -> Any:
        m = called(m + (d - m) * (1.0 - beta_1), "m'")
        v = called(v + (ops.square(d) - v) * (1.0 - beta_2), "v'")
        return called((m / of_mean) / (ops.sqrt(v / of_spread) + epsilon), "direction"), m, v

    return lamb


def lamb_move(w: Tensor, direction: Tensor, rate: Tensor) -> Tensor:
    """The weight, moved against the direction."""
    return called(w - direction * rate, "w'")


class Lamb(Optimizer):
    """Lamb: w -= learning_rate * norm(w) / norm(direction) * direction, with Adam's direction.

    Where a norm is 0, their quotient counts as 1.
    Source: You et al., "Large batch optimization for deep learning" (ICLR 2020).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self._momentums: list[Variable] = []
        self._velocities: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make both running means for each variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(self._trained, ["momentum", "velocity"])

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable and its means."""
        dtype, position = variable.dtype, self._position(variable)
        step = self.next_iteration(dtype)
        of_mean, of_spread = (1.0 - ops.power(beta, step) for beta in (self.beta_1, self.beta_2))
        m, v = self._momentums[position], self._velocities[position]
        block = _direction(self.beta_1, self.beta_2, self.epsilon)
        direction, mean, square = each(block, gradient, m, v, of_mean, of_spread, name=block_name("lamb", dtype))
        length, size = _norm(variable), _norm(direction)
        ratio = ops.where(ops.logical_and(length > 0, size > 0), length / ops.where(size > 0, size, 1.0), 1.0)
        rate = called(cast(learning_rate, dtype) * ratio, "rate")
        variable.assign(each(lamb_move, variable, direction, rate, name=block_name("lamb_move", dtype)))
        m.assign(mean)
        v.assign(square)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }


def _norm(values: Any) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(values)))
