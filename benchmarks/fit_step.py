"""How many microseconds one training step of ``fit`` takes, here and in the frameworks that people use today.

    python benchmarks/fit_step.py --peer keras-jax=/path/to/python --peer pytorch=/path/to/python --rounds 7

A peer without an interpreter (`_turns.py` says where one is looked for) is left out, and named.
"""

from __future__ import annotations

from _fit_contestants import JOBS
from _machine import describe
from _turns import OURS, Contestant, closing, flags, interpreters, options_for

# The slowest by far of the large jobs are left out there: an epoch of theirs takes many seconds.
LEFT_OUT = {"2048-2048-2048-10": ("scikit-learn MLP",)}
SECONDS = 1.0  # of one measurement, about


class Trainer(Contestant):
    """One that trains on demand, with the times that it took."""

    def __init__(self, name: str, python: str) -> None:
        super().__init__(name, python)
        self.epochs: dict[str, int] = {}
        self.times: dict[str, list[float]] = {job: [] for job in JOBS}

    def runs(self, job: str) -> bool:
        return self.name not in LEFT_OUT.get(job, ())

    def fit(self, job: str, epochs: int) -> float:
        """Seconds for so many epochs."""
        return float(self.ask([job, epochs])["seconds"])

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


def measure(pythons: dict[str, str], jobs: list[str], rounds: int) -> list[Trainer]:
    """Every contestant on every job, in turns."""
    contestants = [Trainer(name, python) for name, python in pythons.items()]
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


def table(contestants: list[Trainer], jobs: list[str]) -> list[str]:
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
            digits = 2 if times[0] < 10 else 1 if times[0] < 1000 else 0
            cells.append(f"{times[0]:.{digits}f} ({times[len(times) // 2]:.{digits}f}){ratio}")
        lines.append(f"| {contestant.name} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = options_for(__doc__ or "", rounds=5)
    parser.add_argument("--job", action="append", choices=list(JOBS), help="only this one; may be given several times")
    options = parser.parse_args()
    pythons, absent = interpreters(options.peer)
    jobs = options.job or list(JOBS)
    contestants = measure(pythons, jobs, options.rounds)
    print("# Microseconds per training step of fit\n")
    print(
        f"Adam, ReLU (or tanh), float32, shuffled, verbose=0; steady state: imports, tracing and compiling are left "
        f"out. Best of {options.rounds} (median), in turns, about {SECONDS:.0f} s each; then the ratio to the best "
        "peer. Every contestant has its default settings and all cores. Batches an epoch: "
        f"{', '.join(f'{job} {JOBS[job].steps}' for job in jobs)}. "
        f"{describe('numpy', 'flintglass')}. {flags()}.\n"
    )
    print("\n".join(table(contestants, jobs)))
    print("\n" + closing({c.name: c.versions for c in contestants}, absent))


if __name__ == "__main__":
    main()
