"""Named blocks from Python functions: ``call`` (a body of any shapes) and ``each`` (a body for scalars)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from flintglass.engines.engine import engine
from flintglass.errors import ProgramError
from flintglass.program import Literal, Program, Spec
from flintglass.tracing import context
from flintglass.tracing.structure import flatten, pack
from flintglass.tracing.tensor import Tensor, apply, convert
from flintglass.tracing.trace import Outside, Trace, trace_body


def each(function: Callable[..., Any], *operands: Any, name: str | None = None) -> Any:
    """``function``, written for scalars, applied to every element of the operands (which broadcast).

    The listing shows one line, ``each name(...)``, and the body once; engines run the same block over
    neighbouring variables in one go. The function may use only its arguments and Python numbers.
    """
    tensors = [item if isinstance(item, Literal) else convert(item) for item in operands]
    dtypes = tuple(item.spec.dtype for item in tensors)
    body = _each_body(function, name or function.__name__, dtypes)
    return apply("each", *tensors, body=body)


@lru_cache(maxsize=512)
def _each_body(function: Callable[..., Any], name: str, dtypes: tuple[str, ...]) -> Program:
    writing = Trace(name, parent=Outside())
    labels = function.__code__.co_varnames[: function.__code__.co_argcount]
    inputs = [writing.input(label, Spec((), dtype)) for label, dtype in zip(labels, dtypes, strict=True)]
    with context.answering(writing):
        result = function(*inputs)
    traced = writing.finish(result)
    if traced.captures or traced.variables:
        raise ProgramError(f"each {name}: the function may use only its arguments and Python numbers")
    return traced.program


def call(function: Callable[..., Any], *operands: Any, name: str | None = None, gradient: Any = None) -> Any:
    """``function`` of the operands as a named block: one line of the listing, its body printed once.

    gradient: a function (operands..., cotangents of the outputs...) -> cotangents of the operands, which
    replaces the derivative of the body.
    """
    tensors = [convert(item) for item in operands]
    specs = [item.spec for item in tensors]
    label = name or function.__name__
    body, captures, result = trace_body(function, specs, label)
    attributes: dict[str, Any] = {"body": body}
    if gradient is not None:
        floats = [output for output in body.output_specs if output.dtype.startswith("float")]
        given = [value.spec for value in body.inputs]
        attributes["gradient"] = trace_body(
            lambda *items: gradient(*items[: len(specs)], *items[len(given) :]),
            [*given, *floats],
            f"{label}_gradient",
        )[0]
    outputs = apply("call", *tensors, *captures, **attributes)
    leaves = outputs if isinstance(outputs, tuple) else (outputs,)
    shown = iter(leaves)
    return pack(result, [next(shown) if isinstance(leaf, Tensor) else leaf for leaf in flatten(result)])


def run_block(program: Program, arrays: Sequence[Any]) -> list[Any]:
    """Run a program without state on arrays."""
    return engine().execute(program, [], list(arrays))
