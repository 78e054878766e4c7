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

from _fit_contestants import JOBS, STEPS_PER_EPOCH
from _machine import describe

HERE = Path(__file__).resolve().parent
OURS = "flintglass, NumPy engine"
# contestant -> its short name, in options, environment variables and folders; ours runs where this file runs
PEERS = {
    "Keras on JAX": "keras-jax",
    "Keras on TensorFlow": "keras-tensorflow",
    "scikit-learn MLP": "scikit-learn",
    "PyTorch eager": "pytorch",
}
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
        self.times[job].append(self.fit(job, epochs) / (epochs * STEPS_PER_EPOCH) * 1e6)

    def close(self) -> None:
        self.process.communicate(timeout=60)


def interpreters(given: list[str]) -> dict[str, str | None]:
    """The interpreter of each peer, or None."""
    options = dict(item.split("=", 1) for item in given)
    unknown = set(options) - set(PEERS.values())
    if unknown:
        raise SystemExit(f"there is no peer {sorted(unknown)[0]!r}; there are {', '.join(PEERS.values())}")
    found: dict[str, str | None] = {}
    for name, short in PEERS.items():
        made = HERE.parent / ".venv-peers" / short / "bin" / "python"
        variable = os.environ.get(f"FIT_{short.upper().replace('-', '_')}")
        found[name] = options.get(short) or variable or (str(made) if made.exists() else None)
    return found


def measure(pythons: dict[str, str], rounds: int) -> list[Contestant]:
    """Every contestant on every job, in turns."""
    contestants = [Contestant(name, python) for name, python in pythons.items()]
    for job in JOBS:
        for contestant in contestants:
            contestant.warm_up(job)
        for _ in range(rounds):
            for contestant in contestants:
                contestant.measure(job)
    for contestant in contestants:
        contestant.close()
    return contestants


def table(contestants: list[Contestant]) -> list[str]:
    """A row for each contestant, a column for each job: best (median), and the ratio to the best peer."""
    best = {job: {c.name: min(c.times[job]) for c in contestants} for job in JOBS}
    peers = {job: min((t for name, t in best[job].items() if name != OURS), default=0.0) for job in JOBS}
    lines = ["| fit | " + " | ".join(f"{job}, batch {JOBS[job].batch}" for job in JOBS) + " |"]
    lines.append("| --- |" + " ---: |" * len(JOBS))
    for contestant in contestants:
        cells = []
        for job in JOBS:
            times = sorted(contestant.times[job])
            ratio = f", x{times[0] / peers[job]:.2f}" if peers[job] else ""
            cells.append(f"{times[0]:.1f} ({times[len(times) // 2]:.1f}){ratio}")
        lines.append(f"| {contestant.name} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help=", ".join(PEERS.values()))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = interpreters(options.peer)
    absent = [name for name, python in found.items() if python is None]
    chosen = {OURS: sys.executable, **{name: python for name, python in found.items() if python is not None}}
    contestants = measure(chosen, options.rounds)
    print("# Microseconds per training step of fit\n")
    print(
        f"Adam, ReLU, float32, shuffled, verbose=0, {STEPS_PER_EPOCH} batches an epoch; steady state: imports, tracing "
        f"and compiling are left out. Best of {options.rounds} (median), in turns, about {SECONDS:.0f} s each; then "
        "the ratio to the best peer. Every contestant has its default settings and all cores. "
        f"{describe('numpy', 'flintglass')}. Flags: {' '.join(f'{k}={v}' for k, v in ENVIRONMENT.items())}.\n"
    )
    print("\n".join(table(contestants)))
    print("\n" + "\n".join(f"- {c.name}: {c.versions}" for c in contestants))
    if absent:
        print(f"- left out, because not installed (`make peers` installs them): {', '.join(absent)}")


if __name__ == "__main__":
    main()
