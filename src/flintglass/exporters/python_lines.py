"""The body of a Python function: a program line by line, as its listing reads, layers named in comments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flintglass.errors import ExportError
from flintglass.exporters.nesting import nested_text
from flintglass.exporters.numpy_rows import REFUSED, ROWS, Written, shape_text
from flintglass.exporters.words import Words, readable
from flintglass.program import Instruction, Literal, Operand, Program, Size, Value


class Script:
    """What the functions of one script share: the words in use, the helpers needed, the functions of blocks."""

    def __init__(self, words: Words, globals_: Mapping[Value, str]) -> None:
        self.words = words
        self.globals = globals_
        self.helpers: set[str] = set()
        self.functions: dict[Program, str] = {}

    def use(self, helper: str) -> str:
        self.helpers.add(helper)
        return helper

    def function_of(self, block: Program) -> str:
        """The name of the function that a block becomes."""
        if block not in self.functions:
            self.functions[block] = self.words.new(block.name)
        return self.functions[block]


def sizes_needed(program: Program) -> list[str]:
    """The named sizes that lines of the program, or of its blocks, ask for by name."""
    asked = {name for line in program.instructions for value in line.attributes.values() for name in _names(value)}
    scans = [line for line in program.instructions if line.primitive == "scan"]
    stacked = {name for line in scans for value in line.outputs for name in value.spec.names}
    return sorted(asked | stacked)


def _names(value: Any) -> set[str]:
    if isinstance(value, Size):
        return set(value.names)
    if isinstance(value, tuple):
        return set().union(*map(_names, value))
    return set(sizes_needed(value)) if isinstance(value, Program) else set()


class Body:
    """The lines of one function."""

    def __init__(self, script: Script, words: Words, names: Mapping[Value, str], scalar: bool = False) -> None:
        self.script = script
        self.words = words
        self.names = dict(names)
        self.scalar = scalar  # the body of an each: what it calls scalars may be arrays
        self.lines: list[str] = []

    def write(self, program: Program, nesting: Any = None) -> list[str]:
        """All lines, the last of which returns the outputs, in a nesting of their positions where one is given."""
        origin = ""
        for line in program.instructions:
            if line.origin != origin:
                origin = line.origin
                self.lines += ([""] if self.lines else []) + [f"# {readable(origin)}"]
            self._line(line)
        returned = [self.typed(operand) for operand in program.outputs]
        text = ", ".join(returned) if nesting is None else nested_text(nesting, returned)
        return [*self.lines, f"return {text}"]

    def typed(self, operand: Operand) -> str:
        """An operand with its dtype: a name, or ``np.float32(0.5)``."""
        if isinstance(operand, Literal):
            return f"np.{operand.spec.dtype.replace('bool', 'bool_')}({_python_number(operand)})"
        return self.names.get(operand) or self.script.globals[operand]

    def named(self, values: Sequence[Value]) -> list[str]:
        for value in values:
            self.names[value] = self.words.new(value.name)
        return [self.names[value] for value in values]

    def _line(self, line: Instruction) -> None:
        if line.primitive in REFUSED:
            raise ExportError(
                f"the layer {readable(line.origin)!r} uses {line.primitive}, which an export does not hold: "
                f"{REFUSED[line.primitive]}"
            )
        typed = [self.typed(operand) for operand in line.operands]
        if line.primitive in BLOCKS:
            self.lines += BLOCKS[line.primitive](self, line, typed)
            return
        if line.primitive not in ROWS:
            raise ExportError(f"no row says how {line.primitive} is written in NumPy")
        written = Written(line, self._bare(line, typed), typed, self.script.use)
        text = ROWS[line.primitive](written)
        self.lines.append(f"{', '.join(self.named(line.outputs))} = {text}")

    def _bare(self, line: Instruction, typed: list[str]) -> list[str]:
        """Literals without their dtype, where an operand beside them gives it to NumPy all the same."""
        known = {value.spec.dtype for value in line.values()}
        return [
            _python_number(operand) if isinstance(operand, Literal) and operand.spec.dtype in known else text
            for operand, text in zip(line.operands, typed, strict=True)
        ]

    def call(self, block: Program, arguments: Sequence[str]) -> str:
        """A call of the function that a block is, its sizes handed on."""
        return f"{self.script.function_of(block)}({', '.join([*arguments, *sizes_needed(block)])})"


def _python_number(literal: Literal) -> str:
    text = literal.text
    return text.replace("inf", "np.inf").replace("nan", "np.nan")


def _call(body: Body, line: Instruction, typed: list[str]) -> list[str]:
    return [f"{', '.join(body.named(line.outputs))} = {body.call(line.attributes['body'], typed)}"]


def _each(body: Body, line: Instruction, typed: list[str]) -> list[str]:
    inner: Program = line.attributes["body"]
    call = body.call(inner, typed)
    names = body.named(line.outputs)
    lines = [f"{', '.join(names)} = {call}"]
    # Written for scalars, a body may return a number, or an operand of a smaller shape, as it is.
    for name, returned in zip(names, inner.outputs, strict=True):
        if not body.scalar and not _takes_every_shape(inner, returned, line):
            lines.append(f"{name} = np.broadcast_arrays({name}, {', '.join(typed)})[0]")
    return lines


def _takes_every_shape(inner: Program, returned: Operand, line: Instruction) -> bool:
    """Whether the result has the shape of the whole line, and not that of fewer operands."""
    wide = {v for v, o in zip(inner.inputs, line.operands, strict=True) if o.spec.shape == line.outputs[0].spec.shape}
    for step in inner.instructions:
        if any(operand in wide for operand in step.values()):
            wide.update(step.outputs)
    return returned in wide


def _cond(body: Body, line: Instruction, typed: list[str]) -> list[str]:
    true, false = (body.call(line.attributes[key], typed[1:]) for key in ("true", "false"))
    return [f"{', '.join(body.named(line.outputs))} = {true} if {typed[0]} else {false}"]


def _while(body: Body, line: Instruction, typed: list[str]) -> list[str]:
    names = body.named(line.outputs)
    listed = ", ".join(names)
    return [
        f"{listed} = {', '.join(typed)}",
        f"while {body.call(line.attributes['condition'], names)}:",
        f"    {listed} = {body.call(line.attributes['body'], names)}",
    ]


def _scan(body: Body, line: Instruction, typed: list[str]) -> list[str]:
    constants, carries = line.attributes.get("constants", 0), line.attributes.get("carries", 0)
    start, length = constants + carries, line.attributes["length"]
    names = body.named(line.outputs)
    step, stacks = body.words.new("step"), names[carries:]
    rows = [f"{text}[{step}]" for text in typed[start:]]
    call = body.call(line.attributes["body"], [*typed[:constants], *names[:carries], *rows])
    lines = [f"{name} = {text}" for name, text in zip(names, typed[constants:start], strict=False)]
    for name, value in zip(stacks, line.outputs[carries:], strict=True):
        lines.append(f'{name} = np.empty({shape_text(value.spec.shape)}, "{value.spec.dtype}")')
    order = f"range({length} - 1, -1, -1)" if line.attributes.get("reverse") else f"range({length})"
    targets = [*names[:carries], *(f"{name}[{step}]" for name in stacks)]
    return [*lines, f"for {step} in {order}:", f"    {', '.join(targets)} = {call}"]


BLOCKS: dict[str, Callable[[Body, Instruction, list[str]], list[str]]] = {
    "call": _call,
    "each": _each,
    "cond": _cond,
    "while": _while,
    "scan": _scan,
}
