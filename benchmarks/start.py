"""How long it takes from nothing to the first trained step, and to that of a second network; and the memory held.

    python benchmarks/start.py --peer keras-jax=/path/to/python --peer pytorch=/path/to/python --rounds 5

Each measurement is a fresh process: importing; building, tracing and compiling with the first step, where modules
that load on first use are loaded; the same for a second network, of another shape; the most memory that the process
has held after two epochs. What Python itself and NumPy take is in all of them.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from _fit_contestants import JOBS
from _machine import describe
from _turns import Contestant, closing, flags, interpreters, options_for

MEASURED = ("4-32-16-4 tanh", "784-512-512-10")
EARLIER = "64-64-64-1"  # the network before the second one


def start(name: str, python: str, job: str) -> tuple[float, float, float, float, str]:
    """Seconds of the import, from there to the end of the first step, of a second network's; MiB, versions."""
    contestant = Contestant(name, python)
    first = contestant.ask([one_step(job), 1])
    memory = contestant.ask([job, 2])["MiB"]
    contestant.close()
    later = Contestant(name, python)
    later.ask([one_step(EARLIER), 1])
    second = later.ask([one_step(job), 1])
    later.close()
    return first["importing"], until_trained(first), until_trained(second), memory, contestant.versions


def one_step(job: str) -> dict[str, Any]:
    return asdict(replace(JOBS[job], steps=1))


def until_trained(answer: dict[str, Any]) -> float:
    return float(answer["building"] + answer["seconds"])


def main() -> None:
    options = options_for(__doc__ or "", rounds=5).parse_args()
    pythons, absent = interpreters(options.peer)
    found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    versions = {}
    for _ in range(options.rounds):
        for job in MEASURED:
            for name, python in pythons.items():
                *numbers, versions[name] = start(name, python, job)
                found.setdefault((name, job), []).append(tuple(numbers))
    print("# From nothing to the first trained step\n")
    print(
        "Milliseconds of importing, then of building the network, tracing, compiling and one step of fit; the same for "
        f"the second network of a process, after {EARLIER}; then the most memory that the process has held after two "
        f"more epochs (MiB). Fresh processes in turns, best of "
        f"{options.rounds} of each. {describe('numpy', 'flintglass')}. {flags()}.\n"
    )
    print(
        "| | import | " + " | ".join(f"{job}: first step | as the second network | memory" for job in MEASURED) + " |"
    )
    print("| --- |" + " ---: |" * (1 + 3 * len(MEASURED)))
    for name in pythons:
        best = {job: [min(column) for column in zip(*found[name, job], strict=True)] for job in MEASURED}
        imported = min(numbers[0] for numbers in best.values())
        cells = [f"{imported * 1e3:.0f}"]
        for numbers in best.values():
            cells += [f"{numbers[1] * 1e3:.1f}", f"{numbers[2] * 1e3:.1f}", f"{numbers[3]:.0f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\n" + closing(versions, absent))


if __name__ == "__main__":
    main()
