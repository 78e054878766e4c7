"""``flintglass compare``: a script runs here and under the Keras that it was written for, and both are measured."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from flintglass.comparing.curves import check_picture, draw, drawn, pairs_of
from flintglass.comparing.needs import require_imports, require_script
from flintglass.comparing.report import report
from flintglass.comparing.sides import Outcome, flintglass_side, keras_side, needs_tensorflow, run


def compare(script: str, arguments: Sequence[str], python: str | None, backend: str | None, picture: str | None) -> int:
    """Run the script on both sides and print what was measured; 0 where both came to their end, else 1.

    python: the interpreter that has Keras (the one that runs here unless given). backend: what Keras computes
    with. picture: a file for both loss curves. Raises NotComparable where there is no such script, no Keras to compare
    with, or no package there that the script imports.
    """
    require_script(script)
    if picture is not None:
        check_picture(picture)
    sides = [flintglass_side(), keras_side(python, backend)]
    require_imports(script, sides[1].interpreter)
    outcomes = []
    for side in sides:
        print(f"running {script} under {side.title} ...", file=sys.stderr, flush=True)
        outcomes.append(run(side, script, arguments))
    failed = [outcome for outcome in outcomes if outcome.code != 0]
    for outcome in failed:
        _tell_failure(outcome, script)
    if failed:
        return 1
    ours, theirs = outcomes
    print(report(ours, theirs))
    if picture is not None:
        _draw(ours, theirs, script, picture)
    return 0


def _tell_failure(outcome: Outcome, script: str) -> None:
    print(f"\n{script} ended with exit code {outcome.code} under {outcome.title}. It said:", file=sys.stderr)
    print(outcome.errors or outcome.output, file=sys.stderr)
    if needs_tensorflow(outcome):
        print(
            f"flintglass: {script} needs TensorFlow, which is not installed for {outcome.side.interpreter}; name an "
            "interpreter that has it with --python, or let the script import keras alone",
            file=sys.stderr,
        )


def _draw(ours: Outcome, theirs: Outcome, script: str, picture: str) -> None:
    curves = drawn(pairs_of(ours, theirs))
    if not curves:
        print("\nThere is no picture: no model was fitted for more than one epoch on both sides.")
        return
    draw(curves, Path(script).name, picture)
    print(f"\nThe picture of both curves: {picture}")
