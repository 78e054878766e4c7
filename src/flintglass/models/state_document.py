"""The document of a run's state, which somebody else may have written: all of it is looked at before any is used."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from flintglass.errors import ModelFileError

_LARGEST_SEED = 2**63
_WORDS_OF_PYTHON, _WORDS_OF_NUMPY = 625, 624


def require_document(path: str, about: Any) -> None:
    """ModelFileError, which names the place, where the document of ``TrainingState.write`` holds something else."""
    found = next(_wrong(about), None)
    if found is not None:
        raise ModelFileError(path, found, "there stands something else than BackupAndRestore writes")


def require_alike(path: str, place: str, kept: Any, own: Any) -> None:
    """ModelFileError where a callback's state is of another kind than the one that the callback has now."""
    wrong = next(_unlike(kept, own, place), None)
    if wrong is not None:
        raise ModelFileError(path, wrong, "there stands something else than the callback writes")


def _wrong(about: Any) -> Iterator[str]:
    if not isinstance(about, Mapping):
        yield "about"
        return
    for name, holds in _HOLD.items():
        if name not in about or not holds(about[name]):
            yield name


def _plain(value: Any) -> bool:
    """True for what can be compared with == as a whole: an array cannot."""
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


def _position(value: Any) -> bool:
    return _has(value, "epoch", "step", "begun") and (
        _count(value["epoch"]) and _count(value["step"]) and isinstance(value["begun"], bool)
    )


def _maker(value: Any) -> bool:
    return _has(value, "version", "engine", "instruction_set") and all(
        isinstance(item, str) or item is None for item in value.values()
    )


def _callbacks(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], Mapping)
        for item in value
    )


def _randoms(value: Any) -> bool:
    """True for states that the generators take; they are given to others first."""
    if not _has(value, "python", "numpy", "global_seed"):
        return False
    seed = value["global_seed"]
    try:
        version, words, rest = value["python"]
        if words.shape != (_WORDS_OF_PYTHON,) or words.dtype != np.uint32 or not (rest is None or _number(rest)):
            return False
        random.Random().setstate((version, tuple(words.tolist()), rest))
        inner = value["numpy"]["state"]
        if inner["key"].shape != (_WORDS_OF_NUMPY,) or not 0 <= inner["pos"] <= _WORDS_OF_NUMPY:
            return False
        np.random.RandomState().set_state(value["numpy"])
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return False
    return seed is None or (isinstance(seed, np.ndarray) and seed.dtype.kind in "iu")


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62


def _number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _has(value: Any, *keys: str) -> bool:
    return isinstance(value, Mapping) and set(value) == set(keys)


_HOLD = {
    "run": lambda value: isinstance(value, Mapping) and all(map(_plain, value.values())),
    "made_by": _maker,
    "position": _position,
    "seed": lambda value: value is None or (type(value) is int and 0 <= value < _LARGEST_SEED),
    "given": lambda value: isinstance(value, Mapping) and all(map(_count, value.values())),
    "stop_training": lambda value: isinstance(value, bool),
    "logs": lambda value: isinstance(value, Mapping),
    "callbacks": _callbacks,
    "random": _randoms,
}


def _unlike(kept: Any, own: Any, place: str) -> Iterator[str]:
    """The places where two states differ in kind. What is None may become a number or arrays, and the reverse."""
    if own is None or kept is None:
        if isinstance(kept if own is None else own, (str, Mapping)):
            yield place
    elif isinstance(own, bool) or isinstance(kept, bool):
        if type(kept) is not type(own):
            yield place
    elif _number(own) or _number(kept):
        if not (_number(own) and _number(kept)):
            yield place
    elif isinstance(own, Mapping) and isinstance(kept, Mapping):
        for name in own:
            if name in kept:
                yield from _unlike(kept[name], own[name], f"{place}/{name}")
            else:
                yield f"{place}/{name}"
    elif type(own) is not type(kept) and not {type(own), type(kept)} <= {list, tuple}:
        yield place
