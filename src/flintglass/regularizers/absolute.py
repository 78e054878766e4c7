"""L1 and L2: penalties on the absolute values and on the squares of the elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass import config, ops
from flintglass.ops.common import floating
from flintglass.regularizers.base import Regularizer, checked_factor
from flintglass.tracing.tensor import Tensor


class L1(Regularizer):
    """l1 times the sum of the absolute values."""

    def __init__(self, l1: float = 0.01) -> None:
        # Rounded to the default float, as Keras does for this one; so its configurations say 0.00999....
        self.l1 = np.dtype(config.floatx()).type(checked_factor("l1", 0.01 if l1 is None else l1)).item()

    def __call__(self, x: Any) -> Tensor:
        return ops.sum(ops.absolute(floating(x))) * self.l1

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 times the sum of the squares."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = checked_factor("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        return ops.sum(ops.square(floating(x))) * self.l2

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 times the sum of the absolute values, plus l2 times the sum of the squares."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = checked_factor("l1", 0.0 if l1 is None else l1)
        self.l2 = checked_factor("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        x = floating(x)
        penalties = []
        if self.l1:
            penalties.append(ops.sum(ops.absolute(x)) * self.l1)
        if self.l2:
            penalties.append(ops.sum(ops.square(x)) * self.l2)
        return sum(penalties[1:], penalties[0]) if penalties else ops.zeros((), x.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}
