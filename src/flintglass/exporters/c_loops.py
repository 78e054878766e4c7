"""Loops over arrays in C: which element each operand has in a loop, and nests with as few loops as that allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flintglass.program import Spec

VARIABLES = ("i", "j", "k", "l", "m", "o", "p", "q", "r", "s")


Shape = tuple[int, ...]


def shape_of(spec: Spec) -> Shape:
    """The extents of a spec whose sizes are bound."""
    return tuple(int(extent) for extent in spec.shape)


@dataclass(frozen=True)
class Walk:
    """How one array is walked through: the stride of each axis of the loops, and where it starts."""

    strides: tuple[int, ...]
    start: int = 0

    def moved(self, distance: int) -> Walk:
        return Walk(self.strides, self.start + distance)


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides, in elements, of an array that lies in row order."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return tuple(strides)


def whole(shape: Sequence[int]) -> Walk:
    """An array walked through in its own order."""
    return Walk(contiguous(shape))


def stretched(shape: Sequence[int], over: Sequence[int]) -> Walk:
    """An array broadcast over a larger shape: it stands still along the axes that it does not have."""
    missing = len(over) - len(shape)
    own = contiguous(shape)
    strides = (0 if extent == 1 else stride for extent, stride in zip(shape, own, strict=True))
    return Walk((*(0,) * missing, *strides))


class Nest:
    """Loops over some extents: ``head`` opens them, ``at`` says where an array is inside."""

    def __init__(self, extents: Sequence[int], walks: Sequence[Walk], outer: Nest | None = None) -> None:
        self.depth: int = outer.depth if outer is not None else 0
        self._merged = _merged(extents, walks)
        self.extents = [extent for extent, _ in self._merged]
        self.variables = VARIABLES[self.depth : self.depth + len(self.extents)]
        self.depth += len(self.extents)

    def at(self, position: int, start: int = 0) -> list[str]:
        """The terms of the index of the walk at this position."""
        terms = [
            term(variable, strides[position])
            for variable, (_, strides) in zip(self.variables, self._merged, strict=True)
        ]
        return [text for text in terms if text] + ([str(start)] if start else [])

    def wrap(self, body: list[str]) -> list[str]:
        """The loops around these lines."""
        for variable, extent in zip(reversed(self.variables), reversed(self.extents), strict=True):
            body = loop(variable, extent, body)
        return body


def term(variable: str, stride: int) -> str:
    """One part of an index."""
    if stride == 0:
        return ""
    sign = "-" if stride < 0 else ""
    return f"{sign}{variable}" if abs(stride) == 1 else f"{sign}{variable} * {abs(stride)}"


def index(terms: Sequence[str]) -> str:
    """An index from its terms, what is taken away last."""
    added = [text for text in terms if not text.startswith("-")]
    taken = [text[1:] for text in terms if text.startswith("-")]
    return " - ".join([" + ".join(added) or "0", *taken])


def loop(variable: str, extent: int, body: list[str]) -> list[str]:
    """A loop that counts up; without braces around a single statement."""
    head = f"for (int {variable} = 0; {variable} < {extent}; {variable}++)"
    inner = [f"    {line}" for line in body]
    single = len(body) == 1 or (body[0].startswith("for (") and not body[0].endswith("{"))
    alone = single and all(line.startswith("    ") for line in body[1:])
    return [head, *inner] if alone else [f"{head} {{", *inner, "}"]


def _merged(extents: Sequence[int], walks: Sequence[Walk]) -> list[tuple[int, list[int]]]:
    """Axes of extent 1 gone, and neighbours joined where every array walks through both as through one."""
    found: list[tuple[int, list[int]]] = []
    for axis, extent in enumerate(extents):
        if extent == 1:
            continue
        strides = [walk.strides[axis] for walk in walks]
        if found and all(before == now * extent for before, now in zip(found[-1][1], strides, strict=True)):
            found[-1] = (found[-1][0] * extent, strides)
        else:
            found.append((extent, strides))
    return found
