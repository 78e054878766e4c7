"""How long the four tutorials take from the start of the process to its end, here and under Keras.

    python benchmarks/whole_scripts.py --peer keras-jax=/path/to/python --peer keras-tensorflow=/path/to/python

Ours run as users run them, by `flintglass run`; Keras's by its interpreter. The scripts are benchmarks/scripts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from _machine import describe
from _turns import HERE, environment, flags, interpreters, options_for

SCRIPTS = sorted((HERE / "scripts").glob("*.py"))
PATIENCE = 30.0  # seconds: whoever takes longer for a script runs it once
BACKENDS = {"Keras on JAX": "jax", "Keras on TensorFlow": "tensorflow"}


def seconds(command: list[str], settings: dict[str, str]) -> float:
    """The wall time of a process; it must end well."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment(**settings), capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return taken


def main() -> None:
    options = options_for(__doc__ or "", rounds=5).parse_args()
    pythons, _ = interpreters(options.peer)
    command = str(Path(sys.executable).with_name("flintglass"))
    ways: dict[str, tuple[list[str], dict[str, str]]] = {"flintglass run": ([command, "run"], {})}
    for name, backend in BACKENDS.items():
        if name in pythons:
            ways[name] = ([pythons[name]], {"KERAS_BACKEND": backend})
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        for script in SCRIPTS:
            for name, (start, settings) in ways.items():
                times = found.setdefault((name, script.stem), [])
                if not times or times[0] < PATIENCE:
                    times.append(seconds([*start, str(script)], settings))
    print("# The tutorials, from the start of the process to its end\n")
    print(
        f"Seconds, best of {options.rounds} in turns (median), or the only one where longer than {PATIENCE:.0f} s; "
        "the ratio of the fastest peer to flintglass. "
        f"{describe('numpy', 'flintglass')}. {flags()}.\n"
    )
    print("| script | " + " | ".join(ways) + " | ratio |\n| --- |" + " ---: |" * (len(ways) + 1))
    for script in SCRIPTS:
        taken = {name: sorted(found[name, script.stem]) for name in ways}
        cells = [f"{t[0]:.2f} ({t[len(t) // 2]:.2f})" for t in taken.values()]
        peers = [t[0] for name, t in taken.items() if name in BACKENDS]
        ratio = f"{min(peers) / taken['flintglass run'][0]:.1f}" if peers else "-"
        print(f"| {script.stem} | " + " | ".join(cells) + f" | {ratio} |")


if __name__ == "__main__":
    main()
