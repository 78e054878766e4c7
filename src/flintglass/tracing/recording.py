"""A recording: operations under a GradientTape are written down, and run when one of them is read."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.engine import engine
from flintglass.primitives import Builder
from flintglass.program import Instruction, Literal, Operand, Program, Value
from flintglass.tracing import context
from flintglass.tracing.simplify import simplify
from flintglass.tracing.tensor import Tensor, convert

KEPT_PROGRAMS = 128
_programs: OrderedDict[tuple[Any, ...], Program] = OrderedDict()


class Recording:
    """Answers operations by writing lines; numbers come when a tensor is read.

    Variables and concrete tensors are leaves. Reading a tensor runs the lines that it and every other
    living tensor of the recording need, in one program; the same lines recorded again reuse it.
    """

    is_recording = True

    def __init__(self) -> None:
        self.builder = Builder("recording")
        self._leaves: dict[Value, np.ndarray] = {}
        self._values: dict[int, tuple[Any, Value]] = {}
        self._overwritten: list[tuple[Any, Value]] = []  # variables that have been assigned since they were read
        self._living: weakref.WeakSet[Tensor] = weakref.WeakSet()
        self._makers: dict[Value, Instruction] = {}
        self._indexed = 0

    def apply(self, name: str, operands: Sequence[Any], attributes: Mapping[str, Any]) -> list[Tensor]:
        if any(isinstance(item, Tensor) and item.is_placeholder for item in operands):
            with context.answering(None):
                return context.current().apply(name, operands, attributes)
        values = [self.operand(item) for item in operands]
        return [self.wrap(value) for value in self.builder.emit_all(name, values, attributes)]

    def wrap(self, operand: Operand) -> Tensor:
        """A pending tensor for an operand of this recording."""
        tensor = Tensor(operand=operand, trace=self)
        self._living.add(tensor)
        return tensor

    def name(self, tensor: Any, wanted: str) -> None:
        """Recordings are not listed; names are not kept."""

    def operand(self, item: Any) -> Operand:
        """The operand that a tensor, literal or number is in this recording."""
        if isinstance(item, (Literal, Value)):
            return item
        if not isinstance(item, Tensor):
            item = convert(item)
        if item.trace is self:
            return item.operand
        return self.leaf(item)

    def leaf(self, tensor: Any) -> Value:
        """The input that stands for a concrete tensor or a variable."""
        is_variable = hasattr(tensor, "storage")
        key = id(tensor) if is_variable else id(tensor.array)
        if key not in self._values:
            array = tensor.storage if is_variable else tensor.array
            value = self.builder.input(f"leaf{len(self._values) + 1}", tensor.spec)
            self._values[key] = (tensor if is_variable else array, value)
            # Numbers may be the user's own array, which he is free to fill anew before they are read.
            self._leaves[value] = array if is_variable else array.copy()
            if is_variable:
                tensor.readers.add(self)
        return self._values[key][1]

    def known(self, item: Any) -> list[Operand]:
        """The operands that this tensor or variable already is here; one for each value it has had."""
        if isinstance(item, Tensor) and item.trace is self and item.operand is not None:
            return [item.operand]
        is_variable = hasattr(item, "storage")
        found = self._values.get(id(item) if is_variable else id(item.array))
        older = [value for variable, value in self._overwritten if variable is item]
        return [*older, found[1]] if found else [*older]

    def assign(self, variable: Any, tensor: Any) -> None:
        """Under a tape a variable is assigned at once; what was recorded keeps the old value."""
        variable.overwrite(tensor.array)

    def keep_old(self, variable: Any) -> None:
        """Copy a variable's array, which is about to be overwritten, and read it anew from then on."""
        found = self._values.pop(id(variable), None)
        if found is not None:
            self._leaves[found[1]] = variable.storage.copy()
            self._overwritten.append(found)

    # -- running

    def materialize(self, wanted: Tensor) -> None:
        """Run what ``wanted`` and every other living tensor need; they hold their arrays after."""
        pending = [tensor for tensor in self._living if tensor._array is None]
        # In one order every time, so that the same recording finds its program.
        pending.sort(key=lambda tensor: (tensor is not wanted, str(tensor.operand)))
        values = [t.operand for t in pending if isinstance(t.operand, Value) and t.operand not in self._leaves]
        arrays = self._run(list(dict.fromkeys(values))) if values else {}
        for tensor in pending:
            operand = tensor.operand
            if isinstance(operand, Literal):
                tensor._array = np.asarray(operand.value, operand.spec.dtype)
            else:
                assert operand is not None
                tensor._array = self._leaves[operand] = arrays[operand] if operand in arrays else self._leaves[operand]

    def _run(self, wanted: list[Value]) -> dict[Value, np.ndarray]:
        lines, leaves = self._needed(wanted)
        key = (tuple(lines), tuple(leaves), tuple(wanted))
        program = _programs.get(key)
        if program is None:
            program = simplify(Program("recording", tuple(leaves), tuple(lines), tuple(wanted)))
            _programs[key] = program
            while len(_programs) > KEPT_PROGRAMS:
                _programs.popitem(last=False)
        arrays = [self._leaves[value] for value in leaves]
        return dict(zip(wanted, engine().execute(program, [], arrays), strict=True))

    def _needed(self, wanted: Sequence[Value]) -> tuple[list[Instruction], list[Value]]:
        """The lines that lead from leaves, and from what has run before, to the wanted values."""
        for line in self.builder.instructions[self._indexed :]:
            self._makers.update(dict.fromkeys(line.outputs, line))
        self._indexed = len(self.builder.instructions)
        read = set(wanted)
        lines: list[Instruction] = []
        leaves: dict[Value, None] = {}
        for line in reversed(self.builder.instructions):
            if any(value in read and value not in self._leaves for value in line.outputs):
                lines.append(line)
                read.update(line.values())
        for value in sorted(read, key=lambda value: value.name):
            if value in self._leaves and value not in wanted:
                leaves[value] = None
        return lines[::-1], list(leaves)
