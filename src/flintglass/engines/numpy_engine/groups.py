"""Groups: the same elementwise block over neighbouring variables runs once, over one flat array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from flintglass.engines.memory import aligned
from flintglass.engines.numpy_engine.flatten import Flat, Line, spread_each
from flintglass.engines.numpy_engine.kernels import KERNELS, VIEWS
from flintglass.engines.numpy_engine.kernels.table import Array, Thunk
from flintglass.program import Spec

# Elements handled at most at a time: a block's arrays then stay in the second-level cache, or nearly (measured:
# docs/performance.md); larger chunks spill, smaller ones pay NumPy's cost per call.
CHUNK = 53248


@dataclass
class Group:
    """Lines of one ``each`` block: operands are shared by all, or one array a variable."""

    positions: list[int]
    members: list[Line]

    @property
    def last(self) -> int:
        return self.positions[-1]

    def varies(self, flat: Flat, operand: int) -> bool:
        """True where each member has its own array for this operand; one scalar may serve them all."""
        first = self.members[0].inputs[operand]
        return bool(flat.specs[first].shape) or any(line.inputs[operand] != first for line in self.members)

    def flat_arrays(
        self, flat: Flat, arrays: Mapping[int, Array], taken: Mapping[int, Array]
    ) -> dict[int, Array] | None:
        """Arrays that lay each varying operand, and each output, flat in a row; None where it cannot be.

        Operands with an array (state) must be neighbours in memory already; for the rest (gradients,
        results) the views of one new array are returned, to be written into when they are computed.
        """
        shapes = [flat.specs[line.outputs[0]].shape for line in self.members]
        self._flat: list[Array | None] = []
        aimed: dict[int, Array] = {}
        for operand in range(len(self.members[0].inputs)):
            if not self.varies(flat, operand):
                self._flat.append(None)
                continue
            slots = [line.inputs[operand] for line in self.members]
            if [flat.specs[slot].shape for slot in slots] != shapes:
                return None
            row = self._row(flat, slots, arrays, {**taken, **aimed})
            if row is None:
                return None
            self._flat.append(row[0])
            aimed.update(row[1])
        self._results: list[Array] = []
        for output in range(len(self.members[0].outputs)):
            slots = [line.outputs[output] for line in self.members]
            row = self._results_row(flat, slots, arrays)
            self._results.append(row[0])
            aimed.update(row[1])
        return aimed

    def _row(
        self, flat: Flat, slots: Sequence[int], arrays: Mapping[int, Array], taken: Mapping[int, Array]
    ) -> tuple[Array, dict[int, Array]] | None:
        known = [slot in arrays for slot in slots]
        if all(known):
            row = neighbours([arrays[slot] for slot in slots])
            return None if row is None else (row, {})
        if any(known) or len(set(slots)) < len(slots) or any(slot in taken for slot in slots):
            return None
        return _new_row(flat, slots)

    def _results_row(
        self, flat: Flat, slots: Sequence[int], arrays: Mapping[int, Array]
    ) -> tuple[Array, dict[int, Array]]:
        """Results go straight into the state that they replace, where that is a row of neighbours."""
        states = {source: target for target, source in flat.updates}
        targets = [states.get(slot) for slot in slots]
        if None not in targets:
            row = neighbours([arrays[target] for target in targets if target is not None])
            last_reads = self._read_after(flat, [target for target in targets if target is not None])
            if row is not None and not last_reads and not self._overlaps(row, arrays):
                return row, {
                    slot: arrays[target] for slot, target in zip(slots, targets, strict=True) if target is not None
                }
        return _new_row(flat, slots)

    def _overlaps(self, row: Array, arrays: Mapping[int, Array]) -> bool:
        """True where an operand lies partly in this memory: a chunk would overwrite what a later one reads."""
        shared = [arrays[slot] for slot in self.members[0].inputs if slot in arrays]
        operands = [array for array, flat in zip(shared, self._flat, strict=False) if flat is None]
        return any(
            np.may_share_memory(row, operand) and (row.ctypes.data, row.size) != (operand.ctypes.data, operand.size)
            for operand in (*(item for item in self._flat if item is not None), *operands)
        )

    def _read_after(self, flat: Flat, states: Sequence[int]) -> bool:
        """True where the old state is read after the group, or through a view that may outlive it."""
        wanted = set(states)
        for position, line in enumerate(flat.lines):
            if position in self.positions:
                continue
            if wanted & set(line.inputs):
                if position > self.positions[0]:
                    return True
                if line.primitive in VIEWS:
                    wanted.update(line.outputs)
        read = set(flat.outputs) | {source for _, source in flat.updates}
        return bool(wanted & read)

    def as_line(self, flat: Flat) -> Line:
        """One line that stands for the group in the plan."""
        inputs = tuple(dict.fromkeys(slot for line in self.members for slot in line.inputs))
        outputs = tuple(slot for line in self.members for slot in line.outputs)
        return Line("group", inputs, outputs, {"key": self.last}, self.members[0].origin)

    def bind(self, arrays: Mapping[int, Array]) -> Thunk:
        """What runs the block over the flat arrays, chunk by chunk."""
        total = self._results[0].size
        thunks: list[Thunk] = []
        scratch: dict[int, Array] = {}
        count = max(1, -(-total // CHUNK))
        size = max(1, -(-total // count))  # all of one size, or nearly: a short one costs as many calls
        for start in range(0, total, size):
            thunks += self._chunk(arrays, slice(start, min(start + size, total)), scratch)

        def run() -> None:
            for thunk in thunks:
                thunk()

        return run if len(thunks) != 1 else thunks[0]

    def _chunk(self, arrays: Mapping[int, Array], where: slice, scratch: dict[int, Array]) -> list[Thunk]:
        """The block's lines over one chunk; temporaries are shared by all chunks."""
        first = self.members[0]
        size = where.stop - where.start
        local = Flat()
        table: dict[int, Array] = {}
        inputs = []
        for operand, row in enumerate(self._flat):
            source = first.inputs[operand]
            array = arrays[source] if row is None else row[where]
            slot = local.slot(Spec(array.shape, array.dtype.name))
            table[slot] = array
            inputs.append(slot)
        outputs = [local.slot(Spec((size,), row.dtype.name)) for row in self._results]
        lines = spread_each(local, Line("each", tuple(inputs), tuple(outputs), first.attributes))
        table.update(local.literals)
        results = dict(zip(outputs, (row[where] for row in self._results), strict=True))
        return _bind_chunk(local, lines, table, results, scratch)


