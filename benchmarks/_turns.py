"""Contestants that run in interpreters of their own, asked in turns: a noisy minute falls on all of them."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}


def environment(**more: str) -> dict[str, str]:
    """What a contestant's process finds set."""
    # Installed packages have their bytecode; a checkout writes it, whatever the developer has set.
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **ENVIRONMENT, **more}


class Contestant:
    """A running interpreter that answers a line of JSON with a line of JSON."""

    def __init__(self, name: str, python: str, file: str = "_fit_contestants.py") -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, str(HERE / file), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.versions = self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: its interpreter ended; see the message above")
        return json.loads(line)

    def ask(self, question: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        self.process.communicate(timeout=60)


def options_for(text: str, rounds: int) -> argparse.ArgumentParser:
    """A parser with what every comparison is asked: --peer and --rounds."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help=NAMES)
    parser.add_argument("--rounds", type=int, default=rounds)
    return parser


def interpreters(given: list[str]) -> tuple[dict[str, str], list[str]]:
    """The interpreter of every contestant that has one, ours first; the names of those that have none.

    A peer's is looked for in this order: --peer, an environment variable (FIT_KERAS_JAX, FIT_PYTORCH, ...),
    the environment that `make peers` made.
    """
    options = dict(item.split("=", 1) for item in given)
    unknown = set(options) - set(PEERS.values())
    if unknown:
        raise SystemExit(f"there is no peer {sorted(unknown)[0]!r}; there are {NAMES}")
    found: dict[str, str] = dict.fromkeys(OURS, sys.executable)
    absent = []
    for name, short in PEERS.items():
        made = HERE.parent / ".venv-peers" / short / "bin" / "python"
        python = options.get(short) or os.environ.get(f"FIT_{short.upper().replace('-', '_')}")
        if python is None and made.exists():
            python = str(made)
        if python is None:
            absent.append(name)
        else:
            found[name] = python
    return found, absent


def closing(versions: dict[str, str], absent: list[str]) -> str:
    """The last lines of a table: whose versions were compared, and who was not there."""
    lines = [f"- {name}: {text}" for name, text in versions.items()]
    if absent:
        lines.append(f"- left out, because not installed (`make peers` installs them): {', '.join(absent)}")
    return "\n".join(lines)


def flags() -> str:
    return "Flags: " + " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
