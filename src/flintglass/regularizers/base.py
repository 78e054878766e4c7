"""The contract of a regularizer: called on a tensor, it returns a scalar; and how one is named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flintglass import regularizers
from flintglass.constructors import CheckedNumbers
from flintglass.identifiers import Registry, described, made
from flintglass.tracing.returned import require_numbers


class Regularizer(CheckedNumbers):
    """A penalty. Subclasses define ``__call__(x)``, which returns a scalar, and ``get_config()``."""

    def __call__(self, x: Any) -> Any:
        """The penalty for x: 0 unless a subclass says otherwise."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same regularizer again."""
        raise NotImplementedError(f"{type(self).__name__} defines no get_config(), so it cannot be saved")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A regularizer from the result of ``get_config``."""
        return cls(**config)


REGULARIZERS = Registry(
    "regularizer", "flintglass.regularizers", {**{n: n for n in regularizers.CLASSES}, **regularizers.ALIASES}
)


def get(identifier: Any) -> Any:
    """The regularizer that a name, a class, a configuration or a callable stands for; None for None."""
    return REGULARIZERS.get(identifier)


def serialize(regularizer: Any) -> Any:
    """The dictionary that describes a regularizer; None for None."""
    return described(regularizer, "regularizers")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that ``serialize`` described."""
    return made(REGULARIZERS, config, custom_objects)


def penalty(regularizer: Any, x: Any, place: str) -> Any:
    """What a regularizer, of the user's own perhaps, adds for x; TypeError, with its place, where that is no number."""
    return require_numbers(regularizer, regularizer(x), place, "a scalar, the penalty,")


def checked_factor(name: str, value: Any) -> float:
    """A factor from 0 up; ValueError for anything else."""
    if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is a finite number from 0 up, not {value!r}")
    return float(value)
