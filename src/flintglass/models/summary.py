"""The summary table of a model: layers, output shapes, how many numbers each holds."""

from __future__ import annotations

from typing import Any

from flintglass.layers.base import Layer


def summary(model: Any, line_length: int | None, print_fn: Any, expand_nested: bool, show_trainable: bool) -> None:
    """Print the table of ``Model.summary``."""
    rows = [row for layer in model.layers for row in _rows(layer, expand_nested, 0)]
    heads = ["Layer (type)", "Output Shape", "Param #"] + (["Trainable"] if show_trainable else [])
    table = [heads] + [row[: len(heads)] for row in rows]
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


def _rows(layer: Layer, expand: bool, depth: int) -> list[list[str]]:
    indent = "  " * depth
    try:
        shape = str(layer.output_shape)
    except AttributeError:
        shape = "?"
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    kind = type(layer).__name__
    rows = [[f"{indent}{layer.name} ({kind})", shape, count, "Y" if layer.trainable else "N"]]
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
