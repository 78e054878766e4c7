"""How each primitive that is not elementwise is written in C: loops over arrays, one row of a table each."""

from __future__ import annotations

from collections.abc import Callable

from flintglass.exporters.c_body import ROWS, Body, Row
from flintglass.exporters.c_loops import Nest, Shape, Walk, contiguous, index, shape_of, stretched, whole
from flintglass.exporters.c_types import c_type, number
from flintglass.program import Instruction, Literal, Operand


def row(function: Row) -> Row:
    """Enter a row under the name of its function, less a trailing underscore."""
    ROWS[function.__name__.rstrip("_")] = function
    return function


@row
def reshape(body: Body, line: Instruction) -> list[str]:
    """Another name for the same array."""
    (value,), (operand,) = line.outputs, line.operands
    if isinstance(operand, Literal):
        return body.declared(value) + body.copied(value, operand)
    body.names[value] = body.words.new(value.name)
    return [f"const {c_type(value.spec.dtype)} *{body.names[value]} = {body.array(operand)};"]


def _copy(walk: Callable[[Instruction, Shape], Walk]) -> Row:
    """A row that copies its operand, walked through in another order."""

    def write(body: Body, line: Instruction) -> list[str]:
        (value,), (operand,) = line.outputs, line.operands
        return body.declared(value) + body.copied(value, operand, walk(line, shape_of(operand.spec)))

    return write


def _transposed(line: Instruction, shape: Shape) -> Walk:
    strides = contiguous(shape)
    return Walk(tuple(strides[axis] for axis in line.attributes["axes"]))


def _reversed(line: Instruction, shape: Shape) -> Walk:
    axes, strides = line.attributes["axis"], contiguous(shape)
    start = sum(strides[axis] * (shape[axis] - 1) for axis in axes)
    return Walk(tuple(-stride if axis in axes else stride for axis, stride in enumerate(strides)), start)


def _sliced(line: Instruction, shape: Shape) -> Walk:
    strides = contiguous(shape)
    steps = line.attributes.get("step", (1,) * len(shape))
    start = sum((first or 0) * stride for first, stride in zip(line.attributes["start"], strides, strict=True))
    return Walk(tuple(stride * step for stride, step in zip(strides, steps, strict=True)), start)


ROWS["broadcast"] = _copy(lambda line, shape: stretched(shape, shape_of(line.outputs[0].spec)))
ROWS["transpose"] = _copy(_transposed)
ROWS["reverse"] = _copy(_reversed)
ROWS["slice"] = _copy(_sliced)


@row
def pad(body: Body, line: Instruction) -> list[str]:
    (value,), (operand,) = line.outputs, line.operands
    lines, shape = body.declared(value), shape_of(value.spec)
    margin = Literal(line.attributes.get("value", 0), value.spec.dtype)
    return [*lines, *body.copied(value, margin), *_placed(body, line, operand, _offset(shape, line.attributes["low"]))]


def _offset(shape: Shape, low: Shape) -> int:
    return sum(first * stride for first, stride in zip(low, contiguous(shape), strict=True))


def _placed(body: Body, line: Instruction, operand: Operand, start: int) -> list[str]:
    """An operand copied whole into a part of the result."""
    (value,) = line.outputs
    inner = shape_of(operand.spec)
    nest = Nest(inner, [Walk(contiguous(shape_of(value.spec))), whole(inner)])
    target = f"{body.array(value)}[{index(nest.at(0, start))}]"
    return nest.wrap([f"{target} = {body.at(operand, nest.at(1))};"])


@row
def concatenate(body: Body, line: Instruction) -> list[str]:
    (value,), axis = line.outputs, line.attributes["axis"]
    lines, stride, done = body.declared(value), contiguous(shape_of(value.spec))[axis], 0
    for operand in line.operands:
        lines += _placed(body, line, operand, done * stride)
        done += shape_of(operand.spec)[axis]
    return lines


@row
def iota(body: Body, line: Instruction) -> list[str]:
    (value,), axis = line.outputs, line.attributes["axis"]
    shape = shape_of(value.spec)
    counting = Walk(tuple(int(place == axis) for place in range(len(shape))))
    nest = Nest(shape, [whole(shape), counting])
    count = f"({c_type(value.spec.dtype)})({index(nest.at(1))})"
    return body.declared(value) + nest.wrap([f"{body.array(value)}[{index(nest.at(0))}] = {count};"])


