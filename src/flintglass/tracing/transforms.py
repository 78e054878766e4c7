"""Transforms of Python functions: grad, value_and_grad, jacobian, hessian, vectorized_map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flintglass.errors import NotDifferentiable, ShapeError
from flintglass.primitives import Builder
from flintglass.program import Literal, Operand, Size, Spec, Value
from flintglass.tracing import context
from flintglass.tracing.batching import batch_lines
from flintglass.tracing.gradient import reverse
from flintglass.tracing.ready import Ready, read, surroundings
from flintglass.tracing.structure import flatten, map_leaves, pack
from flintglass.tracing.tensor import Tensor, apply, convert
from flintglass.tracing.trace import Trace, Traced, trace_body

KEPT_TRACES = 32
KEPT_SHAPES = 4
Argnums = int | Sequence[int]


class Transformed:
    """A function whose calls become programs: traced once for each type of its arguments.

    Inside another trace it writes its lines there. A trace is made anew when the function's closure or
    the globals that it names have changed.
    """

    def __init__(self, function: Callable[..., Any], body: Callable[..., Any], name: str) -> None:
        self.function = function
        self.body = body
        self.__name__ = name
        self.__doc__ = function.__doc__
        # With each trace what its key names by id, so that no id is given to anything else meanwhile.
        self._traces: dict[Any, tuple[Traced, list[Any]]] = {}
        # By the nesting of the arguments, those of the last few shapes, the latest first.
        self._ready: dict[Any, list[Ready]] = {}

    def __call__(self, *arguments: Any) -> Any:
        active = context.active()
        if active is not None:
            return self.body(*map_leaves(_own_value, list(arguments)))
        arrays: list[np.ndarray] = []
        nesting: list[Any] = []
        simple = read(arguments, arrays, nesting)
        if simple:
            for ready in self._ready.get((len(arrays), *nesting), ()):
                found = ready.run(arrays) if ready.holds() else None
                if found is not None:
                    return found
        leaves = [convert(leaf) for leaf in flatten(list(arguments))]
        key: tuple[Any, ...] = (repr(map_leaves(lambda _: 0, list(arguments))), tuple(leaf.spec for leaf in leaves))
        seen = surroundings(self.function)
        kept = self._traces.get((*key, _identities(seen)))
        if kept is None:
            kept = self._traces[(*key, _identities(seen))] = (self._trace(arguments, leaves), seen)
            while len(self._traces) > KEPT_TRACES:
                self._traces.pop(next(iter(self._traces)))
        traced = kept[0]
        result = traced.run([leaf.array for leaf in leaves])
        if simple and all(leaf.array is array for leaf, array in zip(leaves, arrays, strict=True)):
            self._keep_ready((len(arrays), *nesting), Ready(self.function, seen, traced, arrays))
        return result

    def _keep_ready(self, nesting: tuple[Any, ...], ready: Ready) -> None:
        if not ready.is_plain:
            return
        self._ready[nesting] = [ready, *self._ready.get(nesting, [])[: KEPT_SHAPES - 1]]
        while len(self._ready) > KEPT_TRACES:
            self._ready.pop(next(iter(self._ready)))

    def _trace(self, arguments: Sequence[Any], leaves: Sequence[Tensor]) -> Traced:
        writing = Trace(self.__name__)
        inputs = [writing.input(f"x{i or ''}", leaf.spec) for i, leaf in enumerate(leaves)]
        with context.answering(writing):
            result = self.body(*pack(list(arguments), inputs))
            result = map_leaves(lambda leaf: leaf if isinstance(leaf, Tensor) else convert(leaf), result)
        return writing.finish(result)


def _own_value(argument: Any) -> Tensor:
    """An argument as a value that nothing else has, neither another argument nor the function's closure.

    The line that makes it is simplified away.
    """
    tensor = convert(argument)
    return apply("reshape", tensor, shape=tensor.spec.shape)


def _identities(items: Sequence[Any]) -> tuple[Any, ...]:
    """Numbers and texts by what they are, everything else by which object it is."""
    return tuple((type(item), repr(item)) if isinstance(item, (bool, int, float, str)) else id(item) for item in items)


def _wrt(arguments: Sequence[Any], argnums: Argnums) -> list[Any]:
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    return [arguments[number] for number in numbers]


def _shaped(argnums: Argnums, gradients: list[Any]) -> Any:
    return gradients[0] if isinstance(argnums, int) else tuple(gradients)


def value_and_grad(function: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Transformed:
    """A function that returns ``(value, gradient)`` of a scalar function at its arguments.

    argnums: which arguments to differentiate (each may be a nested list or dict of arrays). has_aux: the
    function returns ``(value, anything)``; then the result is ``((value, anything), gradient)``.
    """

    def body(*arguments: Any) -> Any:
        writing = context.active()
        wrt = _wrt(arguments, argnums)
        output = function(*arguments)
        value, aux = output if has_aux else (output, None)
        value = convert(value)
        if value.spec.shape not in ((), (1,)):
            raise ShapeError(f"grad needs a function that returns a scalar, not a value of shape {value.shape}")
        gradients = _gradients(writing, value, wrt)
        return ((value, aux) if has_aux else value), _shaped(argnums, gradients)

    return Transformed(function, body, "value_and_grad")


def grad(function: Callable[..., Any], argnums: Argnums = 0) -> Transformed:
    """A function that returns the gradient of a scalar function at its arguments."""
    both = value_and_grad(function, argnums)
    return Transformed(function, lambda *arguments: both.body(*arguments)[1], "grad")


def _gradients(writing: Any, value: Tensor, wrt: Sequence[Any], cotangent: Operand | None = None) -> list[Any]:
    """The gradient of one value with respect to nested arguments, appended to the trace."""
    b = writing.builder
    leaves = [leaf for item in wrt for leaf in flatten(item)]
    operands = [writing.operand(leaf) for leaf in leaves]
    _require_real(operands)
    start = cotangent if cotangent is not None else b.full(value.spec.shape, 1.0, value.dtype)
    names = getattr(writing, "names", None)
    found = reverse(b, [writing.operand(value)], [start], operands, names)
    tensors = iter(
        writing.wrap(b.zeros(operand.spec) if gradient is None else gradient)
        for operand, gradient in zip(operands, found, strict=True)
    )
    return [map_leaves(lambda _: next(tensors), item) for item in wrt]


def _require_real(operands: Sequence[Operand]) -> None:
    for operand in operands:
        if not operand.spec.is_float:
            raise NotDifferentiable(
                f"a gradient is taken with respect to real numbers, not {operand.spec}: write 3.0 for 3, or convert an "
                "array by x.astype('float32')"
            )


def jacobian(function: Callable[..., Any], argnums: Argnums = 0) -> Transformed:
    """A function that returns d output / d argument: shape of the output + shape of the argument.

    One reverse pass, batched over the elements of the output.
    """

    def body(*arguments: Any) -> Any:
        writing = context.active()
        wrt = _wrt(arguments, argnums)
        value = convert(function(*arguments))
        return _shaped(argnums, _jacobians(writing, value, wrt))

    return Transformed(function, body, "jacobian")


def _jacobians(writing: Any, value: Tensor, wrt: Sequence[Any]) -> list[Any]:
    b = writing.builder
    leaves = [leaf for item in wrt for leaf in flatten(item)]
    operands = [writing.operand(leaf) for leaf in leaves]
    _require_real(operands)
    output = writing.operand(value)
    count, shape = output.spec.size, output.spec.shape
    # The reverse pass for one cotangent, as a block of its own, then batched over the unit cotangents.
    inner = Builder("row")
    inner.inputs = [*b.state, *b.inputs]
    inner.instructions = list(b.instructions)
    inner.reserve(value.name for value in inner.inputs)
    inner.reserve(value.name for line in inner.instructions for value in line.outputs)
    cotangent = inner.input("d_output", output.spec)
    before = len(inner.instructions)
    found = reverse(inner, [output], [cotangent], operands)
    results = [
        inner.zeros(operand.spec) if gradient is None else gradient
        for operand, gradient in zip(operands, found, strict=True)
    ]
    inner.instructions = inner.instructions[before:]
    rows = b.reshape(_identity(b, count, output.spec.dtype), (count, *shape))
    known = {item for line in b.instructions for item in line.outputs} | {*b.state, *b.inputs}
    free = sorted(
        {item for line in inner.instructions for item in line.values() if item in known}
        | {item for item in results if isinstance(item, Value) and item in known},
        key=lambda item: item.name,
    )
    inner.inputs = [*free, cotangent]
    flags = [False] * len(free) + [True]
    outputs, batched = batch_lines(b, inner.finish(results), [*free, rows], flags)
    tensors = iter(
        writing.wrap(
            b.reshape(
                row if flag else b.emit("broadcast", row, shape=(count, *operand.spec.shape)),
                (*shape, *operand.spec.shape),
            )
        )
        for row, flag, operand in zip(outputs, batched, operands, strict=True)
    )
    return [map_leaves(lambda _: next(tensors), item) for item in wrt]


def _identity(b: Builder, count: Any, dtype: str) -> Operand:
    """The identity matrix of this size."""
    row = b.emit("iota", shape=(count, count), axis=0, dtype="int32")
    column = b.emit("iota", shape=(count, count), axis=1, dtype="int32")
    one, zero = Literal(1, dtype), Literal(0, dtype)
    return b.emit("select", b.emit("equal", row, column), one, zero)


def hessian(function: Callable[..., Any], argnums: int = 0) -> Transformed:
    """A function that returns the second derivatives of a scalar function: shape of argument twice."""
    return jacobian(grad(function, argnums), argnums)


def vectorized_map(function: Callable[..., Any], elements: Any = None) -> Any:
    """``function`` applied to every row of ``elements`` at once (a nested list for several arguments).

    With ``elements`` left out, returns the function that does it.
    """
    if elements is None:
        return lambda items: vectorized_map(function, items)

    def body(items: Any) -> Any:
        writing = context.active()
        leaves = [convert(leaf) for leaf in flatten(items)]
        size = _common_rows(leaves)
        specs = [Spec(leaf.spec.shape[1:], leaf.dtype) for leaf in leaves]
        block, captures, result = trace_body(lambda *rows: function(pack(items, rows)), specs, "row")
        given = [writing.operand(item) for item in (*leaves, *captures)]
        flags = [True] * len(leaves) + [False] * len(captures)
        outputs, batched = batch_lines(writing.builder, block, given, flags)
        full = (
            row if flag else writing.builder.emit("broadcast", row, shape=(size, *row.spec.shape))
            for row, flag in zip(outputs, batched, strict=True)
        )
        tensors = iter(writing.wrap(row) for row in full)
        return map_leaves(lambda leaf: next(tensors) if isinstance(leaf, Tensor) else leaf, result)

    return Transformed(function, body, "vectorized_map")(elements)


def _common_rows(leaves: Sequence[Tensor]) -> int | Size:
    sizes = {leaf.spec.shape[0] if leaf.spec.shape else None for leaf in leaves}
    if len(sizes) != 1 or None in sizes:
        raise ShapeError(f"vectorized_map needs the same number of rows everywhere, not {[x.shape for x in leaves]}")
    size: Any = sizes.pop()
    return size
