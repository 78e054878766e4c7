"""Configurations of models: Keras's dictionaries of a stack or a graph of layers, without their weights, and back."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flintglass import layers as face
from flintglass.errors import FlintglassError
from flintglass.identifiers import Registry, described, made
from flintglass.layers.base import Layer
from flintglass.layers.input import InputLayer
from flintglass.models.inside import compile_inside
from flintglass.models.operations import is_operation, made_operation, of_operation, of_value, spend, value_from
from flintglass.ops.graph import Operation
from flintglass.tracing import allowance
from flintglass.tracing.placeholder import Call
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.variable import Variable

MODELS = ("Sequential", "Functional", "Model")
LAYERS = Registry("layer", "flintglass.layers", {name: name for name in face.LAYERS})
SYMBOL = "__keras_tensor__"
COST_OF_A_LAYER = 3  # times that of a call inside of it, which takes 50 us


class NoConfiguration(FlintglassError, NotImplementedError):
    """Part of a model cannot be described by a dictionary."""


def of_stack(model: Any, base: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a Sequential: its layers, the Input first, and the shape that it is built for."""
    start = [model.inputs[0].call.operation] if model.inputs else []
    found = {**base, "layers": [_of_layer(layer) for layer in [*start, *model.layers]]}
    return {**found, "build_input_shape": start[0].batch_shape} if start else found


def _of_layer(layer: Any) -> dict[str, Any]:
    found: dict[str, Any] = described(layer, "layers")
    if hasattr(layer, "get_compile_config"):
        found["compile_config"] = layer.get_compile_config()
    if getattr(layer, "_graph", None) is not None and type(layer).__module__.startswith("flintglass."):
        if _is_functional(layer):
            found.update(module="keras.src.models.functional", class_name="Functional", registered_name="Functional")
        else:
            found["module"] = "keras"
        shape = None if _is_functional(layer) else layer.inputs[0].shape
        return {**found, "build_config": {"input_shape": shape}}
    built_for = layer.get_build_config()
    return found if built_for is None else {**found, "build_config": built_for}


def of_graph(model: Any) -> dict[str, Any]:
    """The configuration of a functional model: its layers, each with its calls, and the ends of the graph."""
    graph = model._graph
    calls: dict[int, list[Call]] = {id(layer): [] for layer in graph.operations}
    places: dict[int, list[Any]] = {}
    for call in [*(tensor.call for tensor in graph.input_tensors), *graph.calls]:
        operation = call.operation
        if not isinstance(operation, (Layer, Operation)):
            raise NoConfiguration(
                f"model {model.name!r} calls {getattr(operation, '__name__', operation)!r} on a placeholder, which no "
                "configuration describes; put the operation into the call of a layer of your own"
            )
        number = len(calls[id(operation)])
        calls[id(operation)].append(call)
        places.update((id(out), [operation.name, number, i]) for i, out in enumerate(call.outputs))

    def symbol(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or not leaf.is_placeholder:
            if isinstance(leaf, Variable):
                raise NoConfiguration(
                    f"model {model.name!r} computes with the variable {leaf.path!r} on a placeholder, which no "
                    "configuration describes; put the operation into the call of a layer of your own"
                )
            return of_value(leaf)
        return {
            "class_name": SYMBOL,
            "config": {"shape": leaf.shape, "dtype": leaf.dtype, "keras_history": places[id(leaf)]},
        }

    def end(tensor: Tensor) -> list[Any]:
        name, number, output = places[id(tensor)]
        return [name, number + _first_call(tensor.call.operation), output]

    entries = []
    for layer in graph.operations:
        nodes = [
            {
                "args": map_leaves(symbol, list(call.arguments)),
                "kwargs": {**map_leaves(symbol, call.keywords), **({"mask": None} if hasattr(layer, "_graph") else {})},
            }
            for call in calls[id(layer)]
            if not isinstance(layer, InputLayer)
        ]
        entry = of_operation(layer) if isinstance(layer, Operation) else _of_layer(layer)
        entries.append({**entry, "name": layer.name, "inbound_nodes": nodes})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "input_layers": map_leaves(lambda tensor: places[id(tensor)], graph.inputs),
        "output_layers": map_leaves(end, graph.outputs),
    }


