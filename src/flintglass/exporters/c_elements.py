"""How each elementwise primitive is written in C: one row of a table each, an expression of single numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flintglass.exporters.c_helpers import Helpers
from flintglass.exporters.c_types import c_type
from flintglass.program import Instruction


@dataclass(frozen=True)
class Element:
    """A line for one element: its operands as C texts, each a name, an indexed array, or a number."""

    line: Instruction
    texts: Sequence[str]
    helpers: Helpers

    @property
    def dtype(self) -> str:
        """The dtype of the last operand: that of the numbers, also behind a condition."""
        return self.line.operands[-1].spec.dtype

    @property
    def result(self) -> str:
        return self.line.outputs[0].spec.dtype

    @property
    def type(self) -> str:
        return c_type(self.result)

    @property
    def kind(self) -> str:
        """float, int, uint or bool."""
        return self.dtype.rstrip("0123456789")

    def helper(self, template: str) -> str:
        return f"{self.helpers.use(template, self.dtype)}({', '.join(self.texts)})"


Row = Callable[[Element], str]


def _arithmetic(symbol: str) -> Row:
    """Whole numbers wrap around, which C promises of unsigned ones only."""

    def row(e: Element) -> str:
        x, y = e.texts
        if e.kind == "float":
            return f"{x} {symbol} {y}"
        return f"({e.type})((uint64_t){_grouped(x)} {symbol} (uint64_t){_grouped(y)})"

    return row


def _grouped(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _infix(symbol: str) -> Row:
    return lambda e: f"{e.texts[0]} {symbol} {e.texts[1]}"


def _bitwise(symbol: str) -> Row:
    return lambda e: f"({e.type})({e.texts[0]} {symbol} {e.texts[1]})"


def _math(name: str) -> Row:
    """A function of <math.h>, whose names end in f for floats."""
    return lambda e: f"{name}{'f' if e.dtype == 'float32' else ''}({', '.join(e.texts)})"


def _of_kind(template: str) -> Row:
    return lambda e: e.helper(f"{template}_{e.kind}")


def _power(e: Element) -> str:
    return _math("pow")(e) if e.kind == "float" else e.helper("power_int")


def _negative(e: Element) -> str:
    return f"-{_grouped(e.texts[0])}" if e.kind == "float" else f"({e.type})(0 - (uint64_t){_grouped(e.texts[0])})"


def _absolute(e: Element) -> str:
    (x,) = e.texts
    if e.kind == "float":
        return _math("fabs")(e)
    return x if e.kind == "uint" else f"{x} < 0 ? ({e.type})(0 - (uint64_t){x}) : {x}"


def _sign(e: Element) -> str:
    (x,) = e.texts
    if e.kind == "uint":
        return f"{x} > 0"
    sign = f"({e.type})(({x} > 0) - ({x} < 0))"
    return f"{x} != {x} ? {x} : {sign}" if e.kind == "float" else sign


def _square(e: Element) -> str:
    (x,) = e.texts
    return f"{x} * {x}" if e.kind == "float" else f"({e.type})((uint64_t){x} * (uint64_t){x})"


def _clip(e: Element) -> str:
    x, low, high = e.texts
    maximum, minimum = (e.helpers.use(f"{name}_{e.kind}", e.dtype) for name in ("maximum", "minimum"))
    return f"{minimum}({maximum}({x}, {low}), {high})"


def _relu(e: Element) -> str:
    (x,) = e.texts
    zero = {"float32": "0.0f", "float64": "0.0"}.get(e.dtype, "0")
    return f"{x} < {zero} ? {zero} : {x}"


def _sigmoid(e: Element) -> str:
    one = "1.0f" if e.dtype == "float32" else "1.0"
    return f"{one} / ({one} + {_math('exp')(Element(e.line, [f'-{_grouped(e.texts[0])}'], e.helpers))})"


def _width(dtype: str) -> int:
    return int(dtype.lstrip("uint"))


def _shift_left(e: Element) -> str:
    x, y = e.texts
    width = _width(e.dtype)
    return f"(uint64_t){_grouped(y)} < {width} ? ({e.type})((uint64_t){_grouped(x)} << {y}) : 0"


def _shift_right(e: Element) -> str:
    x, y = e.texts
    beyond = "0" if e.kind == "uint" else f"({e.type})-({x} < 0)"
    return f"(uint64_t){_grouped(y)} < {_width(e.dtype)} ? ({e.type})({x} >> {y}) : {beyond}"


def _cast(e: Element) -> str:
    (x,) = e.texts
    if e.result == e.dtype:
        return x
    return f"{x} != 0" if e.result == "bool" else f"({e.type}){_grouped(x)}"


def _bitcast(e: Element) -> str:
    return e.texts[0] if e.result == e.dtype else f"{e.helpers.use('bits', e.dtype, e.result)}({e.texts[0]})"


SAME_IN_MATH = ("sqrt", "floor", "ceil", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh")
IN_MATH = {
    **{name: name for name in (*SAME_IN_MATH, "erf")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")},
    "round": "rint",
}

ELEMENTS: dict[str, Row] = {
    **{name: _math(function) for name, function in IN_MATH.items()},
    **{name: _arithmetic(symbol) for name, symbol in (("add", "+"), ("subtract", "-"), ("multiply", "*"))},
    **{name: _infix(symbol) for name, symbol in (("equal", "=="), ("not_equal", "!="), ("divide", "/"))},
    **{name: _infix(symbol) for name, symbol in (("greater", ">"), ("greater_equal", ">="))},
    **{name: _infix(symbol) for name, symbol in (("less", "<"), ("less_equal", "<="))},
    **{name: _infix(symbol) for name, symbol in (("logical_and", "&&"), ("logical_or", "||"), ("logical_xor", "!="))},
    **{name: _bitwise(symbol) for name, symbol in (("bitwise_and", "&"), ("bitwise_or", "|"), ("bitwise_xor", "^"))},
    "floor_divide": _of_kind("floor_divide"),
    "remainder": _of_kind("remainder"),
    "power": _power,
    "negative": _negative,
    "maximum": _of_kind("maximum"),
    "minimum": _of_kind("minimum"),
    "clip": _clip,
    "relu": _relu,
    "absolute": _absolute,
    "sign": _sign,
    "square": _square,
    "sigmoid": _sigmoid,
    "erf_inverse": lambda e: e.helper("erf_inverse"),
    "bitwise_not": lambda e: f"({e.type})~{_grouped(e.texts[0])}",
    "shift_left": _shift_left,
    "shift_right": _shift_right,
    "logical_not": lambda e: f"!{e.texts[0]}",
    "is_finite": lambda e: f"isfinite({e.texts[0]}) != 0",
    "is_nan": lambda e: f"{e.texts[0]} != {e.texts[0]}",
    "select": lambda e: f"{e.texts[0]} ? {e.texts[1]} : {e.texts[2]}",
    "cast": _cast,
    "bitcast": _bitcast,
    "stop_gradient": lambda e: e.texts[0],
}
