"""Exports of a model: its predict program, its numbers, and rows with what it predicts for them, handed on as one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.engines.engine import engine
from flintglass.errors import ExportError, NeedsConcrete
from flintglass.exporters.exported import TEST_ROWS, Exported, drawn, name_from
from flintglass.exporters.formats import require_format, text_of
from flintglass.models.feed import Feed, input_names, signature_of
from flintglass.models.training import signature_to_show
from flintglass.saving.replacing import replacing
from flintglass.tracing.structure import pack


def export(model: Any, path: str | os.PathLike[str], wanted: str | None = None, x: Any = None) -> None:
    """Write the model's predict as the program that the suffix of ``path`` names; see ``Model.export``."""
    require_format(path, wanted)
    text = text_of(gathered(model, name_from(path), x), path)
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def gathered(model: Any, name: str, x: Any = None) -> Exported:
    """What is exported: traced for data like ``x``, or like those that the model was made for or trained on."""
    rows = None if x is None else Feed(model, x, None, None, "export").part(slice(TEST_ROWS)).x
    traced = _traced(model, rows)
    program = traced.program
    count = len(program.inputs) - len(traced.captures)
    given = drawn(program, program.inputs[:count]) if rows is None else rows
    given = [array.astype(v.spec.dtype) for array, v in zip(given, program.inputs[:count], strict=True)]
    constants = dict(zip((value.name for value in program.state), traced.state, strict=True))
    constants |= {v.name: t.array for v, t in zip(program.inputs[count:], traced.captures, strict=True)}
    names = input_names(model) or ()
    arrays = {key: np.array(array) for key, array in constants.items()}
    Exported(program, arrays, given, (), name)  # refuses what changes state, before anything runs
    # On the copies: the model may be training in another thread.
    state = [arrays[value.name] for value in program.state]
    expected = [np.array(array) for array in engine().execute(program, state, traced.entering(given))]
    chosen = names if len(names) == count > 1 else ()
    nesting = pack(traced.result, range(len(expected)))
    if isinstance(nesting, (list, tuple)) and len(nesting) == 1:
        nesting = nesting[0]
    return Exported(program, arrays, given, expected, name, chosen, nesting)


def _traced(model: Any, rows: Sequence[np.ndarray] | None) -> Any:
    """The predict program with its variables; ExportError where there is none."""
    if rows is None and model._signature is None and not model.inputs:
        raise ExportError(
            f"model {model.name!r} has no Input and has not been trained, so its shapes are not known: give some "
            "rows, model.export(path, x=rows)"
        )
    try:
        if rows is not None:
            model.build_for(rows)
            return model._programs.get("predict", signature_of(model, rows))
        return model._programs.get("predict", signature_to_show(model, "predict"))
    except NeedsConcrete as error:
        raise ExportError(
            f"model {model.name!r} cannot be exported, since its call is Python that asks for values: {error}"
        ) from error
