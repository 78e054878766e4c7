"""The layout of weights before Keras 3: a group for each layer, which lists its weights by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.errors import ModelFileError
from flintglass.saving.assigning import Assignment
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.layout import refuse_assets
from flintglass.saving.places import places
from flintglass.tracing.variable import Variable

LAYERS, NAMES, OWN = "layer_names", "weight_names", "top_level_model_weights"
# The longest attribute of an HDF5 object; a longer list of names is spread over several.
_LONGEST_ATTRIBUTE = 64_000


def is_legacy(root: Group) -> bool:
    """True for a file whose layers are listed in an attribute."""
    return LAYERS in root.attributes or f"{LAYERS}0" in root.attributes


def legacy_tree(model: Any) -> Group:
    """The weights of the model's layers, to write."""
    for place in places(model):
        if hasattr(place.thing, "save_assets"):
            refuse_assets(place)
    root = Group()
    put_names(root, LAYERS, [layer.name for layer in model.layers])
    for layer in model.layers:
        put_weights(root.group(layer.name.replace("/", "_")), ordered(layer))
    put_weights(root.group(OWN), model.stored_variables())
    return root


def put_weights(group: Group, weights: Sequence[Variable], key: str = NAMES) -> None:
    """Put the numbers of variables by their paths, each of which must be another, and list the paths under ``key``."""
    names: list[str] = []
    for variable in weights:
        name, number = variable.path, 0
        while name in names:
            number += 1
            name = f"{variable.path}_{number}"
        names.append(name)
        folder, _, last = name.rpartition("/")
        group.group(folder).members[last] = Dataset.of(variable.numpy())
    put_names(group, key, names)


