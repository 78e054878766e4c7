"""Slabs: the arrays of variables laid next to each other, so that an engine can pass over them in one go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flintglass.engines.memory import aligned
from flintglass.tracing.variable import Variable


class Slab:
    """One array that holds the numbers of several variables, in order."""

    def __init__(self, variables: Sequence[Variable]) -> None:
        dtype = variables[0].storage.dtype
        self.array = aligned((sum(variable.storage.size for variable in variables),), dtype)
        start = 0
        for variable in variables:
            count = variable.storage.size
            view = self.array[start : start + count].reshape(variable.storage.shape)
            np.copyto(view, variable.storage)
            variable.move(view, self)
            start += count


def lay_together(variables: Sequence[Variable]) -> None:
    """Move variables that lie in no slab yet into one for each dtype; the others stay where they are."""
    by_dtype: dict[str, list[Variable]] = {}
    for variable in variables:
        if variable.owner is None:
            by_dtype.setdefault(variable.dtype, []).append(variable)
    for group in by_dtype.values():
        Slab(group)
