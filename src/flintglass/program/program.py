"""A program: typed inputs and state, a list of instructions, outputs, and the new values of the state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from flintglass.lazy import cached_property
from flintglass.program.instruction import Instruction, Literal, Operand, Value
from flintglass.program.spec import Spec


@dataclass(frozen=True)
class Program:
    """A pure function ``(state, inputs) -> (updates, outputs)``, written as a list of primitives.

    state: values that live from one run to the next (weights, optimizer slots, metric sums, counters).
    inputs: values given anew at every run (a batch), whose first size is usually ``n``.
    outputs: what a run returns, with a name each.
    updates: pairs (a value of state, the operand that it becomes when the run ends); every operand is
    read before any state is written.
    A program holds no values but literals; its blocks (the bodies of call, each, cond, while, scan) are
    attributes of its instructions.
    """

    name: str
    inputs: tuple[Value, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[Operand, ...]
    output_names: tuple[str, ...] = ()
    state: tuple[Value, ...] = ()
    updates: tuple[tuple[Value, Operand], ...] = ()

    def __post_init__(self) -> None:
        if len(self.output_names) != len(self.outputs):
            names = tuple(f"result{i or ''}" for i in range(len(self.outputs)))
            object.__setattr__(self, "output_names", names)

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The named sizes that the inputs and the state mention, in the order of their names."""
        return tuple(sorted(set().union(*(value.spec.names for value in self.state + self.inputs))))

    @property
    def output_specs(self) -> tuple[Spec, ...]:
        return tuple(operand.spec for operand in self.outputs)

    def blocks(self) -> Iterator[Program]:
        """Every block below this program, each once, callers before the called."""
        seen: set[Program] = set()
        pending = [block for line in self.instructions for _, block in line.blocks()]
        while pending:
            block = pending.pop(0)
            if block in seen:
                continue
            seen.add(block)
            yield block
            pending.extend(inner for line in block.instructions for _, inner in line.blocks())

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.inputs, self.instructions, self.outputs, self.state, self.updates))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        from flintglass.program.listing import listing

        return listing(self)

    def rewritten(self, lines: Iterable[Instruction], table: Mapping[Value, Operand]) -> Program:
        """The program with other lines, its outputs and updates being what ``table`` says they have become."""
        return replace(
            self,
            instructions=tuple(lines),
            outputs=tuple(substitute(operand, table) for operand in self.outputs),
            updates=tuple((value, substitute(operand, table)) for value, operand in self.updates),
        )

    def rename(self, name: str) -> Program:
        """The same program under another name."""
        return replace(self, name=name)


def substitute(operand: Operand, table: Mapping[Value, Operand]) -> Operand:
    """What ``operand`` has become under ``table``; itself where the table does not name it."""
    return operand if isinstance(operand, Literal) else table.get(operand, operand)
