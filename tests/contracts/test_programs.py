"""Programs: sizes, the verifier, the listing and its parser, and the engine's plans against a naive interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.random_programs import Drawn, programs
from tests.contracts.support import read_spec
from tests.golden.networks import NETWORKS

from flintglass.errors import NeedsConcrete, ProgramError
from flintglass.primitives import Builder, types_of
from flintglass.program import Instruction, Literal, Program, Size, Value, dimension, listing, parse, verify
from flintglass.program.size import bind, divide
from flintglass.tracing.inlining import inlined

# -- sizes

NUMBERS = {"n": 5, "m": 3}
EXPRESSIONS = st.recursive(
    st.sampled_from([Size("n"), Size("m")]) | st.integers(-4, 9),
    lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner),
    max_leaves=6,
)


def computed(expression, leaf):
    if not isinstance(expression, tuple):
        return leaf(expression)
    sign, left, right = expression
    x, y = computed(left, leaf), computed(right, leaf)
    return x + y if sign == "+" else x - y if sign == "-" else x * y


@given(EXPRESSIONS)
def test_arithmetic_of_sizes_agrees_with_integers_once_they_are_bound(expression) -> None:
    named = computed(expression, lambda leaf: leaf)
    number = computed(expression, lambda leaf: bind(leaf, NUMBERS))
    assert bind(named, NUMBERS) == number
    assert type(bind(named, NUMBERS)) is int
    half = bind(named, {"n": 5})
    assert bind(half, {"m": 3}) == number


@given(EXPRESSIONS)
def test_a_size_reads_back_from_its_text(expression) -> None:
    named = computed(expression, lambda leaf: leaf)
    if isinstance(named, Size):
        assert dimension(str(named)) == named
        assert hash(dimension(str(named))) == hash(named)


@given(EXPRESSIONS, EXPRESSIONS)
def test_equal_polynomials_are_equal_however_they_were_written(a, b) -> None:
    x, y = (computed(item, lambda leaf: leaf) for item in (a, b))
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) * 2 == x * 2 + 2 * y
    assert x - x == 0


@given(EXPRESSIONS, st.sampled_from([Size("n"), 3 * Size("n"), Size("n") * Size("m"), 2]))
def test_an_exact_quotient_times_the_divisor_is_the_dividend(expression, divisor) -> None:
    dividend = computed(expression, lambda leaf: leaf)
    assert divide(dividend * divisor, divisor) == dividend
    quotient = divide(dividend, divisor)
    assert quotient is None or quotient * divisor == dividend


def test_a_size_has_no_number_and_mixes_with_nothing_but_whole_numbers() -> None:
    n = Size("n")
    for ask in (int, range, lambda size: n // 2):
        with pytest.raises(NeedsConcrete):
            ask(n)
    for other in (0.5, "2", True, None):
        with pytest.raises(TypeError):
            n * other
    assert n * np.int64(3) == 3 * n
    assert str(3 * n * n - n + 1) == "3*n*n - n + 1"
    assert str(-n) == "-n"


# -- the verifier


def a_program() -> Program:
    """``w <- w + x * x``, which returns the sum of the squares."""
    b = Builder("program")
    w, x = b.state_value("w", read_spec("float32[3]")), b.input("x", read_spec("float32[3]"))
    y = b.multiply(x, x)
    return b.finish([b.sum(y, axis=(0,))], ["total"], [(w, b.add(w, y))])


def with_line(position: int, **changes) -> Program:
    program = a_program()
    lines = list(program.instructions)
    lines[position] = replace(lines[position], **changes)
    return replace(program, instructions=tuple(lines))


def test_a_sound_program_passes() -> None:
    verify(a_program(), types_of)


X = Value("x", read_spec("float32[3]"))
V1 = Value("v1", read_spec("float32[3]"))
W = Value("w", read_spec("float32[3]"))
INNER = replace(with_line(0, primitive="wrong"), name="inner", state=(), updates=())
BROKEN = {
    "a value that is not defined": (
        lambda: with_line(1, operands=(Value("y", V1.spec),)), r"instruction 1 \(sum\): 'y' is read but not defined"),
    "a value that is defined below": (
        lambda: with_line(0, operands=(Value("v3", V1.spec), X)), r"instruction 0 \(multiply\): 'v3' is read but not"),
    "a value read with another type": (
        lambda: with_line(0, operands=(Value("x", read_spec("float64[3]")), X)), r"instruction 0 .*'x' .* that type"),
    "a name defined twice": (
        lambda: with_line(2, outputs=(V1,)), r"instruction 2 \(add\): the name 'v1' is defined twice"),
    "an output that takes an input's name": (
        lambda: with_line(0, outputs=(X,)), r"instruction 0 .*'x' is defined twice"),
    "a type that the rule does not give": (
        lambda: with_line(0, outputs=(Value("v1", read_spec("float32[4]")),)),
        r"instruction 0 \(multiply\): the rule gives float32\[3\], the line says float32\[4\]"),
    "a primitive that does not exist": (
        lambda: with_line(0, primitive="multipy"), r"instruction 0 \(multipy\): .*Did you mean 'multiply'"),
    "operands that do not fit": (
        lambda: with_line(0, operands=(X,)), r"instruction 0 \(multiply\): multiply takes 2 operands"),
    "an attribute that is missing": (
        lambda: with_line(1, attributes={}), r"instruction 1 \(sum\)"),
    "a name that is no name": (
        lambda: with_line(0, outputs=(Value("1st", V1.spec),)), r"instruction 0 .*'1st' is no name"),
    "a reserved name": (
        lambda: with_line(0, outputs=(Value("return", V1.spec),)), r"instruction 0 .*'return' is no name"),
    "an output that is not defined": (
        lambda: replace(a_program(), outputs=(Value("y", V1.spec),)), "program, return: 'y' is read"),
    "an update of what is not state": (
        lambda: replace(a_program(), updates=((X, V1),)), "update x: it is not a value of state"),
    "a second update": (
        lambda: replace(a_program(), updates=((W, V1), (W, X))), "update w: it is updated twice"),
    "an update of another type": (
        lambda: replace(a_program(), updates=((W, Literal(1.0, "float32")),)),
        r"update w: float32\[\] cannot replace float32\[3\]"),
    "a block that is broken": (
        lambda: replace(a_program(), instructions=(
            Instruction((V1, Value("v2", read_spec("float32[]"))), "call", (X,), {"body": INNER}),), updates=(),
            outputs=(V1,)),
        "inner|call"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_program_is_refused_with_the_line_and_the_reason(make, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        verify(make(), types_of)


def test_two_different_blocks_of_one_name_are_refused() -> None:
    b = Builder("program")
    x = b.input("x", read_spec("float32[3]"))
    for number in (1.0, 2.0):
        inner = Builder("shift")
        x = b.emit("call", x, body=inner.finish([inner.add(inner.input("a", x.spec), number)]))
    with pytest.raises(ProgramError, match="two different blocks are called 'shift'"):
        verify(b.finish([x]), types_of)


# -- the listing and its parser


@pytest.mark.parametrize("name", NETWORKS)
def test_the_listings_of_networks_read_back_to_the_same_programs(name: str) -> None:
    for program in NETWORKS[name]():
        verify(program, types_of)
        again = parse(str(program))
        assert again == program
        assert hash(again) == hash(program)
        assert str(again) == str(program)
        plain = inlined(program)
        verify(plain, types_of)
        assert parse(listing(plain)) == plain


@settings(deadline=None, max_examples=60)
@given(programs())
def test_any_program_reads_back_from_its_listing(drawn: Drawn) -> None:
    verify(drawn.program, types_of)
    assert parse(listing(drawn.program)) == drawn.program


@given(
    st.one_of(
        st.tuples(st.floats(width=32), st.sampled_from(["float16", "float32", "float64"])),
        st.tuples(st.floats(), st.just("float64")),
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.just("int64")),
        st.tuples(st.integers(0, 2**64 - 1), st.just("uint64")),
        st.tuples(st.booleans(), st.just("bool")),
    )
)
def test_every_number_reads_back_from_a_listing_to_the_same_bits(item) -> None:
    value, dtype = item
    with np.errstate(over="ignore"):
        literal = Literal(value, dtype)
    program = Program("p", (), (), (literal,))
    (again,) = parse(listing(program)).outputs
    assert again == literal
    if literal.value == literal.value:  # a nan keeps no sign
        assert np.asarray(again.value, dtype).tobytes() == np.asarray(literal.value, dtype).tobytes()


def test_a_line_that_cannot_be_read_is_named() -> None:
    text = str(a_program()).replace("x * x", "x * y")
    with pytest.raises(ProgramError, match=r"line 4 of 'program program' .*x \* y"):
        parse(text)
    with pytest.raises(ProgramError, match=r"blocks are missing .*'adam'"):
        parse("program p\n  input x : float32[]\n    y = call adam(x) : float32[]\n  return y = y")
