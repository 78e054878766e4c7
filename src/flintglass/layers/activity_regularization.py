"""ActivityRegularization: the inputs themselves, with a penalty on their size added to the loss."""

from __future__ import annotations

from typing import Any

from flintglass import regularizers
from flintglass.layers.arguments import from_zero_up
from flintglass.layers.base import Layer


class ActivityRegularization(Layer):
    """Adds l1 * sum|x| + l2 * sum(x ** 2), averaged over the batch, to what training minimises."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.l1 = from_zero_up(self._place, "l1", l1)
        self.l2 = from_zero_up(self._place, "l2", l2)
        self.activity_regularizer = regularizers.L1L2(l1=l1, l2=l2)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer")
        return {**config, "l1": self.l1, "l2": self.l2}
