"""``flintglass run``: a script runs as under ``python``, and its imports of TensorFlow and Keras are answered here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from flintglass.compat import FIGURES

STARTUP = Path(__file__).with_name("startup")


def python_path(first: Path) -> str:
    """PYTHONPATH with this folder in front."""
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(first), *([before] if before else [])])


def run(target: str, arguments: Sequence[str], module: bool = False, figures: str | None = None) -> int:
    """Become ``python target arguments``, or ``python -m target arguments``; returns only where that cannot be.

    figures: a folder in which the figures are saved that the script shows or leaves open.
    """
    if not module and not os.path.exists(target):
        print(f"flintglass run: there is no file {target!r} in {os.getcwd()}", file=sys.stderr)
        return 2
    os.environ["PYTHONPATH"] = python_path(STARTUP)
    if figures is not None:
        folder = Path(figures).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print(f"flintglass run: --save-figures {figures} can be no folder: {error.strerror}", file=sys.stderr)
            return 1
        os.environ[FIGURES] = str(folder)
    command = [sys.executable, *(["-m"] if module else []), target, *arguments]
    sys.stdout.flush()
    if os.name == "nt":  # its exec leaves the terminal before the script has ended
        return subprocess.run(command, check=False).returncode
    os.execv(sys.executable, command)
