"""The summary table of a model: layers, output shapes, how many numbers each holds, and what each is called on."""

from __future__ import annotations

from typing import Any

from flintglass.layers.base import Layer
from flintglass.models.graph import Graph
from flintglass.ops.graph import Operation
from flintglass.program import Size

Row = tuple[list[str], str]  # the cells that every table has, and whether it is trainable


def summary(model: Any, line_length: int | None, print_fn: Any, expand_nested: bool, show_trainable: bool) -> None:
    """Print the table of ``Model.summary``."""
    graph = model._graph
    connected = _connections(graph) if graph is not None and _branches(graph) else None
    heads = ["Layer (type)", "Output Shape", "Param #"]
    heads += ["Connected to"] * (connected is not None) + ["Trainable"] * show_trainable
    table = [heads]
    layers = {id(layer) for layer in model.layers}
    items = model.layers if graph is None else [item for item in graph.operations if _shown(item, layers)]
    for item in items:
        found = _rows(item, expand_nested, 0) if isinstance(item, Layer) else [_operation(graph, item)]
        for position, (cells, trains) in enumerate(found):
            sources = [] if position or connected is None else connected.get(id(item), [])
            shown = [", ".join(sources) or "-"] * (connected is not None)
            table.append(cells + shown + [trains] * show_trainable)
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    if line_length is not None:
        widths[0] = max(widths[0], line_length - sum(widths[1:]) - 3 * len(heads) - 1)
    say = print_fn or print
    lines = [f'Model: "{model.name}"', _rule(widths, "┏┳┓", "━"), _line(table[0], widths, "┃")]
    lines.append(_rule(widths, "┡╇┩", "━"))
    lines += [_line(row, widths, "│") for row in table[1:]]
    lines.append(_rule(widths, "└┴┘", "─"))
    lines += _totals(model)
    say("\n".join(lines))


def _branches(graph: Graph) -> bool:
    """True for a graph that is no chain, of which the order of the rows tells everything."""
    if len(graph.input_tensors) != 1 or len(graph.output_tensors) != 1:
        return True
    calls = [call for call in graph.calls if call is not graph.input_tensors[0].call]
    before = [graph.input_tensors[0].call, *calls]
    return any([tensor.call for tensor in call.inputs] != [last] for last, call in zip(before, calls, strict=False))


def _connections(graph: Graph) -> dict[int, list[str]]:
    """By the id of what is called: the names of what makes its inputs, in the order of its calls."""
    found: dict[int, list[str]] = {}
    ends = [tensor.call for tensor in graph.input_tensors]
    for call in graph.calls:
        if not any(call is end for end in ends):
            names = [getattr(tensor.call.operation, "name", "?") for tensor in call.inputs]
            found.setdefault(id(call.operation), []).extend(names)
    return found


def _shown(item: Any, layers: set[int]) -> bool:
    """True for operations, and for those layers that the model counts as its own: not a Sequential's input."""
    return not isinstance(item, Layer) or id(item) in layers


def _operation(graph: Graph, operation: Operation) -> Row:
    """The row of what ``ops`` computes of placeholders."""
    call = next(call for call in graph.calls if call.operation is operation)
    extents = tuple(None if isinstance(extent, Size) else extent for extent in call.outputs[0].spec.shape)
    return [f"{operation.name} ({operation.kind.class_name})", str(extents), "0"], "-"


def _rows(layer: Layer, expand: bool, depth: int) -> list[Row]:
    indent = "  " * depth
    try:
        shape = str(layer.output_shape)
    except AttributeError:
        shape = "?"
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    kind = type(layer).__name__
    rows: list[Row] = [([f"{indent}{layer.name} ({kind})", shape, count], "Y" if layer.trainable else "N")]
    if expand and hasattr(layer, "layers"):
        rows += [row for inner in layer.layers for row in _rows(inner, expand, depth + 1)]
    return rows


def _rule(widths: list[int], corners: str, dash: str) -> str:
    return corners[0] + corners[1].join(dash * (width + 2) for width in widths) + corners[2]


def _line(cells: list[str], widths: list[int], bar: str) -> str:
    padded = [f" {cell:<{width}} " for cell, width in zip(cells, widths, strict=True)]
    padded[2] = f" {cells[2]:>{widths[2]}} "
    return bar + bar.join(padded) + bar


def _totals(model: Any) -> list[str]:
    trainable = model.trainable_weights
    rest = model.non_trainable_weights
    optimizer = model.optimizer
    kept = optimizer.variables if optimizer is not None and optimizer.built else []
    lines = [
        f" Total params: {_count([*trainable, *rest, *kept])}",
        f" Trainable params: {_count(trainable)}",
        f" Non-trainable params: {_count(rest)}",
    ]
    if kept:
        lines.append(f" Optimizer params: {_count(kept)}")
    return lines


def _count(variables: list[Any]) -> str:
    numbers = sum(variable.storage.size for variable in variables)
    size = sum(variable.storage.nbytes for variable in variables)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{numbers:,} ({size:.2f} {unit})"
