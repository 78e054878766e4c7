"""The exceptions of flintglass: each message names the place, what was expected, what came, and the way out."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable


class FlintglassError(Exception):
    """What all exceptions of flintglass have in common."""


class ProgramError(FlintglassError, ValueError):
    """A program breaks a rule of the language (types, names, order of definition)."""


class ShapeError(FlintglassError, ValueError):
    """Two shapes do not fit together."""


class NotDifferentiable(FlintglassError, TypeError):
    """A gradient was asked with respect to whole numbers, booleans or texts."""


class DataError(FlintglassError, ValueError):
    """The data given to fit, evaluate or predict cannot be used as they are."""


class IndexOutOfRange(FlintglassError, IndexError):
    """An index, or a label used as one, lies outside the axis that it indexes."""


class NotFinite(FlintglassError, ArithmeticError):
    """A value became infinite or not a number, and ``config.set_nan("raise")`` is in force."""


class NotCompiled(FlintglassError, RuntimeError):
    """A model was asked to train or to evaluate before ``compile()``."""


class ModelFileError(FlintglassError, ValueError):
    """A file of a model cannot be used: damaged, hostile, of another model, or of a kind that is not read.

    file: its path, as it was given. item: the place in it (a member, a key, a layer, a weight); empty for the whole.
    reason: what was expected, what came, and the way out.
    What the file put into item and reason cannot steer a terminal: control characters stand there as escapes.
    """

    def __init__(self, file: object, item: str, reason: str) -> None:
        item, reason = harmless(item), harmless(reason, "\n")
        super().__init__(f"{file}: {item}: {reason}" if item else f"{file}: {reason}")
        self.file, self.item, self.reason = str(file), item, reason

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.file, self.item, self.reason)


def harmless(text: str, allowed: str = "") -> str:
    """The text with escapes for what does not print (control characters, halves of surrogate pairs) nor is allowed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in allowed else c.encode("unicode_escape").decode() for c in text)


class ExportError(FlintglassError, ValueError):
    """A model cannot be written in the language that was asked for."""


class MissingExtra(FlintglassError, ImportError):
    """An optional third-party package is needed and not installed."""


class NeedsConcrete(FlintglassError, TypeError):
    """Python code asked a value, or a size, of a tensor that has none while a program is traced."""


class NoSuchName(FlintglassError, AttributeError):
    """A package of flintglass has no public name of this kind; ``known`` are those that it has.

    The sentence is made where somebody reads it: `from package import module` and hasattr ask for names in vain, and
    a first fit would load difflib for it.
    """

    def __init__(self, package: str, missing: str, known: Iterable[str]) -> None:
        super().__init__(package, missing)
        self._known = tuple(known)

    def __str__(self) -> str:
        package, missing = self.args
        return f"{package} has no {missing!r}. {nearest(missing, self._known)}"

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:
        return type(self), (*self.args, self._known)


# Comparing takes the product of two lengths: 6 s for a name of 5 MB, which a file may hold.
_LONGEST_NAME = 200


def nearest(name: str, options: Iterable[str]) -> str:
    """The sentence that names the known names closest to ``name``, or lists them all when few."""
    known = sorted({str(option) for option in options})
    close = closest(str(name), known) or next((o for o in known if o.lower() == str(name).lower()), None)
    if close:
        return f"Did you mean {close!r}?"
    return "Known names: " + ", ".join(repr(option) for option in known) + "."


def closest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name with the fewest slips of those that are like this one; None where none is."""
    if len(name) > _LONGEST_NAME:
        return None
    import difflib  # here, for the 1 ms that a process without a mistake need not spend

    close = difflib.get_close_matches(name, known, n=5, cutoff=cutoff)
    return min(close, key=lambda option: _slips(name, option), default=None)


def _slips(typed: str, meant: str) -> int:
    """How many letters are missing, too many, wrong, or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, 1):
        row = [i]
        for j, wanted in enumerate(meant, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != wanted)))
            if before and j > 1 and letter == meant[j - 2] and typed[i - 2] == wanted:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's code that led here."""
    package = os.path.dirname(os.path.abspath(__file__)) + os.sep
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(harmless(message, "\n"), category, stacklevel=level + 1)
