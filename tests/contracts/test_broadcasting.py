"""Broadcasting is NumPy's: for any shapes, the rule gives what NumPy gives, or fails where NumPy fails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.support import evaluate

from flintglass.errors import ShapeError
from flintglass.primitives import PRIMITIVES, Builder, primitive
from flintglass.primitives.base import broadcast_shapes
from flintglass.program import Size, Spec

EXTENTS = st.sampled_from([1, 1, 2, 3, 0])
SHAPES = st.lists(st.lists(EXTENTS, max_size=4).map(tuple), min_size=1, max_size=4)
ANY = settings(max_examples=80, deadline=None)


def broadcast_by_numpy(shapes: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


@given(SHAPES)
@ANY
def test_the_rule_is_that_of_numpy(shapes: list[tuple[int, ...]]) -> None:
    specs = [Spec(shape, "float32") for shape in shapes]
    expected = broadcast_by_numpy(shapes)
    if expected is None:
        with pytest.raises(ShapeError, match="do not fit together"):
            broadcast_shapes("here", specs)
    else:
        assert broadcast_shapes("here", specs) == expected


@given(SHAPES)
@ANY
def test_a_named_size_fits_itself_and_one_and_nothing_else(shapes: list[tuple[int, ...]]) -> None:
    # 7 stands for the name in NumPy's answer; no other extent is 7.
    named = [tuple(Size("n") if extent == 2 else extent for extent in shape) for shape in shapes]
    expected = broadcast_by_numpy([tuple(7 if extent == 2 else extent for extent in shape) for shape in shapes])
    specs = [Spec(shape, "float32") for shape in named]
    if expected is None:
        with pytest.raises(ShapeError):
            broadcast_shapes("here", specs)
    else:
        assert broadcast_shapes("here", specs) == tuple(Size("n") if extent == 7 else extent for extent in expected)


@given(SHAPES.filter(lambda shapes: len(shapes) >= 2))
@ANY
def test_unbroadcasting_sums_over_what_was_stretched(shapes: list[tuple[int, ...]]) -> None:
    result = broadcast_by_numpy(shapes[:2])
    if result is None or 0 in result:
        return
    b = Builder()
    g = b.input("g", Spec(result, "float64"))
    targets = [Spec(shape, "float64") for shape in shapes[:2]]
    program = b.finish([b.unbroadcast(g, target) for target in targets])
    for target, found in zip(targets, evaluate(program, [np.ones(result)], {}), strict=True):
        assert found.shape == target.shape
        assert (found == np.prod(result) / np.prod(target.shape)).all()


@given(SHAPES.filter(lambda shapes: len(shapes) >= 2), st.tuples(st.booleans(), st.booleans()).filter(any))
@ANY
def test_a_batched_addition_is_the_addition_of_each_row(
    shapes: list[tuple[int, ...]], batched: tuple[bool, bool]
) -> None:
    result = broadcast_by_numpy(shapes[:2])
    if result is None:
        return
    b = Builder()
    operands = [
        b.input("x", Spec((5, *shape) if flag else shape, "float64"))
        for shape, flag in zip(shapes[:2], batched, strict=True)
    ]
    outputs = primitive("add").batch(b, operands, batched, {})
    arrays = [np.arange(np.prod(value.spec.shape)).reshape(value.spec.shape) for value in b.inputs]
    (found,) = evaluate(b.finish(outputs), [array.astype("float64") for array in arrays], {})
    rows = [
        np.add(*(array[row] if flag else array for array, flag in zip(arrays, batched, strict=True)))
        for row in range(5)
    ]
    np.testing.assert_array_equal(found, np.stack(rows))


def test_every_elementwise_primitive_of_two_operands_broadcasts() -> None:
    pairs = [item for item in PRIMITIVES.values() if item.elementwise and getattr(item, "arity", 0) == 2]
    assert len(pairs) > 15
    for item in pairs:
        dtype = "bool" if "b" in item.kinds else "int32" if "i" in item.kinds else "float32"
        (spec,) = item.specs([Spec((Size("n"), 1), dtype), Spec((3,), dtype)], {})
        assert spec.shape == (Size("n"), 3)
