"""Adamax: Adam with the largest gradient, slowly forgotten, in the place of the mean square."""

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
def _adamax(beta_1: float, beta_2: float, epsilon: float) -> Any:
    def adamax(w: Tensor, d: Tensor, m: Tensor, u: Tensor, rate: Tensor) -> Any:
        m = called(m + (d - m) * (1.0 - beta_1), "m'")
        u = called(ops.maximum(u * beta_2, ops.abs(d)), "u'")
        return called(w - m * rate / (u + epsilon), "w'"), m, u

    return adamax


class Adamax(Optimizer):
    """Adamax: w -= learning_rate / (1 - beta_1 ** t) * m / (u + epsilon) at step t.

    m is the running mean of the gradient, u the larger of beta_2 * u and the size of the gradient.
    Source: Kingma and Ba, "Adam" (ICLR 2015), section 7.
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
        self._m: list[Variable] = []
        self._u: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make m and u for each variable."""
        if self.built:
            return
        super().build(variables)
        self._m, self._u = self.add_optimizer_variables(self._trained, ["momentum", "norm"])

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable, its mean and its norm."""
        dtype, position = variable.dtype, self._position(variable)
        correction = 1.0 - ops.power(self.beta_1, self.next_iteration(dtype))
        rate = called(cast(learning_rate, dtype) / correction, "rate")
        block = _adamax(self.beta_1, self.beta_2, self.epsilon)
        move(block, variable, gradient, [self._m[position], self._u[position]], rate)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
