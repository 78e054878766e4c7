"""SGD: gradient descent, with momentum and Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flintglass.optimizers.arguments import common
from flintglass.optimizers.base import Optimizer
from flintglass.optimizers.blocks import called, move
from flintglass.program import Literal
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable


def sgd(w: Tensor, d: Tensor, rate: Tensor) -> Tensor:
    """The weight less the rate times its gradient."""
    return called(w - d * rate, "w'")


def sgd_momentum(w: Tensor, d: Tensor, velocity: Tensor, rate: Tensor, momentum: Tensor) -> Any:
    """The weight moved by its velocity, which keeps a share of itself and follows the gradient."""
    velocity = called(velocity * momentum - d * rate, "velocity'")
    return called(w + velocity, "w'"), velocity


def sgd_nesterov(w: Tensor, d: Tensor, velocity: Tensor, rate: Tensor, momentum: Tensor) -> Any:
    """As with momentum, the weight moved on by what the velocity would become.

    Source: Sutskever et al., "On the importance of initialization and momentum" (ICML 2013).
    """
    velocity = called(velocity * momentum - d * rate, "velocity'")
    return called(w + (velocity * momentum - d * rate), "w'"), velocity


class SGD(Optimizer):
    """Gradient descent: w -= learning_rate * gradient.

    With ``momentum`` a velocity is kept for each weight, v = momentum * v - learning_rate * gradient, and
    w += v; with ``nesterov`` too, w += momentum * v - learning_rate * gradient.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ValueError(f"{self.name}: momentum is a number from 0 to 1, not {momentum!r}")
        self.momentum = momentum
        self.nesterov = nesterov
        self.momentums: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make a velocity for each variable, where there is momentum."""
        if self.built:
            return
        super().build(variables)
        if self.momentum != 0:
            self.momentums = self.add_optimizer_variables(self._trained, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable, and its velocity."""
        rate = cast(learning_rate, variable.dtype)
        if not self.momentums:
            move(sgd, variable, gradient, (), rate)
            return
        block, momentum = sgd_nesterov if self.nesterov else sgd_momentum, Literal(self.momentum, variable.dtype)
        move(block, variable, gradient, [self.momentums[self._position(variable)]], rate, momentum)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
