"""Arrays as Python text that gives the same bits back: decimals where a person would read them, else base 64."""

from __future__ import annotations

import base64
import textwrap

import numpy as np

READABLE = 256  # numbers; more of them nobody reads, and base 64 is a third of their size
WIDTH = 100


def array_text(array: np.ndarray) -> tuple[str, bool]:
    """The expression of an array, and whether it needs the helper ``numbers``."""
    if array.size <= READABLE and np.isfinite(array).all():
        text = _decimals(array)
        if text is not None:
            return text, False
    spelled = base64.b64encode(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).decode("ascii")
    lines = "\n".join(spelled[start : start + WIDTH] for start in range(0, len(spelled), WIDTH))
    return f'numbers("""\n{lines}\n""", "{array.dtype.name}", {array.shape})', True


def _decimals(array: np.ndarray) -> str | None:
    """Nested lists of the shortest decimals; None where NumPy would read one of them as its neighbour."""
    again = np.array([float(str(x)) for x in array.ravel()], "float64") if array.dtype.kind == "f" else array
    if not np.array_equal(again.astype(array.dtype).reshape(array.shape), array):
        return None
    text = f'np.array({_nested(array)}, "{array.dtype.name}")'
    if array.size == 0:
        text = f'np.zeros({array.shape}, "{array.dtype.name}")'
    if len(text) <= WIDTH:
        return text
    rows = [_nested(row) for row in array] if array.ndim > 1 else [_nested(array)[1:-1]]
    body = "\n".join(
        textwrap.fill(row + ("," if array.ndim > 1 else ""), WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 9)
        if array.ndim > 1
        else textwrap.fill(row, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
        for row in rows
    )
    return f'np.array(\n    [\n{body}\n    ],\n    "{array.dtype.name}",\n)'


def _nested(array: np.ndarray) -> str:
    if array.ndim == 0:
        return str(array[()])
    return f"[{', '.join(_nested(item) for item in array)}]"
