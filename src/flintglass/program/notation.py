"""How lines are written: the infix symbols, operands, attributes; the listing and the parser share it."""

from __future__ import annotations

import re
from typing import Any

from flintglass.errors import ProgramError
from flintglass.program.instruction import Instruction, Literal, Operand, Value
from flintglass.program.size import Size, dimension

INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "power": "**",
    "matmul": "@",
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
    "logical_and": "&",
    "logical_or": "|",
}
NAMES_OF_SYMBOLS = {symbol: name for name, symbol in INFIX.items()}
PREFIX = {"negative": "-", "logical_not": "~"}
BLOCK_CALLS = ("call", "each")  # written "call name(...)": their body is the attribute "body"
RESERVED = {"inf", "nan", "True", "False", "None", "call", "each", "state", "input", "return", "update"}

NAME = r"[A-Za-z_][\w.]*'*"
NUMBER = r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)"
OPERAND = rf"(?:{NUMBER}|True|False|{NAME})(?::\w+)?"


def operand_texts(instruction: Instruction) -> list[str]:
    """The operands as text; a literal shows its dtype only where the last named operand has another."""
    dtypes = [operand.spec.dtype for operand in instruction.values()]
    implied = dtypes[-1] if dtypes else None
    return [
        f"{operand.text}:{operand.spec.dtype}"
        if isinstance(operand, Literal) and operand.spec.dtype != implied
        else str(operand)
        for operand in instruction.operands
    ]


def expression(instruction: Instruction) -> str:
    """The right-hand side of a line: ``x^T @ dense``, ``sum(v3, axis=(0,))``, ``call adam(w, g, m, v)``."""
    name, attributes = instruction.primitive, dict(instruction.attributes)
    texts = operand_texts(instruction)
    if name == "matmul":
        for position, key in enumerate(("transpose_a", "transpose_b")):
            if attributes.pop(key, False):
                texts[position] += "^T"
    if name in INFIX and not attributes:
        return f"{texts[0]} {INFIX[name]} {texts[1]}"
    if name in PREFIX and not attributes:
        return f"{PREFIX[name]}{texts[0]}"
    if name in BLOCK_CALLS:
        name = f"{name} {attributes.pop('body').name}"
    return f"{name}({', '.join(texts + [f'{key}={attribute_text(attributes[key])}' for key in attributes])})"


def attribute_text(value: Any) -> str:
    """An attribute's value as text that reads back as the same value."""
    if isinstance(value, tuple):
        inner = ", ".join(attribute_text(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, str):
        if '"' in value or "\n" in value:
            raise ProgramError(f"an attribute's text may hold no quote and no line break: {value!r}")
        return f'"{value}"'
    if hasattr(value, "instructions"):
        return f"@{value.name}"
    if value is None or isinstance(value, (bool, int, float, Size)):
        return str(value)
    raise ProgramError(f"an attribute is a number, a text, a size, a tuple or a program, not {value!r}")


def read_attribute(text: str, blocks: dict[str, Any]) -> Any:
    """The attribute whose text this is."""
    text = text.strip()
    if text.startswith("("):
        return tuple(read_attribute(item, blocks) for item in split_commas(text[1:-1]))
    if text.startswith('"'):
        return text[1:-1]
    if text.startswith("@"):
        return blocks[text[1:]]
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(NUMBER, text):
        return float(text)
    return dimension(text)


def split_commas(text: str) -> list[str]:
    """The parts of ``text`` between commas that stand outside brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "([":
            depth += 1
        elif not quoted and character in ")]":
            depth -= 1
        elif character == "," and depth == 0 and not quoted:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def read_operands(texts: list[str], defined: dict[str, Value]) -> tuple[Operand, ...]:
    """The operands whose texts these are; names must have been defined above."""
    values = [defined.get(text) for text in texts]
    known = [value for value in values if value is not None]
    implied = known[-1].spec.dtype if known else None
    return tuple(
        value if value is not None else read_literal(text, implied) for text, value in zip(texts, values, strict=True)
    )


def read_literal(text: str, implied: str | None) -> Literal:
    """A literal from ``0.5`` or ``0.5:float64``."""
    number, _, dtype = text.partition(":")
    dtype = dtype or implied or ""
    if not dtype or not re.fullmatch(rf"{NUMBER}|True|False", number):
        raise ProgramError(f"{text!r} is neither a name defined above nor a number with a known dtype")
    if number in ("True", "False"):
        return Literal(number == "True", dtype)
    return Literal(
        float(number) if dtype.startswith("float") else int(float(number)) if "." in number else int(number), dtype
    )
