"""Types, numbers and tables in C99: every number reads back as the same bits."""

from __future__ import annotations

import numpy as np

from flintglass.errors import ExportError
from flintglass.exporters.words import readable
from flintglass.program import Literal, Program, Spec

TYPES = {
    "bool": "uint8_t",
    "float32": "float",
    "float64": "double",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
WIDTH = 110
SMALL = 64  # numbers that may be written without a line of their own
IN_ONE_LINE = 8  # numbers; of floats these always fit


def c_type(dtype: str) -> str:
    """The type of a number."""
    return TYPES[dtype]


def require_types(program: Program) -> None:
    """ExportError where the program computes in a dtype that C99 does not have."""
    for part in (program, *program.blocks()):
        for line in part.instructions:
            for item in (*line.operands, *line.outputs):
                if item.spec.dtype not in TYPES:
                    raise ExportError(
                        f"the layer {readable(line.origin)!r} computes in {item.spec.dtype}, a type that C99 does not "
                        "have; build the model with dtype='float32', or export to .py"
                    )


def count(spec: Spec) -> int:
    """How many elements an array of this spec is declared with: C has no empty arrays."""
    return max(spec.count, 1)


def size_in_bytes(spec: Spec) -> int:
    return count(spec) * np.dtype(spec.dtype).itemsize


def number(literal: Literal) -> str:
    """A literal of a program in C."""
    return _number(literal.text, literal.spec.dtype)


def _number(text: str, dtype: str) -> str:
    sign = "-" if text.startswith("-") else ""
    if dtype == "bool":
        return "1" if text == "True" else "0"
    if text.lstrip("-") in ("inf", "nan"):
        return f"{sign}{'INFINITY' if 'inf' in text else 'NAN'}"
    if dtype.startswith("float"):
        decimal = text if "." in text or "e" in text else f"{text}.0"
        return f"{decimal}f" if dtype == "float32" else decimal
    if text in ("-2147483648", "-9223372036854775808"):
        return f"INT{64 if len(text) > 11 else 32}_MIN"  # C has no negative numbers, only minus signs
    if dtype in ("int64", "uint64"):
        return f"{'U' if dtype.startswith('u') else ''}INT64_C({text})"
    return f"{text}U" if dtype == "uint32" else text


def table(type_and_name: str, array: np.ndarray) -> str:
    """The definition of a constant array, its rows in lines of their own."""
    extent = array.shape[-1] if array.ndim > 1 and array.shape[-1] > 1 else max(array.size, 1)
    head = f"{type_and_name}[{max(array.size, 1)}] = {{"
    if array.size <= SMALL:
        numbers = ", ".join(_numbers(array.ravel()))
        if len(head) + len(numbers) < WIDTH:
            return f"{head}{numbers}}};"
    rows = (_numbers(array.ravel()[start : start + extent]) for start in range(0, max(array.size, 1), extent))
    lines = [f"    {line}," for row in rows for line in _folded(row)]
    return "\n".join([head, *lines, "};"])


def _numbers(row: np.ndarray) -> list[str]:
    dtype = row.dtype.name
    if dtype.startswith("float") and np.isfinite(row).all():
        # Each of these texts has a point or an exponent, so that only the mark of the type is missing.
        mark = "f" if dtype == "float32" else ""
        return [f"{text}{mark}" for text in row.astype(str).tolist()] or ["0"]
    return [_number(text, dtype) for text in row.astype(str).tolist()] or ["0"]


def _folded(row: list[str]) -> list[str]:
    """A row in one line, or in lines of as many numbers as always fit."""
    whole = ", ".join(row)
    if len(whole) < WIDTH - 4:
        return [whole]
    return [", ".join(row[start : start + IN_ONE_LINE]) for start in range(0, len(row), IN_ONE_LINE)]
