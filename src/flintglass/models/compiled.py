"""What compile() fixes: optimizer, losses and metrics for each output, and which variables train."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass import losses, metrics, optimizers
from flintglass.errors import warn
from flintglass.tracing.structure import flatten
from flintglass.tracing.tracking import Tracked
from flintglass.tracing.variable import Variable


def require_way(run_eagerly: Any, steps_per_execution: Any, jit_compile: Any) -> None:
    """Raise ValueError where compile() is told in no known way how steps run."""
    if run_eagerly not in (None, True, False):
        raise ValueError(f"compile(run_eagerly=...) is True or False, not {run_eagerly!r}")
    steps = steps_per_execution
    counted = isinstance(steps, (int, np.integer)) and not isinstance(steps, bool) and steps >= 1
    if not counted and steps not in (None, "auto"):
        raise ValueError(f"compile(steps_per_execution=...) is a positive whole number, not {steps!r}")
    if jit_compile not in (None, True, False, "auto"):
        raise ValueError(f"compile(jit_compile=...) is True, False or 'auto', not {jit_compile!r}")


class Compiled(Tracked):
    """The training settings of a model; losses and metrics are resolved when the outputs are known."""

    def __init__(self, optimizer: Any, loss: Any, loss_weights: Any, given_metrics: Any, weighted_metrics: Any) -> None:
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self.loss_weights = loss_weights
        self.given_metrics = given_metrics
        self.given_weighted_metrics = weighted_metrics
        self.loss_tracker = metrics.Mean(name="loss")
        self.output_trackers: list[Any] = []
        self._losses: list[Any] | None = None
        self._metrics: list[list[Any]] = []
        self._weighted: list[list[Any]] = []
        self._trained: list[Variable] | None = None
        self._told_change = False
        # An unknown name is told by compile(), not by the first fit.
        for item in flatten(loss):
            if not isinstance(item, str) or item.lower() not in losses.RESOLVED_LATER:
                losses.get(item)
        for item in flatten([given_metrics, weighted_metrics]):
            is_later = isinstance(item, str) and item.lower() in metrics.RESOLVED_LATER
            if not is_later and not isinstance(item, type):
                metrics.get(item)
        for item in flatten(loss_weights):
            if isinstance(item, bool) or not isinstance(item, (int, float, np.number, type(None))):
                hint = "; metrics are given by name: metrics=[...]" if isinstance(item, str) or callable(item) else ""
                raise ValueError(f"compile(loss_weights=...) takes numbers, one for each output, not {item!r}{hint}")

    def require_fit(self, output_names: list[str]) -> None:
        """Raise ValueError where losses, weights or metrics were given for other outputs than there are."""
        self._spread("loss", self.loss, output_names)
        self._spread("loss_weights", self.loss_weights, output_names)
        self._spread("metrics", self.given_metrics, output_names, lists=True)
        self._spread("weighted_metrics", self.given_weighted_metrics, output_names, lists=True)

    # -- losses

    def resolve(
        self, output_names: list[str], y_specs: list[Any], prediction_specs: list[Any], named: bool = True
    ) -> None:
        """Settle which loss and metrics go with which output; done once, when the shapes are known.

        Where several outputs are not ``named``, logs call them by their losses, as Keras's do.
        """
        if self._losses is not None:
            return
        targets = [*y_specs, *prediction_specs[len(y_specs) :]]
        self._losses = [
            losses.resolve(item, y.shape, prediction.shape)
            for item, y, prediction in zip(
                self._spread("loss", self.loss, output_names), targets, prediction_specs, strict=True
            )
        ]
        weights = self._spread("loss_weights", self.loss_weights, output_names)
        self._weights = [1.0 if weight is None else float(weight) for weight in weights]
        several = len(output_names) > 1 and named
        found = [(name if named else loss.name) for name, loss in zip(output_names, self._losses, strict=True) if loss]
        if len(found) > 1:
            self.output_trackers = [metrics.Mean(name=f"{name}_loss") for name in found]
        for kept, given in (
            (self._metrics, self.given_metrics),
            (self._weighted, self.given_weighted_metrics),
        ):
            kept[:] = [
                self._metrics_of(items, loss, y, prediction, f"{name}_" if several else "")
                for items, loss, y, prediction, name in zip(
                    self._spread("metrics", given, output_names, lists=True),
                    self._losses,
                    targets,
                    prediction_specs,
                    output_names,
                    strict=True,
                )
            ]
        self._tell_apart([f"{name}_" if several else "" for name in output_names])

    def _tell_apart(self, prefixes: list[str]) -> None:
        """Metrics of one name get Keras's names: ``mse``, ``mse_1``, and with weights ``weighted_mse``."""
        seen: dict[str, int] = {}
        for groups, mark in ((self._metrics, ""), (self._weighted, "weighted_")):
            for group, prefix in zip(groups, prefixes, strict=True):
                for metric in group:
                    name = metric.name
                    if mark and name in seen:
                        name = prefix + mark + name.removeprefix(prefix)
                    count = seen[name] = seen.get(name, 0) + 1
                    metric.name = f"{name}_{count - 1}" if count > 1 else name

    def _metrics_of(self, items: Any, loss: Any, y: Any, prediction: Any, prefix: str) -> list[Any]:
        found = []
        for item in [items] if not isinstance(items, (list, tuple)) else items:
            if item is None:
                continue
            metric = metrics.resolve(item, y.shape, prediction.shape, loss)
            if prefix and not metric.name.startswith(prefix):
                metric.name = prefix + metric.name
            found.append(metric)
        return found

    def _spread(self, what: str, given: Any, output_names: list[str], lists: bool = False) -> list[Any]:
        """One entry an output from a single value, a list or a dict."""
        if isinstance(given, dict):
            unknown = set(given) - set(output_names)
            if unknown:
                raise ValueError(
                    f"compile({what}=...): there is no output {sorted(unknown)[0]!r}; "
                    f"the model has {_told(output_names)}"
                )
            return [given.get(name) for name in output_names]
        if len(output_names) == 1:
            if lists or not isinstance(given, (list, tuple)):
                nested = lists and isinstance(given, (list, tuple)) and len(given) == 1
                return [given[0] if nested and isinstance(given[0], (list, tuple)) else given]
            if len(given) == 1:
                return [given[0]]
        if isinstance(given, (list, tuple)):
            if len(given) != len(output_names):
                raise ValueError(
                    f"compile({what}=...) has {len(given)} {'entry' if len(given) == 1 else 'entries'}, but the model "
                    f"has {_told(output_names)}; give one for each output"
                )
            return list(given)
        return [given] * len(output_names)

    @property
    def resolved(self) -> bool:
        """True once losses and metrics are known for every output."""
        return self._losses is not None

    @property
    def has_targets(self) -> bool:
        """True where a loss or a metric compares outputs with targets."""
        given = [self.loss, self.given_metrics, self.given_weighted_metrics]
        return any(item is not None for item in flatten(given))

    @property
    def losses(self) -> list[Any]:
        return self._losses or []

    @property
    def weights_of_losses(self) -> list[float]:
        return self._weights

    @property
    def all_metrics(self) -> list[Any]:
        """The loss tracker(s), then the metrics of each output."""
        return [
            self.loss_tracker,
            *self.output_trackers,
            *(metric for group in self._metrics for metric in group),
            *(metric for group in self._weighted for metric in group),
        ]

    def metrics_of(self, output: int) -> list[tuple[Any, bool]]:
        """The metrics of one output, each with whether it takes the sample weights."""
        plain, weighted = self._metrics, self._weighted
        return [(m, False) for m in (plain[output] if plain else [])] + [
            (m, True) for m in (weighted[output] if weighted else [])
        ]

    # -- which variables train

    def trained(self, variables: list[Variable]) -> list[Variable]:
        """The variables that training changes: those that were trainable when training was first set up."""
        if self._trained is None:
            self._trained = list(variables)
        elif [id(v) for v in self._trained] != [id(v) for v in variables] and not self._told_change:
            self._told_change = True
            warn(
                "which variables are trainable has changed since compile(); training goes on with those that were "
                "trainable then. Call compile() again for the change to take effect"
            )
        return self._trained


def _told(output_names: list[str]) -> str:
    one = len(output_names) == 1
    return f"{'one output' if one else f'{len(output_names)} outputs'} ({', '.join(map(repr, output_names))})"