@row
def extent(body: Body, line: Instruction) -> list[str]:
    (value,) = line.outputs
    return body.declared(value) + body.copied(value, Literal(line.attributes["size"], value.spec.dtype))


@row
def matmul(body: Body, line: Instruction) -> list[str]:
    """Sums along the inner axis from its first element to its last, whatever the order of the loops."""
    (value,), (a, b) = line.outputs, line.operands
    shape = shape_of(value.spec)
    left, right = (
        _matrix(operand, shape, line.attributes.get(key, False))
        for operand, key in ((a, "transpose_a"), (b, "transpose_b"))
    )
    inner = shape_of(a.spec)[-2 if line.attributes.get("transpose_a") else -1]
    # Each as (all axes of the result but the columns), then (columns): a has none of its own there.
    rows = Walk((*left.strides[:-1], 0))
    columns = Walk((*right.strides[:-2], 0, right.strides[-1]))
    steps = left.strides[-1], right.strides[-2]
    summed_in = line.attributes.get("accumulate", value.spec.dtype)
    plain = value.spec.is_float and summed_in == value.spec.dtype
    in_order = (right.strides[-1] == 1 and shape[-1] > 1) or value.spec.count == 1
    write = _matmul_by_rows if plain and in_order else _matmul_by_elements
    return body.declared(value) + write(body, line, [whole(shape), rows, columns], (inner, *steps), summed_in)


def _matrix(operand: Operand, shape: Shape, turned: bool) -> Walk:
    """The strides of an operand: those of the leading axes of the result, then rows and columns."""
    own = shape_of(operand.spec)
    leading = stretched(own[:-2], shape[:-2]).strides
    per_matrix = own[-2] * own[-1]
    ends = (1, own[-1]) if turned else (own[-1], 1)
    return Walk((*(stride * per_matrix for stride in leading), *ends))


def _matmul_by_rows(
    body: Body, line: Instruction, walks: list[Walk], inner: tuple[int, int, int], dtype: str
) -> list[str]:
    """Each row of b, times a number of a, is added to the row of the result: memory is read in its order."""
    (value,), (a, b) = line.outputs, line.operands
    shape = shape_of(value.spec)
    firsts = [Walk(walk.strides[:-1]) for walk in walks]
    outer = Nest(shape[:-1], firsts)
    along = Nest((inner[0],), [Walk((0,)), Walk((inner[1],)), Walk((inner[2],))], outer)
    across = Nest((shape[-1],), [Walk((walk.strides[-1],)) for walk in walks], along)
    clear = Nest((shape[-1],), [Walk((1,))], outer)
    target = [*outer.at(0), *across.at(0)]
    zero = number(Literal(0, dtype))
    at_a, at_b = ([*outer.at(i), *along.at(i), *across.at(i)] for i in (1, 2))
    added = f"{body.array(value)}[{index(target)}] += {body.at(a, at_a)} * {body.at(b, at_b)};"
    start = f"{body.array(value)}[{index([*outer.at(0), *clear.at(0)])}] = {zero};"
    return outer.wrap([*clear.wrap([start]), *along.wrap(across.wrap([added]))])


def _matmul_by_elements(
    body: Body, line: Instruction, walks: list[Walk], inner: tuple[int, int, int], dtype: str
) -> list[str]:
    """Each element of the result is summed by itself, in the dtype that is asked for; integers wrap around."""
    (value,), (a, b) = line.outputs, line.operands
    nest = Nest(shape_of(value.spec), walks)
    along = Nest((inner[0],), [Walk((0,)), Walk((inner[1],)), Walk((inner[2],))], nest)
    kind = c_type(dtype) if value.spec.is_float else "uint64_t"
    cast = "" if kind == c_type(value.spec.dtype) else f"({kind})"
    back = f"({c_type(value.spec.dtype)})" if cast else ""
    x, y = (body.at(operand, [*nest.at(i), *along.at(i)]) for i, operand in ((1, a), (2, b)))
    start = number(Literal(0, dtype)) if value.spec.is_float else "0"
    lines = [
        f"{kind} total = {start};",
        *along.wrap([f"total += {cast}{x} * {cast}{y};"]),
        f"{body.array(value)}[{index(nest.at(0))}] = {back}total;",
    ]
    return scoped(nest.wrap(lines))


def scoped(lines: list[str]) -> list[str]:
    """In braces of their own, where no loop gives them: several lines may each have a total."""
    return lines if lines[0].startswith("for (") else ["{", *(f"    {line}" for line in lines), "}"]
