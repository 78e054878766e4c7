"""The lane beside real Keras: tests in this folder carry the `keras` mark, and need Keras to be read."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

if importlib.util.find_spec("keras") is None:
    collect_ignore_glob = ["test_*.py"]

# What Keras warns of is not ours to mend; what flintglass warns of stays an error.
KERAS_WARNS = (
    "ignore::DeprecationWarning:keras",
    "ignore::UserWarning:keras",
    "ignore:Do not pass an `input_shape`:UserWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.keras)
            for warning in KERAS_WARNS:
                item.add_marker(pytest.mark.filterwarnings(warning))
