"""Explanations: what a network computed for some rows, and what one training step did, in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from flintglass.errors import DataError, nearest
from flintglass.glass import arithmetic, places  # noqa: F401  (importing a family enters its rules)
from flintglass.glass.elements import Elements
from flintglass.glass.evidence import Evidence
from flintglass.glass.formula import Constant, Formula, Style, folds
from flintglass.models.feed import Feed, full_signature, signature_of
from flintglass.program import Program, Size, Value
from flintglass.tracing.gradient import PREFIX

FOLDED = "Long sums begin with their largest terms; [k] behind a term says that it is number k of its sum, from 0."


@dataclass
class Entry:
    """One element of one value: where, how it came about, and its number, which is the engine's."""

    value: str
    index: tuple[int, ...]
    number: float
    formula: Formula
    part: str

    def text(self, style: Style) -> str:
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        formula = self.formula.text(style)[0]
        number = style.number(self.number)
        tail = "" if formula == number else f" = {number}"
        return f"{self.value}{place} = {formula}{tail}"


@dataclass
class Explanation:
    """Entries in the order of the program; printed, a text by parts. ``entries`` holds the numbers."""

    title: str
    entries: list[Entry] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    style: Style = field(default_factory=Style)

    def __str__(self) -> str:
        lines = [self.title]
        part = None
        for position, entry in enumerate(self.entries):
            if entry.part != part:
                part = entry.part
                lines.append(f"\n{part}")
            lines.append(f"  {entry.text(self.style)}")
            after = self.entries[position + 1] if position + 1 < len(self.entries) else None
            if entry.value in self.left_out and (after is None or after.value != entry.value):
                lines.append(f"  ... and {_more(self.left_out[entry.value], 'element')} of {entry.value}")
        if any(folds(entry.formula, self.style) for entry in self.entries):
            lines += ["", FOLDED]
        if self.notes:
            lines += ["", *self.notes]
        return "\n".join(lines)

    __repr__ = __str__

    def __getitem__(self, name: str) -> list[Entry]:
        """The entries of one value; KeyError, with the names that there are, for another."""
        found = [entry for entry in self.entries if entry.value == name]
        if not found:
            known = dict.fromkeys(entry.value for entry in self.entries)
            raise KeyError(f"nothing is explained by the name {name!r}. {nearest(str(name), known)}")
        return found

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def _more(count: int, what: str) -> str:
    return f"{count} more {what}{'s' if count > 1 else ''}"


def explain(model: Any, x: Any, rows: int = 1, units: int = 16, terms: int = 6, digits: int = 4) -> Explanation:
    """How each unit of the network gets its number for the first ``rows`` rows of ``x``.

    units: how many units of a layer are shown at most. terms: how many terms of a long sum are shown,
    the largest first; the rest is added up. digits: significant digits of the numbers shown (entries
    hold them in full).
    """
    feed = Feed(model, x, None, None, "explain")
    model.build_for(feed.x)
    traced = model._programs.get("predict", signature_of(model, feed.x))
    shown = feed.part(slice(0, rows))
    evidence = _evidence(traced, shown.x)
    inputs = ", ".join(_shown_rows(name, array, digits) for name, array in shown.named())
    title = f"What {model.name} computes for {inputs}"
    found = Explanation(title, style=Style(digits, terms))
    for origin in evidence.origins:
        _add_part(found, evidence, origin, origin or model.name, rows, units)
    return found


def _shown_rows(name: str, array: np.ndarray, digits: int) -> str:
    flat = array.reshape(len(array), -1)
    if flat.size > 12:
        return f"{name} with {len(array)} row{'s' if len(array) > 1 else ''} of {flat.shape[1]} numbers"
    style = Style(digits)
    texts = ["[" + ", ".join(style.number(v.item()) for v in row) + "]" for row in flat]
    return f"{name} = {texts[0] if len(texts) == 1 else '[' + ', '.join(texts) + ']'}"


def explain_step(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    rows: int = 2,
    units: int = 4,
    terms: int = 6,
    digits: int = 4,
) -> Explanation:
    """One training step on these rows with its numbers; the model is not changed.

    Shown are the forward pass, the loss, every gradient by the chain rule, the optimizer's rule, and
    each weight before and after. rows: how many rows of the batch are shown of values that have one; sums
    run over all of them. units: how many elements of a row, or of a weight, are shown at most.
    """
    model.require_compiled("explain_step")
    feed = Feed(model, x, y, sample_weight, "explain_step")
    model.build_for(feed.x)
    traced = model._programs.get("train", full_signature(model, feed))
    evidence = _evidence(traced, feed.arrays)
    title = f"One training step of {model.name} on {feed.rows} row{'s' if feed.rows > 1 else ''}"
    found = Explanation(title, style=Style(digits, terms))
    for origin in evidence.origins:
        if origin != "metrics":
            _add_part(found, evidence, origin, _heading(origin, model), rows, units)
    found.notes = ["Weights before and after", *_before_and_after(evidence, model, units, digits)]
    return found


