"""Configurations of Keras 2 as those of Keras 3: a translation of dictionaries, which makes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SYMBOL = "__keras_tensor__"
_MODELS = ("Sequential", "Functional", "Model")
# What the settings of a class were called before.
_RENAMED = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
}
# Settings that no longer exist, and that say nothing as Keras 2 wrote them.
_DROPPED = {
    "BatchNormalization": ("fused", "virtual_batch_size", "adjustment"),
    "Embedding": ("input_length",),
    "Flatten": (),
}
_OF_INITIALIZERS = ("dtype", "partition_info")
_OF_OPTIMIZERS = ("jit_compile", "is_legacy_optimizer", "decay", "lr")
_DISTRIBUTIONS = {"normal": "truncated_normal"}


def is_older(version: Any) -> bool:
    """True where a version of Keras is one before 3."""
    return isinstance(version, str) and version.split(".")[0] in ("0", "1", "2")


def modern_model(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A model's entry, ``{"class_name": ..., "config": ...}``, of Keras 2 as one of Keras 3."""
    kind, config = entry.get("class_name"), entry.get("config")
    if kind == "Sequential" and isinstance(config, list):  # before Keras 2.3
        config = {"name": None, "layers": config}
    if kind not in _MODELS or not isinstance(config, Mapping):
        return _modern_layer(entry)
    layers = config.get("layers")
    if not isinstance(layers, list):
        return dict(entry)
    found = {**config, "layers": [modern_model(layer) if isinstance(layer, Mapping) else layer for layer in layers]}
    if kind == "Sequential":
        found["layers"] = _with_input(found["layers"])
        return {**entry, "config": {key: value for key, value in found.items() if value is not None}}
    names = frozenset(str(layer.get("name")) for layer in layers if isinstance(layer, Mapping))
    for layer in found["layers"]:
        if isinstance(layer, dict) and isinstance(layer.get("inbound_nodes"), list):
            layer["inbound_nodes"] = [_modern_node(node, names) for node in layer["inbound_nodes"]]
    _count_calls_anew(found)
    for end in ("input_layers", "output_layers"):
        ends = found.get(end)
        if isinstance(ends, list) and len(ends) == 1 and isinstance(ends[0], list):
            found[end] = ends[0]
    return {**entry, "class_name": "Functional", "config": found}


def _count_calls_anew(config: dict[str, Any]) -> None:
    """Keras 2 counted a call of its own of every model inside; Keras 3 does so at the ends of a graph alone."""
    inside = {str(layer.get("name")): layer for layer in config["layers"] if _is_model(layer)}
    nodes = [layer.get("inbound_nodes") for layer in config["layers"] if isinstance(layer, dict)]
    ends = [config.get("input_layers"), config.get("output_layers")]
    first: dict[str, int] = {}
    for name, number, _ in [*_places(nodes), *_places(ends)]:
        first[name] = min(number, first.get(name, number))
    for place in _places(nodes):
        place[1] -= first[place[0]] if place[0] in inside else 0
    for place in _places(ends):
        if place[0] in inside:
            place[1] += (inside[place[0]]["class_name"] != "Sequential") - first[place[0]]


def _is_model(layer: Any) -> bool:
    return isinstance(layer, Mapping) and layer.get("class_name") in _MODELS


def _places(item: Any) -> list[list[Any]]:
    """The lists [layer, call, output] inside, themselves."""
    if isinstance(item, list) and len(item) == 3 and isinstance(item[0], str) and isinstance(item[1], int):
        return [item]
    inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, list) else ()
    return [found for part in inner for found in _places(part)]


def _modern_layer(entry: Mapping[str, Any]) -> dict[str, Any]:
    kind, config = str(entry.get("class_name")), entry.get("config")
    if not isinstance(config, Mapping):
        return dict(entry)
    renamed = _RENAMED.get(kind, {})
    found = {
        renamed.get(key, key): _modern_part(value) for key, value in config.items() if key not in _DROPPED.get(kind, ())
    }
    if kind == "BatchNormalization" and isinstance(found.get("axis"), list) and len(found["axis"]) == 1:
        found["axis"] = found["axis"][0]
    if isinstance(found.get("layer"), Mapping):
        found["layer"] = modern_model(found["layer"])
    return {**entry, "config": found}


def _modern_part(value: Any) -> Any:
    """An initializer, regularizer or the like inside a layer's settings."""
    if not isinstance(value, Mapping) or not isinstance(value.get("config"), Mapping):
        return value
    settings = {key: item for key, item in value["config"].items() if key not in _OF_INITIALIZERS}
    if value.get("class_name") == "VarianceScaling" and settings.get("distribution") in _DISTRIBUTIONS:
        settings["distribution"] = _DISTRIBUTIONS[settings["distribution"]]
    if value.get("class_name") in ("Policy", "DTypePolicy"):
        settings = dict(value["config"])
    return {**value, "config": settings}


