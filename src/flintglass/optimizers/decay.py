"""Weight decay: before a step, every weight loses a share of itself, unless it is excluded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from flintglass.optimizers.blocks import block_name, called
from flintglass.program import Literal
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import cast
from flintglass.tracing.variable import Variable


class Exclusions:
    """The variables that are not decayed: given ones, and those whose name holds one of some texts.

    names: regular expressions, looked for in a variable's own name, such as "bias".
    """

    def __init__(self, variables: Iterable[Variable] | None = None, names: Iterable[str] | None = None) -> None:
        self.variables = list(variables or [])
        self.names = [names] if isinstance(names, str) else list(names or [])

    def holds(self, variable: Variable) -> bool:
        """True where the variable is left alone."""
        given = any(item is variable for item in self.variables)
        return given or any(re.search(name, variable.name) for name in self.names)


def decay_weights(variables: Sequence[Variable], weight_decay: float, learning_rate: Any) -> None:
    """Each variable w becomes w - w * weight_decay * learning_rate."""
    for variable in variables:
        share, rate = Literal(weight_decay, variable.dtype), cast(learning_rate, variable.dtype)
        variable.assign(each(_decay, variable, share, rate, name=block_name("weight_decay", variable.dtype)))


def _decay(w: Any, share: Any, rate: Any) -> Any:
    return called(w - w * share * rate, "w'")
