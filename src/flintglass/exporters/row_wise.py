"""Whether each row of a batch is computed for itself, so that a function of one row is the whole network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flintglass.errors import ExportError
from flintglass.exporters.words import readable
from flintglass.primitives import PRIMITIVES
from flintglass.program import Dimension, Instruction, Program, Size, Spec

# Whether a line stays within the rows, told from the axes that carry them in its operands (None: none does).
Rule = Callable[[Instruction, list[int | None]], bool]


def row_axis(spec: Spec) -> int | None:
    """The axis whose extent depends on the number of rows; None where there is none."""
    axes = [axis for axis, extent in enumerate(spec.shape) if isinstance(extent, Size)]
    if len(axes) > 1:
        raise _Across
    return axes[0] if axes else None


class _Across(Exception):
    """A line sees several rows at once."""


def require_row_wise(program: Program) -> None:
    """ExportError, naming the layer and the line, where a line sees several rows or counts them."""
    sizes = sorted(program.sizes)
    if len(sizes) > 1:
        raise ExportError(
            f"the network takes arrays of any {' and '.join(sizes)}, but C needs all extents but the number of rows; "
            "give the Input a shape without None, or export to .py"
        )
    _check(program, "")


def _check(program: Program, place: str) -> None:
    for line in program.instructions:
        where = line.origin or place
        try:
            axes = [row_axis(operand.spec) for operand in line.operands]
            found = [row_axis(value.spec) for value in line.outputs]
            rule = RULES.get(line.primitive)
            fits = _elementwise(line, axes) if rule is None else rule(line, axes)
            # What no longer has an axis of rows would have to come from all of them.
            fits = fits and (rule is not None or found[0] is not None or not any(a is not None for a in axes))
        except _Across:
            fits = False
        if not fits:
            raise ExportError(
                f"the layer {readable(where)!r} works across the rows of a batch ({line.primitive}), but the C "
                "function computes one row at a time; export to .py, which takes whole batches, or leave that "
                "layer out"
            )
        for _, block in line.blocks():
            _check(block, where)


def _elementwise(line: Instruction, axes: list[int | None]) -> bool:
    """Aligned at the last axis, all operands have the rows at the same place."""
    if not PRIMITIVES[line.primitive].elementwise:
        raise ExportError(f"there is no rule yet whether {line.primitive} stays within a row")
    places = {axis - operand.spec.rank for axis, operand in zip(axes, line.operands, strict=True) if axis is not None}
    return len(places) <= 1


def _anything(line: Instruction, axes: list[int | None]) -> bool:
    return True


def _not_along(line: Instruction, axes: list[int | None]) -> bool:
    """The attribute axis is not that of the rows."""
    along = line.attributes["axis"]
    return axes[0] is None or axes[0] not in (along if isinstance(along, tuple) else (along,))


def _not_last(line: Instruction, axes: list[int | None]) -> bool:
    return axes[0] is None or axes[0] != line.operands[0].spec.rank - 1


def _counts_no_rows(line: Instruction, axes: list[int | None]) -> bool:
    return row_axis(line.outputs[0].spec) != line.attributes["axis"]


def _extent(line: Instruction, axes: list[int | None]) -> bool:
    return not isinstance(line.attributes["size"], Size)


def _reshape(line: Instruction, axes: list[int | None]) -> bool:
    """Before the axis of the rows stand as many elements as ever, so that each row stays in one piece."""
    old, new = line.operands[0].spec.shape, line.outputs[0].spec.shape
    axis = row_axis(line.outputs[0].spec)
    if axes[0] is None or axis is None:
        return axes[0] is axis
    return _product(old[: axes[0]]) == _product(new[:axis])


def _product(extents: Sequence[Dimension]) -> Dimension:
    return Spec(tuple(extents), "bool").size


def _whole(line: Instruction, axes: list[int | None]) -> bool:
    """A slice or a pad that leaves the axis of the rows as it is."""
    axis = axes[0]
    if axis is None:
        return row_axis(line.outputs[0].spec) is None
    return line.operands[0].spec.shape[axis] == line.outputs[0].spec.shape[axis]


def _concatenate(line: Instruction, axes: list[int | None]) -> bool:
    return line.attributes["axis"] not in axes and len(set(axes)) == 1


def _matmul(line: Instruction, axes: list[int | None]) -> bool:
    """Rows may be rows of the first matrix, columns of the second, or many products side by side."""
    inner = [-2 if line.attributes.get("transpose_a") else -1, -1 if line.attributes.get("transpose_b") else -2]
    places = set()
    for position, (axis, operand) in enumerate(zip(axes, line.operands, strict=True)):
        if axis is None:
            continue
        place = axis - operand.spec.rank
        if place == inner[position]:
            return False
        places.add(place if place < -2 else -2 + position)
    return len(places) <= 1


def _of_matrices(line: Instruction, axes: list[int | None]) -> bool:
    """Every row has matrices of its own, at the same place of the stacks."""
    places = {axis - operand.spec.rank for axis, operand in zip(axes, line.operands, strict=True) if axis is not None}
    return len(places) <= 1 and all(place < -2 for place in places)


def _indexed(line: Instruction, axes: list[int | None]) -> bool:
    """A table that all rows share, or one for each row and indices for each."""
    axis, shared = line.attributes["axis"], line.attributes.get("batch", 0)
    if axes[0] is None:
        return line.primitive == "gather" or all(place is None for place in axes)
    if axes[0] < shared:
        return all(place == axes[0] for place in axes)
    return axes[0] != axis and axes[1] is None


def _same_for_all(line: Instruction, axes: list[int | None]) -> bool:
    """What decides how a loop or a choice goes on is no row's own; the bodies are looked at by themselves."""
    return line.primitive != "scan" or all(axis != 0 for axis in axes[_before_rows(line) :])


def _before_rows(line: Instruction) -> int:
    return int(line.attributes.get("constants", 0) + line.attributes.get("carries", 0))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "any", "all"), _not_along),
    **dict.fromkeys(("cumulative_sum", "cumulative_product", "cumulative_maximum", "reverse"), _not_along),
    **dict.fromkeys(("sort", "argsort", "argmax", "argmin"), _not_along),
    **dict.fromkeys(("gather", "scatter_add"), _indexed),
    **dict.fromkeys(("slice", "pad"), _whole),
    **dict.fromkeys(("call", "cond", "while", "scan"), _same_for_all),
    **dict.fromkeys(("broadcast", "transpose", "random_bits"), _anything),
    **dict.fromkeys((name for name, primitive in PRIMITIVES.items() if primitive.tier == "host"), _of_matrices),
    "top_k": _not_last,
    "iota": _counts_no_rows,
    "extent": _extent,
    "reshape": _reshape,
    "concatenate": _concatenate,
    "matmul": _matmul,
}
