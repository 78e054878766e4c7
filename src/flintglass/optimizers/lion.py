"""Lion: steps of one size, along the sign of a mean of the gradient."""

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
def _lion(beta_1: float, beta_2: float) -> Any:
    def lion(w: Tensor, d: Tensor, m: Tensor, rate: Tensor) -> Any:
        direction = called(ops.sign(m * beta_1 + d * (1.0 - beta_1)), "direction")
        return called(w - direction * rate, "w'"), called(m * beta_2 + d * (1.0 - beta_2), "m'")

    return lion


class Lion(Optimizer):
    """Lion: w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * gradient).

    m is a running mean of the gradient, of which ``beta_2`` stays at each step.
    Source: Chen et al., "Symbolic discovery of optimization algorithms" (NeurIPS 2023).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if not 0 < beta_1 <= 1:
            raise ValueError(
                f"{self.name}: beta_1 is a number above 0 and up to 1, not {beta_1!r}: without the mean, a step would "
                "follow the sign of one gradient"
            )
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self._momentums: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make a mean for each variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(self._trained, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable and its mean."""
        mean = self._momentums[self._position(variable)]
        move(_lion(self.beta_1, self.beta_2), variable, gradient, [mean], cast(learning_rate, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
        }
