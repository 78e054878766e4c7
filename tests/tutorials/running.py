"""Runs a script as a user would: ``flintglass run SCRIPT``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CLI = [sys.executable, "-m", "flintglass.cli"]


def finished(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``flintglass`` with these arguments, to its end."""
    return subprocess.run(
        [*CLI, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def run(script: str, folder: Path, *arguments: str, figures: Path | None = None) -> str:
    """What a script prints; it must end without an error."""
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    options = ["--save-figures", str(figures)] if figures is not None else []
    done = finished("run", *options, str(path), *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def fused_multiply_add() -> bool:
    """True where products are summed with fused multiply-add, which the tutorials' last digits need."""
    from flintglass.engines.engine import engine

    machine = getattr(engine(), "machine", None)
    return machine is not None and machine.isa != "baseline"
