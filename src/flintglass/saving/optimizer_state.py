"""The state of an optimizer in a file: Keras 3's order of variables, and the orders of Keras 2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flintglass.saving.assigning import unlike
from flintglass.saving.hdf5.tree import Dataset
from flintglass.tracing.allowance import granting
from flintglass.tracing.variable import Variable

# Optimizers of Keras 2 that keep the counter, then their slots in the order that Keras 3 kept, but no rate.
SAME_ORDER = frozenset({"Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adamax", "Lion"})
# What the oldest ones called a slot -> its place among ours.
SLOTS = {"m": 0, "v": 1, "vhat": 2, "momentum": 0, "rms": 0, "accumulator": 0}
_OLDEST = re.compile(r"^(?:training/)?\w+/(?P<weight>.+)/(?P<slot>m|v|vhat|momentum|rms|accumulator)(?::0)?$")


def pairs_of(
    optimizer: Any, stored: Sequence[Dataset], model: Any, older: bool, names: Sequence[str] = ()
) -> list[tuple[Variable, Dataset]] | str:
    """Which stored array is which variable of the optimizer; or the reason why none can be told.

    The slots are made where the file has any. model: whose weights are trained; None for an optimizer that is built
    already. older: whether Keras 2 wrote the file. names: what the file calls the arrays, where it does.
    """
    rate = optimizer._learning_rate
    counters = [optimizer._iterations, *([rate] if isinstance(rate, Variable) else [])]
    scalars = all(dataset.shape == () for dataset in stored)
    if scalars and len(stored) <= len(counters) and not (older and len(stored) > 1):
        return _matched(counters[: len(stored)], stored)
    if not optimizer.built:
        optimizer.build(_trained(optimizer, stored, model, older))
    own = optimizer.variables
    if older:
        return _older(optimizer, [v for v in own if v is not rate], stored, names)
    found = _matched(own, stored)
    if isinstance(found, str) and len(own) != len(stored):
        found += (
            ". Were other weights trainable when it was trained? Leave the state out: load the model with "
            "compile=False, and compile() it, so that the optimizer starts anew"
        )
    return found


def _trained(optimizer: Any, stored: Sequence[Dataset], model: Any, older: bool) -> list[Variable]:
    """The weights that the state was made for: the trainable ones, or all, where layers were frozen after training."""
    trainable = list(model.trainable_variables)
    unfrozen = [variable for variable in model.weights if variable.trainable]
    if older or len(unfrozen) == len(trainable):
        return trainable
    for wanted in (trainable, unfrozen):
        with granting(None):  # no more numbers than a few for each of the model's
            tried = type(optimizer).from_config(optimizer.get_config())
            tried.build(wanted)
        if not isinstance(_matched(tried.variables, stored), str):
            return wanted
    return trainable


def _older(
    optimizer: Any, own: list[Variable], stored: Sequence[Dataset], names: Sequence[str]
) -> list[tuple[Variable, Dataset]] | str:
    slots = [_OLDEST.match(name) for name in names[1:]]
    if names and slots and all(slots):
        return _oldest(optimizer, stored, [match["slot"] for match in slots if match])
    if type(optimizer).__name__ not in SAME_ORDER or getattr(optimizer, "centered", False):
        return f"the order in which Keras 2 kept the state of {type(optimizer).__name__} is not known here"
    return _matched(own, stored)


def _oldest(optimizer: Any, stored: Sequence[Dataset], slots: list[str]) -> list[tuple[Variable, Dataset]] | str:
    """Of the first optimizers of Keras 2: all of one kind of slot, then all of the next."""
    groups = optimizer.slot_groups()
    found: list[tuple[Variable, Dataset]] = [(optimizer._iterations, stored[0])]
    used: dict[int, int] = {}
    for slot, dataset in zip(slots, stored[1:], strict=True):
        group = SLOTS[slot] + (1 if slot == "momentum" and "rms" in slots else 0)
        number = used[group] = used.get(group, -1) + 1
        if group >= len(groups) or number >= len(groups[group]):
            return f"it keeps {slots.count(slot)} arrays {slot!r}, which {type(optimizer).__name__} has no place for"
        found.append((groups[group][number], dataset))
    if len(found) != 1 + sum(map(len, groups)):
        return f"it keeps {len(found) - 1} slots, but {type(optimizer).__name__} has {sum(map(len, groups))}"
    return _matched([variable for variable, _ in found], [dataset for _, dataset in found])


def _matched(variables: Sequence[Variable], stored: Sequence[Dataset]) -> list[tuple[Variable, Dataset]] | str:
    reason = unlike(
        {str(number): variable for number, variable in enumerate(variables)},
        {str(number): dataset for number, dataset in enumerate(stored)},
    )
    return reason or list(zip(variables, stored, strict=True))
