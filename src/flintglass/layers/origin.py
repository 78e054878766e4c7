"""The origin of lines: those that a layer writes carry its name in listings."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flintglass.tracing import allowance, context


def lines_of(name: str) -> AbstractContextManager[None]:
    """Lines that are written inside, if any are, belong to this name."""
    trace = context.active()
    return nullcontext() if trace is None else trace.builder.belonging_to(name)


class LinesBelongTo:
    """Lines written inside belong to this layer; a layer inside another shows both names.

    The model that is called by itself gives its name to lines outside every layer, and to no layer's.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.manager: Any = None

    def __enter__(self) -> None:
        allowance.work()
        trace = context.active()
        if trace is None:
            return
        builder = trace.builder
        if self.layer.is_root():
            builder.root = self.layer.name
        inside = "" if builder.origin == builder.root else builder.origin
        self.manager = builder.belonging_to(f"{inside}/{self.layer.name}" if inside else self.layer.name)
        self.manager.__enter__()

    def __exit__(self, *error: Any) -> None:
        if self.manager is not None:
            self.manager.__exit__(*error)
