"""RMSprop: steps divided by a running root mean square of the gradient."""

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
def _rmsprop(rho: float, momentum: float, epsilon: float, centered: bool) -> Any:
    def increment(d: Tensor, v: Tensor, rate: Tensor, mean: Tensor | None = None) -> Tensor:
        spread = v if mean is None else v - ops.square(mean)
        return d * rate / ops.sqrt(spread + epsilon)

    def squares(d: Tensor, v: Tensor) -> Tensor:
        return called(v * rho + ops.square(d) * (1.0 - rho), "v'")

    def rmsprop(w: Tensor, d: Tensor, v: Tensor, rate: Tensor) -> Any:
        v = squares(d, v)
        return called(w - increment(d, v, rate), "w'"), v

    def rmsprop_momentum(w: Tensor, d: Tensor, v: Tensor, m: Tensor, rate: Tensor) -> Any:
        v = squares(d, v)
        m = called(m * momentum + increment(d, v, rate), "m'")
        return called(w - m, "w'"), v, m

    def rmsprop_centered(w: Tensor, d: Tensor, v: Tensor, mean: Tensor, rate: Tensor) -> Any:
        v, mean = squares(d, v), called(mean * rho + d * (1.0 - rho), "mean'")
        return called(w - increment(d, v, rate, mean), "w'"), v, mean

    def rmsprop_centered_momentum(w: Tensor, d: Tensor, v: Tensor, mean: Tensor, m: Tensor, rate: Tensor) -> Any:
        v, mean = squares(d, v), called(mean * rho + d * (1.0 - rho), "mean'")
        m = called(m * momentum + increment(d, v, rate, mean), "m'")
        return called(w - m, "w'"), v, mean, m

    if centered:
        return rmsprop_centered_momentum if momentum > 0 else rmsprop_centered
    return rmsprop_momentum if momentum > 0 else rmsprop


class RMSprop(Optimizer):
    """Gradient descent with each step divided by the root of a running mean of the squared gradient.

    rho: the share of the mean that stays at each step. momentum: the share of the last step that is
    made again. centered: divide by the running standard deviation instead. epsilon: keeps the quotient
    finite. Source: Tieleman and Hinton, "Lecture 6.5 - rmsprop" (2012).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        self._kinds: list[list[Variable]] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make a velocity for each variable, and a mean and a momentum where they are asked for."""
        if self.built:
            return
        super().build(variables)
        # In the order of Keras's files, which is not that of the block's arguments.
        velocities = self.add_optimizer_variables(self._trained, "velocity")
        momenta = [self.add_optimizer_variables(self._trained, "momentum")] if self.momentum > 0 else []
        means = [self.add_optimizer_variables(self._trained, "average_gradient")] if self.centered else []
        self._kinds = [velocities, *means, *momenta]

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable, and what is kept for it."""
        block = _rmsprop(self.rho, self.momentum, self.epsilon, self.centered)
        slots = [kind[self._position(variable)] for kind in self._kinds]
        move(block, variable, gradient, slots, cast(learning_rate, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
