"""A network as one C99 header: a function of one row, its numbers, and a test of itself; nothing is allocated."""

from __future__ import annotations

import numpy as np

from flintglass.errors import warn
from flintglass.exporters import c_control, c_rows, c_searches  # noqa: F401  (importing them enters their rows)
from flintglass.exporters.binding import bound
from flintglass.exporters.c_body import Header, of_arrays
from flintglass.exporters.c_loops import shape_of
from flintglass.exporters.c_types import c_type, count, require_types, table
from flintglass.exporters.exported import Exported, has_rows
from flintglass.exporters.row_wise import require_row_wise
from flintglass.exporters.words import readable
from flintglass.program import Program, Spec, Value

LARGE_STACK = 1_000_000  # bytes; a thread has 8 MB on Linux, 1 on Windows, 0.5 on macOS


def c_header(exported: Exported) -> str:
    """The text of the header; ExportError where the program cannot be a function of one row in C99."""
    named = exported.unbatched()
    require_types(named)
    require_row_wise(named)
    program = bound(named, dict.fromkeys(named.sizes, 1))
    header = Header(exported.name)
    used = {value for line in program.instructions for value in line.values()} | set(program.outputs)
    fixed = {value: header.words.new(f"{header.prefix}_{value.name}") for value in program.state if value in used}
    header.constants.update(fixed)
    outputs = ["y"] if len(program.outputs) == 1 else list(program.output_names)
    predict = of_arrays(header, program, f"{header.prefix}_predict", exported.called, outputs, fails=True)
    if predict.stack > LARGE_STACK:
        warn(
            f"{header.prefix}_predict needs {predict.stack / 1e6:.1f} MB of stack for its arrays; give the threads "
            "that call it as much"
        )
    tables = [
        table(f"static const {c_type(value.spec.dtype)} {name}", exported.constants[value.name])
        for value, name in fixed.items()
    ]
    functions = [function.text for function in header.functions.values()]
    guard = f"{header.prefix.upper()}_H"
    parts = [
        _about(exported, program, predict.stack),
        f"#ifndef {guard}\n#define {guard}\n\n#include <math.h>\n#include <stddef.h>\n#include <stdint.h>",
        "\n".join(tables),
        *header.helpers.texts.values(),
        *functions,
        f"/* One row; {_returns(predict.text)}. */\n{predict.text}",
        _rows(exported, program, header.prefix, predict.text),
        _self_test(exported, program, header.prefix),
        f"#endif /* {guard} */",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _returns(text: str) -> str:
    return "returns 1 where an index is outside its table, else 0" if "return 1;" in text else "returns 0"


def _about(exported: Exported, program: Program, stack: int) -> str:
    prefix = exported.name
    values = [*zip(exported.called, program.inputs, strict=True)]
    takes = [f"takes {readable(name)}: {_row_text(value.spec)}" for name, value in values]
    pairs = zip(program.output_names, program.outputs, strict=True)
    gives = [f"gives {readable(name)}: {_row_text(operand.spec)}" for name, operand in pairs]
    lines = [
        f"The network {prefix} in C99, written by flintglass: {exported.parameters:,} numbers, nothing allocated,",
        f"no state; {prefix}_predict needs {stack:,} bytes of stack for its arrays.",
        "",
        *takes,
        *gives,
        "",
        f"Test it: cc -std=c99 -D{prefix.upper()}_SELF_TEST -x c {prefix}.h -o {prefix}_test -lm && ./{prefix}_test",
    ]
    return "\n".join([f"/* {lines[0]}", *(f" * {line}".rstrip() for line in lines[1:]), " */"])


def _row_text(spec: Spec) -> str:
    shape = shape_of(spec)
    shape = shape[1:] if shape[:1] == (1,) else shape
    inner = f" of shape {shape} in row order" if len(shape) > 1 else ""
    return f"{spec.count} {c_type(spec.dtype)}{inner} a row"


def _signature(text: str) -> list[str]:
    """The parameters of a function as they are written."""
    return text.partition("(")[2].partition(")")[0].split(", ")


def _rows(exported: Exported, program: Program, prefix: str, predict: str) -> str:
    """The function of many rows, which lie one after another."""
    parameters = _signature(predict)
    sizes = [value.spec.count if has_rows(named.spec) else 0 for named, value in _named(exported, program)]
    sizes += [operand.spec.count for operand in program.outputs]
    words = [text.rpartition("*")[2] for text in parameters]
    moved = [_moved(word, size) for word, size in zip(words, sizes, strict=True)]
    return f"""/* Rows that lie one after another; stops where one cannot be predicted. */
static inline int {prefix}_predict_rows(size_t rows, {", ".join(parameters)})
{{
    for (size_t row = 0; row < rows; row++)
        if ({prefix}_predict({", ".join(moved)}))
            return 1;
    return 0;
}}"""


def _named(exported: Exported, program: Program) -> zip[tuple[Value, Value]]:
    """The inputs with their sizes named and bound."""
    return zip(exported.inputs, program.inputs, strict=True)


def _moved(word: str, size: int) -> str:
    """A pointer at a row; an array that all rows share stays where it is."""
    return word if size == 0 else f"{word} + row" if size == 1 else f"{word} + row * {size}"


def _self_test(exported: Exported, program: Program, prefix: str) -> str:
    rows = exported.test_rows
    tables, lines, given, found = [], [], [], []
    for number, (value, array) in enumerate(zip(program.inputs, exported.given, strict=True)):
        tables.append(table(f"static const {c_type(value.spec.dtype)} {prefix}_given_{number}", array))
        given.append(f"{prefix}_given_{number}")
    for number, (operand, array) in enumerate(zip(program.outputs, _by_row(exported), strict=True)):
        kind, whole = c_type(operand.spec.dtype), Spec(array.shape, operand.spec.dtype)
        tables.append(table(f"static const {kind} {prefix}_expected_{number}", array.astype(operand.spec.dtype)))
        lines.append(f"static {kind} found_{number}[{count(whole)}];")
        found.append(f"found_{number}")
    checks = [_check(number, prefix, array, exported.tolerance) for number, array in enumerate(_by_row(exported))]
    body = "\n".join(f"    {line}" for line in lines)
    return f"""#ifdef {prefix.upper()}_SELF_TEST
#include <stdio.h>

{chr(10).join(tables)}

int main(void)
{{
{body}
    double largest = 0.0;
    if ({prefix}_predict_rows({rows}, {", ".join([*given, *found])}))
        return 1;
{chr(10).join(checks)}
    printf("{rows} test vectors: the largest difference is %.1e, {exported.tolerance} is allowed\\n", largest);
    return !(largest <= {exported.tolerance});
}}
#endif"""


def _by_row(exported: Exported) -> list[np.ndarray]:
    """What is expected of each row: what is the same for all rows comes once with each of them."""
    pairs = zip(exported.program.output_specs, exported.expected, strict=True)
    return [array if has_rows(spec) else np.stack([array] * exported.test_rows) for spec, array in pairs]


def _check(number: int, prefix: str, expected: np.ndarray, tolerance: float) -> str:
    """The differences of one output, as parts of its largest expected number."""
    finite = np.abs(expected[np.isfinite(expected)].astype("float64"))
    scale = float(np.max(finite, initial=0.0)) or 1.0
    return f"""    for (int i = 0; i < {expected.size}; i++) {{
        const double found = (double)found_{number}[i], expected = (double){prefix}_expected_{number}[i];
        const double apart = fabs(found - expected) / {scale!r};
        if (found != expected && !(found != found && expected != expected) && largest == largest && !(apart <= largest))
            largest = apart; /* also where it is nan, which it then stays */
    }}"""
