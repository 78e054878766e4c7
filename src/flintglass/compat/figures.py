"""A matplotlib backend that saves what is shown: ``flintglass run --save-figures DIR``.

Each figure is saved once: when ``show()`` is called, or at the end of the process where nobody showed it.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Any

from matplotlib import pyplot
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

FOLDER = Path(os.environ["FLINTGLASS_SAVE_FIGURES"])
FigureCanvas = FigureCanvasAgg
FigureManager = FigureManagerBase
_saved = 0


def show(*arguments: Any, **keywords: Any) -> None:
    """Save the open figures as figure-1.png, figure-2.png, ..., and close them, as a window would be."""
    global _saved
    for number in pyplot.get_fignums():
        _saved += 1
        path = FOLDER / f"figure-{_saved}.png"
        pyplot.figure(number).savefig(path)
        print(f"saved {path}", file=sys.stderr)
    pyplot.close("all")


atexit.register(show)
