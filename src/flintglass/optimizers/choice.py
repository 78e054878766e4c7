"""Choices between new and old values of a weight and its slots, by one condition for all elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import ops
from flintglass.optimizers.blocks import block_name
from flintglass.tracing.blocks import each


def choose(due: Any, new: Sequence[Any], old: Sequence[Any]) -> list[Any]:
    """The new values where the scalar ``due`` holds, else the old ones; all are of one shape and dtype.

    Both are computed, so that one program serves all steps. A weight and its slots are one line of it, which
    lies as the optimizer's own line does, so that an engine runs both over all weights in one go.
    """
    found: list[Any] = []
    for start in range(0, len(new), len(_BLOCKS)):
        part = slice(start, start + len(_BLOCKS))
        block, name = _BLOCKS[len(new[part]) - 1], block_name("choose", old[start].dtype)
        chosen = each(block, due, *new[part], *old[part], name=name)
        found += chosen if isinstance(chosen, tuple) else [chosen]
    return found


# A block has a fixed number of arguments, hence a function for each number of values.
def _one(due: Any, w: Any, old_w: Any) -> Any:
    return ops.where(due, w, old_w)


def _two(due: Any, w: Any, a: Any, old_w: Any, old_a: Any) -> Any:
    return ops.where(due, w, old_w), ops.where(due, a, old_a)


def _three(due: Any, w: Any, a: Any, b: Any, old_w: Any, old_a: Any, old_b: Any) -> Any:
    return ops.where(due, w, old_w), ops.where(due, a, old_a), ops.where(due, b, old_b)


def _four(due: Any, w: Any, a: Any, b: Any, c: Any, old_w: Any, old_a: Any, old_b: Any, old_c: Any) -> Any:
    return *_three(due, w, a, b, old_w, old_a, old_b), ops.where(due, c, old_c)


_BLOCKS = (_one, _two, _three, _four)
