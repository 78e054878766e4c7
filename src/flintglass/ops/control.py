"""Choices and loops as parts of a program: cond, switch, while_loop, fori_loop, scan, map; own gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

from flintglass.errors import ShapeError
from flintglass.primitives import Builder
from flintglass.program import Program, Spec, Value
from flintglass.tracing import context
from flintglass.tracing.structure import flatten, map_leaves, pack
from flintglass.tracing.tensor import Tensor, apply, cast, convert
from flintglass.tracing.trace import trace_body


def stop_gradient(variable: Any) -> Tensor:
    """The tensor itself, through which no gradient flows."""
    return apply("stop_gradient", convert(variable))


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What ``true_fn()`` returns if the scalar holds, else what ``false_fn()`` returns.

    Both must return the same nesting of tensors, of the same shapes and dtypes. Only one of them runs.
    """
    if not isinstance(pred, bool) and convert(pred).spec.size != 1:
        raise ShapeError(
            f"cond: pred is one truth value, not a tensor of shape {convert(pred).shape}; ops.where chooses for each "
            "element, and ops.any and ops.all make one truth value of many"
        )
    for branch in (true_fn, false_fn):
        _require_function("cond", branch)
    if isinstance(pred, bool) or _runs_now():
        return true_fn() if bool(pred) else false_fn()
    true, true_captures, result = _body(true_fn, [], "true")
    false, false_captures, _ = _body(false_fn, [], "false")
    union = _union(true_captures, false_captures)
    blocks = {
        "true": _taking(true, 0, true_captures, union),
        "false": _taking(false, 0, false_captures, union),
    }
    flag = apply("reshape", cast(pred, "bool"), shape=())
    return _packed(result, apply("cond", flag, *union, **blocks))


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the branch of this number returns for the operands; numbers beyond the ends count as the ends."""
    if isinstance(index, int) or _runs_now():
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    if len(branches) == 1:
        return branches[0](*operands)
    return cond(
        convert(index) <= 0,
        lambda: branches[0](*operands),
        lambda: switch(convert(index) - 1, branches[1:], *operands),
    )


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """The loop variables, replaced by ``body(*loop_vars)`` again and again while ``cond(*loop_vars)`` holds.

    Shapes and dtypes of the variables stay. In a program it has no gradient; ``fori_loop`` and ``scan`` have.
    """
    for function in (cond, body):
        _require_function("while_loop", function)
    single = not isinstance(loop_vars, (list, tuple))
    given = map_leaves(convert, [loop_vars] if single else list(loop_vars))

    def following(*variables: Any) -> list[Any]:
        results = body(*variables)
        return [results] if single or not isinstance(results, (list, tuple)) else list(results)

    loop = _loop_now if _runs_now() else _traced_loop
    found = loop(cond, following, given, maximum_iterations)
    return found[0] if single else type(loop_vars)(found)


def _loop_now(cond: Any, following: Any, given: list[Any], limit: int | None) -> list[Any]:
    count = 0
    while bool(cond(*given)) and (limit is None or count < limit):
        given, count = following(*given), count + 1
    return given


def _traced_loop(cond: Any, following: Any, given: list[Any], limit: int | None) -> list[Any]:
    leaves = [*flatten(given), convert(0, "int32")]  # the last counts the turns

    def condition(*items: Any) -> Any:
        going = apply("reshape", cast(cond(*pack(given, items[:-1])), "bool"), shape=())
        return going if limit is None else apply("logical_and", going, items[-1] < limit)

    def turn(*items: Any) -> list[Any]:
        after = flatten(following(*pack(given, items[:-1])))
        return [cast(new, old.dtype) for new, old in zip(after, items, strict=False)] + [items[-1] + 1]

    specs = [leaf.spec for leaf in leaves]
    asked, asked_captures, _ = _body(condition, specs, "condition")
    turned, turned_captures, _ = _body(turn, specs, "turn")
    union = _union(asked_captures, turned_captures)
    asked = _taking(asked, len(leaves), asked_captures, union)
    turned = _taking(turned, len(leaves), turned_captures, union)
    # What the body reads from outside goes round unchanged.
    turned = replace(turned, outputs=turned.outputs + turned.inputs[len(leaves) :], output_names=())
    found = apply("while", *leaves, *union, condition=asked, body=turned)
    return pack(given, found[: len(leaves) - 1])


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """``value = body_fun(i, value)`` for i from lower up to upper, which is left out; the last value."""
    if not (isinstance(lower, int) and isinstance(upper, int)):
        return while_loop(
            lambda i, value: i < upper, lambda i, value: (i + 1, body_fun(i, value)), (convert(lower), init_val)
        )[1]
    if upper <= lower:
        return map_leaves(convert, init_val)
    steps = apply("iota", shape=(upper - lower,), axis=0, dtype="int32")
    steps = steps + lower if lower else steps
    return scan(lambda value, i: (body_fun(i, value), None), init_val, steps)[0]


def scan(
    f: Callable[..., Any], init: Any, xs: Any = None, length: Any = None, reverse: bool = False, unroll: Any = 1
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for each row x of ``xs``, in order (or from the last); returns the last
    carry and the stacked ys. ``xs`` is a nested list of arrays, or None with a ``length``."""
    carries = map_leaves(convert, init)
    rows = None if xs is None else map_leaves(convert, xs)
    row_leaves = [] if rows is None else flatten(rows)
    if row_leaves:
        length = row_leaves[0].spec.shape[0]
    if length is None:
        raise ShapeError("scan needs `xs`, or a `length`")
    carry_leaves = flatten(carries)
    count = len(carry_leaves)
    ys: list[Any] = []

    def step(*items: Any) -> list[Any]:
        row = None if rows is None else pack(rows, items[count:])
        carry, y = f(pack(carries, items[:count]), row)
        after = [cast(new, old.dtype) for new, old in zip(flatten(carry), items[:count], strict=True)]
        ys.append(y)
        return [*after, *(convert(leaf) for leaf in flatten(y) if leaf is not None)]

    specs = [leaf.spec for leaf in carry_leaves]
    specs += [Spec(leaf.spec.shape[1:], leaf.dtype) for leaf in row_leaves]
    body, captures, _ = _body(step, specs, "step")
    given = len(specs)
    body = replace(body, inputs=body.inputs[given:] + body.inputs[:given])
    outputs = apply(
        "scan", *captures, *carry_leaves, *row_leaves,
        body=body, length=length, constants=len(captures), carries=count, reverse=bool(reverse),
    )  # fmt: skip
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    stacked = iter(outputs[count:])
    result = map_leaves(lambda leaf: None if leaf is None else next(stacked), ys[-1])
    return pack(carries, outputs[:count]), result


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """``f`` of each row of ``xs``, one after the other, stacked."""
    return scan(lambda _, row: ([], f(row)), [], xs)[1]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with a gradient of its own: ``f(*args)`` returns the output and a function that turns the
    gradient of the output into those of the arguments."""

    @wraps(f)
    def function(*args: Any) -> Any:
        operands = [convert(arg) for arg in args]
        specs = [operand.spec for operand in operands]
        body, captures, result = _body(lambda *items: f(*items)[0], specs, f.__name__)
        floats = [spec for spec in body.output_specs if spec.is_float]

        def backward(*items: Any) -> list[Any]:
            flows = f(*items[: len(specs)])[1](*items[len(specs) :])
            flows = flows if isinstance(flows, (list, tuple)) else [flows]
            return [_flow(flow, spec) for flow, spec in zip(flows, specs, strict=True) if spec.is_float]

        reverse, reverse_captures, _ = _body(backward, [*specs, *floats], f"{f.__name__}_gradient")
        union = _union(captures, reverse_captures)
        body = _taking(body, len(specs), captures, union)
        reverse = _taking(reverse, len(specs) + len(floats), reverse_captures, union)
        outputs = apply("call", *operands, *union, body=body, gradient=_for_call(reverse, len(specs), union))
        return _packed(result, outputs)

    return function


def _flow(flow: Any, spec: Spec) -> Tensor:
    if flow is None:
        return apply("broadcast", convert(0.0, spec.dtype), shape=spec.shape)
    return apply("broadcast", cast(flow, spec.dtype), shape=spec.shape)


def _for_call(reverse: Program, operands: int, captures: Sequence[Tensor]) -> Program:
    """The gradient block as ``call`` wants it: captures before cotangents, and zeros for what they take."""
    b = Builder(reverse.name)
    b.inputs, b.instructions = list(reverse.inputs), list(reverse.instructions)
    b.reserve(value.name for value in reverse.inputs)
    b.reserve(value.name for line in reverse.instructions for value in line.outputs)
    zeros = [b.zeros(tensor.spec) for tensor in captures if tensor.spec.is_float]
    program = b.finish([*reverse.outputs, *zeros])
    inputs, start = program.inputs, len(program.inputs) - len(captures)
    return replace(program, inputs=inputs[:operands] + inputs[start:] + inputs[operands:start])


def _require_function(place: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(f"{place}: a function is expected, not {function!r}; write lambda: {function!r}, say")


def _runs_now() -> bool:
    """True outside every program; under a GradientTape too, where what runs is recorded."""
    trace = context.active()
    return trace is None or trace.is_recording


def _body(function: Callable[..., Any], specs: Sequence[Spec], name: str) -> tuple[Program, list[Tensor], Any]:
    """The block of a function whose results all become tensors; None stays None."""

    def converted(*items: Any) -> Any:
        return map_leaves(lambda leaf: leaf if leaf is None else convert(leaf), function(*items))

    return trace_body(converted, specs, name)


def _union(*captures: Sequence[Tensor]) -> list[Tensor]:
    return list({id(tensor): tensor for group in captures for tensor in group}.values())


def _taking(program: Program, given: int, captures: Sequence[Tensor], union: Sequence[Tensor]) -> Program:
    """The block with one input for each tensor of ``union`` after the first ``given`` ones."""
    taken = {value.name for value in program.inputs}
    taken |= {value.name for line in program.instructions for value in line.outputs}
    known = {id(tensor): value for tensor, value in zip(captures, program.inputs[given:], strict=True)}
    inputs = list(program.inputs[:given])
    for number, tensor in enumerate(union, start=1):
        name = f"unread{number}"
        while name in taken:
            name += "_"
        inputs.append(known.get(id(tensor)) or Value(name, tensor.spec))
    return replace(program, inputs=tuple(inputs))


def _packed(result: Any, outputs: Any) -> Any:
    """The outputs of a block in the nesting of what its function returned."""
    leaves = iter(outputs if isinstance(outputs, tuple) else (outputs,))
    return map_leaves(lambda leaf: leaf if leaf is None else next(leaves), result)
