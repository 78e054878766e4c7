"""Losses and metrics by name and by configuration: Keras's identifiers, defaults, names and dictionaries."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from tests.keras.sides import SIDES, fresh, one_in
from tests.keras.table.parts import LOSSES, METRICS
from tests.keras.test_configs import plain

CONFIGURED = [*(("losses", *case) for case in LOSSES.items()), *(("metrics", *case) for case in METRICS.items())]
NAMES = [f"{room}-{name}" for room, name, _ in CONFIGURED]
# Settings that Keras leaves out of its configurations, and flintglass keeps: tests/keras/test_disagreements.py.
KEPT = {("losses", "Huber"): {"delta"}}
# Known to Keras alone: a loss of sequences, and what belongs to TensorFlow.
LATER = {"CTC", "ctc"}


@pytest.mark.parametrize(("room", "name", "case"), one_in(4, CONFIGURED), ids=NAMES)
def test_the_configuration_is_the_dictionary_of_keras(room: str, name: str, case: Any) -> None:
    kind, settings, _ = case
    with fresh():
        kept, made = (getattr(getattr(side, room), kind)(**settings) for side in SIDES)
        mine, other = plain(made.get_config()), _plain(kept.get_config())
        assert {key: value for key, value in mine.items() if key not in KEPT.get((room, kind), ())} == other
        assert made.name == kept.name
        again = plain(type(made).from_config(other).get_config())
        assert {key: again[key] for key in other} == other


def _plain(config: dict[str, Any]) -> Any:
    """As a file would hold it; Keras leaves a tensor among an AUC's settings."""
    return plain({key: value.tolist() if hasattr(value, "tolist") else value for key, value in config.items()})


def _public(side: Any, room: str) -> dict[str, Any]:
    module = getattr(side, room)
    return {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}


@pytest.mark.parametrize("room", ["losses", "metrics"])
def test_every_public_name_of_keras_is_there_with_its_arguments_and_defaults(room: str) -> None:
    kept, made = (_public(side, room) for side in SIDES)
    assert sorted(set(kept) - set(made) - LATER) == []
    for name, thing in kept.items():
        if name not in LATER and callable(thing) and name not in ("get", "serialize", "deserialize", "Loss", "Metric"):
            wanted = _arguments(thing)
            assert _arguments(made[name]) == wanted, name


def _arguments(thing: Any) -> list[tuple[str, Any]]:
    found = inspect.signature(thing).parameters.values()
    return [(item.name, item.default) for item in found if item.kind is not inspect.Parameter.VAR_KEYWORD]


@pytest.mark.parametrize("room", ["losses", "metrics"])
def test_every_identifier_of_keras_finds_the_same(room: str) -> None:
    from keras.src import losses, metrics

    identifiers = {"losses": losses, "metrics": metrics}[room].ALL_OBJECTS_DICT
    with fresh():
        for word, thing in identifiers.items():
            if word in LATER or word in ("Loss", "Metric", "metric") or _needs(thing):
                continue
            kept, made = (getattr(side, room).get(word) for side in SIDES)
            assert type(made).__name__ == type(kept).__name__, word
            assert getattr(made, "name", None) == getattr(kept, "name", None), word
            assert getattr(made, "__name__", None) == getattr(kept, "__name__", None), word


def _needs(thing: Any) -> bool:
    """True for a class that cannot be made without settings."""
    return inspect.isclass(thing) and any(
        item.default is item.empty and item.kind is item.POSITIONAL_OR_KEYWORD
        for item in inspect.signature(thing).parameters.values()
    )
