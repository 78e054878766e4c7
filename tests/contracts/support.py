"""What the contract tests share: draws for samples, and a small interpreter over the reference kernels."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from flintglass.engines.numpy_engine.kernels import KERNELS, VIEWS
from flintglass.primitives import PRIMITIVES, Builder, Primitive, Sample
from flintglass.primitives.control import Block
from flintglass.program import Literal, Operand, Program, Size, Spec, Value
from flintglass.program.size import bind
from flintglass.program.spec import spec
from flintglass.tracing.gradient import reverse

Arrays = list[np.ndarray]
Wanted = Callable[[Primitive, Sample], bool]
Check = Callable[[Primitive, Sample], None]
Test = Callable[[Primitive], None]


def every_sample(wanted: Wanted = lambda primitive, sample: True) -> Callable[[Check], Test]:
    """Makes a check of (primitive, sample) a test of each primitive, over its samples that are wanted."""

    def decorate(check: Check) -> Test:
        def test(primitive: Primitive) -> None:
            for index, sample in enumerate(primitive.samples()):
                if wanted(primitive, sample):
                    try:
                        check(primitive, sample)
                    except BaseException as failure:
                        failure.add_note(f"{primitive.name}, sample {index}: {sample.specs}, {sample.attributes}")
                        raise

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        with_some = [
            pytest.param(primitive, id=name)
            for name, primitive in sorted(PRIMITIVES.items())
            if any(wanted(primitive, sample) for sample in primitive.samples())
        ]
        return pytest.mark.parametrize("primitive", with_some)(test)

    return decorate


def holds_blocks(primitive: Primitive) -> bool:
    """Whether its attributes hold programs, which the tests of control flow try instead."""
    return isinstance(primitive, Block)


def specs_of(sample: Sample) -> list[Spec]:
    """The types of a sample's inputs, sizes still named."""
    return [read_spec(text) for text in sample.specs]


def read_spec(text: str) -> Spec:
    """A spec from its text, ``"float64[n, 3]"``."""
    dtype, _, dimensions = text.rstrip("]").partition("[")
    return spec([part.strip() for part in dimensions.split(",") if part.strip()], dtype)


