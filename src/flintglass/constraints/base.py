"""The contract of a constraint: called on a weight, it returns the nearest that keeps it; and how one is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass import constraints
from flintglass.constructors import CheckedNumbers
from flintglass.identifiers import Registry, described, made
from flintglass.tracing.tensor import Tensor


class Constraint(CheckedNumbers):
    """A property of weights. Subclasses define ``__call__(w)``, which returns a tensor of the same shape."""

    def __call__(self, w: Any) -> Tensor:
        """The weight to use in place of w: w itself unless a subclass says otherwise."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same constraint again."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A constraint from the result of ``get_config``."""
        return cls(**config)


CONSTRAINTS = Registry(
    "constraint", "flintglass.constraints", {**{n: n for n in constraints.CLASSES}, **constraints.ALIASES}
)


def get(identifier: Any) -> Any:
    """The constraint that a name, a class, a configuration or a callable stands for; None for None."""
    return CONSTRAINTS.get(identifier)


def serialize(constraint: Any) -> Any:
    """The dictionary that describes a constraint; None for None."""
    return described(constraint, "constraints")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that ``serialize`` described."""
    return made(CONSTRAINTS, config, custom_objects)
