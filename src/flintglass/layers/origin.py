"""The origin of lines: those that a layer writes carry its name in listings."""

from __future__ import annotations

from typing import Any

from flintglass.tracing import context


class LinesBelongTo:
    """Lines written inside belong to this layer; a layer inside another shows both names.

    The model that is called by itself gives its name to lines outside every layer, and to no layer's.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.manager: Any = None

    def __enter__(self) -> None:
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
