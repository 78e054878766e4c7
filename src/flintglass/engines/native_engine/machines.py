"""The machines: the same C++ built for several instruction sets, of which the processor's best is taken."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from types import ModuleType

PACKAGE = "flintglass.engines.native_engine"
SETS = ("avx512", "avx2", "baseline")  # the best first
CHOICE = "FLINTGLASS_INSTRUCTION_SET"


def machine() -> ModuleType:
    """The machine for this processor; ImportError where none was built."""
    names = _wanted()
    failures = []
    for name in names:
        try:
            return importlib.import_module(f"{PACKAGE}.machine_{name}")
        except ModuleNotFoundError:
            continue  # it was not built
        except ImportError as error:
            failures.append(str(error))
    reason = "; ".join(failures) or "no C++ compiler was found when it was installed, or the build failed"
    raise ImportError(f"flintglass has no native engine here: {reason}")


def _wanted() -> Sequence[str]:
    """The sets that this processor knows, the best first, or the one that the environment asks for."""
    asked = os.environ.get(CHOICE)
    if asked is not None:
        if asked not in SETS:
            raise ValueError(f"{CHOICE} is one of {', '.join(SETS)}, not {asked!r}")
        return [asked]
    try:
        # Only this one runs everywhere, so it is asked what the processor knows.
        best = importlib.import_module(f"{PACKAGE}.machine_baseline").best_set()
    except ImportError:
        return SETS  # a developer built some of them only
    return SETS[SETS.index(best) :]
