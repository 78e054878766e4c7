"""The table of kernels: what a kernel is, and how one is entered.

A kernel binds arrays once and returns what is run every time: ``kernel(inputs, outputs, attributes)``
returns a callable of no arguments that reads ``inputs`` and writes ``outputs``. Outputs are C-contiguous
arrays of the right shape and dtype; inputs may be views of any strides and may broadcast. A kernel of
an elementwise primitive must be right when an output is the same array as an input. Views
(``VIEWS``) map an array to a view that shares its memory, or to None where only a copy will do: such
lines cost nothing when a program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Thunk = Callable[[], Any]
Kernel = Callable[[Sequence[Array], Sequence[Array], Mapping[str, Any]], Thunk]
View = Callable[[Array, Mapping[str, Any]], "Array | None"]

KERNELS: dict[str, Kernel] = {}
VIEWS: dict[str, View] = {}


def kernel(function: Kernel) -> Kernel:
    """Enter a kernel under the name of its function, less a trailing underscore."""
    KERNELS[function.__name__.rstrip("_")] = function
    return function


def view(function: View) -> View:
    """Enter a view under the name of its function, less a trailing underscore."""
    VIEWS[function.__name__.rstrip("_")] = function
    return function
