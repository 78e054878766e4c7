"""A model as boxes and arrows: a box for each call of a layer, an arrow for each tensor between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flintglass.layers.base import Layer
from flintglass.layers.input import InputLayer
from flintglass.models.structure import Structured
from flintglass.ops.graph import Operation
from flintglass.tracing.placeholder import Call
from flintglass.tracing.structure import flatten


@dataclass(frozen=True)
class Shows:
    """What is written into the boxes, beside the kind of the layer."""

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False
    nested: bool = False


@dataclass(eq=False)
class Box:
    """One call of a layer. ``kind``: "input", "weights" (it has some), "plain" or "model"; ``inner``: what it holds."""

    title: str
    lines: list[str]
    kind: str
    inner: Diagram | None = None


@dataclass
class Diagram:
    """Boxes in calling order, and arrows between them, as positions in that list."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[int, int]] = field(default_factory=list)


def diagram_of(model: Any, shows: Shows) -> Diagram:
    """The boxes and arrows of a model; of one with a ``call`` of its own, its layers without arrows.

    Raises ValueError where the model is not built, so that nobody knows its layers' shapes.
    """
    if not isinstance(model, Structured):
        raise TypeError(f"plot_model draws models, not {model!r}; put a layer into a Sequential with an Input")
    if model._graph is not None:
        return _of_graph(model._graph, shows)
    if not model.built:
        raise ValueError(
            f"plot_model: model {model.name!r} is not built yet, so its layers' shapes are not known; give it an "
            "Input, call build(input_shape), or call it on some rows first"
        )
    if not model.layers:
        raise ValueError(f"plot_model: model {model.name!r} has no layers that could be drawn; add some first")
    return Diagram([_box(layer, None, [], shows) for layer in model.layers])


def _of_graph(graph: Any, shows: Shows) -> Diagram:
    first = [tensor.call for tensor in graph.input_tensors]
    calls = list({id(call): call for call in (*first, *graph.calls)}.values())
    times = Counter(id(call.operation) for call in calls)
    seen: Counter[int] = Counter()
    found, place_of = Diagram(), {}
    for call in calls:
        seen[id(call.operation)] += 1
        place_of[id(call)] = len(found.boxes)
        found.boxes.append(_box_of_call(call, (seen[id(call.operation)], times[id(call.operation)]), shows))
        inputs = [] if call in first else call.inputs
        sources = dict.fromkeys(place_of[id(tensor.call)] for tensor in inputs if id(tensor.call) in place_of)
        found.arrows += [(source, place_of[id(call)]) for source in sources]
    return found


def _box_of_call(call: Call, which: tuple[int, int], shows: Shows) -> Box:
    box = _box(call.operation, call.inputs, call.outputs, shows)
    if which[1] > 1:
        box.lines.append(f"shared: call {which[0]} of {which[1]}")
    return box


def _box(layer: Any, inputs: Sequence[Any] | None, outputs: Sequence[Any], shows: Shows) -> Box:
    """inputs: None where it is not known which call is meant; then the layer's own is, where it had one."""
    name = getattr(layer, "name", None)
    is_layer = isinstance(layer, Layer)
    title = type(layer).__name__ if is_layer else str(name or getattr(layer, "__name__", type(layer).__name__))
    lines = [str(name)] if shows.names and is_layer else []
    if isinstance(layer, Operation):
        title = layer.kind.operation
    activation = getattr(layer, "activation", None)
    if shows.activations and activation is not None:
        lines.append(f"activation {getattr(activation, '__name__', None) or type(activation).__name__}")
    lines += _shapes(layer, inputs, outputs) if shows.shapes else []
    if shows.dtype:
        lines.append(str(getattr(layer, "dtype", None) or outputs[0].dtype))
    if shows.trainable and is_layer and layer.weights:
        lines.append("trainable" if layer.trainable else "not trainable")
    if isinstance(layer, Structured):
        return Box(title, lines, "model", diagram_of(layer, shows) if shows.nested and layer.layers else None)
    if isinstance(layer, InputLayer):
        return Box(title, lines, "input")
    return Box(title, lines, "weights" if is_layer and layer.weights else "plain")


def _shapes(layer: Any, inputs: Sequence[Any] | None, outputs: Sequence[Any]) -> list[str]:
    if inputs is None:
        try:
            inputs, outputs = flatten(layer.input), flatten(layer.output)
        except AttributeError:  # never called on placeholders
            return []
    told = [("in", inputs), ("out", outputs)]
    return [f"{way} {', '.join(str(tuple(tensor.shape)) for tensor in tensors)}" for way, tensors in told if tensors]
