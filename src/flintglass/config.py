"""The settings of the process: the default float, the engine, what happens when a value is not finite."""

from __future__ import annotations

import os
from typing import Any

from flintglass.errors import nearest

_FLOATS = ("float16", "float32", "float64")
_NAN_MODES = ("warn", "raise", "ignore")
_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "engine": os.environ.get("FLINTGLASS_ENGINE", "auto"),
    "nan": "warn",
    "threads": None,
}


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
    """The name of the engine that runs programs.

    ``"auto"``, which it is unless set, takes the native engine where it is installed, and NumPy elsewhere. The
    environment variable FLINTGLASS_ENGINE sets it for a process.
    """
    return str(_settings["engine"])


def set_engine(value: str) -> None:
    """Choose the engine by name; an unknown one raises where it is first used."""
    _settings["engine"] = str(value)


def threads() -> int:
    """How many threads the native engine computes with; 0 stands for as many as the process may use.

    Results are the same bits for every number. Unless set, the environment variable FLINTGLASS_THREADS says it.
    """
    if _settings["threads"] is None:
        given = os.environ.get("FLINTGLASS_THREADS", "0")
        if not given.isdecimal():
            raise ValueError(f"FLINTGLASS_THREADS is a whole number from 0 up, not {given!r}")
        _settings["threads"] = int(given)  # asked for at every run
    return int(_settings["threads"])


def set_threads(count: int) -> None:
    """Set how many threads the native engine computes with; 0: as many as the process may use."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"the number of threads is a whole number from 0 up, not {count!r}")
    _settings["threads"] = count


def _one_of(setting: str, value: str, options: tuple[str, ...]) -> str:
    if value not in options:
        raise ValueError(f"{setting} is one of {options}, not {value!r}. {nearest(value, options)}")
    return value
