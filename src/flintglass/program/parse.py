"""The parser: a listing back to the program that printed it."""

from __future__ import annotations

import re

from flintglass.errors import ProgramError
from flintglass.program import notation
from flintglass.program.instruction import Instruction, Value, canonical
from flintglass.program.program import Program
from flintglass.program.spec import Spec, spec


def parse(text: str) -> Program:
    """The program whose listing ``text`` is; a line that cannot be read raises ProgramError naming it."""
    chunks = [chunk for chunk in re.split(r"\n(?=(?:program|block) )", text.strip() + "\n") if chunk.strip()]
    blocks: dict[str, Program] = {}
    # Callers are printed before the called, so the last chunk has everything that it needs; a block
    # called from several places may need another round.
    waiting = list(reversed(chunks))
    while waiting:
        ready = [chunk for chunk in waiting if _needs(chunk) <= blocks.keys()]
        if not ready:
            raise ProgramError(f"blocks are missing from the listing: {sorted(_needs(waiting[0]) - blocks.keys())}")
        for chunk in ready:
            program = _Reader(blocks).read(chunk)
            blocks[program.name] = program
            waiting.remove(chunk)
    return blocks[_name_of(chunks[0])]


def _name_of(chunk: str) -> str:
    return chunk.split("\n", 1)[0].split()[1]


def _needs(chunk: str) -> set[str]:
    return set(re.findall(r"= (?:call|each) ([\w.]+)\(", chunk)) | set(re.findall(r"=@([\w.]+)", chunk))


class _Reader:
    """Reads one chunk: the program's own lines, with the blocks that it calls known."""

    def __init__(self, blocks: dict[str, Program]) -> None:
        self.blocks = blocks
        self.defined: dict[str, Value] = {}
        self.state: list[Value] = []
        self.inputs: list[Value] = []
        self.lines: list[Instruction] = []
        self.outputs: list[tuple[str, notation.Operand]] = []
        self.updates: list[tuple[Value, notation.Operand]] = []
        self.origin = ""

    def read(self, chunk: str) -> Program:
        head, *lines = chunk.strip("\n").split("\n")
        for number, line in enumerate(lines, start=2):
            try:
                self._line(line.strip())
            except (ProgramError, KeyError, ValueError, IndexError) as error:
                raise ProgramError(f"line {number} of {head!r} cannot be read: {line.strip()!r}: {error}") from error
        return Program(
            head.split()[1],
            tuple(self.inputs),
            tuple(self.lines),
            tuple(operand for _, operand in self.outputs),
            tuple(name for name, _ in self.outputs),
            tuple(self.state),
            tuple(self.updates),
        )

    def _line(self, line: str) -> None:
        word = line.split(" ", 1)[0]
        if not line:
            return
        if line.startswith("["):
            self.origin = line[1:-1]
        elif word in ("state", "input") and "=" not in line:
            name, text = line[len(word) :].rsplit(" : ", 1)
            value = self._define(name.strip(), _read_spec(text))
            (self.state if word == "state" else self.inputs).append(value)
        elif word == "update":
            name, text = line[len(word) :].split(" <- ")
            self.updates.append((self.defined[name.strip()], self._operand(text.strip())))
        elif word == "return":
            name, text = line[len(word) :].split(" = ")
            self.outputs.append((name.strip(), self._operand(text.strip())))
        else:
            self._instruction(line)

    def _instruction(self, line: str) -> None:
        left, right = line.split(" = ", 1)
        text, types = right.rsplit(" : ", 1)
        primitive, operands, attributes = self._expression(text.strip())
        specs = [_read_spec(part) for part in notation.split_commas(types)]
        outputs = tuple(self._define(name.strip(), output) for name, output in zip(left.split(","), specs, strict=True))
        self.lines.append(Instruction(outputs, primitive, operands, canonical(attributes), self.origin))

    def _expression(self, text: str) -> tuple[str, tuple[notation.Operand, ...], dict[str, object]]:
        infix = re.fullmatch(rf"({notation.OPERAND})(\^T)? (\S+) ({notation.OPERAND})(\^T)?", text)
        if infix and infix[3] in notation.NAMES_OF_SYMBOLS:
            flags = {key: True for key, mark in (("transpose_a", infix[2]), ("transpose_b", infix[5])) if mark}
            operands = notation.read_operands([infix[1], infix[4]], self.defined)
            return notation.NAMES_OF_SYMBOLS[infix[3]], operands, dict(flags)
        for primitive, symbol in notation.PREFIX.items():
            if text.startswith(symbol) and "(" not in text:
                return primitive, notation.read_operands([text[len(symbol) :]], self.defined), {}
        head, inner = text[:-1].split("(", 1)
        attributes: dict[str, object] = {}
        if " " in head:
            head, block = head.split(" ", 1)
            attributes["body"] = self.blocks[block]
        texts = []
        for part in notation.split_commas(inner):
            keyword = re.match(r"([a-z_]\w*)=(.+)", part, re.DOTALL)
            if keyword:
                attributes[keyword[1]] = notation.read_attribute(keyword[2], self.blocks)
            else:
                texts.append(part)
        if head == "matmul":
            for position, key in enumerate(("transpose_a", "transpose_b")):
                if texts[position].endswith("^T"):
                    texts[position], attributes[key] = texts[position][:-2], True
        return head, notation.read_operands(texts, self.defined), attributes

    def _operand(self, text: str) -> notation.Operand:
        return notation.read_operands([text], self.defined)[0]

    def _define(self, name: str, value_spec: Spec) -> Value:
        if name in self.defined:
            raise ProgramError(f"the name {name!r} is defined twice")
        self.defined[name] = Value(name, value_spec)
        return self.defined[name]


def _read_spec(text: str) -> Spec:
    dtype, inner = text.strip().rstrip("]").split("[")
    return spec((part.strip() for part in inner.split(",") if part.strip()), dtype)
