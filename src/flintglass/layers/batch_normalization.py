"""BatchNormalization: each column to mean 0 and variance 1 over the batch, and moving averages for use afterwards."""

from __future__ import annotations

from typing import Any

from flintglass import config, initializers, ops
from flintglass.layers.arguments import axes_within, is_whole, known_extents, share
from flintglass.layers.input_spec import InputSpec
from flintglass.layers.scaled import ScaledAndCentered, broadcasting


class BatchNormalization(ScaledAndCentered):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, for each column (``axis``) by itself.

    In training, mean and variance are those of the batch (the variance is the mean squared distance), and
    ``moving_mean`` and ``moving_variance`` go towards them: moving * momentum + batch * (1 - momentum). Outside
    training, and where the layer is not trainable, the moving ones are used. Source: Ioffe and Szegedy, "Batch
    Normalization" (2015).
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
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
        if not is_whole(axis) or axis == 0:
            raise ValueError(
                f"{self._place}: axis, the axis whose columns are kept apart, is a whole number other than 0, "
                f"since axis 0 holds the rows, not {axis!r}"
            )
        if renorm:
            raise ValueError(f"{self._place}: renorm=True is not supported; leave it out")
        self.axis = int(axis)
        self.input_spec = InputSpec(min_ndim=2)
        self.momentum = share(self._place, "momentum", momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = synchronized
        self.renorm_clipping = renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any = None) -> None:
        rank = len(input_shape)
        (axis,) = axes_within(self._place, [self.axis], rank)
        shape = known_extents(self._place, input_shape, [axis], "weights")
        self.add_scale_and_center(shape)
        self.moving_mean = self.add_weight(
            name="moving_mean", shape=shape, initializer=self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            name="moving_variance", shape=shape, initializer=self.moving_variance_initializer, trainable=False
        )
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: shape[0]})
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        kept = self.axis % inputs.ndim
        shape = tuple(inputs.spec.shape[axis] if axis == kept else 1 for axis in range(inputs.ndim))
        if not (training and self.trainable):
            centered = inputs - broadcasting(self.moving_mean, shape)
            return self.scaled(centered, broadcasting(self.moving_variance, shape), shape)
        others = tuple(axis for axis in range(inputs.ndim) if axis != kept)
        mean = _mean(inputs, others, mask)
        centered = inputs - broadcasting(mean, shape)
        variance = _mean(ops.square(centered), others, mask)
        for moving, found in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + found * (1.0 - self.momentum))
        return self.scaled(centered, broadcasting(variance, shape), shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **self.scale_and_center_config(),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": False,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _mean(values: Any, axes: tuple[int, ...], mask: Any) -> Any:
    """The mean along axes; where there is a mask, of what is true in it, with Keras's small number in the divisor."""
    if mask is None:
        return ops.mean(values, axes)
    kept = ops.broadcast_to(ops.cast(ops.expand_dims(mask, -1), values.dtype), ops.shape(values))
    return ops.sum(values * kept, axes) / (ops.sum(kept, axes) + config.epsilon())
