"""Random programs for property tests: lines of elementwise, reducing and rearranging primitives over a small state.

Numbers are small multiples of 1/4, zeros of both signs, infinities and nan, and every primitive is one
whose result does not depend on the order in which an engine adds; so two engines agree to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from flintglass.primitives import Builder
from flintglass.program import Literal, Operand, Program, Size, Spec, Value
from flintglass.program.size import bind

FLOATS = ("float32", "float64")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.25, np.inf, -np.inf, np.nan]
SMALL = [-4.0, -2.0, -1.0, -0.5, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0]
UNARY = ("negative", "absolute", "sign", "relu", "square", "floor", "stop_gradient")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "divide")
COMPARED = ("greater", "less_equal", "equal", "not_equal")
ROWS = 3


class Drawn:
    """A program with arrays for it."""

    def __init__(
        self, program: Program, inputs: list[np.ndarray], state: list[np.ndarray], sizes: Mapping[str, int]
    ) -> None:
        self.program, self.inputs, self.state, self.sizes = program, inputs, state, sizes

    def __repr__(self) -> str:
        return f"{self.program}\ninputs {self.inputs}\nstate {self.state}"


class Writer:
    """Draws one line after the other."""

    def __init__(self, draw, dtype: str, rows) -> None:
        self.draw, self.dtype, self.rows = draw, dtype, rows
        self.b = Builder("drawn")
        self.values: list[Operand] = []
        self.flags: list[Operand] = []

    def pick(self, *shape) -> Operand:
        """A value drawn so far, or one of this shape."""
        fitting = [value for value in self.values if not shape or value.spec.shape == shape[0]]
        # Late values more often: programs get deep.
        return self.draw(st.sampled_from(fitting[-4:] + fitting))

    def number(self) -> Literal:
        return Literal(self.draw(st.sampled_from(SMALL)), self.dtype)

    def line(self) -> None:
        kinds = [name for name in dir(self) if name.startswith("write_")]
        made = getattr(self, self.draw(st.sampled_from(kinds)))()
        for value in made if isinstance(made, tuple) else (made,):
            (self.flags if value.spec.dtype == "bool" else self.values).append(value)

    def write_unary(self) -> Operand:
        return self.b.emit(self.draw(st.sampled_from(UNARY)), self.pick())

    def write_binary(self) -> Operand:
        x = self.pick()
        y = self.draw(st.sampled_from([self.number(), self.pick(x.spec.shape), self.number()]))
        pair = (x, y) if self.draw(st.booleans()) else (y, x)
        return self.b.emit(self.draw(st.sampled_from(BINARY)), *pair)

    def write_power(self) -> Operand:
        exponent = self.draw(st.sampled_from([1.0, 2.0]))
        return self.b.emit("power", self.pick(), Literal(exponent, self.dtype))

    def write_broadcasting(self) -> Operand:
        x, y = self.pick(), self.pick()
        shapes = {x.spec.shape, y.spec.shape}
        if len(shapes) > 1 and () not in shapes and not self._fit(x.spec.shape, y.spec.shape):
            return self.b.emit("negative", x)
        return self.b.emit(self.draw(st.sampled_from(BINARY)), x, y)

    def _fit(self, a, b) -> bool:
        pairs = zip(reversed(a), reversed(b), strict=False)
        return all((type(x) is type(y) and x == y) or 1 in (x, y) for x, y in pairs)

    def write_comparison(self) -> Operand:
        return self.b.emit(self.draw(st.sampled_from(COMPARED)), self.pick(), self.number())

    def write_select(self) -> Operand:
        if not self.flags:
            return self.write_comparison()
        flag = self.draw(st.sampled_from(self.flags))
        fitting = [value for value in self.values if value.spec.shape == flag.spec.shape]
        x, y = (self.draw(st.sampled_from([*fitting, self.number()])) for _ in range(2))
        return self.b.emit("select", flag, x, y)

    def write_flags_as_numbers(self) -> Operand:
        if not self.flags:
            return self.write_comparison()
        return self.b.cast(self.draw(st.sampled_from(self.flags)), dtype=self.dtype)

    def write_same_cast(self) -> Operand:
        return self.b.cast(self.pick(), dtype=self.dtype)

    def write_reduction(self) -> Operand:
        x = self.pick()
        # Products and sums of few special numbers: the order of adding does not show.
        axes = tuple(axis for axis in range(x.spec.rank) if self.draw(st.booleans()))
        name = self.draw(st.sampled_from(["max", "min"] if not self._exact(x, axes) else ["max", "min", "sum", "prod"]))
        keep = {"keepdims": True} if self.draw(st.booleans()) else {}
        return self.b.emit(name, x, axis=axes, **keep)

    def _exact(self, x: Operand, axes) -> bool:
        return all(x.spec.shape[axis] == 1 for axis in axes)

    def write_transpose(self) -> Operand:
        x = self.pick()
        axes = self.draw(st.permutations(range(x.spec.rank)))
        return self.b.transpose(x, axes=tuple(axes))

    def write_reverse(self) -> Operand:
        x = self.pick()
        return self.b.reverse(x, axis=tuple(axis for axis in range(x.spec.rank) if self.draw(st.booleans())))

    def write_reshape(self) -> Operand:
        x = self.pick()
        shapes = [(x.spec.size,), (*x.spec.shape, 1), (1, *x.spec.shape), x.spec.shape]
        return self.b.emit("reshape", x, shape=self.draw(st.sampled_from(shapes)))

    def write_broadcast(self) -> Operand:
        x = self.pick()
        wanted = (2, *x.spec.shape) if x.spec.rank < 3 else x.spec.shape
        return self.b.emit("broadcast", x, shape=wanted)

    def write_matmul(self) -> Operand:
        """Matrices of one number: a product without a sum."""
        x, y = (self.b.emit("max", self.pick(), axis=()) for _ in range(2))
        x, y = (self.b.emit("reshape", item, shape=(item.spec.size, 1)) for item in (x, y))
        swapped = self.b.transpose(y, axes=(1, 0))
        return self.b.matmul(x, swapped) if self.draw(st.booleans()) else self.b.matmul(x, y, transpose_b=True)

    def write_each(self) -> Operand:
        inner = Builder("mixed")
        x, y = (inner.input(name, Spec((), self.dtype)) for name in "xy")
        total = inner.add(inner.multiply(x, y), 0.5)
        body = inner.finish([inner.maximum(total, x), inner.negative(total)])
        value = self.pick()
        return self.b.emit("each", value, self.draw(st.sampled_from([self.number(), value])), body=body)

    def write_call(self) -> Operand:
        value = self.pick()
        inner = Builder("called")
        x = inner.input("x", value.spec)
        shape = "_".join(map(str, value.spec.shape)).replace("*", "x").replace(" ", "")
        return self.b.emit("call", value, body=inner.finish([inner.relu(inner.add(x, x))]).rename(f"called_{shape}"))

    def write_constant(self) -> Operand:
        return self.b.emit("broadcast", self.number(), shape=self.pick().spec.shape)


@st.composite
def programs(draw) -> Drawn:
    """A program of up to ten lines, three inputs and three values of state, some of them updated."""
    dtype = draw(st.sampled_from(FLOATS))
    named = draw(st.booleans())
    rows = Size("n") if named else ROWS
    sizes = {"n": ROWS} if named else {}
    writer = Writer(draw, dtype, rows)
    b = writer.b
    shapes = [(rows, 2), (2,), (), (2, 2), (rows, 1)]
    for i in range(3):
        writer.values.append(b.input(f"x{i}", Spec(shapes[i % 2 * 4], dtype)))
    for i in range(3):
        writer.values.append(b.state_value(f"w{i}", Spec(draw(st.sampled_from([(2, 2), (2,), ()])), dtype)))
    for _ in range(draw(st.integers(1, 10))):
        writer.line()
    updates = []
    for value in b.state:
        fitting = [item for item in writer.values if item.spec == value.spec]
        if draw(st.booleans()):
            updates.append((value, draw(st.sampled_from(fitting[::-1]))))
    outputs = [draw(st.sampled_from(writer.values[::-1])) for _ in range(draw(st.integers(1, 3)))] + writer.flags[:1]
    program = b.finish(outputs, updates=[(value, item) for value, item in updates if value != item])
    return Drawn(
        program, [_numbers(draw, v, sizes) for v in b.inputs], [_numbers(draw, v, sizes) for v in b.state], sizes
    )


def _numbers(draw, value: Value, sizes: Mapping[str, int]) -> np.ndarray:
    shape = tuple(bind(extent, sizes) for extent in value.spec.shape)
    count = int(np.prod(shape))
    numbers = draw(st.lists(st.sampled_from(SPECIAL), min_size=count, max_size=count))
    return np.array(numbers, value.spec.dtype).reshape(shape)


def assert_same_bits(found, expected) -> None:
    """Arrays of the same types and numbers, the sign of zero included; one nan is like another."""
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
        if a.dtype.kind == "f":
            assert (np.signbit(a) == np.signbit(b))[~np.isnan(b)].all()
