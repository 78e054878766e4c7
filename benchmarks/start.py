"""How long it takes from nothing to the first trained step, and how much memory the process then holds.

    python benchmarks/start.py --peer keras-jax=/path/to/python --peer pytorch=/path/to/python --rounds 5

Each measurement is a fresh process: importing; building, tracing and compiling with the first step; the most memory
that the process has held after two epochs. What Python itself and NumPy take is in all of them.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from _fit_contestants import JOBS
from _machine import describe
from _turns import Contestant, closing, flags, interpreters, options_for

MEASURED = ("4-32-16-4 tanh", "784-512-512-10")


def start(name: str, python: str, job: str) -> tuple[float, float, float, str]:
    """Seconds of the import, seconds from there to the end of the first step, MiB, versions."""
    contestant = Contestant(name, python)
    one_step = asdict(replace(JOBS[job], steps=1))
    first = contestant.ask([one_step, 1])
    memory = contestant.ask([job, 2])["MiB"]
    contestant.close()
    return first["importing"], first["building"] + first["seconds"], memory, contestant.versions


def main() -> None:
    options = options_for(__doc__ or "", rounds=5).parse_args()
    pythons, absent = interpreters(options.peer)
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    versions = {}
    for _ in range(options.rounds):
        for job in MEASURED:
            for name, python in pythons.items():
                importing, first, memory, versions[name] = start(name, python, job)
                found.setdefault((name, job), []).append((importing, first, memory))
    print("# From nothing to the first trained step\n")
    print(
        "Milliseconds of importing, then of building the network, tracing, compiling and one step of fit; then the "
        f"most memory that the process has held after two more epochs (MiB). Fresh processes in turns, best of "
        f"{options.rounds} of each. {describe('numpy', 'flintglass')}. {flags()}.\n"
    )
    print("| | import | " + " | ".join(f"{job}: first step | memory" for job in MEASURED) + " |")
    print("| --- |" + " ---: |" * (1 + 2 * len(MEASURED)))
    for name in pythons:
        best = {job: [min(column) for column in zip(*found[name, job], strict=True)] for job in MEASURED}
        imported = min(numbers[0] for numbers in best.values())
        cells = [f"{imported * 1e3:.0f}"]
        for numbers in best.values():
            cells += [f"{numbers[1] * 1e3:.1f}", f"{numbers[2]:.0f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\n" + closing(versions, absent))


if __name__ == "__main__":
    main()
