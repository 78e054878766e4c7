"""PReLU: a rectifier whose slope below 0 is learned."""

from __future__ import annotations

from typing import Any

from flintglass import activations, constraints, initializers, regularizers
from flintglass.errors import ShapeError
from flintglass.layers.arguments import axes_within, known_extents, whole_axes
from flintglass.layers.base import Layer
from flintglass.layers.input_spec import InputSpec


class PReLU(Layer):
    """x from 0 up, x times ``alpha`` below; alpha is a weight of the shape of a row.

    shared_axes: axes, counted from 1, along which one slope serves all.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = None if shared_axes is None else whole_axes(self._place, shared_axes)
        if self.shared_axes is not None and 0 in self.shared_axes:
            raise ValueError(
                f"{self._place}: shared_axes counts from 1, since axis 0 holds the rows, not {shared_axes!r}"
            )
        self.supports_masking = True
        self.alpha: Any = None

    def build(self, input_shape: Any = None) -> None:
        rank = len(input_shape)
        if rank == 0:
            raise ShapeError(f"{self._place} takes rows, not a scalar")
        shared = axes_within(self._place, self.shared_axes or [], rank)
        own = [axis for axis in range(1, rank) if axis not in shared]
        extents = dict(zip(own, known_extents(self._place, input_shape, own, "slopes"), strict=True))
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(extents.get(axis, 1) for axis in range(1, rank)),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        self.input_spec = InputSpec(ndim=rank, axes=extents if shared else {})
        self.built = True

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
