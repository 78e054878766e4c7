"""Keras 3's layout of weights in HDF5: a group for each part of a model, its variables under ``vars`` by number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from flintglass.errors import warn
from flintglass.layers.stored import Stored
from flintglass.optimizers.base import Optimizer
from flintglass.random import SeedGenerator
from flintglass.saving.assigning import Assignment
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.optimizer_state import pairs_of
from flintglass.saving.places import Place, places

VARIABLES = "vars"
# Keras 2.12 and 2.13 wrote ``.keras`` files with another name for a model's list of layers.
OLDER_LAYERS = "_layer_checkpoint_dependencies"


def tree_of(model: Any) -> Group:
    """All variables of the model, its optimizer's and its random generators' among them, as a tree to write."""
    root = Group()
    for place in places(model):
        store: dict[str, Any] = {}
        if isinstance(place.thing, Stored):
            refuse_assets(place)
            place.thing.save_own_variables(store)
        else:
            store = {str(number): variable.numpy() for number, variable in enumerate(place.variables)}
        group = root.group(f"{place.path}/{VARIABLES}")
        group.attributes["name"] = str(place.thing.name)
        for name, value in store.items():
            group.members[str(name)] = Dataset.of(_array(place, name, value))
    return root


def refuse_assets(place: Place) -> None:
    """NotImplementedError for a layer with files of its own, which would be lost."""
    if type(place.thing).save_assets is not Stored.save_assets:
        raise NotImplementedError(
            f"{type(place.thing).__name__} {place.thing.name!r} keeps files of its own (save_assets), which are not "
            "written here; keep what they hold in variables, or put arrays into the store of save_own_variables"
        )


def _array(place: Place, name: Any, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not isinstance(name, str):
        raise TypeError(
            f"save_own_variables of {place.said} put {name!r} into the store: it takes names and arrays of numbers, "
            f"not an array of dtype {array.dtype}"
        )
    return array


def assignment_of(
    model: Any, root: Group, plan: Assignment, strict: bool, older: bool = False, named: Collection[str] = ()
) -> Assignment:
    """Enter everything that the tree holds for the model; ModelFileError where they do not fit.

    strict: whether the optimizer's state must fit too (it is left out with a warning otherwise). older: whether Keras
    2 wrote the file. named: the names of layers that the file's configuration gave; weights that carry the name of
    another one of them are refused.
    """
    root = _as_layers(root)
    claimed: set[str] = set()
    everywhere = places(model)
    for place in everywhere:
        group = _group(root, f"{place.path}/{VARIABLES}" if place.path else VARIABLES)
        found = {name: item for name, item in (group.members if group else {}).items() if isinstance(item, Dataset)}
        claimed.update(f"{place.path}/{VARIABLES}/{name}".lstrip("/") for name in found)
        said = group.attributes.get("name") if group else None
        if said is not None and said != place.thing.name and {said, place.thing.name} <= set(named):
            raise plan.refuse(place.said, f"these are the weights of {said!r}, not of {place.thing.name!r}")
        if isinstance(place.thing, Optimizer):
            _enter_optimizer(place, _owner(everywhere, place), found, plan, strict, older)
        elif isinstance(place.thing, SeedGenerator):
            if found:
                plan.fit(place.path, {"0": place.thing.state}, found)
        else:
            _enter_layer(place, found, plan)
    for path in _datasets(root):
        if path not in claimed and not _passed_over(path, model):
            plan.mismatch(path, "the model has no such weight")
    return plan


def _enter_layer(place: Place, found: dict[str, Dataset], plan: Assignment) -> None:
    if type(place.thing).load_own_variables is not Stored.load_own_variables:
        plan.hook(place.said, place.thing, found)
        return
    variables = {str(number): variable for number, variable in enumerate(place.variables)}
    if found and not variables and not place.thing.built:
        raise plan.refuse(
            place.said,
            f"layer {place.thing.name!r} is not built yet, so it has no weights to load into; call the model on data, "
            "or build it, first",
        )
    plan.fit(place.said, variables, found)


def _enter_optimizer(
    place: Place, owner: Any, found: dict[str, Dataset], plan: Assignment, strict: bool, older: bool
) -> None:
    if not found:
        if strict and place.path == "optimizer":
            warn(f"{plan.file}: the file holds no state of the optimizer, which starts anew")
        return
    stored = [found.get(str(number)) for number in range(len(found))]
    if any(dataset is None for dataset in stored):
        pairs: Any = "its arrays are not numbered from 0 on"
    elif owner is None and not place.thing.built and len(stored) > 2:
        pairs = "the optimizer is not built yet: call its build(variables) before weights are loaded"
    else:
        pairs = pairs_of(place.thing, [dataset for dataset in stored if dataset is not None], owner, older)
    if not isinstance(pairs, str):
        plan.pairs += [(f"{place.path}/{number}", *pair) for number, pair in enumerate(pairs)]
    elif strict and not older:
        plan.mismatch(place.path, pairs)
    else:
        warn(f"{plan.file}: {place.path}: the state of {place.thing.name} is not loaded, it starts anew: {pairs}")


def _owner(everywhere: list[Place], place: Place) -> Any:
    """The model that trains by this optimizer; None for an optimizer that is an attribute of the user's own."""
    above, _, name = place.path.rpartition("/")
    owner = next((other.thing for other in everywhere if other.path == above), None)
    return owner if name == "optimizer" and getattr(owner, "optimizer", None) is place.thing else None


def _passed_over(path: str, model: Any) -> bool:
    """True for what may be in a file and have no place in the model: metrics, seeds, an optimizer not compiled."""
    parts = path.split("/")[:-2]
    return bool(parts) and (
        parts[0] == "metrics" or parts[-1] == "optimizer" or any(part.startswith("seed_generator") for part in parts)
    )


def _as_layers(root: Group) -> Group:
    """The tree with today's name for lists of layers."""
    members: dict[str, Group | Dataset] = {}
    for name, item in root.members.items():
        known = "layers" if name == OLDER_LAYERS and "layers" not in root.members else name
        members[known] = _as_layers(item) if isinstance(item, Group) else item
    return Group(members, root.attributes)


def _group(root: Group, path: str) -> Group | None:
    found: Any = root
    for name in path.split("/"):
        found = found.members.get(name) if isinstance(found, Group) else None
    return found if isinstance(found, Group) else None


def _datasets(group: Group, path: str = "") -> Iterator[str]:
    for name, item in group.members.items():
        inner = f"{path}/{name}" if path else name
        if isinstance(item, Dataset):
            yield inner
        else:
            yield from _datasets(item, inner)


def elements(group: Group, leave_out: Collection[str] = ()) -> int:
    """How many numbers the tree holds, without these members of its root."""
    return _count({name: item for name, item in group.members.items() if name not in leave_out})


def _count(members: Mapping[str, Group | Dataset]) -> int:
    total = 0
    for item in members.values():
        total += _count(item.members) if isinstance(item, Group) else int(np.prod(item.shape, dtype=np.float64))
    return total
