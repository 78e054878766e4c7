"""The LearningRateSchedule: the learning rate as a function of the step."""

from __future__ import annotations

from typing import Any

from flintglass.tracing.tensor import Tensor, cast, convert
from flintglass.tracing.tracking import Tracked


class LearningRateSchedule(Tracked):
    """The base of schedules. A subclass writes ``__call__(step)`` with tensors, and ``get_config``.

    step: how many steps were made before this one, a scalar of whole numbers. The result is a scalar. A
    schedule becomes lines of the training step, so it costs no Python while training.
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step), which returns the rate")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; to be written by subclasses that are saved."""
        raise NotImplementedError(
            f"{type(self).__name__} must define get_config(), a dictionary of its constructor's arguments, so that "
            "a model with it can be saved"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule with these constructor arguments."""
        return cls(**config)


def require_steps(place: str, argument: str, value: Any) -> None:
    """Raise ValueError where a number of steps is not above 0."""
    if isinstance(value, (str, bool)) or value is None or not value > 0:
        raise ValueError(f"{place}: {argument} is a number of steps above 0, not {value!r}")


def as_rate(rate: Any) -> Any:
    """The rate; TypeError where it is no number, nor a tensor."""
    if isinstance(rate, (str, bool)) or rate is None:
        raise TypeError(f"the rate that a schedule starts from is a number, not {rate!r}")
    return rate


def as_float(rate: Any, step: Any) -> tuple[Tensor, Tensor]:
    """The rate as a tensor, and the step in its dtype."""
    found = convert(as_rate(rate))
    return found, cast(convert(step), found.dtype)
