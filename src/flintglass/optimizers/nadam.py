"""Nadam: Adam whose mean of the gradient looks one step ahead, as Nesterov's momentum does."""

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
def _nadam(beta_1: float, beta_2: float, epsilon: float) -> Any:
    def nadam(
        w: Tensor, d: Tensor, m: Tensor, v: Tensor, of_mean: Tensor, of_slope: Tensor, spread: Tensor, rate: Tensor
    ) -> Any:
        m = called(m + (d - m) * (1.0 - beta_1), "m'")
        v = called(v + (ops.square(d) - v) * (1.0 - beta_2), "v'")
        ahead = called(m * of_mean + d * of_slope, "ahead")
        return called(w - ahead * rate / (ops.sqrt(v / spread) + epsilon), "w'"), m, v

    return nadam


class Nadam(Optimizer):
    """Nadam: Adam with the mean of the gradient that the next step would see.

    Its share beta_1 is warmed up: at step t it is u(t) = beta_1 * (1 - 0.96 ** t / 2). With the product U of
    u(1) ... u(t), the numerator is u(t + 1) * m / (1 - U * u(t + 1)) + (1 - u(t)) * gradient / (1 - U).
    Source: Dozat, "Incorporating Nesterov momentum into Adam" (ICLR workshop 2016).
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
        self._product: Variable | None = None

    def build(self, variables: Iterable[Variable]) -> None:
        """Make m and v for each variable, and the product of the shares so far."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(self._trained, ["momentum", "velocity"])
        dtype = self._trained[0].dtype if self._trained else None
        self._product = self.add_variable((), "ones", dtype=dtype, name="u_product")

    def _share(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def begin_step(self) -> None:
        """Multiply the product of the shares by that of this step."""
        assert self._product is not None
        self._product.assign(self._product * self._share(self.next_iteration(self._product.dtype)))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable and its means."""
        assert self._product is not None
        dtype, position = variable.dtype, self._position(variable)
        step, product = self.next_iteration(dtype), cast(self._product.value, dtype)
        now, following = self._share(step), self._share(step + 1.0)
        of_mean = called(following / (1.0 - product * following), "of_mean")
        of_slope = called((1.0 - now) / (1.0 - product), "of_slope")
        spread = called(1.0 - ops.power(self.beta_2, step), "spread")
        slots = [self._momentums[position], self._velocities[position]]
        block = _nadam(self.beta_1, self.beta_2, self.epsilon)
        move(block, variable, gradient, slots, of_mean, of_slope, spread, cast(learning_rate, dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
