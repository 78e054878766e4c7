"""Writes docs/parity.md: for each case of the table, how far flintglass ends from Keras.

    KERAS_BACKEND=jax JAX_PLATFORMS=cpu python -m tests.keras.report

Needs the environment of `make parity`. Exits with 1 where a case is over its limit; the table is written all the same.
"""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path

from tests.keras.case import HISTORY_LIMITS, LIMITS, Case
from tests.keras.sides import Outcome, compare
from tests.keras.table import CASES, GROUPS

PATH = Path(__file__).resolve().parents[2] / "docs" / "parity.md"

HEAD = """# The same numbers as Keras

Written by `make parity-table`; not edited by hand. {versions}.

Each case gives real Keras, on JAX on the processor, and flintglass the same weights and the same rows in the same
order. Both train with `fit` for the steps of the third column, in batches the last of which is short, then `evaluate`
and `predict`. The columns:

- **weights**: max |difference| / max |weight| over all weights of the model after the last step;
- **history**: the largest difference of a loss or metric of any epoch, divided by the largest value of that name;
- **evaluate**: the same of what `evaluate` returns; **predict**: max |difference| / max |output|.

Weights and outputs must lie within 1e-5 in float32 and 1e-9 in float64, history and evaluate within 1e-5 and 1e-6. For
comparison: Keras's own JAX and TensorFlow backends end about 3e-7 from each other in float32.

In float64 two things are Keras's own, and were kept out of the way rather than allowed for: its `ops.mean` and
`ops.tanh` compute in float32 at every `floatx` on JAX. The mean stands in every loss that averages the columns of a row
(mean_squared_error, binary_crossentropy and their kind). The loss that Keras reports then has the digits of float32,
which is why history is held to 1e-6; and the slope 1/n that comes back through that mean is rounded, unless n is a
power of two. So float64 takes batches of 16 and 8 rows where float32 takes 15 and 12; cases whose loss has no such mean
take 15 and 12 in both. Where a case needed more than that, a note says so.

Where the two disagree on purpose, `tests/keras/test_disagreements.py` holds a test for each disagreement.
"""


def measure(task: tuple[int, str]) -> Outcome | str:
    """The outcome of a case of the table, or the error that ended it."""
    warnings.simplefilter("ignore")
    index, dtype = task
    try:
        return compare(CASES[index], dtype)
    except Exception as error:  # one case that fails must not cost the table
        return f"{type(error).__name__}: {error}".replace("\n", " ")[:200]


def is_within(case: Case, dtype: str, found: Outcome | str) -> bool:
    if isinstance(found, str):
        return False
    history = HISTORY_LIMITS[dtype]
    return max(found.weights, found.predicted) < case.limits[dtype] and max(found.history, found.evaluated) < history


def line(case: Case, dtype: str, found: Outcome | str) -> str:
    if isinstance(found, str):
        return f"| {case.name} | {dtype} | failed: {found} | | | | |"
    values = (found.weights, found.history, found.evaluated, found.predicted)
    told = " | ".join(f"{value:.1e}" if value else "0" for value in values)
    over = "" if is_within(case, dtype, found) else " (over the limit)"
    return f"| {case.name}{over} | {dtype} | {found.steps[0]} | {told} |"


def document(found: dict[tuple[int, str], Outcome | str]) -> str:
    """The whole text."""
    packages = ("keras", "jax", "numpy", "flintglass")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    parts = [HEAD.format(versions=versions), _worst(found)]
    for title, cases in GROUPS.items():
        parts.append(f"\n## {title}\n\n| case | dtype | steps | weights | history | evaluate | predict |")
        parts.append("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        parts += [line(case, dtype, found[CASES.index(case), dtype]) for case in cases for dtype in case.dtypes]
        notes = [f"- {case.name}: {case.note}." for case in cases if case.note]
        parts += ["", *notes] if notes else []
    return "\n".join(parts) + "\n"


def _worst(found: dict[tuple[int, str], Outcome | str]) -> str:
    """The largest differences of all, by dtype; cases with limits of their own left out."""
    lines = [
        "| dtype | cases | largest: weights | history | evaluate | predict |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for dtype in HISTORY_LIMITS:
        outcomes = [
            outcome
            for (index, kind), outcome in found.items()
            if kind == dtype and isinstance(outcome, Outcome) and CASES[index].limits is LIMITS
        ]
        largest = [
            max((getattr(outcome, part) for outcome in outcomes), default=0.0)
            for part in ("weights", "history", "evaluated", "predicted")
        ]
        lines.append(f"| {dtype} | {len(outcomes)} | " + " | ".join(f"{value:.1e}" for value in largest) + " |")
    return "\n".join(lines)


def main() -> int:
    tasks = [(index, dtype) for index, case in enumerate(CASES) for dtype in case.dtypes]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        found = {}
        for task, outcome in zip(tasks, pool.map(measure, tasks), strict=True):
            found[task] = outcome
            print(line(CASES[task[0]], task[1], outcome), flush=True)
    PATH.write_text(document(found), encoding="utf-8")
    over = [task for task, outcome in found.items() if not is_within(CASES[task[0]], task[1], outcome)]
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
