"""Answers ``import tensorflow`` and ``import keras`` with flintglass, so that a script runs as it stands.

``flintglass run SCRIPT`` does it for a whole process; ``install()`` does it from here on, in a notebook or a REPL.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from flintglass.compat.answering import Answer
from flintglass.compat.finder import ROOTS, Finder

FIGURES = "FLINTGLASS_SAVE_FIGURES"
BACKEND = "module://flintglass.compat.figures"


def install() -> None:
    """From here on, imports of TensorFlow and of Keras are answered by flintglass, in this process.

    Raises RuntimeError where the real one has been imported already: objects of both would meet.
    """
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    for name in ROOTS:
        if name in sys.modules and not isinstance(sys.modules[name], Answer):
            raise RuntimeError(
                f"the real {name} has been imported in this process, and its objects cannot be mixed with ours; start "
                "a new process (restart the kernel) and call flintglass.compat.install() before any import of it"
            )
    sys.meta_path.insert(0, Finder())
    if os.environ.get(FIGURES):
        os.environ["MPLBACKEND"] = BACKEND


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext flintglass``."""
    install()
