"""Placeholders: a spec and the call that made it; a functional model is a graph of such calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.program import Spec
from flintglass.tracing.structure import flatten, map_leaves, pack
from flintglass.tracing.tensor import Tensor


class Call:
    """One call in the graph: what was called, with what, and the placeholders that came out.

    operation: a layer or another callable, called again when the graph is traced; None for an input.
    """

    def __init__(self, operation: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.operation = operation
        self.arguments = arguments
        self.keywords = keywords
        self.outputs: list[Tensor] = []

    @property
    def inputs(self) -> list[Tensor]:
        """The placeholders among the arguments, in order."""
        leaves = flatten([list(self.arguments), self.keywords])
        return [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_placeholder]

    def repeat(self, known: dict[int, Any]) -> Any:
        """Make the call again with other tensors; ``known`` maps placeholders (by id) to them."""

        def look_up(leaf: Any) -> Any:
            return known[id(leaf)] if isinstance(leaf, Tensor) and leaf.is_placeholder else leaf

        return self.operation(*map_leaves(look_up, list(self.arguments)), **map_leaves(look_up, self.keywords))


class Placeholder(Tensor):
    """A tensor of a graph; ops/graph.py gives it Python's operators as operations that join the graph."""

    __slots__ = ()


def placeholder(spec: Spec, call: Call) -> Tensor:
    """A placeholder of this type."""
    return Placeholder(spec=spec, call=call)


def extend(operation: Any, arguments: Sequence[Any], keywords: dict[str, Any], specs: Any) -> Any:
    """Record a call; returns placeholders in the nesting of ``specs``."""
    call = Call(operation, tuple(arguments), keywords)
    call.outputs = [placeholder(spec, call) for spec in flatten(specs)]
    return pack(specs, call.outputs)


def calls_between(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Call]:
    """The calls that lead from the inputs to the outputs, each after those that it needs."""
    ordered: list[Call] = []
    seen = {id(tensor.call) for tensor in inputs}
    given = {id(tensor) for tensor in inputs}

    pending: list[tuple[Call, bool]] = [(tensor.call, False) for tensor in reversed(outputs)]
    while pending:
        call, ready = pending.pop()
        if ready:
            ordered.append(call)
            continue
        if id(call) in seen:
            continue
        seen.add(id(call))
        pending.append((call, True))
        needed = [tensor for tensor in call.inputs if id(tensor) not in given]
        pending += [(tensor.call, False) for tensor in reversed(needed)]
    return ordered
