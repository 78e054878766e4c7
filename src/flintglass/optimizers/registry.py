"""Optimizers by identifier: ``get("adam")``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass.identifiers import Registry, described, made
from flintglass.optimizers import OPTIMIZERS
from flintglass.optimizers.base import Optimizer

REGISTRY = Registry("optimizer", "flintglass.optimizers", {name.lower(): name for name in OPTIMIZERS}, folded=True)


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that a name (in any case), a class, a dictionary or an optimizer stands for.

    None for None; an unknown name raises ValueError with the nearest one.
    """
    found = REGISTRY.get(identifier)
    if found is not None and not isinstance(found, Optimizer):
        raise ValueError(f"{identifier!r} is no optimizer: expected a name, an Optimizer or a dictionary")
    return found


def serialize(optimizer: Any) -> Any:
    """The dictionary that describes an optimizer; None for None."""
    return described(optimizer, "optimizers")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer that ``serialize`` described; ``custom_objects`` names those of the user's own."""
    return made(REGISTRY, config, custom_objects)