def layer_from(entry: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer, or the model inside, that an entry describes; ``custom_objects`` holds classes of the user's own."""
    allowance.work(COST_OF_A_LAYER)
    try:
        found = _layer_from(entry, custom_objects)
        compile_inside(found, entry)
    except Exception as error:
        note_place(error, entry)
        raise
    if not isinstance(found, Layer):
        raise ValueError(f"{entry.get('class_name')!r:.80} stands for {found!r:.80}, which is no layer")
    return found


def _layer_from(entry: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    name = entry.get("class_name")
    if name in MODELS and name not in (custom_objects or {}):
        from flintglass import models

        kind: Any = models.Sequential if name == "Sequential" else models.Model
        return kind.from_config(dict(entry["config"]), custom_objects)
    return made(LAYERS, entry, custom_objects)


def note_place(error: BaseException, entry: Any) -> None:
    """Tell whoever catches an exception which layer's entry it came from: outer ones come first."""
    config = entry.get("config") if isinstance(entry, Mapping) else None
    name = config.get("name") if isinstance(config, Mapping) else None
    found = name or (entry.get("class_name") if isinstance(entry, Mapping) else None)
    error.places = [str(found)[:80], *getattr(error, "places", [])]  # type: ignore[attr-defined]


def graph_from(
    config: Mapping[str, Any],
    custom_objects: Mapping[str, Any] | None,
    make: Callable[[Mapping[str, Any]], Any] | None = None,
) -> tuple[Any, Any]:
    """The inputs and outputs of a functional model, its layers made and called again.

    make: what makes a layer from its entry, where it is not the entry's own class.
    """
    making = make or (lambda entry: layer_from(entry, custom_objects))
    known: dict[str, Any] = {}
    for entry in config["layers"]:
        if entry["name"] in known:
            raise ValueError(f"the model {config.get('name')!r:.80} lists two layers {entry['name']!r:.80}")
        known[entry["name"]] = made_operation(entry) if is_operation(entry) else making(entry)
    results: dict[tuple[str, int], list[Any]] = {}

    def at(place: Any, first: int = 0) -> Any:
        name, number, output = place
        found = results.get((name, number - first), [])
        if type(output) is not int or not 0 <= output < len(found):
            raise ValueError(f"{place!r:.80} is no output of a layer: [layer, call, output] of one that is there")
        return found[output]

    def value(leaf: Mapping[str, Any]) -> Any:
        return at(leaf["config"]["keras_history"])

    for name, layer in known.items():
        if isinstance(layer, InputLayer):
            results[name, 0] = [layer.input]
    nodes = {(entry["name"], i): node for entry in config["layers"] for i, node in enumerate(entry["inbound_nodes"])}
    needs = {key: {tuple(place[:2]) for place in _places(node)} - set(results) for key, node in nodes.items()}
    for key in in_order(needs, str(config.get("name"))):
        try:
            if isinstance(known[key[0]], Operation):
                spend([nodes[key]["args"], nodes[key]["kwargs"]])
            arguments = [_replaced(item, value) for item in nodes[key]["args"]]
            keywords = {name: _replaced(item, value) for name, item in nodes[key]["kwargs"].items()}
            _require_placeholder(arguments, keywords)
            results[key] = flatten(known[key[0]](*arguments, **keywords))
        except Exception as error:
            if not hasattr(error, "places"):
                note_place(error, {"config": {"name": key[0]}})
            raise

    def end(place: Any) -> Any:
        if isinstance(place, dict):
            return {key: end(item) for key, item in place.items()}
        if not isinstance(place, (list, tuple)):
            raise ValueError(f"{place!r:.80} is no end of a graph: [layer, call, output] is")
        if len(place) == 3 and isinstance(place[0], str):
            allowance.work()  # each may stand there thousands of times
            return at(place, _first_call(known.get(place[0])))
        return [end(item) for item in place]

    return end(config["input_layers"]), end(config["output_layers"])


def in_order(needs: Mapping[Any, set[Any]], name: str) -> Iterator[Any]:
    """The keys, each after those that it needs, otherwise as they come; ValueError where that cannot be."""
    positions = {key: position for position, key in enumerate(needs)}
    keys = list(needs)
    left = {key: len(needed) for key, needed in needs.items()}
    waiting: dict[Any, list[Any]] = {}
    for key, needed in needs.items():
        for other in needed:
            if other not in needs:
                raise ValueError(f"the model {name!r} calls {key[0]!r} on call {list(other)}, which there is not")
            waiting.setdefault(other, []).append(key)
    ready = [positions[key] for key, count in left.items() if not count]
    while ready:
        key = keys[heapq.heappop(ready)]
        yield key
        for other in waiting.get(key, ()):
            left[other] -= 1
            if not left[other]:
                heapq.heappush(ready, positions[other])
    if any(left.values()):
        raise ValueError(f"the calls of the model {name!r} depend on each other in a circle")


def _require_placeholder(*given: Any) -> None:
    """ValueError for a call on values alone: it is no node of a graph, and would be computed while the file is read."""
    if not any(isinstance(leaf, Tensor) and leaf.is_placeholder for leaf in flatten(given)):
        raise ValueError("it is called on constants alone, which no call in a graph of layers is")


def _first_call(layer: Any) -> int:
    """The number by which the ends of a graph name a layer's first call: a functional model counts one of its own."""
    return 1 if _is_functional(layer) else 0


def _is_symbol(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("class_name") == SYMBOL


def _places(item: Any) -> list[Any]:
    """The places of all placeholders that a configuration names: [layer, call, output]."""
    if _is_symbol(item):
        return [item["config"]["keras_history"]]
    if isinstance(item, (list, tuple)) and len(item) == 3 and isinstance(item[0], str) and isinstance(item[1], int):
        return [item]
    inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, (list, tuple)) else ()
    return [found for part in inner for found in _places(part)]


def _is_functional(layer: Any) -> bool:
    """True for a model whose graph its user drew, unlike a Sequential's."""
    return getattr(layer, "_graph", None) is not None and not hasattr(layer, "_stack")


def _replaced(item: Any, value: Callable[[Any], Any]) -> Any:
    if _is_symbol(item):
        return value(item)
    if isinstance(item, Mapping):
        if str(item.get("class_name")).startswith("__"):
            return value_from(item)
        return {key: _replaced(inner, value) for key, inner in item.items()}
    return [_replaced(inner, value) for inner in item] if isinstance(item, (list, tuple)) else item


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Any = None,
    recursive: bool = False,
    **unknown: Any,
) -> Any:
    """A model of new layers with the same configuration, and weights drawn anew.

    clone_function: a function from a layer to the layer that takes its place; unless given, a new one of its
    configuration.
    """
    if unknown or input_tensors is not None or call_function is not None or recursive:
        raise ValueError("clone_model takes a model and clone_function here; other arguments are not supported")
    if not hasattr(model, "_graph"):
        raise TypeError(f"clone_model takes a model, not {model!r}")
    of = clone_function or _fresh
    stack = getattr(model, "_stack", None)
    if stack is not None:
        copies = [_fresh(layer) if isinstance(layer, InputLayer) else of(layer) for layer in stack]
        return type(model)(copies, name=model.name)
    if model._graph is None:
        raise NoConfiguration(
            f"model {model.name!r} ({type(model).__name__}) has a call of its own, which cannot be cloned; make "
            "another one by its constructor, and give it the weights by set_weights"
        )
    config = of_graph(model)
    by_name = {layer.name: layer for layer in model.layers}

    def make(entry: Mapping[str, Any]) -> Any:
        layer = by_name[entry["name"]]
        return _fresh(layer) if isinstance(layer, InputLayer) else of(layer)

    inputs, outputs = graph_from(config, None, make)
    return type(model)(inputs, outputs, name=model.name)


def _fresh(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())
