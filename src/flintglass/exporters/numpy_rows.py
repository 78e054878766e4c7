"""How each primitive is written in NumPy: one row of a table each, an expression of its operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flintglass.program import Instruction, Literal
from flintglass.program.notation import INFIX


@dataclass(frozen=True)
class Written:
    """A line with its operands as Python texts: literals bare in ``texts``, with their dtype in ``typed``."""

    line: Instruction
    texts: Sequence[str]
    typed: Sequence[str]
    use: Callable[[str], str]  # the name of a helper, which the script will then hold

    def __getitem__(self, name: str) -> Any:
        return self.line.attributes.get(name)

    @property
    def dtype(self) -> str:
        return self.line.outputs[0].spec.dtype

    @property
    def listed(self) -> str:
        """The operands between commas."""
        return ", ".join(self.texts)


Row = Callable[[Written], str]

# Refused primitives, with the reason; everything else has a row here or in python_lines.BLOCKS.
REFUSED = {"random_bits": "an exported function keeps no state, so it draws no random numbers"}


def _infix(symbol: str) -> Row:
    def row(w: Written) -> str:
        left, right = w.texts
        left = f"({left})" if symbol == "**" and left.startswith("-") else left
        return f"{left} {symbol} {right}"

    return row


def _function(name: str) -> Row:
    return lambda w: f"{name}({w.listed})"


def _helper(name: str) -> Row:
    return lambda w: f"{w.use(name)}({', '.join(w.typed)})"


def _reduction(name: str) -> Row:
    def row(w: Written) -> str:
        keep = ", keepdims=True" if w["keepdims"] else ""
        # NumPy sums small integers in large ones, and half-precision means in single precision, on its own.
        kept = f', dtype="{w.dtype}"' if name in ("sum", "prod") and not w.dtype.startswith("float") else ""
        return f"np.{name}({w.texts[0]}, axis={_axes(w['axis'])}{keep}{kept})"

    return row


def _axes(axes: tuple[int, ...]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(axes)


def _running(ufunc: str) -> Row:
    def row(w: Written) -> str:
        flags = "".join(f", {flag}=True" for flag in ("reverse", "exclusive") if w[flag])
        return f"{w.use('running')}({ufunc}, {w.typed[0]}, axis={w['axis']}{flags})"

    return row


def _position(name: str, options: str = "") -> Row:
    return lambda w: f'np.{name}({w.typed[0]}, axis={w["axis"]}{options}).astype("int32")'


def _gather(w: Written) -> str:
    helper, batch = ("lookup_in_each", f", batch={w['batch']}") if w["batch"] else ("lookup", "")
    return f"{w.use(helper)}({', '.join(w.typed)}, axis={w['axis']}{batch})"


def _scatter_add(w: Written) -> str:
    batch = f", batch={w['batch']}" if w["batch"] else ""
    return f"{w.use('scatter_add')}({', '.join(w.typed)}, axis={w['axis']}{batch})"


def _matmul(w: Written) -> str:
    texts = []
    for text, operand, key in zip(w.typed, w.line.operands, ("transpose_a", "transpose_b"), strict=True):
        turned = ".T" if operand.spec.rank == 2 else ".swapaxes(-1, -2)"
        texts.append(text + turned if w[key] else text)
    summed_in = w["accumulate"] or ("float32" if w.dtype == "float16" else w.dtype)
    if summed_in == w.dtype:
        return f"{texts[0]} @ {texts[1]}"
    wide = [f'{text}.astype("{summed_in}")' for text in texts]
    return f'({wide[0]} @ {wide[1]}).astype("{w.dtype}")'


def shape_text(shape: Sequence[Any]) -> str:
    """Dimensions as a Python tuple."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _slice(w: Written) -> str:
    rank = w.line.operands[0].spec.rank
    parts = []
    for start, stop, step in zip(w["start"], w["stop"], w["step"] or (1,) * rank, strict=True):
        text = f"{start if start not in (None, 0) else ''}:{stop if stop is not None else ''}"
        parts.append(text if step == 1 else f"{text}:{step}")
    return f"{w.typed[0]}[{', '.join(parts) or '...'}]"


def _pad(w: Written) -> str:
    margins = ", ".join(f"({low}, {high})" for low, high in zip(w["low"], w["high"], strict=True))
    value = f", constant_values={_number(w['value'])}" if w["value"] else ""
    return f"np.pad({w.typed[0]}, ({margins}{',' if len(w['low']) == 1 else ''}){value})"


