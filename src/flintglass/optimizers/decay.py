"""Weight decay: before a step, every weight loses a share of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.optimizers.blocks import block_name, called
from flintglass.program import Literal
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import cast
from flintglass.tracing.variable import Variable


def decay_weights(variables: Sequence[Variable], weight_decay: float, learning_rate: Any) -> None:
    """Each variable w becomes w - w * weight_decay * learning_rate."""
    for variable in variables:
        share, rate = Literal(weight_decay, variable.dtype), cast(learning_rate, variable.dtype)
        variable.assign(each(_decay, variable, share, rate, name=block_name("weight_decay", variable.dtype)))


def _decay(w: Any, share: Any, rate: Any) -> Any:
    return called(w - w * share * rate, "w'")