def _with_input(layers: list[Any]) -> list[Any]:
    """The layers of a stack with an Input in front, where the first one told its input's shape."""
    if not layers or not isinstance(layers[0], Mapping):
        return layers
    first, rest = layers[0], layers[1:]
    cleaned = [_without_shape(layer) for layer in rest]
    shape = first.get("config", {}).get("batch_input_shape") if isinstance(first.get("config"), Mapping) else None
    if first.get("class_name") == "InputLayer" or shape is None:
        return [first, *cleaned]
    config = {"batch_shape": shape, "dtype": "float32", "name": f"{first['config'].get('name', 'layer')}_input"}
    if first.get("class_name") == "Embedding":
        config["dtype"] = "float32"
    return [{"class_name": "InputLayer", "config": config}, _without_shape(first), *cleaned]


def _without_shape(layer: Any) -> Any:
    if not isinstance(layer, Mapping) or not isinstance(layer.get("config"), Mapping):
        return layer
    config = {key: value for key, value in layer["config"].items() if key != "batch_input_shape"}
    return {**layer, "config": config}


def _modern_node(node: Any, names: frozenset[str]) -> Any:
    """A call ``[["a", 0, 0, {}], ...]`` as ``{"args": [...], "kwargs": {...}}``."""
    if isinstance(node, Mapping) or not isinstance(node, list) or not node:
        return node
    if isinstance(node[0], str):
        node = [node]
    tensors = [_symbol(item) for item in node]
    keywords: dict[str, Any] = {}
    for item in node:
        if isinstance(item, list) and len(item) > 3 and isinstance(item[3], Mapping):
            keywords.update({key: _keyword(value, names) for key, value in item[3].items()})
    return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": keywords}


def _symbol(item: Any) -> Any:
    if not isinstance(item, list) or len(item) < 3 or not isinstance(item[0], str):
        raise ValueError(f"{item!r:.80} is no call's input: [layer, call, output] is expected")
    return {"class_name": SYMBOL, "config": {"keras_history": list(item[:3])}}


def _keyword(value: Any, names: frozenset[str]) -> Any:
    is_place = isinstance(value, list) and len(value) == 3 and isinstance(value[0], str) and value[0] in names
    return _symbol(value) if is_place else value


# -- compile


def modern_training(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of compile() as Keras 2 kept them (``training_config``), and as Keras 3 keeps them in ``.h5``."""
    found = {key: value for key, value in config.items() if key not in ("optimizer_config", "sample_weight_mode")}
    if "optimizer" not in found:
        found["optimizer"] = config.get("optimizer_config")
    found["optimizer"] = _modern_optimizer(found["optimizer"])
    for key in ("loss", "metrics", "weighted_metrics"):
        found[key] = _modern_measure(found.get(key))
    return found


def _modern_optimizer(entry: Any) -> Any:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        return entry
    settings = dict(entry["config"])
    rate, decay = settings.get("learning_rate", settings.get("lr")), settings.get("decay")
    if isinstance(rate, (int, float)) and isinstance(decay, (int, float)) and decay > 0:
        schedule = {"initial_learning_rate": rate, "decay_steps": 1.0, "decay_rate": decay}
        rate = {"module": "keras.optimizers.schedules", "class_name": "InverseTimeDecay", "config": schedule}
    kept = {key: value for key, value in settings.items() if key not in _OF_OPTIMIZERS}
    if rate is not None:
        kept["learning_rate"] = rate
    if kept.get("epsilon", 0) is None:
        del kept["epsilon"]
    name = str(entry.get("class_name")).removeprefix("Custom>").removeprefix("Addons>")
    return {"class_name": name, "config": kept}


def _modern_measure(value: Any) -> Any:
    """Losses and metrics, alone or in lists and dictionaries by output."""
    if isinstance(value, list):
        return [_modern_measure(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _modern_measure(item) for key, item in value.items()}
    settings = value.get("config")
    if not isinstance(settings, Mapping):
        return value
    kept = dict(settings)
    if kept.get("reduction") == "auto":
        kept["reduction"] = "sum_over_batch_size"
    wraps = value["class_name"] in ("MeanMetricWrapper", "LossFunctionWrapper")
    if isinstance(kept.get("fn"), str) and wraps:
        kept["fn"] = {"class_name": "function", "config": kept["fn"]}
    elif not wraps:
        kept.pop("fn", None)
    return {**value, "config": kept}
