"""What compile() was given, as a dictionary of a file, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from flintglass import losses, metrics, optimizers
from flintglass.customs import custom
from flintglass.identifiers import described
from flintglass.losses.base import Loss
from flintglass.metrics.base import Metric
from flintglass.optimizers.base import Optimizer
from flintglass.tracing import allowance

_KNOWN = ("optimizer", "loss", "metrics", "weighted_metrics")
_PASSED_ON = ("loss_weights", "run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")
# A metric's state is no part of a file, so no file bounds it: thresholds and classes are bounded here. An AUC takes
# 1 ms to make, and 5 us for each threshold.
_LARGEST_SETTING = 100_000
_LONGEST_SETTING = 20_000
_COST_OF_A_VALUE = 0.1
_COST_OF_A_METRIC, _COST_OF_A_LOSS = 40, 4  # in operations, which take 50 us


def compile_config(model: Any) -> dict[str, Any]:
    """The arguments of compile(), as Keras writes them; empty for a model that was not compiled."""
    compiled = model._compiled
    if compiled is None:
        return {}
    return {
        "optimizer": optimizers.serialize(compiled.optimizer),
        "loss": _each(compiled.loss, lambda loss: _described(loss, "losses")),
        "loss_weights": _each(compiled.loss_weights, _plain),
        "metrics": _each(compiled.given_metrics, lambda metric: _described(metric, "metrics")),
        "weighted_metrics": _each(compiled.given_weighted_metrics, lambda metric: _described(metric, "metrics")),
        "run_eagerly": bool(model.run_eagerly),
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def compile_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of compile() that a configuration describes."""
    unknown = next((key for key in config if key not in _KNOWN and key not in _PASSED_ON), None)
    if unknown is not None:
        raise ValueError(f"compile() takes no {unknown!r:.80}; what is known is {', '.join((*_KNOWN, *_PASSED_ON))}")
    found = {key: config[key] for key in _PASSED_ON if config.get(key) is not None}
    optimizer = config.get("optimizer")
    if optimizer is not None:
        found["optimizer"] = _of_kind(optimizers.deserialize(optimizer), Optimizer, "optimizer")
    found["loss"] = _each(config.get("loss"), loss_from)
    for key in ("metrics", "weighted_metrics"):
        found[key] = _each(config.get(key), metric_from)
    return found


def _described(value: Any, room: str) -> Any:
    return described(value() if isinstance(value, type) else value, room)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _each(value: Any, make: Callable[[Any], Any]) -> Any:
    """What is made of each item of lists, and of dictionaries by output; None stays."""
    if isinstance(value, (list, tuple)):
        return [_each(item, make) for item in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {str(key): _each(item, make) for key, item in value.items()}
    return None if value is None else make(value)


def loss_from(value: Any) -> Any:
    """The loss that an entry of a configuration describes."""
    allowance.work(_COST_OF_A_LOSS)
    if isinstance(value, str) and custom(value) is None:
        return value
    found = losses.deserialize(value)
    return found if callable(found) and not isinstance(found, Metric) else _of_kind(found, Loss, "loss")


def metric_from(value: Any) -> Any:
    """The metric that an entry of a configuration describes."""
    allowance.work(_COST_OF_A_METRIC)
    if isinstance(value, str) and custom(value) is None:
        return value
    if isinstance(value, Mapping):
        if value.get("class_name") == "function":
            return _function(value)
        _require_small(value.get("config"))
    found = metrics.deserialize(value)
    return found if callable(found) else _of_kind(found, Metric, "metric")


def _function(value: Mapping[str, Any]) -> Any:
    """A function of the user's own, or one of the tables of metrics and losses."""
    own = custom(value.get("config"))
    if own is not None:
        return own
    from flintglass.metrics.registry import FUNCTIONS

    return FUNCTIONS.named(value.get("config"))  # type: ignore[arg-type]  # what is no text is refused there


def _require_small(settings: Any) -> None:
    if isinstance(settings, list):
        allowance.work(int(len(settings) * _COST_OF_A_VALUE))
        if len(settings) > _LONGEST_SETTING:
            raise ValueError(f"a metric's setting of {len(settings)} values is longer than any that a file may ask for")
    for item in settings.values() if isinstance(settings, Mapping) else settings if isinstance(settings, list) else ():
        if isinstance(item, (Mapping, list)):
            _require_small(item)
        elif isinstance(item, int) and abs(item) > _LARGEST_SETTING:
            raise ValueError(f"a metric's setting of {item} is larger than any that a file may ask for")
        elif isinstance(item, int):
            allowance.work(int(abs(item) * _COST_OF_A_VALUE))


def _of_kind(found: Any, kind: type, word: str) -> Any:
    if not isinstance(found, kind):
        raise ValueError(f"{found!r:.80} is no {word}")
    return found
