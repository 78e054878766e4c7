"""Panels, words and arrows, drawn as SVG text by hand or by matplotlib: one unit is a point, y grows downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

INK, ROUND, HEAD = "#444444", 5.0, 7.0
MOST_POINTS = 60000  # matplotlib draws no picture of 65536 points and more along a side
Point = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """A rectangle with round corners; x and y are its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True)
class Heading(Panel):
    """The upper part of a rectangle: its lower corners are sharp."""

    def corners(self) -> list[Point]:
        """Its outline from the lower left; of an upper corner, where its bend begins, itself, where it ends."""
        left, top, right, bottom = self.x, self.y, self.x + self.width, self.y + self.height
        first = [(left, bottom), (left, top + ROUND), (left, top), (left + ROUND, top)]
        return [*first, (right - ROUND, top), (right, top), (right, top + ROUND), (right, bottom)]


@dataclass(frozen=True)
class Words:
    """A line of text around its middle."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False


@dataclass(frozen=True)
class Curve:
    """An arrow through these points, leaving and arriving straight; ``sideways``: along x instead of y."""

    points: Sequence[Point]
    sideways: bool = False

    def bends(self) -> list[tuple[Point, Point, Point]]:
        """For each piece two points that it bends towards, and its end; the last ends where the head begins."""
        points = list(self.points)
        (x, y), end = points[-2], points[-1]
        neck = 0.8 * HEAD
        if self.sideways:
            points[-1] = (end[0] - neck if end[0] > x else end[0] + neck, end[1])
        else:
            points[-1] = (end[0], end[1] - neck if end[1] > y else end[1] + neck)
        found = []
        for (x0, y0), (x1, y1) in pairwise(points):
            if self.sideways:
                middle = (x0 + x1) / 2
                found.append(((middle, y0), (middle, y1), (x1, y1)))
            else:
                middle = (y0 + y1) / 2
                found.append(((x0, middle), (x1, middle), (x1, y1)))
        return found

    def head(self) -> list[Point]:
        """The three corners of its head."""
        (x, y), (px, py) = self.points[-1], self.points[-2]
        if self.sideways:
            back = x - HEAD if x > px else x + HEAD
            return [(x, y), (back, y - HEAD / 2), (back, y + HEAD / 2)]
        back = y - HEAD if y > py else y + HEAD
        return [(x, y), (x - HEAD / 2, back), (x + HEAD / 2, back)]


@dataclass
class Drawing:
    """What is drawn, from back to front, on a white ground of this size."""

    width: float
    height: float
    shapes: list[Panel | Words | Curve] = field(default_factory=list)


def svg(drawing: Drawing) -> str:
    """The text of an SVG file."""
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    view = f'viewBox="0 0 {drawing.width:.1f} {drawing.height:.1f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="DejaVu Sans, Arial, sans-serif">',
            f'<rect class="ground" width="{drawing.width:.1f}" height="{drawing.height:.1f}" fill="white"/>',
            *(_as_svg(shape) for shape in drawing.shapes),
            "</svg>\n",
        ]
    )


def _as_svg(shape: Panel | Words | Curve) -> str:
    if isinstance(shape, Heading):
        a, b, c, d, e, f, g, h = (_pair(point) for point in shape.corners())
        return f'<path d="M{a} L{b} Q{c} {d} L{e} Q{f} {g} L{h} Z" fill="{shape.fill}" stroke="{INK}"/>'
    if isinstance(shape, Panel):
        place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
        return f'<rect {place} rx="{ROUND:g}" fill="{shape.fill}" stroke="{INK}"/>'
    if isinstance(shape, Words):
        weight = ' font-weight="bold"' if shape.bold else ""
        # The baseline is set by hand: not every reader of SVG knows dominant-baseline.
        place = f'x="{shape.x:.1f}" y="{shape.y + 0.36 * shape.size:.1f}" font-size="{shape.size:g}"'
        return f'<text {place} text-anchor="middle"{weight}>{escape(shape.text)}</text>'
    begin = f"M{_pair(shape.points[0])}"
    pieces = " ".join(f"C{' '.join(_pair(point) for point in piece)}" for piece in shape.bends())
    head = " ".join(_pair(point) for point in shape.head())
    return (
        f'<path d="{begin} {pieces}" fill="none" stroke="{INK}" stroke-width="1.3"/>'
        f'<polygon points="{head}" fill="{INK}"/>'
    )


def _pair(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def by_matplotlib(drawing: Drawing, path: Path, dpi: int) -> None:
    """Write the drawing in the format of the suffix; a very long one with fewer points an inch than asked for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(drawing.width / 72, drawing.height / 72), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for shape in drawing.shapes:
        _add(axes, shape)
    longest = max(drawing.width, drawing.height) / 72
    figure.savefig(path, dpi=min(dpi, MOST_POINTS / longest))


def _add(axes: Any, shape: Panel | Words | Curve) -> None:
    from matplotlib import patches
    from matplotlib.path import Path as Way

    if isinstance(shape, Heading):
        bend = [Way.CURVE3] * 2
        codes = [Way.MOVETO, Way.LINETO, *bend, Way.LINETO, *bend, Way.LINETO, Way.CLOSEPOLY]
        way = Way([*shape.corners(), shape.corners()[0]], codes)
        axes.add_patch(patches.PathPatch(way, facecolor=shape.fill, edgecolor=INK, linewidth=1))
    elif isinstance(shape, Panel):
        style = f"round,pad=0,rounding_size={ROUND}"
        place = (shape.x, shape.y), shape.width, shape.height
        axes.add_patch(patches.FancyBboxPatch(*place, boxstyle=style, facecolor=shape.fill, edgecolor=INK, linewidth=1))
    elif isinstance(shape, Words):
        weight = "bold" if shape.bold else "normal"
        axes.text(
            shape.x, shape.y, shape.text, fontsize=shape.size, fontweight=weight, ha="center", va="center_baseline"
        )
    else:
        points = [shape.points[0], *(point for piece in shape.bends() for point in piece)]
        way = Way(points, [Way.MOVETO, *[Way.CURVE4] * (len(points) - 1)])
        axes.add_patch(patches.PathPatch(way, fill=False, edgecolor=INK, linewidth=1.3))
        axes.add_patch(patches.Polygon(shape.head(), closed=True, facecolor=INK, edgecolor="none"))
