"""An assignment of a file's arrays to variables: everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from flintglass.errors import ModelFileError, warn
from flintglass.saving.hdf5.tree import Dataset
from flintglass.tracing.variable import Variable


@dataclass
class Assignment:
    """What is to be written where, with the file and the item that messages name.

    skip_mismatch: what does not fit is left out, with a warning, instead of refused.
    """

    file: str
    item: str = ""
    skip_mismatch: bool = False
    pairs: list[tuple[str, Variable, Dataset]] = field(default_factory=list)
    hooks: list[tuple[str, Any, dict[str, Dataset]]] = field(default_factory=list)

    def refuse(self, place: str, reason: str) -> ModelFileError:
        """The exception for this place."""
        return ModelFileError(self.file, f"{self.item}: {place}" if self.item and place else self.item or place, reason)

    def mismatch(self, place: str, reason: str) -> None:
        """Raise, or warn where mismatches are skipped."""
        if not self.skip_mismatch:
            raise self.refuse(place, reason)
        warn(f"{self.file}: {place} is left as it is: {reason}")

    def fit(self, place: str, variables: Mapping[str, Variable], datasets: Mapping[str, Dataset]) -> None:
        """Enter all of a part's variables by name; a mismatch of one leaves out all."""
        reason = unlike(variables, datasets)
        if reason:
            self.mismatch(place, reason)
            return
        self.pairs += [(f"{place}/{name}", variable, datasets[name]) for name, variable in variables.items()]

    def hook(self, place: str, layer: Any, datasets: dict[str, Dataset]) -> None:
        """Enter a layer that reads its store itself."""
        self.hooks.append((place, layer, datasets))

    def apply(self, also: Callable[[], None] | None = None) -> None:
        """Read every array, then write; where anything fails, all variables are what they were before."""
        arrays = [(variable, self._read(place, variable, dataset)) for place, variable, dataset in self.pairs]
        stores = [
            (place, layer, {name: dataset.read() for name, dataset in datasets.items()})
            for place, layer, datasets in self.hooks
        ]
        touched = {id(v): v for v, _ in arrays}
        touched.update((id(v), v) for _, layer, _ in stores for v in layer.variables)
        before = [(variable, variable.storage.copy()) for variable in touched.values()] if stores else []
        for variable, array in arrays:
            variable.overwrite(array)
        try:
            for place, layer, store in stores:
                self._load(place, layer, store)
        except BaseException:
            for variable, array in before:
                variable.overwrite(array)
            raise
        if also is not None:
            also()

    def _load(self, place: str, layer: Any, store: dict[str, np.ndarray]) -> None:
        try:
            layer.load_own_variables(store)
        except MemoryError:
            raise
        except Exception as error:
            raise self.refuse(place, f"load_own_variables of {type(layer).__name__} failed: {error}") from error

    def _read(self, place: str, variable: Variable, dataset: Dataset) -> np.ndarray:
        array = dataset.read()
        want = variable.storage.dtype
        if array.shape != variable.storage.shape:
            raise self.refuse(place, f"it has the shape {array.shape}, but was declared as {dataset.shape}")
        if array.dtype == want:
            return array
        found = array.astype(want)
        if want.kind in "iub" and not np.array_equal(found, array):
            raise self.refuse(place, f"it holds numbers that are too large for {want}")
        return found


def unlike(variables: Mapping[str, Variable], datasets: Mapping[str, Dataset]) -> str:
    """Why these arrays are not those of the variables; empty where they are."""
    if len(variables) != len(datasets):
        return f"the model has {_listed(variables)} there, the file has {_listed(datasets)}"
    missing = [name for name in variables if name not in datasets]
    if missing:
        return f"the file has no {missing[0]!r} there, but {_listed(datasets)}"
    for name, variable in variables.items():
        dataset, own = datasets[name], variable.storage
        if tuple(dataset.shape) != own.shape:
            return f"{name} has the shape {tuple(dataset.shape)} in the file, but {variable.path} has {own.shape}"
        if not may_become(dataset.dtype, own.dtype):
            return (
                f"{name} is of dtype {dataset.dtype} in the file, but {variable.path} is {own.dtype}, which cannot "
                "hold it; make the layer with that dtype"
            )
    return ""


def may_become(have: np.dtype[Any], want: np.dtype[Any]) -> bool:
    """True where numbers of one dtype may be read into another: no digit is lost, or (whole numbers) it is checked."""
    if have.kind in "iu" and want.kind in "iu":
        return True
    return have == want or (have.kind == want.kind and np.can_cast(have, want, "safe"))


def _listed(named: Mapping[str, Any]) -> str:
    shapes = [str(tuple(getattr(item, "storage", item).shape)) for item in list(named.values())[:6]]
    more = ", ..." if len(named) > 6 else ""
    return f"{len(named)} array{'' if len(named) == 1 else 's'}" + (f" ({', '.join(shapes)}{more})" if named else "")
