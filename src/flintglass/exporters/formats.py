"""The formats of exports by the suffix of the file, and what is said of those that are not offered."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from flintglass.errors import ExportError, warn
from flintglass.exporters.c_header import c_header
from flintglass.exporters.exported import Exported
from flintglass.exporters.python_script import python_script

FORMATS: dict[str, Callable[[Exported], str]] = {".py": python_script, ".h": c_header}
LARGE = 50_000_000  # characters: compilers take minutes over more, and editors give up


def require_format(path: str | os.PathLike[str], wanted: str | None = None) -> None:
    """ExportError unless the file's suffix is one that is offered, and ``wanted`` (py, h) says no other."""
    name, suffix = os.path.splitext(os.path.basename(path))
    suffix = suffix.lower()
    if suffix == ".py" and (name == "numpy" or name in sys.stdlib_module_names):
        raise ExportError(
            f"{os.fspath(path)}: Python would take this script for its module {name!r}, which it needs; choose another "
            "name"
        )
    if suffix in FORMATS and wanted in (None, suffix, suffix.removeprefix(".")):
        return
    asked = f"the format {wanted!r}" if wanted is not None else f"the suffix {suffix!r}" if suffix else "no suffix"
    raise ExportError(
        f"{os.fspath(path)}: a model is exported as .py (a script that needs NumPy alone) or .h (one C99 header), "
        f"but {asked} was asked for. ONNX and SavedModel are not offered; for serving from Python use the .py file, "
        "from any other language the .h file behind a C function"
    )


def text_of(exported: Exported, path: str | os.PathLike[str]) -> str:
    """The text of the export that the suffix of ``path`` names; a warning where it is very large."""
    text = FORMATS[os.path.splitext(path)[1].lower()](exported)
    if len(text) > LARGE:
        warn(
            f"{os.fspath(path)} has {len(text) / 1e6:.0f} MB: its {exported.parameters:,} numbers are written as text, "
            "and compilers and editors are slow with so much of it"
        )
    return text
