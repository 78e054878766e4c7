"""Simplify: every rewriting is exact to the bit, and what changes nothing is gone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from tests.contracts.random_programs import Drawn, assert_same_bits, programs
from tests.contracts.support import read_spec

from flintglass.engines.engine import engine
from flintglass.primitives import Builder, types_of
from flintglass.program import Literal, Program, Size, Spec, verify
from flintglass.tracing.block_names import with_unique_blocks
from flintglass.tracing.inlining import inlined
from flintglass.tracing.simplify import simplify


@settings(deadline=None, max_examples=200)
@given(programs())
def test_simplify_changes_no_bit_of_any_program(drawn: Drawn) -> None:
    simple = simplify(drawn.program)
    verify(with_unique_blocks(simple), types_of)
    run = engine("numpy").execute
    kept = {value.name for value in simple.state}
    before, after = [[np.array(array) for array in drawn.state] for _ in range(2)]
    expected = run(drawn.program, before, drawn.inputs)
    mine = [array for value, array in zip(drawn.program.state, after, strict=True) if value.name in kept]
    assert_same_bits(run(simple, mine, drawn.inputs), expected)
    assert_same_bits(after, before)


@settings(deadline=None, max_examples=60)
@given(programs())
def test_simplify_has_nothing_left_to_do_on_what_it_returns(drawn: Drawn) -> None:
    once = simplify(drawn.program)
    assert simplify(once) == once
    assert len(once.instructions) <= 2 * len(drawn.program.instructions)


@settings(deadline=None, max_examples=60)
@given(programs())
def test_inlining_blocks_changes_no_bit_of_any_program(drawn: Drawn) -> None:
    plain = inlined(drawn.program)
    verify(plain, types_of)
    assert not list(plain.blocks())
    run = engine("numpy").execute
    before, after = [[np.array(array) for array in drawn.state] for _ in range(2)]
    assert_same_bits(run(plain, after, drawn.inputs), run(drawn.program, before, drawn.inputs))
    assert_same_bits(after, before)


SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan, 1e-42, 3e38], "float32")
X = Spec(SPECIAL.shape, "float32")


def lines_of(write) -> tuple[Program, list[str]]:
    """A program of one input, simplified, with the primitives that are left; its bits are checked."""
    b = Builder()
    program = b.finish([write(b, b.input("x", X))])
    simple = simplify(program)
    run = engine("numpy").execute
    assert_same_bits(run(simple, [], [SPECIAL]), run(program, [], [SPECIAL]))
    return simple, [line.primitive for line in simple.instructions]


GONE = {
    "x * 1": lambda b, x: b.multiply(x, 1.0),
    "1 * x": lambda b, x: b.multiply(Literal(1.0, "float32"), x),
    "x / 1": lambda b, x: b.divide(x, 1.0),
    "x - 0": lambda b, x: b.subtract(x, 0.0),
    "x ** 1": lambda b, x: b.power(x, 1.0),
    "-(-x)": lambda b, x: b.negative(b.negative(x)),
    "a reshape to the same shape": lambda b, x: b.emit("reshape", x, shape=X.shape),
    "a cast to the same dtype": lambda b, x: b.cast(x, dtype="float32"),
    "a slice of everything": lambda b, x: b.slice(x, start=(0,), stop=X.shape),
    "a reversal along no axis": lambda b, x: b.reverse(x, axis=()),
    "a transposition that keeps the order": lambda b, x: b.transpose(x, axes=(0,)),
    "there and back": lambda b, x: b.reshape(b.reshape(x, (3, 3)), X.shape),
    "the largest along an axis of extent 1": lambda b, x: b.reshape(b.max(b.reshape(x, (9, 1)), axis=(1,)), X.shape),
}
LEFT = {
    "x + 0, which makes -0 a 0": (lambda b, x: b.add(x, 0.0), ["add"]),
    "x - -0, which makes -0 a 0": (lambda b, x: b.subtract(x, -0.0), ["subtract"]),
    "0 - x, which is 0 where x is": (lambda b, x: b.subtract(Literal(0.0, "float32"), x), ["subtract"]),
    "x + -x, which is nan where x is infinite": (lambda b, x: b.add(x, b.negative(x)), ["negative", "add"]),
    "x * 0": (lambda b, x: b.multiply(x, 0.0), ["multiply"]),
    "x / x": (lambda b, x: b.divide(x, x), ["divide"]),
    "x ** 2 as a square": (lambda b, x: b.power(x, 2.0), ["square"]),
    "x ** 0.5, which is no root of -0": (lambda b, x: b.power(x, 0.5), ["power"]),
    "twins as one": (lambda b, x: b.add(b.exp(x), b.exp(x)), ["exp", "add"]),
    "a number computed once": (
        lambda b, x: b.add(x, b.multiply(b.full(X.shape, 2.0, "float32"), 3.0)), ["add"]),
    "a size in its own dtype": (
        lambda b, x: b.multiply(x, b.cast(b.emit("extent", size=Size("n") * 0 + 9, dtype="int32"), dtype="float32")),
        ["extent", "multiply"]),
    "a sum of one number, which makes -0 a 0": (
        lambda b, x: b.sum(b.reshape(x, (9, 1)), axis=(1,)), ["reshape", "sum"]),
    "a sum of one number that is no -0": (lambda b, x: b.sum(b.reshape(b.square(x), (9, 1)), axis=(1,)), ["square"]),
    "a mean of means of one number": (
        lambda b, x: b.mean(b.mean(b.reshape(b.exp(x), (3, 3, 1)), axis=(2,)), axis=(0, 1)), ["exp", "mean"]),
    "what nobody reads": (lambda b, x: (b.exp(x), b.square(x))[1], ["square"]),
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
def test_what_changes_nothing_is_gone(name: str) -> None:
    program, primitives = lines_of(GONE[name])
    assert primitives == []
    assert program.outputs == program.inputs


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_exact(name: str) -> None:
    write, expected = LEFT[name]
    assert lines_of(write)[1] == expected


def test_results_of_blocks_that_nobody_reads_are_not_computed() -> None:
    inner = Builder("pair")
    x, y = inner.input("x", read_spec("float32[]")), inner.input("y", read_spec("float32[]"))
    body = inner.finish([inner.exp(x), inner.sin(y)], ["first", "second"])
    b = Builder()
    given = [b.input(name, X) for name in "ab"]
    for primitive in ("each", "call"):
        operands = given if primitive == "each" else [b.max(item, axis=(0,)) for item in given]
        simple = simplify(b.finish([b.emit(primitive, *operands, body=body)[1]]))
        (line,) = [line for line in simple.instructions if line.primitive == primitive]
        assert len(line.operands) == len(line.outputs) == 1
        assert [item.primitive for item in line.attributes["body"].instructions] == ["sin"]
        assert line.attributes["body"].output_names == ("second",)


def test_an_operand_that_gives_a_block_over_elements_its_shape_stays() -> None:
    inner = Builder("first")
    x, _ = inner.input("x", read_spec("float32[]")), inner.input("y", read_spec("float32[]"))
    b = Builder()
    a, c = b.input("a", read_spec("float32[]")), b.input("c", X)
    simple = simplify(b.finish([b.emit("each", a, c, body=inner.finish([inner.exp(x)]))]))
    assert simple.output_specs == (X,)
