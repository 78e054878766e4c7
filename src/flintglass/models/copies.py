"""Copies: deepcopy and pickle take a model's structure and numbers, and leave its loaded programs behind."""

from __future__ import annotations

import threading
from typing import Any

_LEFT = ("_programs", "_quick", "_lock", "history")


def copied_state(model: Any) -> dict[str, Any]:
    """What a copy takes over, in an order in which each call of the graph follows those that it needs.

    So a copy of a deep network goes no deeper than one of a flat one.
    """
    calls = model._graph.calls if model._graph is not None else []
    return {"calls": calls, **{name: value for name, value in vars(model).items() if name not in _LEFT}}


def restore(model: Any, state: dict[str, Any], programs: Any, quick: Any) -> None:
    """Make a new object what ``state`` describes; it traces its programs anew."""
    state.pop("calls")
    vars(model).update(state)
    vars(model).update(_programs=programs, _quick=quick, _lock=threading.RLock(), history=None)
