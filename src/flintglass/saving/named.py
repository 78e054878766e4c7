"""Weights by readable names (``dense/kernel``), as safetensors and ``.npz`` hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flintglass.layers.stored import Stored
from flintglass.saving.assigning import Assignment
from flintglass.saving.hdf5.tree import Dataset
from flintglass.saving.layout import refuse_assets
from flintglass.saving.places import Place, places
from flintglass.tracing.variable import Variable


def weights_by_name(model: Any) -> dict[str, Variable]:
    """The model's weights by names that do not depend on how many layers were made before.

    ``dense_1/kernel`` is of the second Dense of a list of layers; ``inner/dense/bias`` of one inside an attribute.
    Optimizers and random generators are left out.
    """
    found: dict[str, Variable] = {}
    for place in places(model):
        if not isinstance(place.thing, Stored):
            continue
        _require_plain(place)
        parts = [part for part in place.path.split("/") if part and part != "layers"]
        for name, variable in zip(place.names, place.variables, strict=True):
            found[_free("/".join([*parts, name]), found)] = variable
    return found


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _require_plain(place: Place) -> None:
    refuse_assets(place)
    kind = type(place.thing)
    if kind.save_own_variables is not Stored.save_own_variables:
        raise NotImplementedError(
            f"{kind.__name__} {place.thing.name!r} writes its variables itself (save_own_variables), which only files "
            "ending in .weights.h5 or .keras hold"
        )


def arrays_by_name(model: Any) -> dict[str, np.ndarray]:
    """Copies of the weights, to write."""
    return {name: variable.numpy() for name, variable in weights_by_name(model).items()}


def assignment_by_name(model: Any, datasets: Mapping[str, Dataset], plan: Assignment) -> Assignment:
    """Enter the weights of a file; ModelFileError for those that are missing, too many or unlike."""
    own = weights_by_name(model)
    for name, variable in own.items():
        if name not in datasets:
            plan.mismatch(name, "the file has no such weight")
        else:
            plan.fit(name, {"it": variable}, {"it": datasets[name]})
    for name in datasets:
        if name not in own:
            plan.mismatch(name, "the model has no such weight")
    return plan
