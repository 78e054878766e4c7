"""The numbers that constructors of the registries take: what is none is told with its class and argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from flintglass import callbacks, constraints, initializers, layers, losses, metrics, optimizers, regularizers

PACKAGES = (
    *(callbacks, constraints, initializers, layers, losses, metrics, optimizers, regularizers),
    optimizers.schedules,
)
# What stands where a constructor demands an argument that is not the one in question.
NEEDED: dict[str, Any] = {
    **{"filepath": "a.keras", "schedule": lambda epoch: 0.1, "function": lambda x: x, "fn": lambda y, p: y - p},
    **{"target_shape": (3,), "dims": (1,), "shape": (3,), "axes": 1, "axis": 0, "rate": 0.5, "target_class_ids": [0]},
    **{"units": 3, "n": 2, "input_dim": 4, "output_dim": 3, "num_classes": 3, "stddev": 0.1, "scale": 2.0},
    **{"precision": 0.5, "recall": 0.5, "sensitivity": 0.5, "specificity": 0.5, "backup_dir": "a", "filename": "a"},
    **{"boundaries": [1], "values": [0.1, 0.2]},
}
# Values that no number of a setting can be, for single numbers.
BAD = {"a text": "a", "nan": float("nan"), "a NumPy nan": np.float32("nan"), "a list": [1.0, 2.0]}
# Numbers that would be taken for others, or turn a formula upside down.
OUTSIDE = {
    **dict.fromkeys(("rate", "label_smoothing", "beta_1", "beta_2", "rho", "momentum"), (-0.5, 1.5)),
    **dict.fromkeys(("stddev", "epsilon", "l1", "l2", "patience"), (-1, -0.5)),
    **dict.fromkeys(("num_classes", "k", "units", "delta"), (-1, 0)),
}


def parameters(kind: Any) -> Iterator[inspect.Parameter]:
    for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield parameter


def kinds_of(parameter: inspect.Parameter) -> set[str]:
    return set(str(parameter.annotation).split(" | "))


def is_number(parameter: inspect.Parameter) -> bool:
    """True for what is a number by its annotation or by its default, and can be no text."""
    default, kinds = parameter.default, kinds_of(parameter)
    by_default = isinstance(default, (int, float)) and not isinstance(default, bool) and "bool" not in kinds
    by_kind = any(kind in ("int", "float") or kind.startswith("Sequence[") for kind in kinds)
    return (by_kind and "str" not in kinds) or by_default


CASES = {
    f"{package.__name__.removeprefix('flintglass.')}.{name}-{parameter.name}": (getattr(package, name), parameter)
    for package in PACKAGES
    for name in sorted(package.__all__)
    if inspect.isclass(getattr(package, name)) and getattr(package, name).__name__ == name
    for parameter in parameters(getattr(package, name))
    if is_number(parameter)
}


def make(kind: Any, name: str, value: Any) -> Callable[[], Any]:
    demanded = {
        item.name: NEEDED.get(item.name, 3.0) for item in parameters(kind) if item.default is inspect.Parameter.empty
    }
    return lambda: kind(**{**demanded, name: value})


def refuses(kind: Any, name: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as told:
        make(kind, name, value)()
    message = str(told.value)
    assert kind.__name__.lower() in message.lower()
    assert name.rstrip("s") in message or (name == "thresholds" and "threshold" in message)


def test_the_registries_are_walked() -> None:
    assert len(CASES) > 250
    assert {case.split(".")[0] for case in CASES} >= {package.__name__.split(".")[1] for package in PACKAGES}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_number_is_refused_with_its_class_and_argument(case: str) -> None:
    kind, parameter = CASES[case]
    refuses(kind, parameter.name, "a")
    if not kinds_of(parameter) & {"int", "float"}:
        return  # a list, or an array, may stand there too
    several = any(item.startswith("Sequence[") for item in kinds_of(parameter))
    for title, value in BAD.items():
        if not (several and title == "a list"):
            refuses(kind, parameter.name, value)


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][1].name in OUTSIDE])
def test_a_number_out_of_range_is_refused(case: str) -> None:
    kind, parameter = CASES[case]
    for value in OUTSIDE[parameter.name]:
        refuses(kind, parameter.name, value)


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][1].default is not inspect.Parameter.empty])
def test_the_default_is_accepted(case: str) -> None:
    kind, parameter = CASES[case]
    if kind is not layers.InputLayer:  # which has a default for all, and needs one of two
        assert type(make(kind, parameter.name, parameter.default)()) is kind


def test_numbers_of_numpy_are_numbers() -> None:
    assert layers.Dense(np.int64(3)).units == 3
    assert float(losses.Huber(delta=np.float32(0.5)).get_config()["delta"]) == 0.5
    assert callbacks.EarlyStopping(patience=float("inf")).patience == float("inf")
    assert callbacks.ReduceLROnPlateau(patience=2.5).patience == 2.5


def test_a_class_of_the_users_own_takes_what_it_likes() -> None:
    class Wide(layers.Layer):
        def __init__(self, stddev: float, **settings: Any) -> None:
            super().__init__(**settings)
            self.stddev = stddev

    assert Wide("wide").stddev == "wide"  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Narrow.: rate is .*, not 'a'"):
        type("Narrow", (layers.Dropout,), {})("a")
