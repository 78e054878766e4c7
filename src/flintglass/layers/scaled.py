"""The contract of layers that bring numbers to one scale, then give each its own by gamma and beta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import constraints, initializers, ops, regularizers
from flintglass.layers.arguments import from_zero_up
from flintglass.layers.base import Layer


class ScaledAndCentered(Layer):
    """A layer with two weights: ``gamma``, which multiplies (``scale``), and ``beta``, which is added (``center``)."""

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = from_zero_up(self._place, "epsilon", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def add_scale_and_center(self, shape: Sequence[int]) -> None:
        """Make the weights that are asked for, gamma first."""
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def scaled(self, centered: Any, variance: Any, shape: Sequence[int]) -> Any:
        """Numbers of mean 0 brought to variance 1, times gamma, plus beta; ``shape`` is how those two broadcast."""
        factor = ops.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * broadcasting(self.gamma, shape)
        found = centered * factor
        return found if self.beta is None else found + broadcasting(self.beta, shape)

    def scale_and_center_config(self) -> dict[str, Any]:
        """What get_config says about the two weights."""
        return {
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def broadcasting(x: Any, shape: Sequence[int]) -> Any:
    """x in a shape that broadcasts against the input; itself where its axes are the input's last ones."""
    leading, behind = tuple(shape)[: -x.ndim], tuple(shape)[-x.ndim :]
    fits = behind == x.spec.shape and all(extent == 1 for extent in leading)
    return x if fits else ops.reshape(x, tuple(shape))
