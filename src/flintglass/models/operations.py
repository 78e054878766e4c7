"""Operations in configurations of models: Keras's entries for the nodes that are no layers, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flintglass.customs import custom
from flintglass.layers.arguments import layer_name
from flintglass.ops.graph import BY_CLASS, MODULES, Operation, operation_from
from flintglass.program import Size
from flintglass.tracing import allowance
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor

# A shape of a million axes takes a second to be refused by the operation that it is given to.
_VALUES_OF_AN_OPERATION, _SHORT_TEXT = 20, 100
_ARRAYS = ("__numpy__", "__tensor__")


def is_operation(entry: Mapping[str, Any]) -> bool:
    """True for an entry that describes an operation, not a layer.

    Keras's ``.h5`` files tell no module; there, it is an entry without what the settings of every layer tell.
    """
    if entry.get("module") is None:
        kind, settings = entry.get("class_name"), entry.get("config")
        told = isinstance(settings, Mapping) and "trainable" not in settings
        return told and isinstance(kind, str) and kind in BY_CLASS and custom(kind) is None
    module = str(entry.get("module"))
    return module.startswith("keras.src.ops.") or module in MODULES


def of_operation(operation: Operation) -> dict[str, Any]:
    """The entry of a node, without its calls."""
    kind = operation.kind
    settings = {name: _setting(name, value) for name, value in operation.settings.items()}
    return {
        "module": kind.module,
        "class_name": kind.class_name,
        "config": {"name": operation.name, **settings},
        "registered_name": kind.class_name,
        "name": operation.name,
    }


def _setting(name: str, value: Any) -> Any:
    return standard_dtype(value) if name == "dtype" and value is not None else of_value(value)


def made_operation(entry: Mapping[str, Any]) -> Operation:
    """The node that an entry describes; ValueError where it names an operation that there is not."""
    settings = dict(entry["config"])
    spend(settings)
    name = layer_name(settings.pop("name", entry["name"]), "an operation")
    if entry["class_name"] not in BY_CLASS:
        raise ValueError(
            f"the configuration holds the operation {name!r} of the class {entry['class_name']!r}, which is none of "
            "those that flintglass.ops can read; put it into the call of a layer of your own"
        )
    return operation_from(entry["class_name"], {key: value_from(item) for key, item in settings.items()}, name)


def spend(given: Any) -> None:
    """Take from the allowance what it costs to give this to an operation; arrays cost nothing but their bytes."""
    values, waiting = 0, [given]
    while waiting:
        item = waiting.pop()
        values += 1
        if isinstance(item, Mapping):
            waiting.extend(() if item.get("class_name") in _ARRAYS else item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif isinstance(item, str) and len(item) > _SHORT_TEXT:
            values += _VALUES_OF_AN_OPERATION * len(item)
    allowance.work(values // _VALUES_OF_AN_OPERATION)


def of_value(value: Any) -> Any:
    """An argument as a configuration holds it: arrays, tensors, slices and ... by dictionaries."""
    if isinstance(value, (list, tuple)):
        return [of_value(item) for item in value]
    if isinstance(value, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
    if isinstance(value, Tensor):
        return {"class_name": "__tensor__", "config": {"value": value.array.tolist(), "dtype": value.dtype}}
    if isinstance(value, slice):
        bounds = {name: of_value(getattr(value, name)) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": bounds}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, np.generic):
        return value.item()
    return None if isinstance(value, Size) else value


def value_from(item: Any) -> Any:
    """What ``of_value`` wrote; anything else as it is."""
    if isinstance(item, (list, tuple)):
        return [value_from(inner) for inner in item]
    if not isinstance(item, Mapping):
        return item
    kind, config = item.get("class_name"), item.get("config") or {}
    if kind == "__slice__":
        return slice(*(config.get(name) for name in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return Ellipsis
    if kind in _ARRAYS:
        if not {"value", "dtype"} <= set(config):
            raise ValueError(f"the configuration holds a constant ({kind}) without its value or its dtype: {config!r}")
        return np.array(config["value"], standard_dtype(config["dtype"]))
    if kind == "__tuple__":
        return tuple(value_from(inner) for inner in config["value"])
    return {key: value_from(inner) for key, inner in item.items()}
