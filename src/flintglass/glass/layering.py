"""Where the boxes of a diagram stand: in rows by depth, ordered so that few arrows cross, near what they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP, STEP, LANE = 28.0, 44.0, 14.0  # between boxes of a row, between rows, the room of an arrow that passes by
SWEEPS, SHIFTS = 12, 40  # how often rows are sorted, and how often they are moved


@dataclass
class Node:
    """A box, or the place where a long arrow passes a row; ``across`` and ``along`` are the place of its middle."""

    breadth: float
    length: float
    row: int = 0
    across: float = 0.0
    along: float = 0.0
    before: list[Node] = field(default_factory=list)
    after: list[Node] = field(default_factory=list)


@dataclass
class Layout:
    """The boxes' nodes, each arrow as the nodes that it goes through, and how much room all of it takes."""

    nodes: list[Node]
    routes: list[list[Node]]
    breadth: float
    length: float


def laid_out(sizes: Sequence[tuple[float, float]], arrows: Sequence[tuple[int, int]]) -> Layout:
    """Places for boxes of these sizes (across the rows, along the arrows); arrows lead from earlier boxes to later."""
    nodes = [Node(*size) for size in sizes]
    _choose_rows(nodes, arrows)
    routes = [_routed(nodes[source], nodes[target]) for source, target in arrows]
    rows: dict[int, list[Node]] = defaultdict(list)
    for node in [*nodes, *(between for route in routes for between in route[1:-1])]:
        rows[node.row].append(node)
    ordered = [rows[number] for number in sorted(rows)]
    for sweep in range(SWEEPS):
        _order(ordered if sweep % 2 == 0 else ordered[::-1], sweep % 2 == 0)
    for row in ordered:
        _place(row, [0.0] * len(row))
    for sweep in range(SHIFTS):
        for row in ordered if sweep % 2 == 0 else ordered[::-1]:
            _place(row, [_wanted(node) for node in row])
    for row in ordered:
        _place(row, [_straight(node) for node in row])
    length = _stack(ordered)
    left = min(node.across - node.breadth / 2 for row in ordered for node in row)
    right = max(node.across + node.breadth / 2 for row in ordered for node in row)
    for row in ordered:
        for node in row:
            node.across -= left
    return Layout(nodes, routes, right - left, length)


def _choose_rows(nodes: list[Node], arrows: Sequence[tuple[int, int]]) -> None:
    for source, target in sorted(arrows, key=lambda arrow: arrow[1]):
        nodes[target].row = max(nodes[target].row, nodes[source].row + 1)
    if not arrows:  # a list: one below the other
        for row, node in enumerate(nodes):
            node.row = row
    fed = {target for _, target in arrows}
    for place, node in enumerate(nodes):  # an input stands right before the first that takes it
        takers = [nodes[target].row for source, target in arrows if source == place]
        if place not in fed and takers:
            node.row = min(takers) - 1


def _routed(source: Node, target: Node) -> list[Node]:
    """An arrow's way: one lane in each row between its ends."""
    route = [source, *(Node(LANE, 0.0, row) for row in range(source.row + 1, target.row)), target]
    for here, there in pairwise(route):
        here.after.append(there)
        there.before.append(here)
    return route


def _order(rows: list[list[Node]], downwards: bool) -> None:
    """Sort each row by the mean place of the neighbours in the row before it."""
    for previous, row in pairwise(rows):
        place = {id(node): number for number, node in enumerate(previous)}
        own = {id(node): number for number, node in enumerate(row)}

        def mean(node: Node, place: dict[int, int] = place, own: dict[int, int] = own) -> float:
            near = [place[id(other)] for other in (node.before if downwards else node.after)]
            return sum(near) / len(near) if near else own[id(node)]

        row.sort(key=mean)


def _wanted(node: Node) -> float:
    near = [*node.before, *node.after]
    return sum(other.across for other in near) / len(near) if near else node.across


def _straight(node: Node) -> float:
    """Right behind the one before it, where nothing else hangs on either; else where it stands."""
    alone = len(node.before) == 1 and len(node.before[0].after) == 1
    return node.before[0].across if alone else node.across


def _place(row: list[Node], wanted: Sequence[float]) -> None:
    """As near to the places wanted as the order and the gaps allow (least squares: neighbours that meet are pooled)."""
    offsets, end = [], 0.0
    for node in row:
        offsets.append(end + node.breadth / 2)
        end += node.breadth + GAP
    pools: list[tuple[float, int]] = []  # the sum of what is wanted, and of how many
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    shifts = [total / count for total, count in pools for _ in range(count)]
    for node, offset, shift in zip(row, offsets, shifts, strict=True):
        node.across = offset + shift


def _stack(rows: list[list[Node]]) -> float:
    """Put the rows one after the other; returns the length of all."""
    begin = 0.0
    for row in rows:
        length = max(node.length for node in row)
        for node in row:
            node.length = node.length or length  # a lane is as long as its row
            node.along = begin + node.length / 2
        begin += length + STEP
    return begin - STEP