def explain_program(
    program: Program,
    state: Sequence[Any],
    inputs: Sequence[Any],
    rows: int = 2,
    units: int = 8,
    terms: int = 6,
    digits: int = 4,
) -> Explanation:
    """Any program with the numbers of one run; state and inputs in the program's order."""
    evidence = Evidence(program, [np.asarray(item) for item in state], [np.asarray(item) for item in inputs])
    found = Explanation(f"What {program.name} computes", style=Style(digits, terms))
    for origin in evidence.origins:
        _add_part(found, evidence, origin, origin or program.name, rows, units)
    return found


def _heading(origin: str, model: Any) -> str:
    if origin.startswith(PREFIX):
        return f"{origin}, by the chain rule"
    if model.optimizer is not None and origin == model.optimizer.name:
        return f"{origin}: the update"
    return origin or model.name


def _evidence(traced: Any, arrays: Sequence[np.ndarray]) -> Evidence:
    return Evidence(traced.program, traced.state, traced.entering(arrays))


def _add_part(found: Explanation, evidence: Evidence, origin: str, heading: str, rows: int, units: int) -> None:
    """Add the results of one part of the program, element by element."""
    results = evidence.results_of(origin)
    elements = Elements(evidence, set(results))
    for value in results:
        if evidence.makers[value].primitive == "extent":
            continue  # a size is a size
        label = evidence.label(value)
        indices = list(_some(value, evidence.arrays[value], rows, units))
        entries = [
            Entry(label, index, evidence.number(value, index), elements.result(value, index), heading)
            for index in indices
        ]
        plain = all(type(entry.formula) in (Formula, Constant) for entry in entries)
        if plain and evidence.is_numbered(value) and value not in evidence.program.outputs:
            continue  # nothing was computed: a cast, labels in another shape
        found.entries += entries
        missing = evidence.arrays[value].size - len(indices)
        if missing > 0:
            found.left_out[label] = missing


def _some(value: Value, array: np.ndarray, rows: int, units: int) -> Iterator[tuple[int, ...]]:
    """The first elements, in order; of a value with a batch those of its first rows."""
    if value.spec.shape and isinstance(value.spec.shape[0], Size):
        inner = array.shape[1:]
        count = min(int(np.prod(inner, dtype=np.int64)), units)
        for row in range(min(len(array), rows)):
            for flat in range(count):
                yield (row, *(int(i) for i in np.unravel_index(flat, inner))) if inner else (row,)
        return
    for flat in range(min(array.size, units)):
        yield tuple(int(i) for i in np.unravel_index(flat, array.shape))


def _before_and_after(evidence: Evidence, model: Any, units: int, digits: int) -> list[str]:
    """A table of the weights' changes."""
    style = Style(max(digits, 6))
    rows: list[tuple[str, ...]] = []
    trained = {variable.identifier for variable in model.trainable_variables}
    for value, operand in evidence.program.updates:
        if value.name not in trained or not isinstance(operand, Value):
            continue
        before, after = evidence.arrays[value], evidence.arrays[operand]
        for index in _some(value, before, 1, units):
            place = f"[{', '.join(map(str, index))}]" if index else ""
            old, new = before[index].item(), after[index].item()
            change = style.number(new - old)
            sign = "" if change.startswith("-") else "+"
            rows.append((value.name + place, style.number(old), style.number(new), f"({sign}{change})"))
        if before.size > units:
            rows.append((f"... and {_more(before.size - units, 'weight')} of {value.name}",))
    if not rows:
        raise DataError("the step changes no weight: the model has no trainable variables")
    widths = [max([least, *(len(row[k]) for row in rows if len(row) > 1)]) for k, least in enumerate((24, 12, 12))]
    return [f"  {_in_columns(row, widths) if len(row) > 1 else row[0]}" for row in rows]


def _in_columns(row: tuple[str, ...], widths: Sequence[int]) -> str:
    name, old, new, change = row
    return f"{name:<{widths[0]}} {old:>{widths[1]}} -> {new:>{widths[2]}}  {change}"
