"""Adafactor: steps divided by a root mean square that is kept as one number a row and one a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flintglass import ops
from flintglass.optimizers.arguments import common
from flintglass.optimizers.base import Optimizer
from flintglass.optimizers.blocks import block_name, called
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable


def adafactor_move(w: Tensor, d: Tensor, v: Tensor, rate: Tensor) -> Tensor:
    """The weight, moved against its gradient, which is divided by the root of v."""
    return called(w - d / ops.sqrt(v) * rate, "w'")


class Adafactor(Optimizer):
    """Adafactor: w -= alpha * u / max(1, rms(u) / clip_threshold), for u = gradient / sqrt(v).

    alpha is max(epsilon_2, rms(w)) times the smaller of learning_rate and 1 / sqrt(t). v is a running mean of
    gradient ** 2 + epsilon_1, of which 1 - t ** beta_2_decay stays at step t; of a matrix only the means of
    its rows and of its columns are kept, and v is made of their products. ``relative_step`` limits a rate that
    is a number to 1 / sqrt(t).
    Source: Shazeer and Stern, "Adafactor" (ICML 2018).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step
        self._rows: list[Variable | None] = []
        self._columns: list[Variable | None] = []
        self._velocities: list[Variable] = []

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the running mean for each variable, and those of its rows and columns."""
        if self.built:
            return
        super().build(variables)
        for variable in self._trained:
            shape: Any = variable.spec.shape
            wide = len(shape) > 1
            for kept, kind in ((self._rows, shape[:-1]), (self._columns, (*shape[:-2], *shape[-1:]))):
                # Of a vector nothing is kept, but Keras's files hold a number in the place.
                mean = self.add_variable(
                    kind if wide else (), dtype=variable.dtype if wide else "int32", name=variable.name
                )
                kept.append(mean if wide else None)
            self._velocities.append(self.add_variable_from_reference(variable, "velocity"))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Move the variable and its means."""
        dtype, position = variable.dtype, self._position(variable)
        step = self.next_iteration(dtype)
        rate = ops.minimum(cast(learning_rate, dtype), 1.0 / ops.sqrt(step))
        rate = ops.maximum(_root_mean_square(variable), self.epsilon_2) * rate
        kept = 1.0 - ops.power(step, self.beta_2_decay)
        square = self._mean_square(position, ops.square(gradient) + self.epsilon_1, kept)
        length = _root_mean_square(gradient / ops.sqrt(square))
        rate = called(rate / ops.maximum(length / self.clip_threshold, 1.0), "rate")
        name = block_name("adafactor_move", dtype)
        variable.assign(each(adafactor_move, variable, gradient, square, rate, name=name))

    def _mean_square(self, position: int, square: Tensor, kept: Tensor) -> Tensor:
        """Take in a squared gradient; the running mean of them."""
        row, column, velocity = self._rows[position], self._columns[position], self._velocities[position]
        if row is None or column is None:
            found = _mixed(velocity, square, kept)
        else:
            row.assign(_mixed(row, ops.mean(square, axis=-1), kept))
            column.assign(_mixed(column, ops.mean(square, axis=-2), kept))
            share = row.value / ops.mean(row.value, axis=-1, keepdims=True)
            found = ops.expand_dims(share, -1) * ops.expand_dims(column.value, -2)
        velocity.assign(found)
        return found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _mixed(mean: Any, new: Tensor, kept: Tensor) -> Tensor:
    return mean * kept + new * (1.0 - kept)


def _root_mean_square(values: Any) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(values)))
