"""How the cost of a training step grows with width, depth, batch and rows, beside the limits of the machine.

    python benchmarks/growth.py --peer keras-jax=/path/to/python --peer pytorch=/path/to/python --picture growth.png

The limits are measured in the same run with NumPy: the floating-point operations a second of a large product, and the
bytes a second of a copy that no cache holds. A step takes no less than its products take at the first, and, where the
weights fit no cache, than Adam's seven ways over the weights (read weight, gradient, m, v; write weight, m, v) take at
the second.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from _fit_contestants import Job
from _machine import describe
from _turns import Contestant, closing, flags, interpreters, options_for

SECONDS = 0.3  # of one measurement, about
CHOSEN = ("flintglass", "flintglass, NumPy engine", "Keras on JAX", "JAX, one jitted scan", "PyTorch eager")
CACHED = 32 << 20  # bytes of state that the last cache may hold
PATIENCE = 10.0  # seconds that an epoch may take; who would take longer is left out
SCAN, DEEPEST = "JAX, one jitted scan", 8


def steps(widths: tuple[int, ...], batch: int) -> int:
    """So many steps an epoch that an epoch is neither all overhead nor longer than a measurement."""
    work = sum(6 * a * b * batch + 30 * a * b for a, b in pairwise(widths))
    return int(np.clip(1e10 / work, 2, 100))


def job(widths: tuple[int, ...], batch: int, rows: int | None = None) -> Job:
    return Job(widths, batch, steps(widths, batch) if rows is None else max(1, rows // batch))


# what grows -> (the number on the axis, the job)
SERIES: dict[str, list[tuple[int, Job]]] = {
    "width (w-w-w-1, batch 32)": [(w, job((w, w, w, 1), 32)) for w in (4, 16, 64, 256, 1024, 2048, 4096)],
    "depth (64 wide, batch 32)": [(d, job((64,) * (d + 1) + (1,), 32)) for d in (1, 2, 4, 8, 16, 32, 64)],
    "batch (64-64-64-1)": [(b, job((64, 64, 64, 1), b)) for b in (1, 4, 16, 64, 256, 1024, 8192)],
    "rows (4-16-1, batch 32)": [
        (r, job((4, 16, 1), 32, r)) for r in (100, 1000, 10_000, 100_000, 1_000_000, 10_000_000)
    ],
}


def limits() -> tuple[float, float]:
    """Operations a second of a product of 2,048 by 2,048 in float32; bytes a second of a copy of 256 MB."""
    a = np.ones((2048, 2048), "float32")
    big = np.ones(64 << 20, "float32")
    to = np.empty_like(big)

    def best(call: Any) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    return 2 * 2048**3 / best(lambda: a @ a), 2 * big.nbytes / best(lambda: np.copyto(to, big))


def floor(what: Job, operations: float, transfer: float) -> float:
    """Microseconds that a step must take on this machine."""
    pairs = list(pairwise(what.widths))
    products = sum((2 if i == 0 else 3) * 2 * a * b * what.batch for i, (a, b) in enumerate(pairs))
    weights = 4 * sum(a * b + b for a, b in pairs)
    return 1e6 * (products / operations + (7 * weights / transfer if 4 * weights > CACHED else 0))


def runs(contestant: Contestant, what: Job, before: dict[str, float]) -> bool:
    """False for one that is known to take too long: by its steps so far, or by its compiling of many layers."""
    if contestant.name == SCAN and len(what.widths) > DEEPEST + 2:
        return False
    return before.get(contestant.name, 0.0) * what.steps / 1e6 < PATIENCE


def measure(contestants: list[Contestant], what: Job, rounds: int) -> dict[str, float]:
    """Microseconds a step of each, in turns."""
    asked = asdict(what)
    epochs = {}
    for contestant in contestants:
        contestant.ask([asked, 1])
        number, taken = 1, contestant.ask([asked, 1])["seconds"]
        while taken < SECONDS / 4:
            number *= 4
            taken = contestant.ask([asked, number])["seconds"]
        epochs[contestant.name] = max(1, round(number * SECONDS / taken))
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for contestant in contestants:
            number = epochs[contestant.name]
            seconds = contestant.ask([asked, number])["seconds"]
            found.setdefault(contestant.name, []).append(seconds / (number * what.steps) * 1e6)
    return {name: min(times) for name, times in found.items()}


def draw(path: Path, lines: dict[str, list[dict[str, float]]]) -> None:
    """One panel for each series, both axes logarithmic."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(11, 8), constrained_layout=True)
    for panel, (title, points) in zip(panels.flat, SERIES.items(), strict=True):
        axis = [number for number, _ in points]
        for name in lines[title][0]:
            shown = [(n, row[name]) for n, row in zip(axis, lines[title], strict=True) if name in row]
            limit = name == "limit"
            style = {"color": "black", "linestyle": ":"} if limit else {"marker": "o", "markersize": 4}
            label = "the machine's limit" if limit else name
            panel.loglog(*zip(*shown, strict=True), label=label, **style)
        panel.set_title(title)
        panel.set_ylabel("microseconds a step")
        panel.grid(alpha=0.3)
    panels.flat[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = options_for(__doc__ or "", rounds=3)
    parser.add_argument("--picture", type=Path, default=Path(__file__).parent / "tables" / "growth.png")
    options = parser.parse_args()
    pythons, absent = interpreters(options.peer)
    contestants = [Contestant(name, pythons[name]) for name in CHOSEN if name in pythons]
    operations, transfer = limits()
    print("# How a training step grows: microseconds a step of fit\n")
    print(
        f"Adam, ReLU, mean squared error, float32, shuffled; steady state; best of {options.rounds}, in turns, "
        f"about {SECONDS} s each. The machine's limits, measured in this run: products "
        f"{operations / 1e9:.0f} GFLOP/s, memory {transfer / 1e9:.1f} GB/s. {describe('numpy', 'flintglass')}. "
        f"{flags()}.\n\n"
        "![the same as a picture](growth.png)\n"
    )
    lines: dict[str, list[dict[str, float]]] = {}
    for title, points in SERIES.items():
        lines[title] = []
        print(f"| {title} | " + " | ".join(c.name for c in contestants) + " | limit | ours to the best peer |")
        print("| --- |" + " ---: |" * (len(contestants) + 2))
        known: dict[str, float] = {}  # the last time of each, of those left out too
        for number, what in points:
            row = measure([c for c in contestants if runs(c, what, known)], what, options.rounds)
            known.update(row)
            peers = [t for name, t in row.items() if not name.startswith("flintglass")]
            ratio = f"x{row['flintglass'] / min(peers):.2f}" if peers else "-"
            row["limit"] = floor(what, operations, transfer)
            lines[title].append(row)
            names = [*(contestant.name for contestant in contestants), "limit"]
            cells = [f"{row[name]:,.1f}" if name in row else "-" for name in names]
            print(f"| {number:,} | " + " | ".join(cells) + f" | {ratio} |", flush=True)
        print()
    for contestant in contestants:
        contestant.close()
    print(closing({c.name: c.versions for c in contestants}, [name for name in absent if name in CHOSEN]))
    draw(options.picture, lines)


if __name__ == "__main__":
    main()
