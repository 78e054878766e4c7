"""How reductions, running totals, orders and look-ups are written in C: one row of a table each."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.exporters.c_body import ROWS, Body, Row
from flintglass.exporters.c_loops import Nest, Walk, contiguous, index, loop, shape_of, whole
from flintglass.exporters.c_rows import row, scoped
from flintglass.exporters.c_types import c_type, number
from flintglass.program import Instruction, Literal, Operand, Spec, Value

LOWEST = {"float": "-INFINITY", "int": "INT{}_MIN", "uint": "0"}
HIGHEST = {"float": "INFINITY", "int": "INT{}_MAX", "uint": "UINT{}_MAX"}


def _limit(table: dict[str, str], dtype: str) -> str:
    kind = dtype.rstrip("0123456789")
    return table[kind].format(dtype.removeprefix(kind))


def _wraps(dtype: str) -> bool:
    return "int" in dtype


class _Split:
    """The loops over the axes that a result keeps, and those over the axes that it is found along."""

    def __init__(self, operand: Operand, axes: Sequence[int], result: Spec | None = None) -> None:
        shape = shape_of(operand.spec)
        strides = contiguous(shape)
        self.kept = [axis for axis in range(len(shape)) if axis not in axes]
        self.axes = list(axes)
        extents = [shape[axis] for axis in self.kept]
        # Extents of 1 leave the order of elements as it is: the result is walked as if it had the kept axes alone.
        out = (
            Walk(contiguous(extents))
            if result is None
            else Walk(tuple(contiguous(shape_of(result))[axis] for axis in self.kept))
        )
        self.outer = Nest(extents, [out, Walk(tuple(strides[axis] for axis in self.kept))])
        self.inner = Nest([shape[axis] for axis in axes], [Walk(tuple(strides[axis] for axis in axes))], self.outer)
        self.count = 1
        for axis in axes:
            self.count *= shape[axis]
        self.stride = strides[self.axes[0]] if self.axes else 0

    def result(self) -> list[str]:
        return self.outer.at(0)

    def element(self) -> list[str]:
        return [*self.outer.at(1), *self.inner.at(0)]


def _reduction(start: str, update: str, end: str = "{t}") -> Row:
    """A row from C texts: t is the total, x the element, T the type, N how many there are."""

    def write(body: Body, line: Instruction) -> list[str]:
        (value,), (x,) = line.outputs, line.operands
        dtype = value.spec.dtype
        split = _Split(x, line.attributes["axis"])
        wide = "uint64_t" if _wraps(dtype) and start in ("0", "1") else c_type(dtype)
        first = {"lowest": _limit(LOWEST, dtype), "highest": _limit(HIGHEST, dtype)} if dtype != "bool" else {}
        begin = first.get(start) or (number(Literal(int(start), dtype)) if wide != "uint64_t" else start)
        element = body.at(x, split.element())
        texts = {"t": "total", "x": f"(uint64_t){element}" if wide == "uint64_t" else element}
        texts |= {"N": number(Literal(split.count, dtype))}
        final = end.format(**texts) if wide == c_type(dtype) else f"({c_type(dtype)})total"
        lines = [
            f"{wide} total = {begin};",
            *split.inner.wrap([_without_nan(update, dtype).format(**texts)]),
            f"{body.array(value)}[{index(split.result())}] = {final};",
        ]
        return split.outer.wrap(lines)

    def declared_first(body: Body, line: Instruction) -> list[str]:
        lines = body.declared(line.outputs[0])
        return lines + scoped(write(body, line))

    return declared_first


def _without_nan(update: str, dtype: str) -> str:
    return (
        update if dtype.startswith("float") else update.replace(" || {x} != {x}", "").replace(" || total != total", "")
    )


ROWS["sum"] = _reduction("0", "total += {x};")
ROWS["prod"] = _reduction("1", "total *= {x};")
ROWS["mean"] = _reduction("0", "total += {x};", "total / {N}")
ROWS["any"] = _reduction("0", "total = total || {x};")
ROWS["all"] = _reduction("1", "total = total && {x};")
ROWS["max"] = _reduction("lowest", "total = {x} > total || {x} != {x} ? {x} : total;")
ROWS["min"] = _reduction("highest", "total = {x} < total || {x} != {x} ? {x} : total;")


def _running(start: str, update: str) -> Row:
    def write(body: Body, line: Instruction) -> list[str]:
        (value,), (x,) = line.outputs, line.operands
        dtype, lines = value.spec.dtype, body.declared(value)
        split = _Split(x, (line.attributes["axis"],), value.spec)
        wide = "uint64_t" if _wraps(dtype) and start != "lowest" else c_type(dtype)
        backward = line.attributes.get("reverse", False)
        # Both arrays have one shape: an element has the same place in each.
        along = Nest((split.count,), [Walk((-split.stride if backward else split.stride,))], split.outer)
        place = [*split.outer.at(1), *along.at(0, (split.count - 1) * split.stride if backward else 0)]
        element = body.at(x, place)
        text = _without_nan(update, dtype).format(x=f"(uint64_t){element}" if wide == "uint64_t" else element)
        begin = (
            _limit(LOWEST, dtype)
            if start == "lowest"
            else start
            if wide == "uint64_t"
            else number(Literal(int(start), dtype))
        )
        stored = f"{body.array(value)}[{index(place)}] = {'' if wide == c_type(dtype) else f'({c_type(dtype)})'}total;"
        steps = [stored, text] if line.attributes.get("exclusive") else [text, stored]
        return lines + scoped(split.outer.wrap([f"{wide} total = {begin};", *along.wrap(steps)]))

    return write


ROWS["cumulative_sum"] = _running("0", "total += {x};")
ROWS["cumulative_product"] = _running("1", "total *= {x};")
ROWS["cumulative_maximum"] = _running("lowest", "total = total > {x} || total != total ? total : {x};")


def _position(sign: str) -> Row:
    """The place of the first of the best, nan being better than all numbers."""

    def write(body: Body, line: Instruction) -> list[str]:
        (value,), (x,) = line.outputs, line.operands
        lines = body.declared(value)
        split = _Split(x, (line.attributes["axis"],))
        here = body.at(x, [*split.outer.at(1), *_times("t", split.stride)])
        there = body.at(x, [*split.outer.at(1), *_times("best", split.stride)])
        is_nan = f" || ({here} != {here} && {there} == {there})" if x.spec.is_float else ""
        search = [f"if ({here} {sign} {there}{is_nan})", "    best = t;"]
        best = ["int best = 0;", *loop("t", split.count, search)]
        return lines + scoped(split.outer.wrap([*best, f"{body.array(value)}[{index(split.result())}] = best;"]))

    return write


def _times(variable: str, stride: int) -> list[str]:
    return [variable if stride == 1 else f"{variable} * {stride}"] if stride else []


ROWS["argmax"], ROWS["argmin"] = _position(">"), _position("<")


def _ordered(body: Body, line: Instruction, axis: int, kept: int, largest: bool) -> tuple[_Split, list[str]]:
    """Lines that find ``order``, the places of the first ``kept`` elements, by insertion: equal ones keep theirs."""
    (x,) = line.operands
    split = _Split(x, (axis,), line.outputs[0].spec)
    here, there = (
        body.at(x, [*split.outer.at(1), *_times(variable, split.stride)]) for variable in ("t", "order[place - 1]")
    )
    last, first = (here, there) if not largest else (there, here)
    is_nan = f" || ({last} == {last} && {first} != {first})" if x.spec.is_float else ""
    lines = [
        f"int32_t order[{max(kept, 1)}];",
        *loop(
            "t",
            split.count,
            [
                f"int place = t < {kept} ? t : {kept};",
                f"for (; place > 0 && ({here} {'>' if largest else '<'} {there}{is_nan}); place--)",
                f"    if (place < {kept})",
                "        order[place] = order[place - 1];",
                f"if (place < {kept})",
                "    order[place] = t;",
            ],
        ),
    ]
    return split, lines


@row
def sort(body: Body, line: Instruction) -> list[str]:
    return _by_order(body, line, line.attributes["axis"], _extent(line), False)


@row
def argsort(body: Body, line: Instruction) -> list[str]:
    return _by_order(body, line, line.attributes["axis"], _extent(line), False)


@row
def top_k(body: Body, line: Instruction) -> list[str]:
    return _by_order(body, line, line.operands[0].spec.rank - 1, line.attributes["k"], True)


def _extent(line: Instruction) -> int:
    return shape_of(line.operands[0].spec)[line.attributes["axis"]]


def _by_order(body: Body, line: Instruction, axis: int, kept: int, largest: bool) -> list[str]:
    """Elements, their places, or both, in the order that was found."""
    declared = [text for value in line.outputs for text in body.declared(value)]
    split, lines = _ordered(body, line, axis, kept, largest)
    (x,) = line.operands
    places = [line.primitive == "argsort"] if len(line.outputs) == 1 else [False, True]
    stride = contiguous(shape_of(line.outputs[0].spec))[axis]
    fill = []
    for value, is_place in zip(line.outputs, places, strict=True):
        found = "order[t]" if is_place else body.at(x, [*split.outer.at(1), *_times("order[t]", split.stride)])
        fill.append(f"{body.array(value)}[{index([*split.outer.at(0), *_times('t', stride)])}] = {found};")
    return declared + scoped(split.outer.wrap([*lines, *loop("t", kept, fill)]))


@row
def gather(body: Body, line: Instruction) -> list[str]:
    """Every index is checked before it is used; one that does not fit ends the function with 1."""
    (value,), (x, indices) = line.outputs, line.operands
    lines = body.declared(value)
    nest, place, check = _looked_up(body, line, value, indices)
    found = body.at(x, [*nest.at(1), *place])
    return lines + scoped(nest.wrap([*check, f"{body.array(value)}[{index(nest.at(0))}] = {found};"]))


@row
def scatter_add(body: Body, line: Instruction) -> list[str]:
    """The operand, and the updates added one after another."""
    (value,), (x, indices, updates) = line.outputs, line.operands
    lines = body.declared(value) + body.copied(value, x)
    assert isinstance(updates, (Value, Literal))
    nest, place, check = _looked_up(body, line, updates, indices)
    target = f"{body.array(value)}[{index([*nest.at(1), *place])}]"
    update = body.at(updates, nest.at(0))
    kind = c_type(value.spec.dtype)
    added = f"{target} += {update};"
    if _wraps(value.spec.dtype):
        added = f"{target} = ({kind})((uint64_t){target} + (uint64_t){update});"
    return lines + scoped(nest.wrap([*check, added]))


def _looked_up(body: Body, line: Instruction, over: Operand, indices: Operand) -> tuple[Nest, list[str], list[str]]:
    """Loops over what is looked up (walks: itself, the table, the indices), the table's place, and its check."""
    axis, shared = line.attributes["axis"], line.attributes.get("batch", 0)
    table, chosen = shape_of(line.operands[0].spec), shape_of(indices.spec)
    strides, steps, rank = contiguous(table), contiguous(chosen), len(chosen) - shared
    others = [strides[i] for i in range(len(table)) if i != axis]
    in_table = [*others[:axis], *[0] * rank, *others[axis:]]
    in_indices = [*steps[:shared], *[0] * (axis - shared), *steps[shared:], *[0] * (len(table) - axis - 1)]
    shape = shape_of(over.spec)
    nest = Nest(shape, [whole(shape), Walk(tuple(in_table)), Walk(tuple(in_indices))])
    body.fails = True
    check = [
        f"const int64_t place = (int64_t){body.at(indices, nest.at(2))};",
        f"if (place < 0 || place >= {table[axis]})",
        "    return 1;",
    ]
    return nest, _times("place", strides[axis]), check
