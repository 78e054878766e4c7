"""The settings of the process: the default float, the engine, what happens when a value is not finite."""

from __future__ import annotations

from typing import Any

from flintglass.errors import nearest

_FLOATS = ("float16", "float32", "float64")
_NAN_MODES = ("warn", "raise", "ignore")
_settings: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "engine": "numpy", "nan": "warn"}


def floatx() -> str:
    """The dtype of weights and data where none is asked for; float32 unless set."""
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the default float to ``"float16"``, ``"float32"`` or ``"float64"``."""
    _settings["floatx"] = _one_of("floatx", value, _FLOATS)


def epsilon() -> float:
    """The fuzz factor that keeps logarithms and quotients finite; 1e-7 unless set."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set the fuzz factor."""
    _settings["epsilon"] = float(value)


def nan() -> str:
    """What happens when an input or a loss is not finite: ``"warn"`` (once), ``"raise"`` or ``"ignore"``."""
    return str(_settings["nan"])


def set_nan(value: str) -> None:
    """Choose what happens when an input or a loss is not finite: ``"warn"``, ``"raise"`` or ``"ignore"``."""
    _settings["nan"] = _one_of("nan", value, _NAN_MODES)


def engine() -> str:
    """The name of the engine that runs programs."""
    return str(_settings["engine"])


def set_engine(value: str) -> None:
    """Choose the engine by name; an unknown one raises where it is first used."""
    _settings["engine"] = str(value)


def _one_of(setting: str, value: str, options: tuple[str, ...]) -> str:
    if value not in options:
        raise ValueError(f"{setting} is one of {options}, not {value!r}. {nearest(value, options)}")
    return value