def _number(value: float) -> str:
    return f"float('{value}')" if value != value or value in (float("inf"), float("-inf")) else repr(value)


def _concatenate(w: Written) -> str:
    return f"np.concatenate([{', '.join(w.typed)}], axis={w['axis']})"


def _transpose(w: Written) -> str:
    axes = w["axes"]
    return f"{w.typed[0]}.T" if axes == (1, 0) else f"{w.typed[0]}.transpose({', '.join(map(str, axes))})"


def _select(w: Written) -> str:
    # Among bare literals alone, NumPy would choose the dtype.
    numbers = all(isinstance(operand, Literal) for operand in w.line.operands[1:])
    return f"np.where({', '.join(w.typed if numbers else w.texts)})"


def _of_symmetric_part(name: str) -> Row:
    def row(w: Written) -> str:
        (x,) = w.typed
        turned = f"{x}.T" if w.line.operands[0].spec.rank == 2 else f"{x}.swapaxes(-1, -2)"
        return f"np.linalg.{name}(({x} + {turned}) / 2)"

    return row


ROWS: dict[str, Row] = {
    **{name: _infix(symbol) for name, symbol in INFIX.items() if name != "matmul"},
    **{name: _function(f"np.{name}") for name in ("maximum", "minimum", "clip", "sign", "square", "sqrt", "floor")},
    **{name: _function(f"np.{name}") for name in ("ceil", "exp", "expm1", "log", "log1p", "sin", "cos", "tan")},
    **{name: _function(f"np.{name}") for name in ("arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh")},
    **{name: _function(f"np.{name}") for name in ("arcsinh", "arccosh", "arctanh")},
    **{name: _function(f"np.{name}") for name in ("bitwise_and", "bitwise_or", "bitwise_xor")},
    **{name: _reduction(name) for name in ("sum", "mean", "max", "min", "prod", "any", "all")},
    **{name: _helper(name) for name in ("sigmoid", "erf", "erf_inverse")},
    "absolute": _function("np.abs"),
    "round": _function("np.rint"),
    "is_finite": _function("np.isfinite"),
    "is_nan": _function("np.isnan"),
    "logical_xor": _infix("^"),
    "bitwise_not": lambda w: f"~{w.typed[0]}",
    "logical_not": lambda w: f"~{w.typed[0]}",
    "shift_left": _function("np.left_shift"),
    "shift_right": _function("np.right_shift"),
    "negative": lambda w: f"-{w.typed[0]}",
    "relu": lambda w: f"np.maximum({w.typed[0]}, 0)",
    "select": _select,
    "cast": lambda w: f'{w.typed[0]}.astype("{w.dtype}")',
    "bitcast": lambda w: f'{w.typed[0]}.view("{w.dtype}")',
    "stop_gradient": lambda w: w.typed[0],
    "reshape": lambda w: f"{w.typed[0]}.reshape({shape_text(w['shape'])})",
    "broadcast": lambda w: f"np.broadcast_to({w.typed[0]}, {shape_text(w['shape'])})",
    "transpose": _transpose,
    "reverse": lambda w: f"np.flip({w.typed[0]}, axis={w['axis']})",
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "matmul": _matmul,
    "cumulative_sum": _running("np.add"),
    "cumulative_product": _running("np.multiply"),
    "cumulative_maximum": _running("np.maximum"),
    "sort": lambda w: f"np.sort({w.typed[0]}, axis={w['axis']})",
    "argsort": _position("argsort", ', kind="stable"'),
    "argmax": _position("argmax"),
    "argmin": _position("argmin"),
    "top_k": lambda w: f"{w.use('top_k')}({w.typed[0]}, {w['k']})",
    "gather": _gather,
    "scatter_add": _scatter_add,
    "host_solve": _function("np.linalg.solve"),
    "host_cholesky": _of_symmetric_part("cholesky"),
    "host_eigh": _of_symmetric_part("eigh"),
    "host_qr": _function("np.linalg.qr"),
    "host_svd": lambda w: f"np.linalg.svd({w.typed[0]}, full_matrices=False)",
    "host_determinant": _function("np.linalg.det"),
    "host_log_determinant": _function("np.linalg.slogdet"),
    "iota": lambda w: f'{w.use("counted")}({shape_text(w["shape"])}, {w["axis"]}, "{w.dtype}")',
    "extent": lambda w: f"np.{w.dtype}({w['size']})",
}
