"""GroupNormalization: groups of columns of each row to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.arguments import axes_within, is_whole, known_extents
from flintglass.layers.input_spec import InputSpec
from flintglass.layers.scaled import ScaledAndCentered


class GroupNormalization(ScaledAndCentered):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over a group of neighbouring columns
    (``axis``) and all other axes of the row.

    groups: how many; -1 puts each column into a group of its own. Source: Wu and He, "Group Normalization" (2018).
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        if not is_whole(groups) or (groups <= 0 and groups != -1):
            raise ValueError(
                f"{self._place}: groups is a positive whole number, or -1 for one a column, not {groups!r}"
            )
        if not is_whole(axis) or axis == 0:
            raise ValueError(
                f"{self._place}: axis is a whole number other than 0, since axis 0 holds the rows, not {axis!r}"
            )
        self.groups = int(groups)
        self.axis = int(axis)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any = None) -> None:
        rank = len(input_shape)
        (axis,) = axes_within(self._place, [self.axis], rank)
        (columns,) = known_extents(self._place, input_shape, [axis], "weights")
        if self.groups == -1:
            self.groups = columns
        if columns % self.groups:
            raise ValueError(
                f"{self._place}: {columns} columns do not divide into {self.groups} groups of equal size; choose "
                f"groups among the divisors of {columns}"
            )
        self.add_scale_and_center((columns,))
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: columns})
        self.built = True

    def call(self, inputs: Any) -> Any:
        axis = self.axis % inputs.ndim
        extents = inputs.spec.shape
        grouped = ops.reshape(
            inputs, (*extents[:axis], self.groups, extents[axis] // self.groups, *extents[axis + 1 :])
        )
        others = [place for place in range(1, grouped.ndim) if place != axis]
        centered = grouped - ops.mean(grouped, others, keepdims=True)
        variance = ops.mean(ops.square(centered), others, keepdims=True)
        shape = [grouped.spec.shape[place] if place in (axis, axis + 1) else 1 for place in range(grouped.ndim)]
        return ops.reshape(self.scaled(centered, variance, shape), extents)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **self.scale_and_center_config(),
        }
