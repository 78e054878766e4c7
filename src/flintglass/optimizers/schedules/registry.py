"""Schedules as dictionaries, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass.identifiers import Registry, described, made

_NAMES = (
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
)
SCHEDULES = Registry("learning rate schedule", "flintglass.optimizers.schedules", {name: name for name in _NAMES})


def serialize(learning_rate_schedule: Any) -> Any:
    """The dictionary that describes a schedule; None for None."""
    return described(learning_rate_schedule, "optimizers.schedules")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule that ``serialize`` described; ``custom_objects`` names those of the user's own."""
    return made(SCHEDULES, config, custom_objects)
