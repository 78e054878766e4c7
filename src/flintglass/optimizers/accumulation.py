"""Accumulation: the gradients of several steps are added up, and their mean makes one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from flintglass import ops
from flintglass.optimizers.blocks import block_name, called
from flintglass.optimizers.choice import choose
from flintglass.tracing import context
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.variable import Variable


@lru_cache(maxsize=64)
def _accumulate(every: int) -> Any:
    def accumulate(total: Tensor, d: Tensor, due: Tensor) -> Any:
        total = called(total + d, "total'")
        return called(total / float(every), "mean"), ops.where(due, 0.0, total)

    return accumulate


def step_when_due(
    every: int,
    iterations: Variable,
    sums: Sequence[Variable],
    gradients: Sequence[Tensor],
    changed: Sequence[Sequence[Variable]],
    step: Callable[[list[Tensor]], None],
) -> None:
    """Add the gradients to ``sums``; at one of ``every`` steps, ``step`` with their means, and start again.

    changed: the variables that ``step`` may assign, in groups of one shape. In a program the step is computed
    each time, and what it changed is kept only when it is due.
    """
    due = ops.equal((iterations + 1) % every, 0)
    means = []
    for total, gradient in zip(sums, gradients, strict=True):
        name = block_name("accumulate", total.dtype)
        mean, rest = each(_accumulate(every), total, gradient, due, name=name)
        means.append(mean)
        total.assign(rest)
    writing = context.active()
    if writing is None or writing.is_recording:
        if bool(due):
            step(means)
        return
    before = [[variable.value for variable in group] for group in changed]
    step(means)
    for group, values in zip(changed, before, strict=True):
        moved = [(v, old) for v, old in zip(group, values, strict=True) if v.value.operand is not old.operand]
        new = choose(due, [v.value for v, _ in moved], [old for _, old in moved])
        for (variable, _), value in zip(moved, new, strict=True):
            variable.assign(value)


def may_change(optimizer: Any, variables: Sequence[Any], left_out: Sequence[Any]) -> list[list[Any]]:
    """Each weight with its slots, then what else an optimizer keeps for its steps, but for what is left out."""
    known = {id(variable) for variable in left_out}
    groups = []
    for weight in variables:
        slots = [kind[optimizer._position(weight)] for kind in optimizer.slot_groups()]
        groups.append([weight, *(slot for slot in slots if id(slot) not in known)])
    known |= {id(variable) for group in groups for variable in group}
    return [*groups, *([variable] for variable in optimizer.variables if id(variable) not in known)]
