"""A model as one document: its class, its configuration, what it was built for and how it was compiled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from flintglass.layers.base import Layer
from flintglass.models.configuration import _of_layer, layer_from
from flintglass.models.model import Model
from flintglass.saving.older import modern_model, modern_training


def document_of(model: Any) -> dict[str, Any]:
    """The document of a ``.keras`` file and of ``to_json``; the same dictionary as Keras's."""
    found = {key: value for key, value in _of_layer(model).items() if key != "compile_config"}
    found.setdefault("build_config", model.get_build_config() or {"input_shape": None})
    settings = model.get_compile_config()
    return {**found, **({"compile_config": settings} if settings else {})}


# Settings that later versions of Keras 3 have added, and what they mean where they are absent: earlier versions refuse
# a file that names them.
_ADDED = {
    "quantization_config": None,
    "input_axes": None,
    "output_axes": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}


def portable(document: Any) -> Any:
    """The document for a file: without settings that not all versions of Keras 3 know, where they say nothing."""
    if isinstance(document, Mapping):
        return {
            key: portable(item)
            for key, item in document.items()
            if not (isinstance(key, str) and key in _ADDED and item == _ADDED[key] and type(item) is type(_ADDED[key]))
        }
    return [portable(item) for item in document] if isinstance(document, (list, tuple)) else document


def as_json(document: Any, **options: Any) -> str:
    """The text; TypeError, with the way out, for what JSON has no word for."""
    return json.dumps(document, default=_plain, allow_nan=False, **options)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(
        f"a configuration holds {value!r:.80} of type {type(value).__name__}, which no file can hold; let get_config() "
        "return numbers, texts, lists and dictionaries"
    )


def model_from(document: Mapping[str, Any], older: bool = False) -> Any:
    """The model that a document describes, built, with weights as its layers make them, not compiled."""
    if older:
        document = modern_model(document)
    model = layer_from({key: item for key, item in document.items() if key != "compile_config"})
    if not isinstance(model, Layer) or not isinstance(model, Model):
        raise ValueError(f"the document describes a {type(model).__name__}, which is no model")
    built_for = document.get("build_config")
    if isinstance(built_for, Mapping) and not model.built:
        model.build_from_config(built_for)
    return model


def compile_from(model: Any, settings: Mapping[str, Any] | None, older: bool = False) -> None:
    """Compile the model as its document says."""
    if settings and not isinstance(settings, Mapping):
        raise ValueError(f"what compile() was given is told by a dictionary, not {settings!r:.60}")
    if settings:
        model.compile_from_config(modern_training(settings) if older else settings)


def names_in(document: Any) -> set[str]:
    """The names that a document gives to its layers."""
    found: set[str] = set()
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            config = item.get("config")
            if isinstance(config, Mapping) and isinstance(config.get("name"), str):
                found.add(config["name"])
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found