def bound(attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """Attributes with named sizes replaced by numbers."""

    def one(item: Any) -> Any:
        if isinstance(item, tuple):
            return tuple(one(part) for part in item)
        return bind(item, sizes) if isinstance(item, Size) else item

    return {name: one(item) for name, item in attributes.items()}


def generator_for(*parts: object) -> np.random.Generator:
    """A generator that is the same in every run for the same words."""
    return np.random.default_rng(zlib.crc32(repr(parts).encode()))


def draw(sample: Sample, generator: np.random.Generator, sizes: Mapping[str, int]) -> Arrays:
    """Arrays for the inputs of a sample."""
    specs = [item.bind(sizes) for item in specs_of(sample)]
    shapes = [item.shape for item in specs]
    if sample.values is not None:
        drawn = sample.values(generator, shapes)
    else:
        drawn = [_within(sample, item, generator) for item in specs]
    return [np.asarray(array).astype(item.dtype).reshape(item.shape) for array, item in zip(drawn, specs, strict=True)]


def _within(sample: Sample, item: Spec, generator: np.random.Generator) -> np.ndarray:
    if item.dtype == "bool":
        return generator.integers(0, 2, item.shape) > 0
    if item.is_float:
        return generator.uniform(sample.low, sample.high, item.shape)
    low = max(int(sample.low), 0) if item.dtype.startswith("u") else int(sample.low)
    return generator.integers(low, int(sample.high), item.shape)


def apply(
    name: str, inputs: Sequence[np.ndarray], attributes: Mapping[str, Any], outputs: Sequence[np.ndarray]
) -> None:
    """Run a primitive into ``outputs``."""
    with np.errstate(all="ignore"):
        thunk(name, inputs, attributes, outputs)()


def thunk(
    name: str, inputs: Sequence[np.ndarray], attributes: Mapping[str, Any], outputs: Sequence[np.ndarray]
) -> Callable[[], Any]:
    """A primitive's kernel, or a copy of its view where it has no kernel, bound to arrays."""
    if name in KERNELS:
        return KERNELS[name](inputs, outputs, attributes)
    return partial(np.copyto, outputs[0], VIEWS[name](inputs[0], attributes))


def outputs_for(name: str, inputs: Sequence[np.ndarray], attributes: Mapping[str, Any], poison: int = 77) -> Arrays:
    """Arrays as the shape rule wants them, filled with what no kernel leaves there."""
    specs = PRIMITIVES[name].specs([Spec(array.shape, array.dtype.name) for array in inputs], attributes)
    return [np.full(item.shape, poison, item.dtype) for item in specs]


def computed(name: str, inputs: Sequence[np.ndarray], attributes: Mapping[str, Any]) -> Arrays:
    """What a primitive gives for these inputs."""
    outputs = outputs_for(name, inputs, attributes)
    apply(name, inputs, attributes, outputs)
    return outputs


def evaluate(program: Program, arrays: Sequence[np.ndarray], sizes: Mapping[str, int]) -> Arrays:
    """The outputs of a program of kernels and views."""
    return prepared(program, sizes)(arrays)


def prepared(program: Program, sizes: Mapping[str, int]) -> Callable[[Sequence[np.ndarray]], Arrays]:
    """A program bound to arrays of its own, one a value: nothing planned, nothing shared."""

    def new(operand: Operand) -> np.ndarray:
        return np.empty(operand.spec.bind(sizes).shape, operand.spec.dtype)

    inputs = [new(value) for value in program.inputs]
    known: dict[Operand, np.ndarray] = dict(zip(program.inputs, inputs, strict=True))

    def array_of(operand: Operand) -> np.ndarray:
        literal = isinstance(operand, Literal)
        return np.asarray(operand.value, operand.spec.dtype) if literal else known[operand]

    thunks = []
    for line in program.instructions:
        operands, outputs = [array_of(item) for item in line.operands], [new(value) for value in line.outputs]
        thunks.append(thunk(line.primitive, operands, bound(line.attributes, sizes), outputs))
        known.update(zip(line.outputs, outputs, strict=True))
    results = [array_of(operand) for operand in program.outputs]

    def run(arrays: Sequence[np.ndarray]) -> Arrays:
        for mine, given in zip(inputs, arrays, strict=True):
            np.copyto(mine, given)
        with np.errstate(all="ignore"):
            for step in thunks:
                step()
        return [array.copy() for array in results]

    return run


def one_line(
    primitive: Primitive, sample: Sample, literals: Mapping[int, float] | None = None
) -> tuple[Builder, list[Operand], tuple[Value, ...]]:
    """A builder that holds one line: the primitive of the sample's inputs, some of them literals."""
    b = Builder(primitive.name)
    operands: list[Operand] = [
        Literal(literals[index], item.dtype) if literals and index in literals else b.input(f"x{index}", item)
        for index, item in enumerate(specs_of(sample))
    ]
    return b, operands, b.emit_all(primitive.name, operands, sample.attributes)


def append_gradient(b: Builder, outputs: Sequence[Value], wrt: Sequence[Value]) -> list[Operand]:
    """Append the reverse pass, with an input for each float output's cotangent; zeros where nothing flows."""
    floats = [value for value in outputs if value.spec.is_float]
    cotangents = [b.input(f"g_{value.name}", value.spec) for value in floats]
    gradients = reverse(b, floats, cotangents, wrt)
    return [b.zeros(value.spec) if g is None else g for value, g in zip(wrt, gradients, strict=True)]


def differences(
    function: Callable[[Arrays], Arrays], arrays: Arrays, position: int, cotangents: Sequence[np.ndarray]
) -> np.ndarray:
    """Central differences of sum(outputs * cotangents) along each element of one array."""
    result = np.zeros(arrays[position].shape)
    for index in np.ndindex(result.shape):
        step = 1e-6 * max(1.0, abs(float(arrays[position][index])))
        sums = []
        for direction in (1.0, -1.0):
            moved = arrays[position].copy()
            moved[index] += direction * step
            outputs = function([*arrays[:position], moved, *arrays[position + 1 :]])
            sums.append(sum(float(np.sum(o * c)) for o, c in zip(outputs, cotangents, strict=True)))
        result[index] = (sums[0] - sums[1]) / (2.0 * step)
    return result
