"""What `import flintglass` adds to `import numpy`, in milliseconds; the aim is under 60."""

from __future__ import annotations

import subprocess
import sys
import time

from _machine import describe

REPETITIONS = 15
STATEMENTS = ("pass", "import numpy", "import numpy, flintglass")


def seconds(statement: str) -> float:
    """The wall time of a fresh interpreter that runs one statement."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def measure() -> dict[str, list[float]]:
    """All times of each statement, taken in turns, so that a noisy minute falls on all of them."""
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for statement in STATEMENTS:  # once unmeasured: bytecode is written, files are in the page cache
        seconds(statement)
    for _ in range(REPETITIONS):
        for statement in STATEMENTS:
            times[statement].append(seconds(statement))
    return times


def main() -> None:
    times = measure()
    best = {statement: min(taken) for statement, taken in times.items()}
    print("# Import time\n")
    print(f"Best of {REPETITIONS} fresh interpreters each, in turns. {describe('numpy', 'flintglass')}.\n")
    print("| python -c | best, ms | median, ms | beyond the line above, ms |")
    print("| --- | ---: | ---: | ---: |")
    previous = 0.0
    for statement in STATEMENTS:
        median = sorted(times[statement])[REPETITIONS // 2]
        added = best[statement] - previous
        print(f"| `{statement}` | {best[statement] * 1e3:.1f} | {median * 1e3:.1f} | {added * 1e3:.1f} |")
        previous = best[statement]


if __name__ == "__main__":
    main()
