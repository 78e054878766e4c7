"""Initializers by identifier: ``get("glorot_uniform")``, and the dictionaries of configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flintglass import initializers
from flintglass.identifiers import Registry, described, made
from flintglass.tracing.tensor import Tensor, convert

INITIALIZERS = Registry(
    "initializer", "flintglass.initializers", {**{n: n for n in initializers.CLASSES}, **initializers.ALIASES}
)


def get(identifier: Any) -> Any:
    """The initializer that a name, a class, a configuration, an array or a callable stands for; None for None."""
    if isinstance(identifier, (np.ndarray, Tensor)):
        return _Given(identifier)
    return INITIALIZERS.get(identifier)


class _Given:
    """An initializer that gives an array back, whose shape must be the weight's."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        tensor = convert(self.array, dtype)
        if tensor.shape != tuple(shape):
            raise ValueError(f"the array given as an initializer has the shape {tensor.shape}, not {tuple(shape)}")
        return tensor


def serialize(initializer: Any) -> Any:
    """The dictionary that describes an initializer; None for None."""
    return described(initializer, "initializers")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that ``serialize`` described."""
    return made(INITIALIZERS, config, custom_objects)
