"""Binding: what was recorded for named sizes is repeated for the sizes that the inputs have now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any

from flintglass.program import Dimension, Instruction, Literal, Operand, Program, Size, Value

Sizes = Mapping[str, Dimension]
_now: ContextVar[Sizes | None] = ContextVar("sizes", default=None)


@contextmanager
def bound_to(placeholders: Sequence[Any], tensors: Sequence[Any]) -> Iterator[None]:
    """Calls repeated inside take the sizes of ``tensors`` for the names in the shapes of ``placeholders``."""
    sizes: dict[str, Dimension] = {}
    for placeholder, tensor in zip(placeholders, tensors, strict=True):
        for extent, actual in zip(placeholder.spec.shape, tensor.spec.shape, strict=False):
            if isinstance(extent, Size) and extent != actual and _is_a_name(extent):
                sizes.setdefault(next(iter(extent.names)), actual)
    token = _now.set(sizes)
    try:
        yield
    finally:
        _now.reset(token)


def _is_a_name(extent: Size) -> bool:
    return len(extent.names) == 1 and extent == Size(next(iter(extent.names)))


def bound_attributes(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes with the sizes of now, those in the bodies of blocks too."""
    sizes = _now.get()
    if not sizes:
        return attributes
    key = tuple(sorted(sizes.items()))
    return {name: _bound(value, key) for name, value in attributes.items()}


def _bound(value: Any, sizes: tuple[tuple[str, Dimension], ...]) -> Any:
    if isinstance(value, Size):
        return value.bind(dict(sizes))  # type: ignore[arg-type]
    if isinstance(value, tuple):
        return tuple(_bound(item, sizes) for item in value)
    return _bound_program(value, sizes) if isinstance(value, Program) else value


@lru_cache(maxsize=256)
def _bound_program(program: Program, sizes: tuple[tuple[str, Dimension], ...]) -> Program:
    table = dict(sizes)

    def operand(item: Operand) -> Operand:
        return item if isinstance(item, Literal) else value(item)

    def value(item: Value) -> Value:
        return Value(item.name, item.spec.bind(table))  # type: ignore[arg-type]

    def line(item: Instruction) -> Instruction:
        return replace(
            item,
            outputs=tuple(value(output) for output in item.outputs),
            operands=tuple(operand(given) for given in item.operands),
            attributes={name: _bound(found, sizes) for name, found in item.attributes.items()},
        )

    return replace(
        program,
        inputs=tuple(value(item) for item in program.inputs),
        instructions=tuple(line(item) for item in program.instructions),
        outputs=tuple(operand(item) for item in program.outputs),
    )
