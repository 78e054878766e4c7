"""What a comparison prints: a table of times, memory and losses, both curves, and what is expected to differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flintglass.comparing.curves import MOST, drawn, in_letters, pairs_of
from flintglass.comparing.sides import Outcome

UNKNOWN = "not known"
NO_FIT = (
    "No call of Model.fit came to its end on both sides (the script may train by a loop of its own),\n"
    "so only the whole run and its memory are compared."
)
EXPECTED = (
    "Expected: the losses agree in distribution, not digit for digit. Each side shuffles the rows in an\n"
    "order of its own, and rounds its sums in another order."
)
STREAMS = {
    "tensorflow": "From the same seed both draw the same initial weights.",
    None: "On this backend Keras draws other initial weights from the same seed: compare several seeds.",
}


def report(ours: Outcome, theirs: Outcome) -> str:
    """The whole text, of two runs that came to their end."""
    rows: list[tuple[str, str, str, str]] = [("", ours.title, theirs.title, "ratio")]
    fitted = bool(ours.fits and theirs.fits)
    if fitted:
        until = [_until_first_step(side) for side in (ours, theirs)]
        rows.append(_row("from the start to the end of the first step", until, seconds))
        name, found = _one_step(ours, theirs)
        share = ", with its share of validation" if any(fit["validated"] for fit in ours.fits) else ""
        rows.append(_row(name + share, found, seconds))
    rows.append(_row("the whole run", [ours.seconds, theirs.seconds], seconds))
    peaks = [(side.record or {}).get("peak") for side in (ours, theirs)]
    rows.append(_row("the most memory held", peaks, megabytes))
    if not fitted:
        return "\n".join([*_aligned(rows), "", NO_FIT])
    pairs = pairs_of(ours, theirs)
    name_of = {id(mine): f"{mine.measure} of {mine.name}" if len(pairs) > 1 else mine.measure for mine, _ in pairs}
    for mine, other in pairs[:MOST]:
        rows.append((f"{name_of[id(mine)]} at the end", f"{mine.losses[-1]:.6g}", f"{other.losses[-1]:.6g}", ""))
    plots = [line for mine, other in drawn(pairs) for line in ("", in_letters(mine, other, name_of[id(mine)]))]
    more = [f"({len(pairs) - MOST} more models were fitted.)"] if len(pairs) > MOST else []
    backend = (theirs.record or {}).get("backend")
    streams = STREAMS.get(backend, STREAMS[None])
    return "\n".join([*_aligned(rows), *more, *plots, "", EXPECTED, streams])


def seconds(value: float) -> str:
    """A duration in the unit in which it has one to three digits before the point."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size or unit == "µs":
            break
    return f"{value / size:.3g} {unit}" if value < 1000 * size else f"{value / size:.0f} {unit}"


def megabytes(value: float) -> str:
    """So many bytes, in millions."""
    return f"{value / 1e6:.0f} MB"


def _row(name: str, found: list[Any], told: Callable[[float], str]) -> tuple[str, str, str, str]:
    ratio = found[1] / found[0] if all(found) else None
    ours, theirs = (UNKNOWN if value is None else told(value) for value in found)
    return name, ours, theirs, "" if ratio is None else f"{ratio:,.{0 if ratio >= 10 else 1}f}"


def _aligned(rows: list[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{row[i]:>{widths[i]}}" for i in (1, 2, 3))]).rstrip() for row in rows
    ]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _until_first_step(side: Outcome) -> float | None:
    first = side.fits[0]["first_step"]
    return None if first is None else first - side.started


def _one_step(ours: Outcome, theirs: Outcome) -> tuple[str, list[float | None]]:
    """The time of a step once everything is warm, measured in the same way on both sides."""
    later = [_after_first(side, "first_epoch") for side in (ours, theirs)]
    if any(later):
        return "one step, the first epoch left out", later
    return "one step, the first one left out", [_after_first(side, "first_step") for side in (ours, theirs)]


def _after_first(side: Outcome, left_out: str) -> float | None:
    """Seconds a step, without the first epoch (or step) of each model."""
    spent, steps, seen = 0.0, 0, set()
    for fit in side.fits:
        epochs, of_an_epoch = len(fit["losses"]), fit["steps"]
        if fit["model"] in seen:
            begin, skipped = fit["began"], 0
        else:
            begin, skipped = fit[left_out], (of_an_epoch or 0) if left_out == "first_epoch" else 1
        seen.add(fit["model"])
        if of_an_epoch is None or begin is None:
            continue
        made = epochs * of_an_epoch - skipped
        if made > 0:
            spent, steps = spent + fit["ended"] - begin, steps + made
    return spent / steps if steps else None
