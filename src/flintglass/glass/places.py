"""Places: elements that a line only moves, repeats, picks or adds to are written as what they were before."""

from __future__ import annotations

import numpy as np

from flintglass.glass.elements import MANY_TERMS, Elements, Index, rule
from flintglass.glass.formula import Constant, Formula, Sum
from flintglass.program import Instruction


@rule("cast", "stop_gradient", "broadcast")
def _same(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return at.elementwise(line, index)[0]


@rule("extent", "iota")
def _known(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Formula(number)


@rule("reshape")
def _reshape(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x = line.operands[0]
    flat = int(np.ravel_multi_index(index, at.evidence.shape(line.outputs[0]))) if index else 0
    inner = at.evidence.shape(x)
    return at.operand(x, tuple(int(i) for i in np.unravel_index(flat, inner)) if inner else (), line)


@rule("transpose")
def _transpose(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    axes = line.attributes["axes"]
    inner = [0] * len(axes)
    for position, axis in enumerate(axes):
        inner[axis] = index[position]
    return at.operand(line.operands[0], tuple(inner), line)


@rule("reverse")
def _reverse(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, axes = line.operands[0], line.attributes["axis"]
    extents = at.evidence.shape(x)
    return at.operand(x, tuple(extents[k] - 1 - i if k in axes else i for k, i in enumerate(index)), line)


@rule("slice")
def _slice(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, attributes = line.operands[0], at.evidence.attributes(line)
    steps = attributes.get("step", (1,) * len(index))
    cuts = zip(attributes["start"], attributes["stop"], steps, at.evidence.shape(x), index, strict=True)
    inner = (range(*slice(start, stop, step).indices(extent))[i] for start, stop, step, extent, i in cuts)
    return at.operand(x, tuple(inner), line)


@rule("pad")
def _pad(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x = line.operands[0]
    inner = tuple(i - low for i, low in zip(index, at.evidence.attributes(line)["low"], strict=True))
    if all(0 <= i < extent for i, extent in zip(inner, at.evidence.shape(x), strict=True)):
        return at.operand(x, inner, line)
    return Constant(number)


@rule("concatenate")
def _concatenate(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    axis = line.attributes["axis"]
    place = index[axis]
    for x in line.operands:
        extent = at.evidence.shape(x)[axis]
        if place < extent:
            return at.operand(x, (*index[:axis], place, *index[axis + 1 :]), line)
        place -= extent
    raise AssertionError("the operands of a concatenation fill its output")


@rule("gather")
def _gather(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    (x, indices), axis, shared = line.operands, line.attributes["axis"], line.attributes.get("batch", 0)
    end = axis + len(at.evidence.shape(indices)) - shared
    chosen = int(at.evidence.number(indices, (*index[:shared], *index[axis:end])))
    return at.operand(x, (*index[:axis], chosen, *index[end:]), line)


@rule("scatter_add")
def _scatter_add(at: Elements, line: Instruction, index: Index, number: float) -> Formula | None:
    (x, indices, updates), axis = line.operands, line.attributes["axis"]
    shared = line.attributes.get("batch", 0)
    extents = at.evidence.shape(indices)[shared:]
    if int(np.prod(extents)) > MANY_TERMS:
        return None
    terms = [at.operand(x, index, line)]
    places: list[Index] = [()]
    for place in np.ndindex(*extents):
        if at.evidence.number(indices, (*index[:shared], *place)) == index[axis]:
            terms.append(at.operand(updates, (*index[:axis], *place, *index[axis + 1 :]), line))
            places.append(place)
    if len(terms) > 1 and isinstance(terms[0], Constant) and terms[0].value == 0:
        del terms[0], places[0]
    return terms[0] if len(terms) == 1 else Sum(number, terms, places=places)
