"""Evidence: the numbers of every line of one run of a program, as the engine computed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flintglass.engines.engine import engine
from flintglass.program import Instruction, Literal, Operand, Program, Value
from flintglass.tracing.exposing import exposed
from flintglass.tracing.inlining import inlined


class Evidence:
    """A program, blocks inlined, with the array of each of its values; state is not changed."""

    def __init__(self, program: Program, state: Sequence[np.ndarray], inputs: Sequence[np.ndarray]) -> None:
        self.program = inlined(program)
        shown = exposed(self.program)
        kept = {value.name: array for value, array in zip(program.state, state, strict=True)}
        arrays = engine().execute(shown, [kept[value.name].copy() for value in shown.state], inputs)
        self.arrays: dict[Value, np.ndarray] = dict(zip(shown.outputs, arrays, strict=True))  # type: ignore[arg-type]
        self.arrays.update(zip(self.program.inputs, inputs, strict=True))
        self.arrays.update((value, kept[value.name]) for value in self.program.state)
        self.makers = {value: line for line in self.program.instructions for value in line.outputs}

    def number(self, operand: Operand, index: tuple[int, ...]) -> float:
        """One element, as Python's number."""
        if isinstance(operand, Literal):
            return operand.value
        return self.arrays[operand][index].item()

    def shape(self, operand: Operand) -> tuple[int, ...]:
        """The shape in this run."""
        return () if isinstance(operand, Literal) else self.arrays[operand].shape

    def maker(self, operand: Operand) -> Instruction | None:
        """The line that computes a value; None for inputs, state and literals."""
        return self.makers.get(operand) if isinstance(operand, Value) else None

    def results_of(self, origin: str) -> list[Value]:
        """The values of a part of the program that are worth a line: those that leave it, or are used twice.

        A value without a name of its own is left out where a named one of the same shape follows from it:
        a layer's sums before its activation are shown inside it.
        """
        lines = [line for line in self.program.instructions if line.origin == origin]
        made = [value for line in lines for value in line.outputs]
        readers: dict[Value, int] = {}
        for line in lines:
            for value in set(line.values()):
                readers[value] = readers.get(value, 0) + 1
        leaving = self._read_outside(origin)
        kept = [value for value in made if value in leaving or readers.get(value, 0) > 1]
        return [value for value in kept if not (_is_numbered(value) and self._shown_later(value, made, leaving))]

    def _read_outside(self, origin: str) -> set[Value]:
        read = {item for item in self.program.outputs if isinstance(item, Value)}
        read |= {operand for _, operand in self.program.updates if isinstance(operand, Value)}
        for line in self.program.instructions:
            if line.origin != origin:
                read.update(line.values())
        return read

    def _shown_later(self, value: Value, made: Sequence[Value], leaving: set[Value]) -> bool:
        later = made[made.index(value) + 1 :]
        return any(item.spec == value.spec and item in leaving and not _is_numbered(item) for item in later)

    @property
    def origins(self) -> list[str]:
        """The parts of the program, in order."""
        return list(dict.fromkeys(line.origin for line in self.program.instructions))


def _is_numbered(value: Value) -> bool:
    return value.name.startswith("v") and value.name[1:].isdigit()
