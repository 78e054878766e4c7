"""InputSpec: what a layer demands of its input's rank, axes and dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass.constructors import CheckedNumbers
from flintglass.errors import ShapeError
from flintglass.program import Size


class InputSpec(CheckedNumbers):
    """Demands on an input: ``ndim``, ``min_ndim``, ``max_ndim``, ``shape``, ``axes`` (axis -> extent)."""

    def __init__(
        self,
        dtype: str | None = None,
        shape: tuple[Any, ...] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def check(self, place: str, shape: tuple[Any, ...]) -> None:
        """Raise ShapeError, naming the place, where an input of this shape does not fit."""
        shown = [str(extent) for extent in shape]
        text = f"[{', '.join(shown)}]"
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            raise ShapeError(f"{place} expects inputs of rank {self.ndim}, but got one of shape {text}")
        if self.min_ndim is not None and rank < self.min_ndim:
            raise ShapeError(
                f"{place} expects inputs of rank {self.min_ndim} or more, but got one of shape {text}. The "
                f"first axis counts the rows: a single example of shape {text} is given as [1, {', '.join(shown)}]"
            )
        if self.max_ndim is not None and rank > self.max_ndim:
            raise ShapeError(f"{place} expects inputs of rank {self.max_ndim} or less, but got shape {text}")
        demanded = dict(enumerate(self.shape)) if self.shape is not None else {}
        for axis, extent in {**demanded, **self.axes}.items():
            if extent is None or not -rank <= axis < rank:
                continue
            found = shape[axis]
            if found is not None and not isinstance(found, Size) and found != extent:
                which = "last axis" if axis in (-1, rank - 1) else f"axis {axis}"
                raise ShapeError(
                    f"{place} expects inputs whose {which} is {extent}, but got an input of shape {text}: "
                    f"{found} there. Its weights were made for {extent}; give data with {extent}, or make a new "
                    f"layer for {found}"
                )
