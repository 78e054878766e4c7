"""Steps without a program: the model's Python runs for every batch, and a tape differentiates it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from flintglass import config
from flintglass.engines.engine import Feeding
from flintglass.models.own_steps import own_step
from flintglass.models.programs import Signature, training_is
from flintglass.program import Spec
from flintglass.tracing import context
from flintglass.tracing.recording import Recording
from flintglass.tracing.structure import flatten, map_leaves, pack
from flintglass.tracing.tape import GradientTape
from flintglass.tracing.tensor import Tensor, convert


class Eagerly:
    """The steps of a model that no program can be traced from, with the same losses, metrics and optimizer.

    A step whose loss is not finite leaves the weights as they are where ``config.set_nan("raise")`` holds.
    """

    traced = None

    def __init__(self, model: Any, kind: str, signature: Signature, arrays: Sequence[np.ndarray], rows: int) -> None:
        self._model, self._kind, self._signature = model, kind, signature
        self._sample = [array[:rows] for array in arrays[: len(signature.x)]]
        self._result: Any = None
        if kind == "predict" and not (model.built and model.weights):
            self.outputs(self._sample)

    @property
    def variables(self) -> list[Any]:
        """The weights; no run is repeated from them."""
        found: list[Any] = self._model.weights
        return found

    def program_for(self, rows: int) -> None:
        """There is no program."""

    @property
    def output_specs(self) -> Sequence[Spec]:
        """What the outputs are, found by one run."""
        return [Spec(array.shape, array.dtype.name) for array in self.outputs(self._sample)]

    def fit(
        self,
        batches: Iterable[Feeding],
        on_step: Callable[[int, Sequence[np.ndarray]], None] | None = None,
        before_step: Callable[[int], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Make a step with every batch; returns how many were made."""
        made = 0
        for step, batch in enumerate(batches):
            if before_step is not None:
                before_step(step)
            loss = self._step(*self._enter(batch.arrays()))
            made += 1
            if on_step is not None:
                on_step(step, [loss])
            if stop():
                break
        return made

    def outputs(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs for these inputs, from left to right."""
        x, _, _ = self._enter(arrays)
        with context.answering(Recording()), training_is(False):
            self._result = map_leaves(convert, self._model._programs.outputs(x))
        self._model.forget_losses()
        return [leaf.numpy() for leaf in flatten(self._result)]

    def nested(self, arrays: Sequence[np.ndarray]) -> Any:
        """The outputs in the nesting in which the model returns them."""
        return pack(self._result, arrays)

    def _enter(self, arrays: Sequence[np.ndarray]) -> tuple[list[Tensor], ...]:
        """Inputs, targets and weights as tensors, in the dtypes in which they would enter a program."""
        groups = (self._signature.x, self._signature.y, self._signature.weights)
        given = iter(arrays)
        return tuple(
            [Tensor(np.asarray(array, spec.dtype)) for spec, array in zip(group, given, strict=False)]
            for group in groups
        )

    def _step(self, x: list[Tensor], y: list[Tensor], weights: list[Tensor]) -> np.ndarray:
        """One step of training or testing; the loss."""
        model, programs = self._model, self._model._programs
        model.forget_losses()
        trains = self._kind == "train"
        if own_step(model, self._kind):
            with training_is(trains):
                return programs.own(self._kind, x, y, weights).array
        tape = GradientTape()
        with training_is(trains), tape:
            recording: Recording = context.active()
            loss, predictions = programs.loss(recording, x, y, weights)
            number = loss.array
            if trains and config.nan() == "raise" and not math.isfinite(number):
                return number
            programs.update_metrics(recording, loss, y, predictions, weights)
            loss = programs.optimizer().scale_loss(loss) if trains else loss
        model.forget_losses()
        if trains:
            self._update(tape, loss)
        return number

    def _update(self, tape: GradientTape, loss: Tensor) -> None:
        model = self._model
        compiled = model.require_compiled("fit")
        optimizer = model._programs.optimizer()
        trained = compiled.trained(model.trainable_variables)
        if not optimizer.built:
            optimizer.build(trained)
        optimizer.apply(tape.gradient(loss, trained), trained)
