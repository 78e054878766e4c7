"""How many microseconds one training step of ``fit`` takes, here and in the frameworks that people use today.

    python benchmarks/fit_step.py --peer keras-jax=/path/to/python --peer pytorch=/path/to/python --rounds 7

The interpreter of a peer is looked for in this order: --peer, an environment variable (FIT_KERAS_JAX, FIT_PYTORCH,
...), the environment that `make peers` made. A peer without one is left out, and named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from _fit_contestants import JOBS
from _machine import describe

HERE = Path(__file__).resolve().parent
OURS = ("flintglass", "flintglass, NumPy engine")
# contestant -> its short name, in options, environment variables and folders; ours runs where this file runs
PEERS = {
    "JAX, one jitted scan": "keras-jax",
    "Keras on JAX": "keras-jax",
    "Keras on TensorFlow": "keras-tensorflow",
    "scikit-learn MLP": "scikit-learn",
    "PyTorch eager": "pytorch",
    "PyTorch compiled": "pytorch",
}
NAMES = ", ".join(dict.fromkeys(PEERS.values()))
# The slowest by far of the large jobs are left out there: an epoch of theirs takes many seconds.
LEFT_OUT = {"2048-2048-2048-10": ("scikit-learn MLP",)}
SECONDS = 1.0  # of one measurement, about
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}


class Contestant:
    """A running interpreter that trains on demand."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, str(HERE / "_fit_contestants.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
        self.versions = self._answer()
        self.epochs: dict[str, int] = {}
        self.times: dict[str, list[float]] = {job: [] for job in JOBS}

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: its interpreter ended; see the message above")
        return json.loads(line)

    def runs(self, job: str) -> bool:
        return self.name not in LEFT_OUT.get(job, ())

    def fit(self, job: str, epochs: int) -> float:
        """Seconds for so many epochs."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([job, epochs]) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def warm_up(self, job: str) -> None:
        """Imports, tracing and compiling happen here; then the epochs that take about a second are found."""
        self.fit(job, 2)
        epochs, taken = 2, self.fit(job, 2)
        while taken < SECONDS / 4:
            epochs *= 4
            taken = self.fit(job, epochs)
        self.epochs[job] = max(1, round(epochs * SECONDS / taken))

    def measure(self, job: str) -> None:
        """One more measurement, in microseconds a step."""
        epochs = self.epochs[job]
        self.times[job].append(self.fit(job, epochs) / (epochs * JOBS[job].steps) * 1e6)

    def close(self) -> None:
        self.process.communicate(timeout=60)


def interpreters(given: list[str]) -> dict[str, str | None]:
    """The interpreter of each peer, or None."""
    options = dict(item.split("=", 1) for item in given)
    unknown = set(options) - set(PEERS.values())
    if unknown:
        raise SystemExit(
            f"there is no peer {sorted(unknown)[0]!r}; there are {', '.join(dict.fromkeys(PEERS.values()))}"
        )
    found: dict[str, str | None] = {}
    for name, short in PEERS.items():
        made = HERE.parent / ".venv-peers" / short / "bin" / "python"
        variable = os.environ.get(f"FIT_{short.upper().replace('-', '_')}")
        found[name] = options.get(short) or variable or (str(made) if made.exists() else None)
    return found


def measure(pythons: dict[str, str], jobs: list[str], rounds: int) -> list[Contestant]:
    """Every contestant on every job, in turns."""
    contestants = [Contestant(name, python) for name, python in pythons.items()]
    for job in jobs:
        running = [contestant for contestant in contestants if contestant.runs(job)]
        for contestant in running:
            contestant.warm_up(job)
        for _ in range(rounds):
            for contestant in running:
                contestant.measure(job)
    for contestant in contestants:
        contestant.close()
    return contestants


def table(contestants: list[Contestant], jobs: list[str]) -> list[str]:
    """A row for each contestant, a column for each job: best (median), and the ratio to the best peer."""
    best = {job: {c.name: min(c.times[job]) for c in contestants if c.times[job]} for job in jobs}
    peers = {job: min((t for name, t in best[job].items() if name not in OURS), default=0.0) for job in jobs}
    lines = ["| fit | " + " | ".join(f"{job}, batch {JOBS[job].batch}" for job in jobs) + " |"]
    lines.append("| --- |" + " ---: |" * len(jobs))
    for contestant in contestants:
        cells = []
        for job in jobs:
            times = sorted(contestant.times[job])
            if not times:
                cells.append("-")
                continue
            ratio = f", x{times[0] / peers[job]:.2f}" if peers[job] else ""
            cells.append(f"{times[0]:.1f} ({times[len(times) // 2]:.1f}){ratio}".replace(".0 ", " "))
        lines.append(f"| {contestant.name} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=PYTHON", help=", ".join(dict.fromkeys(PEERS.values()))
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--job", action="append", choices=list(JOBS), help="only this one; may be given several times")
    options = parser.parse_args()
    found = interpreters(options.peer)
    absent = [name for name, python in found.items() if python is None]
    jobs = options.job or list(JOBS)
    chosen = dict.fromkeys(OURS, sys.executable)
    chosen.update({name: python for name, python in found.items() if python is not None})
    contestants = measure(chosen, jobs, options.rounds)
    print("# Microseconds per training step of fit\n")
    print(
        f"Adam, ReLU (or tanh), float32, shuffled, verbose=0; steady state: imports, tracing and compiling are left "
        f"out. Best of {options.rounds} (median), in turns, about {SECONDS:.0f} s each; then the ratio to the best "
        "peer. Every contestant has its default settings and all cores. Batches an epoch: "
        f"{', '.join(f'{job} {JOBS[job].steps}' for job in jobs)}. "
        f"{describe('numpy', 'flintglass')}. Flags: {' '.join(f'{k}={v}' for k, v in ENVIRONMENT.items())}.\n"
    )
    print("\n".join(table(contestants, jobs)))
    print("\n" + "\n".join(f"- {c.name}: {c.versions}" for c in contestants))
    if absent:
        print(f"- left out, because not installed (`make peers` installs them): {', '.join(absent)}")


if __name__ == "__main__":
    main()
