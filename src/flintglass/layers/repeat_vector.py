"""RepeatVector: each row several times, as the rows of a matrix."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.arguments import is_whole, positive_whole
from flintglass.layers.base import Layer
from flintglass.layers.input_spec import InputSpec


class RepeatVector(Layer):
    """Repeats each row ``n`` times: (batch, features) becomes (batch, n, features)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_whole(n):
            raise TypeError(f"{self._place}: n, the number of times, is a positive whole number, not {n!r}")
        self.n = positive_whole(self._place, "n, the number of times,", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        rows, features = inputs.spec.shape
        return ops.broadcast_to(ops.reshape(inputs, (rows, 1, features)), (rows, self.n, features))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
