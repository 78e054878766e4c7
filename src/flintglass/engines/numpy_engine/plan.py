"""The plan: arrays for every slot, memory shared where lifetimes allow, and the list of what to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from flintglass.engines.memory import aligned
from flintglass.engines.numpy_engine.blas import one_thread_for
from flintglass.engines.numpy_engine.control import CONTROL
from flintglass.engines.numpy_engine.flatten import Flat, Line, flatten, spread_each
from flintglass.engines.numpy_engine.groups import Group, find_groups
from flintglass.engines.numpy_engine.kernels import KERNELS, VIEWS
from flintglass.engines.numpy_engine.kernels.elementwise import assignment
from flintglass.engines.numpy_engine.kernels.table import Array, Thunk
from flintglass.primitives import PRIMITIVES
from flintglass.program import Program


class Lifetimes:
    """For every slot, the last line that reads it, itself or through a view."""

    def __init__(self, flat: Flat, lines: Sequence[Line]) -> None:
        self.root = list(range(len(flat.specs)))
        self.last = [-1] * len(flat.specs)
        for position, line in enumerate(lines):
            if line.primitive in VIEWS and line.inputs:
                self.root[line.outputs[0]] = self.root[line.inputs[0]]
            for slot in line.inputs:
                self.last[self.root[slot]] = position
        end = len(lines)
        for slot in (*flat.outputs, *(source for _, source in flat.updates)):
            self.last[self.root[slot]] = end

    def dies_at(self, slot: int, position: int) -> bool:
        """True where nobody reads the slot's memory after this line."""
        return self.last[self.root[slot]] <= position