def _bind_chunk(
    local: Flat,
    lines: Sequence[Line],
    table: dict[int, Array],
    results: Mapping[int, Array],
    scratch: dict[int, Array],
) -> list[Thunk]:
    """Bind the lines: results in place where the old values are read no more, the rest in scratch."""
    last_read = {slot: position for position, line in enumerate(lines) for slot in line.inputs}
    thunks: list[Thunk] = []
    copies: list[tuple[Array, Array]] = []
    spare: list[Array] = []
    for position, line in enumerate(lines):
        ended = [
            table[slot]
            for slot in set(line.inputs) - set(results)
            if last_read.get(slot) == position and slot in table and _is_scratch(table[slot], scratch)
        ]
        operands = [table[slot] for slot in line.inputs]
        spare = ended + spare  # in place is faster, and drives less out of the cache
        (slot,) = line.outputs
        spec = local.specs[slot]
        target = results.get(slot)
        if target is not None and _overwrites_unread(target, table, last_read, position):
            copies.append((target, aligned(spec.shape, spec.dtype)))
            table[slot] = copies[-1][1]
        elif target is not None:
            table[slot] = target
        else:
            table[slot] = _scratch(spec, slot, scratch, spare)
        thunks.append(KERNELS[line.primitive](operands, [table[slot]], line.attributes))
    return thunks + [partial(np.copyto, target, source) for target, source in copies]


def _overwrites_unread(target: Array, table: Mapping[int, Array], last_read: Mapping[int, int], position: int) -> bool:
    return any(
        last_read.get(slot, -1) > position and array.ctypes.data == target.ctypes.data for slot, array in table.items()
    )


def _scratch(spec: Spec, slot: int, scratch: dict[int, Array], spare: list[Array]) -> Array:
    """A temporary of this type; a spare one where there is one."""
    for index, array in enumerate(spare):
        if array.dtype.name == spec.dtype and array.shape == spec.shape:
            return spare.pop(index)
    whole = scratch.get(slot)
    count = spec.count
    if whole is None or whole.size < count or whole.dtype.name != spec.dtype:
        whole = scratch[slot] = aligned((count,), spec.dtype)
    return whole[:count].reshape(spec.shape)


def _is_scratch(array: Array, scratch: Mapping[int, Array]) -> bool:
    return any(array.base is whole.base for whole in scratch.values())


def find_groups(flat: Flat) -> list[Group]:
    """Runs of consecutive ``each`` lines with the same body, none of which reads what another computes."""
    groups: list[Group] = []
    run: list[int] = []
    for position, line in enumerate(flat.lines):
        if line.primitive == "each" and run and _alike([flat.lines[member] for member in run], line):
            run.append(position)
            continue
        groups += [_group(flat, run)] if run else []
        run = [position] if line.primitive == "each" else []
    groups += [_group(flat, run)] if run else []
    return groups


def _group(flat: Flat, positions: list[int]) -> Group:
    return Group(list(positions), [flat.lines[position] for position in positions])


def _alike(run: Sequence[Line], line: Line) -> bool:
    """True where the line applies the same block, to nothing that the run computes."""
    computed = {slot for member in run for slot in member.outputs}
    return run[0].attributes["body"] == line.attributes["body"] and not computed & set(line.inputs)


def _new_row(flat: Flat, slots: Sequence[int]) -> tuple[Array, dict[int, Array]]:
    """One array, and the views of it that lie where each slot's turn is."""
    specs = [flat.specs[slot] for slot in slots]
    counts = [spec.count for spec in specs]
    row = aligned((sum(counts),), specs[0].dtype)
    views: dict[int, Array] = {}
    start = 0
    for slot, spec, count in zip(slots, specs, counts, strict=True):
        views[slot] = row[start : start + count].reshape(spec.shape)
        start += count
    return row, views


def neighbours(arrays: Sequence[Array]) -> Array | None:
    """One flat array over contiguous arrays that follow each other in memory; None where they do not."""
    first = arrays[0]
    address = first.ctypes.data
    for array in arrays:
        if not array.flags.c_contiguous or array.dtype != first.dtype or array.ctypes.data != address:
            return None
        address += array.nbytes
    owner: Any = first
    if len(arrays) == 1:
        return first.reshape(-1)
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    owner = owner.reshape(-1) if owner.flags.c_contiguous else None
    if owner is None or owner.dtype != first.dtype:
        return None
    start = (first.ctypes.data - owner.ctypes.data) // first.itemsize
    count = sum(array.size for array in arrays)
    return owner[start : start + count] if start + count <= owner.size else None
