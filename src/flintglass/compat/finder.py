"""Finds the modules of TensorFlow and Keras, of any era, in the tables of names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from flintglass.compat.answering import Answer, not_offered, plain

ROOTS = ("tensorflow", "keras", "tf_keras")


class Finder(MetaPathFinder, Loader):
    """What ``sys.meta_path`` asks first. The tables are read when the first of these modules is imported."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in ROOTS:
            return None
        from flintglass.compat.names import MODULES

        if plain(fullname) not in MODULES:
            room = sys.modules.get(fullname.rpartition(".")[0])
            # Not this name itself, of which Python would think that the import may go on without it.
            raise ModuleNotFoundError(not_offered(fullname, dir(room)), name=fullname.partition(".")[0])
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        from flintglass.compat.names import MODULES
        from flintglass.compat.older import accept_older

        table, package = MODULES[plain(spec.name)]
        return Answer(spec.name, table, package, inner(plain(spec.name)), accept_older)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing runs: names are looked up when they are asked for."""


def inner(room: str) -> frozenset[str]:
    """The names of the modules below one."""
    from flintglass.compat.names import MODULES

    below = room + "."
    found = {name[len(below) :].partition(".")[0] for name in MODULES if name.startswith(below)}
    return frozenset({*found, "keras"} if room == "tensorflow" else found)
