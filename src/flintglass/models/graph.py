"""The graph of a functional model: the calls that lead from its inputs to its outputs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flintglass.layers.base import Layer
from flintglass.lazy import cached_property
from flintglass.ops.graph import Operation
from flintglass.tracing.binding import bound_to
from flintglass.tracing.placeholder import Call, calls_between
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor


class Graph:
    """Calls in an order in which each comes after those that it needs."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.input_tensors: list[Tensor] = flatten(inputs)
        self.output_tensors: list[Tensor] = flatten(outputs)
        for role, tensors in (("inputs", self.input_tensors), ("outputs", self.output_tensors)):
            for tensor in tensors:
                if not isinstance(tensor, Tensor) or not tensor.is_placeholder:
                    raise ValueError(
                        f"the {role} of a functional model are placeholders (from Input() and layers called on "
                        f"them), not {type(tensor).__name__}"
                    )
        self.calls = calls_between(self.input_tensors, self.output_tensors)
        self._require_reached()
        self._require_names()

    def _require_reached(self) -> None:
        given = {id(tensor) for tensor in self.input_tensors}
        for call in self.calls:
            if isinstance(call.operation, Layer) and not call.inputs and id(call.outputs[0]) not in given:
                name = getattr(call.operation, "name", "an input")
                raise ValueError(
                    f"the outputs depend on the Input {name!r}, which is not among the model's inputs; add it"
                )

    def _require_names(self) -> None:
        names = Counter(item.name for item in self.operations)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise ValueError(
                f"two layers (or operations) of the model are called {twice!r}; give one of them another name"
            )

    @property
    def layers(self) -> list[Layer]:
        """The layers of the graph, inputs first, each once, in calling order."""
        return [item for item in self.operations if isinstance(item, Layer)]

    @cached_property
    def operations(self) -> list[Any]:
        """The layers, and the operations of the table in ops/graph.py, each once, in Keras's order.

        By depth: those that are the most calls away from an output come first. It is the order of the weights.
        """
        depths = self._depths()
        found = sorted(self._found(), key=lambda item: -depths[id(item)])
        return [item for item in found if isinstance(item, (Layer, Operation))]

    def _found(self) -> list[Any]:
        """What is called, each once, in the order in which a walk from the outputs meets it first."""
        found: dict[int, Any] = {}
        waiting = [tensor.call for tensor in reversed(self.output_tensors)]
        seen: set[int] = set()
        ends = {id(tensor.call) for tensor in self.input_tensors}
        while waiting:
            call = waiting.pop()
            if id(call) in seen:
                continue
            seen.add(id(call))
            found.setdefault(id(call.operation), call.operation)
            if id(call) not in ends:
                waiting += [tensor.call for tensor in reversed(call.inputs)]
        found.update((id(tensor.call.operation), tensor.call.operation) for tensor in self.input_tensors)
        return list(found.values())

    def _depths(self) -> dict[int, int]:
        """By the id of what is called: how many calls it is away from the farthest output."""
        ends = [tensor.call for tensor in self.input_tensors]
        depths: dict[int, int] = {}
        of_calls: dict[int, int] = {}
        for call in [*reversed(self.calls), *ends]:
            depth = max(of_calls.get(id(call), 0), depths.get(id(call.operation), 0))
            depths[id(call.operation)] = depth
            for tensor in () if any(call is end for end in ends) else call.inputs:
                of_calls[id(tensor.call)] = max(depth + 1, of_calls.get(id(tensor.call), 0))
        return depths

    def run(self, inputs: list[Any], **keywords: Any) -> Any:
        """The outputs for these inputs (one for each input of the model)."""
        known: dict[int, Any] = {id(tensor): value for tensor, value in zip(self.input_tensors, inputs, strict=True)}
        with bound_to(self.input_tensors, inputs):
            for call in self.calls:
                self._run_call(call, known)
        return map_leaves(lambda leaf: known[id(leaf)], self.outputs)

    def _run_call(self, call: Call, known: dict[int, Any]) -> None:
        results = flatten(call.repeat(known))
        known.update((id(tensor), value) for tensor, value in zip(call.outputs, results, strict=True))
