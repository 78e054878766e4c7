"""The graph of a functional model: the calls that lead from its inputs to its outputs."""

from __future__ import annotations

from typing import Any

from flintglass.layers.base import Layer
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
        names = [layer.name for layer in self.layers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two layers of the model are called {twice!r}; give one of them another name")

    @property
    def layers(self) -> list[Layer]:
        """The layers of the graph, inputs first, each once, in calling order."""
        found = [tensor.call.operation for tensor in self.input_tensors]
        found += [call.operation for call in self.calls]
        return list({id(item): item for item in found if isinstance(item, Layer)}.values())

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
