"""The learning rate: a number in a variable, or a schedule that becomes lines of the step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from flintglass.errors import NeedsConcrete
from flintglass.identifiers import described
from flintglass.names import snake_case
from flintglass.optimizers import schedules
from flintglass.optimizers.blocks import called
from flintglass.optimizers.schedules.base import LearningRateSchedule
from flintglass.tracing import context
from flintglass.tracing.blocks import call
from flintglass.tracing.returned import require_numbers
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.variable import Variable


def is_schedule(value: Any) -> bool:
    """True for a schedule, and for a function that gives the rate."""
    return isinstance(value, LearningRateSchedule) or (callable(value) and not isinstance(value, (Tensor, type)))


def require_rate(place: str, value: Any) -> None:
    """Raise ValueError for what is no number that a rate can be."""
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0):
        raise ValueError(
            f"{place}: learning_rate is a number, a schedule of keras.optimizers.schedules or a function, not {value!r}"
        )
    if not isinstance(value, Tensor) and not 0 <= float(value) < float("inf"):
        raise ValueError(
            f"{place}: learning_rate is a finite number from 0 up, not {value!r}. To go uphill, change the "
            f"sign of the loss"
        )


def refuse_number(place: str, schedule: Any, value: Any) -> None:
    """Raise TypeError: where a schedule gives the rate, no number can be assigned."""
    raise TypeError(
        f"{place}: learning_rate is given by {_name(schedule)}, so {value!r} cannot be assigned to it. Make the "
        "optimizer with a number where a callback is to change the rate, or assign another schedule"
    )


def rate_at(schedule: Any, iterations: Variable) -> Tensor:
    """The rate that a schedule gives at this iteration; in a program, one line that calls its block."""
    function = _of_step(schedule)
    writing = context.active()
    if writing is None or writing.is_recording:
        return convert(function(iterations))
    return called(call(function, iterations, name=snake_case(_name(schedule))), "learning_rate")


def _of_step(schedule: Any) -> Callable[[Any], Any]:
    """The schedule, or a function that takes the iteration or nothing, as a function of the iteration."""
    is_ours = isinstance(schedule, LearningRateSchedule)
    takes_step = is_ours or bool(inspect.signature(schedule).parameters)

    def function(step: Any) -> Any:
        found = schedule(step) if takes_step else schedule()
        require_numbers(schedule, found, "the schedule of the learning rate", "a number")
        if not is_ours and not isinstance(found, Tensor) and isinstance(step, Tensor) and not step.is_concrete:
            raise NeedsConcrete(
                f"the function {_name(schedule)} that gives the learning rate returned the number {found!r}, which "
                "a program would keep for good; a schedule of keras.optimizers.schedules, or the callback "
                "LearningRateScheduler, changes the rate without this"
            )
        return found

    return function


def _name(schedule: Any) -> str:
    name = getattr(schedule, "__name__", type(schedule).__name__)
    return "schedule" if name == "<lambda>" else str(name)


def rate_config(rate: Any) -> Any:
    """The rate in a configuration: a number, or the dictionary of a schedule."""
    if isinstance(rate, Variable):
        return float(rate.numpy())
    return described(rate, "optimizers.schedules")


def rate_from_config(rate: Any, custom_objects: Mapping[str, Any] | None) -> Any:
    """What ``rate_config`` described."""
    return schedules.deserialize(rate, custom_objects) if isinstance(rate, Mapping) else rate
