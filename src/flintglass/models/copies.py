"""Copies: deepcopy and pickle take a model's structure and numbers, and leave its loaded programs behind."""

from __future__ import annotations

import copy
from typing import Any

from flintglass.models.turns import Turns

_LEFT = ("_programs", "_quick", "_lock", "history")


def copied_state(model: Any) -> dict[str, Any]:
    """What a copy takes over, in an order in which each call of the graph follows those that it needs.

    So a copy of a deep network goes no deeper than one of a flat one. Where another thread trains the model, its
    numbers are taken here, between two steps: whoever copies or pickles reads them later.
    """
    calls = model._graph.calls if model._graph is not None else []
    state = {"calls": calls, **{name: value for name, value in vars(model).items() if name not in _LEFT}}
    if not model._lock.is_used_elsewhere():
        return state
    with model._lock.at_rest():
        return copy.deepcopy(state)


def restore(model: Any, state: dict[str, Any], programs: Any, quick: Any) -> None:
    """Make a new object what ``state`` describes; it traces its programs anew."""
    state.pop("calls")
    vars(model).update(state)
    vars(model).update(_programs=programs, _quick=quick, _lock=Turns(), history=None)
