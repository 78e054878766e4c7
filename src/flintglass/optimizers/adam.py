"""Adam: steps of about one size, from running means of the gradient and of its square."""

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
def _adam(beta_1: float, beta_2: float, epsilon: float) -> Any:
    def adam(w: Tensor, d: Tensor, m: Tensor, v: Tensor, rate: Tensor) -> Any:
        m = called(m + (d - m) * (1.0 - beta_1), "m'")
        v = called(v + (ops.square(d) - v) * (1.0 - beta_2), "v'")
        return called(w - m * rate / (ops.sqrt(v) + epsilon), "w'"), m, v

    return adam


@lru_cache(maxsize=64)
def _amsgrad(beta_1: float, beta_2: float, epsilon: float) -> Any:
    def amsgrad(w: Tensor, d: Tensor, m: Tensor, v: Tensor, highest: Tensor, rate: Tensor) -> Any:
        m = called(m + (d - m) * (1.0 - beta_1), "m'")
        v = called(v + (ops.square(d) - v) * (1.0 - beta_2), "v'")
        highest = called(ops.maximum(highest, v), "highest'")
        return called(w - m * rate / (ops.sqrt(highest) + epsilon), "w'"), m, v, highest

    return amsgrad


class Adam(Optimizer):
    """Adam: w -= rate * m / (sqrt(v) + epsilon), for running means m of the gradient and v of its square.

    ``beta_1`` and ``beta_2`` are the shares of m and v that a step keeps. Since both start at 0, the
    rate is learning_rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t) at step t. With ``amsgrad`` the
    largest v so far stands in the root.
    Sources: Kingma and Ba, "Adam" (ICLR 2015); Reddi et al., "On the convergence of Adam" (ICLR 2018).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = amsgrad
        self._momentums: list[Variable] = []
        self._velocities: list[Variable] = []
        self._velocity_hats: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make m and v, and with ``amsgrad`` the largest v, for each variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(self._trained, ["momentum", "velocity"])
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(self._trained, "velocity_hat")

    def rate(self, learning_rate: Any, dtype: str) -> Tensor:
        """The learning rate of the next step, corrected for means that start at 0."""
        step = self.next_iteration(dtype)
        correction_1 = 1.0 - ops.power(self.beta_1, step)
        correction_2 = 1.0 - ops.power(self.beta_2, step)
        return called(cast(learning_rate, dtype) * ops.sqrt(correction_2) / correction_1, "rate")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable and its means."""
        # Every variable asks for the rate; a program keeps the first of these equal lines.
        rate = self.rate(learning_rate, variable.dtype)
        position = self._position(variable)
        slots = [self._momentums[position], self._velocities[position]]
        if self.amsgrad:
            slots.append(self._velocity_hats[position])
        block = (_amsgrad if self.amsgrad else _adam)(self.beta_1, self.beta_2, self.epsilon)
        move(block, variable, gradient, slots, rate)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