def put_names(group: Group, key: str, names: list[str]) -> None:
    """Enter a list of names as an attribute, or as several that are numbered where it is long."""
    if sum(len(name.encode()) + 16 for name in names) <= _LONGEST_ATTRIBUTE:
        group.attributes[key] = np.array(names, dtype=object)
        return
    step = max(1, _LONGEST_ATTRIBUTE // max(len(name.encode()) + 16 for name in names))
    for number, start in enumerate(range(0, len(names), step)):
        group.attributes[f"{key}{number}"] = np.array(names[start : start + step], dtype=object)


def ordered(layer: Any) -> list[Variable]:
    """A layer's weights in the order of these files: those that train, then the others."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def texts_of(group: Group, key: str, plan: Assignment, place: str) -> list[str]:
    """A list of names in an attribute, or in several that are numbered."""
    values = group.attributes.get(key)
    if values is None:
        parts = [group.attributes[f"{key}{n}"] for n in range(len(group.attributes)) if f"{key}{n}" in group.attributes]
        values = np.concatenate([np.atleast_1d(part) for part in parts]) if parts else None
    if values is None:
        raise plan.refuse(place, f"it has no attribute {key!r}, which lists what is in it")
    names = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in np.atleast_1d(values)]
    if not all(isinstance(name, str) for name in names):
        raise plan.refuse(place, f"its attribute {key!r} holds other things than names")
    if len(set(names)) < len(names):
        raise plan.refuse(place, f"its attribute {key!r} holds a name twice")
    return names


def datasets_of(group: Group, plan: Assignment, place: str) -> dict[str, Dataset]:
    """The arrays that a group lists, in its order."""
    found: dict[str, Dataset] = {}
    for name in texts_of(group, NAMES, plan, place):
        item: Any = group
        for part in filter(None, name.split("/")):
            item = item.members.get(part) if isinstance(item, Group) else None
        if not isinstance(item, Dataset):
            raise plan.refuse(f"{place}/{name}", "it is listed, but not there")
        found[name] = item
    return found


def legacy_assignment(
    model: Any, root: Group, plan: Assignment, by_name: bool = False, named: Collection[str] | None = None
) -> Assignment:
    """Enter the layers' weights, in their order, or (``by_name``) those of layers that the file has too.

    named: the names of layers that the file's configuration gave, where the model is made from it; weights that carry
    the name of another one of them are refused.
    """
    listed = texts_of(root, LAYERS, plan, "")
    stored: dict[str, dict[str, Dataset]] = {}
    for name in listed:
        group = root.members.get(name)
        if not isinstance(group, Group):
            raise plan.refuse(name, "it is listed among the layers, but not there")
        stored[name] = datasets_of(group, plan, name)
    pairs = _pairs_by_name(model, stored) if by_name else _pairs(model, stored, plan, named is not None)
    for layer, name in pairs:
        other = name if name != layer.name and {name, layer.name} <= set(named or ()) else _said(layer, name, stored)
        if other is not None:
            raise plan.refuse(name, f"these are the weights of {other!r}, not of {layer.name!r}")
        _enter(ordered(layer), stored[name], plan, name)
    top = root.members.get(OWN)
    own = model.stored_variables()
    if isinstance(top, Group) and not by_name:
        _enter(own, datasets_of(top, plan, OWN), plan, OWN)
    elif own and not by_name:
        plan.mismatch(OWN, f"the model has {len(own)} weights of its own, which the file does not hold")
    return plan


def _said(layer: Any, name: str, stored: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The other layer of the file that the paths of these weights name; None where they name none."""
    if hasattr(layer, "layers") or not type(layer).__module__.startswith("flintglass.layers"):
        return None  # what is inside may be called as a layer of the whole is
    for path in stored[name]:
        parts = path.split("/")[:-1]
        other = next((part for part in parts if part in stored), None)
        if other is not None and name not in parts:
            return other
    return None


def _pairs_by_name(model: Any, stored: dict[str, Any]) -> list[tuple[Any, str]]:
    return [(layer, layer.name) for layer in model.layers if layer.name in stored]


def _pairs(model: Any, stored: dict[str, dict[str, Dataset]], plan: Assignment, whole: bool) -> list[tuple[Any, str]]:
    """The layers with the names of their groups; ``whole``: the model is made from the same file."""
    own = [layer for layer in model.layers if layer.weights]
    names = [name for name, datasets in stored.items() if datasets]
    if len(own) != len(names):
        unbuilt = "" if model.built else "; it is not built yet: call it on data first"
        hint = f"{unbuilt}. by_name=True loads the layers of equal names"
        if whole and not model.built:
            hint = (
                ": it has a call of its own, and an .h5 file need not tell the shapes that it is built for. Make the "
                "model by its class, call it on data, and give it the weights by model.load_weights(path)"
            )
        elif whole:
            hint = ", though it is made from the same file, which is damaged"
        raise plan.refuse(
            "",
            f"the file holds weights of {len(names)} layers ({', '.join(names[:6])}), but the model has "
            f"{len(own)} with weights{hint}",
        )
    return list(zip(own, names, strict=True))


def _enter(variables: Sequence[Variable], datasets: dict[str, Dataset], plan: Assignment, place: str) -> None:
    """Enter by order; weights that are called as the layer's own are, but in another order, are refused."""
    theirs = [name.split("/")[-1].partition(":")[0] for name in datasets]
    ours = [variable.path.split("/")[-1] for variable in variables]
    if theirs != ours and sorted(theirs) == sorted(ours):
        raise plan.refuse(place, f"it lists its weights as {theirs}; the layer's are {ours}")
    numbered = dict(enumerate(datasets.values()))
    plan.fit(
        place,
        {str(number): variable for number, variable in enumerate(variables)},
        {str(number): dataset for number, dataset in numbered.items()},
    )


def text_attribute(root: Group, key: str, file: str) -> str | None:
    """A text among the root's attributes; None where there is none."""
    value = root.attributes.get(key)
    if isinstance(value, np.ndarray) and value.shape == () and value.dtype == object:
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if value is not None and not isinstance(value, str):
        raise ModelFileError(file, key, f"the attribute holds a {type(value).__name__}, not a text")
    return value
