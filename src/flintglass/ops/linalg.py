"""keras.ops.linalg: the same operations under their second name."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.faces import lazy_face

_NAMES = "cholesky cholesky_inverse det eigh inv lstsq norm qr solve solve_triangular svd"
TABLE = {name: ops.TABLE[name] for name in _NAMES.split()}

__all__ = sorted(TABLE)
_known, __dir__ = lazy_face(__name__, TABLE)


def __getattr__(name: str) -> Any:
    # Taken from ops, where a function called on placeholders joins their graph.
    found = getattr(ops, name) if name in TABLE else _known(name)
    globals()[name] = found
    return found