class Plan:
    """A flat program bound to its state arrays and to buffers of its own: ``run`` is all that is left.

    inputs: buffers that the caller fills. outputs: arrays that hold the results after ``run``.
    """

    def __init__(self, flat: Flat, state: Sequence[Array]) -> None:
        # Blocks that are spread out bring slots and literals of their own, and other threads plan the same program.
        self.flat = flat = replace(
            flat,
            specs=list(flat.specs),
            literals=dict(flat.literals),
            slots_of_literals=dict(flat.slots_of_literals),
        )
        self.state = list(state)
        self.thunks: list[Thunk] = []
        self.lines: list[Line] = []
        self.arrays: dict[int, Array] = dict(flat.literals)
        self.arrays.update(zip(flat.state, self.state, strict=True))
        for slot in flat.inputs:
            self.arrays[slot] = self._new(slot)
        self._free: dict[int, list[Array]] = {}
        self._targets: dict[int, Array] = {}
        self._owned: set[int] = set()  # slots whose buffer may be given to another slot
        self._groups = self._arrange_groups()
        lines = self._expanded()
        # Bodies that were spread out brought literals of their own.
        self.arrays.update(flat.literals)
        self._constants = set(flat.literals)
        self._lifetimes = Lifetimes(flat, lines)
        self._aim_updates(lines)
        for position, line in enumerate(lines):
            self._bind(line, position)
        self.one_thread = one_thread_for([_multiplications(flat, line) for line in lines if line.primitive == "matmul"])
        self.inputs = [self.arrays[slot] for slot in flat.inputs]
        self.outputs = self._kept_outputs()
        self._write_back()

    def run(self) -> None:
        """Run every line once; state has its new values after."""
        for thunk in self.thunks:
            thunk()

    # -- lines

    def _arrange_groups(self) -> dict[int, Group]:
        """Runs of the same elementwise block over neighbouring variables, with one flat array an operand."""
        kept: dict[int, Group] = {}
        for group in find_groups(self.flat):
            arrays = group.flat_arrays(self.flat, self.arrays, self._targets)
            if arrays is not None:
                self._targets.update(arrays)
                kept[group.last] = group
        return kept

    def _expanded(self) -> list[Line]:
        """The lines with ``each`` spread out; a group stays one line, at the place of its last member."""
        members = {position: group for group in self._groups.values() for position in group.positions}
        lines: list[Line] = []
        for position, line in enumerate(self.flat.lines):
            if position in members:
                if position == members[position].last:
                    lines.append(members[position].as_line(self.flat))
            elif line.primitive == "each":
                lines += spread_each(self.flat, line)
            else:
                lines.append(line)
        return lines

    def _aim_updates(self, lines: Sequence[Line]) -> None:
        """Let a line write straight into the state that it replaces, where no later line reads the old value."""
        makers = {slot: position for position, line in enumerate(lines) for slot in line.outputs}
        sources = [source for _, source in self.flat.updates]
        for target, source in self.flat.updates:
            position = makers.get(source)
            if position is None or source in self._targets or sources.count(source) > 1:
                continue
            line = lines[position]
            reads_itself = target in line.inputs
            in_place = line.primitive in PRIMITIVES and PRIMITIVES[line.primitive].elementwise
            in_place = in_place and self.arrays[target].size > 1  # for a number see _output
            unread = self._lifetimes.last[target] <= position and not self._viewed_by(line, target)
            if unread and (in_place or not reads_itself):
                self._targets[source] = self.arrays[target]

    def _viewed_by(self, line: Line, target: int) -> bool:
        """True where the line reads the target through a view as well (its elements may lie elsewhere)."""
        root = self._lifetimes.root
        return root[target] != target or any(slot != target and root[slot] == target for slot in line.inputs)

    def _bind(self, line: Line, position: int) -> None:
        if line.primitive == "group":
            self.arrays.update({slot: self._targets[slot] for slot in line.outputs})
            self.thunks.append(self._groups[line.attributes["key"]].bind(self.arrays))
            self.lines.append(line)
            return
        arrays = [self.arrays[slot] for slot in line.inputs]
        if line.primitive in VIEWS and line.outputs[0] not in self._targets:
            seen = VIEWS[line.primitive](arrays[0], line.attributes)
            if seen is not None:
                self.arrays[line.outputs[0]] = seen
                if all(slot in self._constants for slot in line.inputs):
                    self._constants.add(line.outputs[0])
                return
        # What lands in state is written at every run: others read and write it in between.
        constant = all(slot in self._constants for slot in line.inputs) and not any(
            slot in self._targets for slot in line.outputs
        )
        outputs = [self._output(line, slot, position, constant) for slot in line.outputs]
        self.arrays.update(zip(line.outputs, outputs, strict=True))
        if line.primitive in CONTROL:
            thunk = CONTROL[line.primitive](arrays, outputs, line.attributes, self._load_block)
        else:
            thunk = KERNELS[line.primitive](arrays, outputs, line.attributes)
        if constant:
            with np.errstate(all="ignore"):
                thunk()
            self._constants.update(line.outputs)
        else:
            self.thunks.append(thunk)
            self.lines.append(line)
        self._release(line, position)

    def _load_block(self, block: Program) -> Plan:
        return Plan(flatten(block, self.flat.sizes), [])

    def _kept_outputs(self) -> list[Array]:
        """The arrays of the results; what shows the old value of a state that is updated is copied before."""
        updated = {target for target, _ in self.flat.updates}
        outputs = []
        for slot in self.flat.outputs:
            array = self.arrays[slot]
            if self._lifetimes.root[slot] in updated:
                kept = np.empty_like(array)
                self.thunks.append(partial(np.copyto, kept, array))
                array = kept
            outputs.append(array)
        return outputs

    def _write_back(self) -> None:
        """Copy what could not be written in place; every read of the old values lies before."""
        late = [
            (self.arrays[target], self.arrays[source])
            for target, source in self.flat.updates
            if self.arrays[source] is not self.arrays[target]
        ]
        late = [(target, source) for target, source in late if not _same_memory(target, source)]
        if any(np.may_share_memory(source, other) for _, source in late for other, _ in late):
            # One state takes the old value of another: both must be read before either is written.
            for index, (target, source) in enumerate(late):
                kept = np.empty_like(source)
                self.thunks.append(partial(np.copyto, kept, source))
                late[index] = (target, kept)
        self.thunks += [assignment(target, source) for target, source in late]

    # -- memory

    def _new(self, slot: int) -> Array:
        spec = self.flat.specs[slot]
        return aligned(spec.shape, spec.dtype)

    def _output(self, line: Line, slot: int, position: int, constant: bool) -> Array:
        if slot in self._targets:
            return self._targets[slot]
        if constant:
            return self._new(slot)
        spec = self.flat.specs[slot]
        in_place = line.primitive in PRIMITIVES and PRIMITIVES[line.primitive].elementwise
        # On a single number NumPy is slower in place: 0.95 us against 0.4.
        if in_place and len(line.outputs) == 1 and spec.count > 1:
            for source in line.inputs:
                dying = source in self._owned and self._lifetimes.dies_at(source, position)
                if dying and self.flat.specs[source] == spec and not self._viewed_by(line, source):
                    self._owned.discard(source)
                    self._owned.add(slot)
                    return self.arrays[source]
        self._owned.add(slot)
        count = spec.count * np.dtype(spec.dtype).itemsize
        spare = self._free.get(count)
        if spare:
            return spare.pop().view(spec.dtype).reshape(spec.shape)
        return self._new(slot)

    def _release(self, line: Line, position: int) -> None:
        """Give back the buffers that no later line reads."""
        for slot in {self._lifetimes.root[slot] for slot in (*line.inputs, *line.outputs)}:
            if slot in self._owned and self._lifetimes.dies_at(slot, position):
                self._owned.discard(slot)
                array = self.arrays[slot]
                self._free.setdefault(array.nbytes, []).append(array.reshape(-1))


def _multiplications(flat: Flat, line: Line) -> int:
    """How many multiplications a product consists of."""
    shape = flat.specs[line.inputs[0]].shape
    return flat.specs[line.outputs[0]].count * int(shape[-2 if line.attributes.get("transpose_a") else -1])


def _same_memory(a: Array, b: Array) -> bool:
    return a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.strides == b.strides
