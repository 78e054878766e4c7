"""Evidence: the numbers of every line of one run of a program, as the engine computed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.engine import engine, sizes_of
from flintglass.glass.draws import Draws, block_calls
from flintglass.program import Instruction, Literal, Operand, Program, Size, Value
from flintglass.program.notation import BLOCK_CALLS
from flintglass.program.size import bind
from flintglass.tracing.exposing import exposed
from flintglass.tracing.inlining import inlined
from flintglass.tracing.naming import is_number


class Evidence:
    """A program, blocks inlined, with the array of each of its values; state is not changed."""

    def __init__(self, program: Program, state: Sequence[np.ndarray], inputs: Sequence[np.ndarray]) -> None:
        self.program = inlined(program)
        shown = exposed(self.program)
        kept = {value.name: array for value, array in zip(program.state, state, strict=True)}
        arrays = engine().execute(shown, [kept[value.name].copy() for value in shown.state], inputs)
        made = [value for line in self.program.instructions for value in line.outputs]
        self.arrays: dict[Value, np.ndarray] = dict(zip(made, arrays, strict=True))
        self.arrays.update(zip(self.program.inputs, inputs, strict=True))
        self.arrays.update((value, kept[value.name]) for value in self.program.state)
        self.makers = {value: line for line in self.program.instructions for value in line.outputs}
        # What the listing calls each value: inlining gives numbers of its own.
        self.labels = dict(zip(made, _labels(program, {}, ""), strict=True))
        self._sizes = sizes_of(program, inputs)
        self._repeats = _repeats(self.program)
        self.draws = Draws(self.program, list(block_calls(program)))

    def number(self, operand: Operand, index: tuple[int, ...]) -> float:
        """One element, as Python's number."""
        if isinstance(operand, Literal):
            return operand.value
        number: float = self.arrays[operand][index].item()
        return number

    def shape(self, operand: Operand) -> tuple[int, ...]:
        """The shape in this run."""
        return () if isinstance(operand, Literal) else self.arrays[operand].shape

    def label(self, operand: Operand) -> str:
        """What the listing calls an operand: the name of a value, the text of a literal."""
        return self.labels.get(operand, operand.name) if isinstance(operand, Value) else str(operand)

    def attributes(self, line: Instruction) -> Mapping[str, Any]:
        """The attributes of a line with the sizes of this run."""
        return {name: self._bound(value) for name, value in line.attributes.items()}

    def _bound(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._bound(item) for item in value)
        return bind(value, self._sizes) if isinstance(value, Size) else value

    def is_repeated(self, operand: Operand) -> bool:
        """True for a value that an earlier line has computed, and that is shown there."""
        return operand in self._repeats

    def maker(self, operand: Operand) -> Instruction | None:
        """The line that computes a value; None for inputs, state and literals."""
        return self.makers.get(operand) if isinstance(operand, Value) else None

    def results_of(self, origin: str) -> list[Value]:
        """The values of a part of the program that are worth a line: those that leave it, or are read twice.

        A value without a name of its own that leaves is shown inside the named one of its shape that
        follows from it, where there is one: a layer's sums before its activation. A random number is always
        worth a line; how it is made of bits, and seeds of other seeds, never.
        """
        lines = [line for line in self.program.instructions if line.origin == origin]
        made = [value for line in lines for value in line.outputs]
        readers: dict[Value, int] = {}
        for line in lines:
            for value in set(line.values()):
                readers[value] = readers.get(value, 0) + 1
        leaving = self._read_outside(origin)
        return [
            value
            for value in made
            if value not in self._repeats
            and value not in self.draws.hidden
            and (
                readers.get(value, 0) > 1
                or value in self.draws.drawn
                or (value in leaving and not (self.is_numbered(value) and self._shown_later(value, made, leaving)))
            )
        ]

    def _read_outside(self, origin: str) -> set[Value]:
        read = {item for item in self.program.outputs if isinstance(item, Value)}
        read |= {operand for _, operand in self.program.updates if isinstance(operand, Value)}
        for line in self.program.instructions:
            if line.origin != origin:
                read.update(line.values())
        return read

    def _shown_later(self, value: Value, made: Sequence[Value], leaving: set[Value]) -> bool:
        later = made[made.index(value) + 1 :]
        return any(item.spec == value.spec and item in leaving and not self.is_numbered(item) for item in later)

    def is_numbered(self, value: Value) -> bool:
        """True for a value that was given no name of its own."""
        return is_number(self.label(value).rpartition(".")[2])

    @property
    def origins(self) -> list[str]:
        """The parts of the program, in order."""
        return list(dict.fromkeys(line.origin for line in self.program.instructions))


def _repeats(program: Program) -> set[Value]:
    """Values that an earlier line has computed already: a gradient's block begins with what its block did."""
    known: dict[Any, tuple[Value, ...]] = {}
    first: dict[Operand, Operand] = {}
    for line in program.instructions:
        operands = tuple(first.get(operand, operand) for operand in line.operands)
        earlier = known.setdefault((line.primitive, operands, tuple(line.attributes.items())), line.outputs)
        if earlier is not line.outputs:
            first.update(zip(line.outputs, earlier, strict=True))
    return {value for value in first if isinstance(value, Value)}


def _labels(program: Program, given: Mapping[Value, str], place: str) -> Iterator[str]:
    """The names of the values of the inlined program, in order: ``softmax.v3`` is the line v3 of that block."""
    for line in program.instructions:
        names = [given.get(value, place + value.name) for value in line.outputs]
        if line.primitive in BLOCK_CALLS:
            body = line.attributes["body"]
            results = {value: name for value, name in zip(body.outputs, names, strict=True) if isinstance(value, Value)}
            yield from _labels(body, results, f"{place}{body.name}.")
        else:
            yield from names
