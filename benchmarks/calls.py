"""What a single call costs, Python included: a prediction of one row; the value and the gradient of a small network.

python benchmarks/calls.py --peer keras-jax=/path/to/python --peer pytorch=/path/to/python --rounds 5
"""

from __future__ import annotations

from _call_contestants import GRADIENT, MAKERS, PREDICT
from _machine import describe
from _turns import Contestant, closing, flags, interpreters, options_for


def main() -> None:
    options = options_for(__doc__ or "", rounds=5).parse_args()
    pythons, absent = interpreters(options.peer)
    contestants = [Contestant(name, pythons[name], "_call_contestants.py") for name in MAKERS if name in pythons]
    print("# Microseconds of one call\n")
    print(
        f"Best of {options.rounds} turns of five windows of 0.1 s each; NumPy arrays in; for predictions, "
        "NumPy arrays out. "
        f"{describe('numpy', 'flintglass')}. {flags()}.\n"
    )
    for task in (PREDICT, GRADIENT):
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(options.rounds):
            for contestant in contestants:
                for way, microseconds in contestant.ask(task).items():
                    found.setdefault((contestant.name, way), []).append(microseconds)
        print(f"| {task} | call | microseconds |\n| --- | --- | ---: |")
        for (name, way), times in found.items():
            print(f"| {name} | {way} | {min(times):.1f} |")
        print()
    for contestant in contestants:
        contestant.close()
    print(closing({c.name: c.versions for c in contestants}, absent))


if __name__ == "__main__":
    main()
