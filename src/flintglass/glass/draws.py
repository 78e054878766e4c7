"""Draws: which lines only make a random number out of random bits, and which only make a seed; found in the listing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Operand, Program, Value
from flintglass.program.notation import BLOCK_CALLS

SOURCE = "random_bits"
MOVES = {
    "bitcast",
    "broadcast",
    "cast",
    "concatenate",
    "pad",
    "reshape",
    "reverse",
    "slice",
    "stop_gradient",
    "transpose",
}


class Draws:
    """The random numbers of a program whose blocks are inlined.

    From the words of ``random_bits`` a number is made by lines that read nothing but words and constants: moves,
    arithmetic of words, and what follows from words within one block (``uniform``, ``normal_pair``). Where such a
    chain is read by anything else, it ends: ``drawn`` holds these ends. ``hidden`` holds what lies inside, and
    what is computed only to be the state of ``random_bits``.
    """

    def __init__(self, program: Program, calls: Sequence[int | None]) -> None:
        """calls: for each value that a line makes, in order, the block call it was inlined from."""
        made = [value for line in program.instructions for value in line.outputs]
        self._program = program
        self._makers = {value: line for line in program.instructions for value in line.outputs}
        self._calls = dict(zip(made, calls, strict=True))
        self._leaving: set[Operand] = {*program.outputs, *(operand for _, operand in program.updates)}
        self._readers: dict[Value, list[Instruction]] = {value: [] for value in made}
        for line in program.instructions:
            for value in set(line.values()) & self._makers.keys():
                self._readers[value].append(line)
        chains, seeding = self._chains(), self._seeding(made)
        inside = chains | seeding
        self.drawn = {value for value in chains - seeding if value in self._leaving or self._ends(value, inside)}
        self.hidden = inside - self.drawn

    def _ends(self, value: Value, inside: set[Value]) -> bool:
        return any(line.primitive != SOURCE and line.outputs[0] not in inside for line in self._readers[value])

    def _chains(self) -> set[Value]:
        """The words of random bits, and what follows from words and constants alone."""
        chains: set[Value] = set()
        constants: set[Value] = set()
        for line in self._program.instructions:
            values = list(line.values())
            if line.primitive == SOURCE:
                chains.add(line.outputs[0])
            elif all(value in constants for value in values):
                constants.update(line.outputs)
            elif all(value in constants or (value in chains and self._goes_on(value, line)) for value in values):
                chains.update(line.outputs)
        return chains

    def _goes_on(self, value: Value, line: Instruction) -> bool:
        if len(line.outputs) != 1 or line.origin != self._makers[value].origin:
            return False
        if line.primitive in MOVES:
            return True
        call = self._calls[line.outputs[0]]
        follows = value.spec.dtype.startswith("uint") or (call is not None and call == self._calls[value])
        return follows and PRIMITIVES[line.primitive].elementwise and line.outputs[0].spec.dtype != "bool"

    def _seeding(self, made: Sequence[Value]) -> set[Value]:
        """Values that nobody reads but ``random_bits``, and lines before it that make its state."""
        found: set[Value] = set()
        for value in reversed(made):
            readers = self._readers[value]
            only = all(line.primitive == SOURCE or found.issuperset(line.outputs) for line in readers)
            if readers and only and value not in self._leaving:
                found.add(value)
        return found

    def sources(self, value: Value) -> list[str]:
        """The names of the state and the inputs that a drawn number follows from: its seeds."""
        found: dict[str, None] = {}
        seen: set[Value] = set()
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if item in seen:
                continue
            seen.add(item)
            line = self._makers.get(item)
            if line is None:
                found[item.name] = None
            else:
                waiting += line.values()
        return list(found)


def block_calls(program: Program) -> Iterator[int | None]:
    """For each value of the inlined program, in order: the number of the outermost block call it is made in."""
    for number, line in enumerate(program.instructions):
        if line.primitive in BLOCK_CALLS:
            yield from [number] * sum(1 for _ in block_calls(line.attributes["body"]))
        else:
            yield from [None] * len(line.outputs)
