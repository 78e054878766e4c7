"""The two sides of a comparison: which interpreter, with what environment, and what a run of the script was like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flintglass.compat.running import python_path
from flintglass.errors import FlintglassError

PROBE = Path(__file__).with_name("probe")
BACKENDS = ("tensorflow", "jax", "torch")  # what Keras computes with; its own choice, the first, before ours
LOOK = (
    "import importlib.util as u, json, sys; sys.path.insert(0, sys.argv[1]); "
    "print(json.dumps([n for n in sys.argv[2:] if n in sys.modules or u.find_spec(n)]))"
)
ANOTHER = "flintglass compare --python INTERPRETER SCRIPT"


class NotComparable(FlintglassError, RuntimeError):
    """There is nothing to compare with: no Keras in the interpreter, or nothing that it could compute with."""


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called, the interpreter, and what is set in its environment."""

    title: str
    interpreter: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a run was like; ``record`` is what the probe wrote, None where the process ended without writing."""

    side: Side
    started: float
    seconds: float
    code: int
    output: str
    errors: str
    record: dict[str, Any] | None

    @property
    def title(self) -> str:
        """The side's name, with Keras's version and what it computed with where they are known."""
        found = self.record or {}
        version = f" {found['version']}" if found.get("version") else ""
        return f"{self.side.title}{version}" + (f" on {found['backend']}" if found.get("backend") else "")

    @property
    def fits(self) -> list[dict[str, Any]]:
        """The fits that came to their end."""
        return [fit for fit in (self.record or {}).get("fits", []) if fit["ended"] is not None]


def flintglass_side() -> Side:
    """The interpreter that runs flintglass, its imports of Keras answered here."""
    return Side("flintglass", sys.executable, {"FLINTGLASS_COMPARE_SIDE": "flintglass"})


def keras_side(interpreter: str | None, backend: str | None) -> Side:
    """An interpreter with the real Keras; the backend is the one named, Keras's own choice, or the one installed.

    Raises NotComparable where there is no such interpreter, no Keras in it, or no backend.
    """
    interpreter = interpreter or sys.executable
    found = installed(interpreter, ["keras", "tf_keras", *BACKENDS])
    if "keras" not in found and "tf_keras" not in found:
        raise NotComparable(
            f"Keras is not installed for {interpreter}; install it there, or name an interpreter that has it: {ANOTHER}"
        )
    wanted = backend or os.environ.get("KERAS_BACKEND")
    if wanted in BACKENDS and wanted not in found:
        raise NotComparable(
            f"Keras is installed for {interpreter}, but {wanted}, which it should compute with, is not; install it "
            f"there, choose another with --backend, or name another interpreter: {ANOTHER}"
        )
    if wanted is None:
        wanted = next((name for name in BACKENDS if name in found), None)
        if wanted is None:
            raise NotComparable(
                f"Keras is installed for {interpreter}, but nothing that it computes with ({', '.join(BACKENDS)}); "
                f"install one of them there, or name another interpreter: {ANOTHER}"
            )
    # Where TensorFlow is installed and nobody says otherwise, Keras decides, by its settings.
    chosen = {"KERAS_BACKEND": wanted} if backend or wanted != "tensorflow" else {}
    return Side("Keras", interpreter, {"FLINTGLASS_COMPARE_SIDE": "keras", **chosen})


def installed(interpreter: str, names: Sequence[str], folder: Path | str = "") -> list[str]:
    """Those of the packages that this interpreter finds, in the folder of a script too; nothing is imported.

    Raises NotComparable where it does not run.
    """
    try:
        done = subprocess.run(
            [interpreter, "-c", LOOK, str(folder), *names],
            capture_output=True,
            text=True,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        found: list[str] = json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError) as error:
        raise NotComparable(
            f"{interpreter} does not run as a Python interpreter ({error}); name one that has Keras: {ANOTHER}"
        ) from error
    return found


def needs_tensorflow(outcome: Outcome) -> bool:
    """True where the script ended because there is no TensorFlow in this interpreter."""
    return outcome.code != 0 and "No module named 'tensorflow" in outcome.errors


def run(side: Side, script: str, arguments: Sequence[str]) -> Outcome:
    """Run the script on this side, to its end, in a process of its own; nothing is shown of it."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.json")
        environment = {
            **os.environ,
            **side.environment,
            "FLINTGLASS_COMPARE_RECORD": str(record),
            "PYTHONPATH": python_path(PROBE),
            "MPLBACKEND": "Agg",  # no window waits for somebody to close it
        }
        started = time.monotonic()
        done = subprocess.run(
            [side.interpreter, script, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        seconds = time.monotonic() - started
        written = json.loads(record.read_text(encoding="utf-8")) if record.exists() else None
    output, errors = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
    return Outcome(side, started, seconds, done.returncode, output, errors, written)
