"""The host's tier: lines that the machine has computed by the reference kernels, called back with its memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flintglass.program import Program, Size

Shown = tuple[memoryview, str, list[int]]  # the memory of an array, its dtype, its shape
HostCall = Callable[[Sequence[Shown], Sequence[Shown]], None]


@functools.cache
def host_call(name: str, attributes: tuple[tuple[str, Any], ...]) -> HostCall:
    """The function that computes a line of this primitive with these attributes; equal lines share one.

    What it raises ends the run, and reaches who asked for it. The arrays are the machine's: it keeps none.
    """
    # Here, since loading the kernels takes 14 ms, of which most programs need nothing.
    from flintglass.engines.numpy_engine.kernels import KERNELS

    given = dict(attributes)
    # The machine binds the sizes of its own attributes, and none of these.
    assert not any(isinstance(value, (Size, Program, tuple)) for value in given.values()), attributes

    def call(inputs: Sequence[Shown], outputs: Sequence[Shown]) -> None:
        with np.errstate(all="ignore"):
            KERNELS[name]([_array(item) for item in inputs], [_array(item) for item in outputs], given)()

    call.__name__ = call.__qualname__ = name
    return call


def _array(item: Shown) -> np.ndarray:
    memory, dtype, shape = item
    return np.ndarray(shape, dtype, memory)
