"""The arguments that all optimizers share: handed on by their constructors, and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flintglass.suggestions import taken, unknown_argument

COMMON = (
    "learning_rate",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
    "name",
)


def common(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a constructor's ``locals()`` that the base takes, and what the constructor does not know.

    Constructors list every argument, so that editors and ``inspect.signature`` show Keras's signature.
    """
    return {**{name: given[name] for name in COMMON}, **given["unknown"]}


def refuse(place: str, unknown: Mapping[str, Any], constructor: Callable[..., None]) -> None:
    """Raise for arguments that there are not; those of earlier Keras are told their new names."""
    if "lr" in unknown:
        raise ValueError(f"{place}: `lr` is called learning_rate now: write learning_rate={unknown['lr']!r}")
    if "decay" in unknown:
        raise ValueError(
            f"{place}: `decay` is no longer an argument. Give a schedule instead, such as learning_rate="
            f"schedules.InverseTimeDecay(0.01, decay_steps=1, decay_rate={unknown['decay']!r}); to shrink weights, "
            f"use weight_decay"
        )
    if unknown:
        raise ValueError(unknown_argument(place, min(unknown), taken(constructor)))


def require_settings(optimizer: Any) -> None:
    """Raise ValueError where the shared arguments contradict each other or lie out of range."""
    place = optimizer.name
    clips = {name: getattr(optimizer, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    given = [f"{name}={value}" for name, value in clips.items() if value is not None]
    if len(given) > 1:
        raise ValueError(f"{place}: gradients are clipped in one way, not by {' and '.join(given)}")
    steps = optimizer.gradient_accumulation_steps
    if steps and not _is_whole(steps, 2):
        raise ValueError(f"{place}: gradient_accumulation_steps is a whole number from 2 up, or None, not {steps!r}")
    if optimizer.loss_scale_factor is not None and not _is_number(optimizer.loss_scale_factor, above=0):
        raise ValueError(
            f"{place}: loss_scale_factor is a number above 0, or None, not {optimizer.loss_scale_factor!r}"
        )
    for name, value in clips.items():
        if value is not None and not _is_number(value, above=0):
            raise ValueError(f"{place}: {name} is a number above 0, or None, not {value!r}")
    decay = optimizer.weight_decay
    if decay is not None and (not _is_number(decay) or decay < 0):
        raise ValueError(f"{place}: weight_decay is a number from 0 up, or None, not {decay!r}")
    if not optimizer.use_ema:
        return
    if not _is_number(optimizer.ema_momentum) or not 0 <= optimizer.ema_momentum <= 1:
        raise ValueError(f"{place}: ema_momentum is a number from 0 to 1, not {optimizer.ema_momentum!r}")
    frequency = optimizer.ema_overwrite_frequency
    if frequency and not _is_whole(frequency, 1):
        raise ValueError(f"{place}: ema_overwrite_frequency is a whole number from 1 up, or None, not {frequency!r}")


# How much of a running mean stays at each step, and the number that keeps a divisor from 0.
SHARES = ("beta_1", "beta_2", "rho")


def require_shares(optimizer: Any) -> None:
    """Raise ValueError where a share lies outside 0 to 1, or epsilon is no number from 0 up."""
    for name in SHARES:
        value = getattr(optimizer, name, 0.0)
        if not _is_number(value) or not 0 <= value <= 1:
            raise ValueError(f"{optimizer.name}: {name} is a number from 0 to 1, not {value!r}")
    epsilon = getattr(optimizer, "epsilon", 0.0)
    if not _is_number(epsilon) or epsilon < 0:
        raise ValueError(
            f"{optimizer.name}: epsilon is a number from 0 up, not {epsilon!r}; leave it out for the default"
        )


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any, above: float = float("-inf")) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and above < value < float("inf")
