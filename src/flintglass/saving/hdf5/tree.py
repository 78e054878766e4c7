"""What an HDF5 file holds, as the rest of saving sees it: groups of groups and datasets, each with attributes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Dataset:
    """An array in a file.

    shape, dtype: as declared, and already checked against the size of the file; ``read`` alone allocates.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], np.ndarray]
    attributes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, array: np.ndarray, attributes: dict[str, Any] | None = None) -> Dataset:
        """The dataset that writes this array."""
        return cls(array.shape, array.dtype, lambda: array, dict(attributes or {}))


@dataclass
class Group:
    """A folder in a file: names onto groups and datasets.

    attributes: name -> str, number or array (of numbers, or an object array of str).
    """

    members: dict[str, Group | Dataset] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def group(self, path: str) -> Group:
        """The group at ``a/b/c`` under this one; those that are missing are made (for writing)."""
        found = self
        for name in filter(None, path.split("/")):
            inner = found.members.setdefault(name, Group())
            if not isinstance(inner, Group):
                raise ValueError(f"{name!r} of {path!r} is a dataset, not a group")
            found = inner
        return found
