"""The programs of a model: train, test and predict steps, and the metrics' results, traced when needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flintglass.errors import NeedsConcrete, NotCompiled
from flintglass.layers.base import training_now
from flintglass.layers.origin import lines_of
from flintglass.losses.shapes import same_rank
from flintglass.losses.wrapper import LossFunctionWrapper
from flintglass.models.own_steps import (
    KINDS,
    Reports,
    data_of,
    one_or_all,
    own,
    own_step,
    require_data_alone,
    results_of,
)
from flintglass.program import Literal, Size, Spec
from flintglass.tracing import context
from flintglass.tracing.gradient import reverse
from flintglass.tracing.slab import lay_together
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.trace import Trace, Traced
from flintglass.tracing.tracking import changes

KEPT = 16


class Signature:
    """What a step is given: the specs of inputs, of targets (or none) and of sample weights (or none)."""

    def __init__(self, x: Sequence[Spec], y: Sequence[Spec] = (), weights: Sequence[Spec] = ()) -> None:
        self.x, self.y, self.weights = tuple(x), tuple(y), tuple(weights)

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.x, self.y, self.weights)

    def at(self, rows: int) -> Signature:
        """The same for this number of rows, where the batch ``n`` stands now."""
        return Signature(*([_bound(spec, rows) for spec in group] for group in (self.x, self.y, self.weights)))

    def enter(self, writing: Trace) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """The inputs of the program, by role."""
        groups = []
        for name, specs in (("x", self.x), ("y", self.y), ("sample_weight", self.weights)):
            groups.append(
                [writing.input(f"{name}{i + 1 if len(specs) > 1 else ''}", spec) for i, spec in enumerate(specs)]
            )
        return groups[0], groups[1], groups[2]


class Programs:
    """Traces a model's programs, and keeps them while nothing that they were made from changes."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._kept: dict[Any, Traced] = {}
        self._key: tuple[int, Any] = (-1, None)
        # Which kinds of steps run in another way than by one program for every size.
        self.manners: dict[Any, Any] = {}
        self._output_specs: dict[Any, Sequence[Spec]] = {}
        self.reports = Reports()
        self._partial: list[Any] = []  # the losses of the outputs, of the step that is being traced

    def key(self) -> Any:
        """The model's key, found anew only where some attribute of some layer or the like was set."""
        if self._key[0] != changes():
            self._key = (changes(), _key_of(self.model))
        return self._key[1]

    def get(self, kind: str, signature: Signature) -> Traced:
        """The program ``train``, ``test`` or ``predict`` for data of this signature."""
        key = (kind, signature.key, self.key())
        found = self._kept.get(key)
        if found is None:
            make: Callable[[Signature], Traced] = getattr(self, f"_{kind}")
            found = make(signature)
            # Building and resolving on the way set attributes: the key is the one that holds from now on.
            self._kept[(kind, signature.key, self.key())] = found
            while len(self._kept) > KEPT:
                self._kept.pop(next(iter(self._kept)))
        return found

    def results(self, kind: str = "train") -> dict[str, Any]:
        """What is logged of a kind of step, as tensors by name: read by a program where one can be traced."""
        traced = self._traced_results()
        if traced is None:
            with context.answering(None):
                return self.of_kind(kind, self._named_results())
        found: dict[str, Any] = traced.run([])
        return self.of_kind(kind, found)

    def of_kind(self, kind: str, results: dict[str, Any]) -> dict[str, Any]:
        """Of all results, those of a kind of step."""
        if not self._owns_steps():
            return results
        mark = f"{kind} "
        return {name.removeprefix(mark): value for name, value in results.items() if name.startswith(mark)}

    def _owns_steps(self) -> bool:
        return any(own_step(self.model, kind) for kind in KINDS)

    def traced_results(self) -> tuple[Traced, list[str]] | None:
        """The program of the results, with the name of each output; None where there is no such program."""
        traced = self._traced_results()
        if traced is None or traced.captures or len(traced.result) != len(traced.program.outputs):
            return None
        by_output: dict[str, Any] = traced.numbered()
        if not all(isinstance(number, int) for number in by_output.values()):
            return None
        return traced, sorted(by_output, key=lambda name: by_output[name])

    def _traced_results(self) -> Traced | None:
        """The program of the metrics' results; None where some result() is Python that asks for values."""
        key = ("results", self.reports.names, self.key())
        if key not in self._kept:
            writing = Trace("results")
            try:
                with context.answering(writing):
                    named = self._named_results()
            except NeedsConcrete:
                return None
            self._kept[key] = writing.finish(named, sorted(named))
        return self._kept[key]

    def _named_results(self) -> dict[str, Any]:
        if self._owns_steps():
            named = self.reports.read()
            for kind in KINDS:
                if not own_step(self.model, kind):
                    found = self._results_of_metrics()
                    named.update({f"{kind} {name}": value for name, value in found.items()})
            return named
        return self._results_of_metrics()

    def _results_of_metrics(self) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for metric in self.model.metrics:
            with lines_of(metric.name):
                named.update(results_of(metric))
        return named

    def output_specs(self, signature: Signature, predicting: Any) -> Sequence[Spec]:
        """What the outputs are for inputs of this signature; asked of the steps of predict once."""
        key = (signature.x, self.key())
        if key not in self._output_specs:
            self._output_specs = {key: predicting.output_specs}
        return self._output_specs[key]

    # -- the steps

    def _predict(self, signature: Signature) -> Traced:
        writing = Trace("predict")
        x, _, _ = signature.enter(writing)
        with context.answering(writing), training_is(False):
            outputs = self.outputs(x)
        self.model.forget_losses()
        outputs = map_leaves(convert, outputs)
        return writing.finish(outputs, self.model.names_of_outputs(outputs))

    def outputs(self, x: list[Tensor]) -> Any:
        """What predict returns for these inputs."""
        if own_step(self.model, "predict"):
            require_data_alone(self.model, "predict")
            return self.model.predict_step(data_of(self.model.nested(x), (), ()))
        return self.model.run_on(x)

    def own(self, kind: str, x: list[Tensor], y: list[Tensor], weights: list[Tensor]) -> Tensor:
        """Make the model's own step; its loss."""
        require_data_alone(self.model, kind)
        returned = getattr(self.model, f"{kind}_step")(data_of(self.model.nested(x), y, weights))
        return self.reports.note(kind, returned, f"{type(self.model).__name__}.{kind}_step")

    def _own(self, kind: str, signature: Signature) -> Traced:
        writing = Trace(kind)
        with context.answering(writing), training_is(kind == "train"):
            loss = self.own(kind, *signature.enter(writing))
        self.model.forget_losses()
        return writing.finish(loss, ["loss"])

    def _test(self, signature: Signature) -> Traced:
        if own_step(self.model, "test"):
            return self._own("test", signature)
        writing = Trace("test")
        x, y, weights = signature.enter(writing)
        with context.answering(writing), training_is(False):
            loss, predictions = self.loss(writing, x, y, weights)
            self.update_metrics(writing, loss, y, predictions, weights)
        self.model.forget_losses()
        return writing.finish(loss, ["loss"])

    def _train(self, signature: Signature) -> Traced:
        if own_step(self.model, "train"):
            return self._own("train", signature)
        compiled = self.model.require_compiled("fit")
        optimizer = self.optimizer()
        trained = compiled.trained(self.model.trainable_variables)
        if not optimizer.built:
            optimizer.build(trained)
        lay_together(trained)
        for slots in optimizer.slot_groups():
            lay_together(slots)
        writing = Trace("train")
        x, y, weights = signature.enter(writing)
        with context.answering(writing), training_is(True):
            loss, predictions = self.loss(writing, x, y, weights)
            gradients = self._gradients(writing, loss, trained)
            with writing.builder.belonging_to(optimizer.name):
                optimizer.apply(gradients, trained)
            self.update_metrics(writing, loss, y, predictions, weights)
        self.model.forget_losses()
        return writing.finish(loss, ["loss"])

    def optimizer(self) -> Any:
        """The optimizer; NotCompiled where compile() was given none."""
        found = self.model.require_compiled("fit").optimizer
        if found is None:
            raise NotCompiled("compile() was called with optimizer=None; training needs one, such as 'adam'")
        return found

    def _gradients(self, writing: Trace, loss: Tensor, trained: Sequence[Any]) -> list[Tensor]:
        b = writing.builder
        wrt = [writing.operand(variable) for variable in trained]
        scale = Literal(float(self.optimizer().scale_loss(1.0)), loss.dtype)
        found = reverse(b, [writing.operand(loss)], [scale], wrt, writing.names)
        missing = [v.path for v, g in zip(trained, found, strict=True) if g is None]
        if len(missing) == len(trained):
            raise ValueError(
                "the loss depends on no trainable variable, so there is nothing to train"
                + (f" (trainable are {missing[:3]})" if missing else "; the model has none")
            )
        return [
            writing.wrap(b.zeros(operand.spec) if gradient is None else gradient)
            for operand, gradient in zip(wrt, found, strict=True)
        ]

    def loss(
        self, writing: Trace, x: list[Tensor], y: list[Tensor], weights: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """The total loss and the predictions."""
        model = self.model
        outputs = model.run_on(x)
        if own(model, "compute_loss"):
            self._resolve(outputs, y)
            inputs, targets, given = (one_or_all(group) for group in (x, y, weights))
            self._partial.clear()
            total = convert(model.compute_loss(x=inputs, y=targets, y_pred=outputs, sample_weight=given))
        else:
            total = self.compiled_loss(outputs, y, weights)
        writing.name(total, "loss")
        return total, flatten(outputs)

    def _resolve(self, outputs: Any, y: list[Tensor]) -> Any:
        """Settle which loss and metrics go with which output."""
        model, compiled = self.model, self.model.require_compiled("fit or evaluate")
        predictions = flatten(outputs)
        names = model.names_of_outputs(outputs)
        named = model.has_named_outputs(outputs)
        compiled.resolve(names, [t.spec for t in y], [t.spec for t in predictions], named)
        return compiled

    def compiled_loss(self, outputs: Any, y: list[Tensor], weights: list[Tensor]) -> Tensor:
        """The losses of compile(), and those that layers added, in one sum."""
        compiled, predictions = self._resolve(outputs, y), flatten(outputs)
        self._partial.clear()
        total: Any = None
        for i, (loss, weight) in enumerate(zip(compiled.losses, compiled.weights_of_losses, strict=True)):
            if loss is None:
                continue
            with lines_of(loss.name):
                value = loss(*_aligned(loss, y[i], predictions[i]), _weight_of(weights, i))
                self._partial.append((i, value))
                part = value if weight == 1.0 else value * weight
                total = part if total is None else total + part
        with lines_of("regularization"):
            for extra in self.model.losses:
                total = extra if total is None else total + extra
        if total is None:
            raise NotCompiled(
                "there is no loss to minimise: compile() was given none, and no layer adds one; pass loss=... "
                "(for example loss='mse')"
            )
        return convert(total)

    def update_metrics(
        self, writing: Trace, loss: Tensor, y: list[Tensor], predictions: list[Tensor], weights: list[Tensor]
    ) -> None:
        compiled = self.model.require_compiled("fit or evaluate")
        rows = predictions[0].spec.shape[0] if predictions[0].spec.shape else 1
        with writing.builder.belonging_to("metrics"):
            counted = writing.wrap(writing.builder.extent(rows, compiled.loss_tracker.dtype))
            compiled.loss_tracker.update_state(loss, sample_weight=counted)
            for (_, value), tracker in zip(self._partial, compiled.output_trackers, strict=False):
                tracker.update_state(value, sample_weight=counted)
            self.update_compiled_metrics(y, predictions, weights)

    def update_compiled_metrics(self, y: list[Tensor], predictions: list[Tensor], weights: list[Tensor]) -> None:
        """Add a batch to the metrics of compile()."""
        compiled = self.model.require_compiled("metrics")
        for i, prediction in enumerate(predictions):
            for metric, weighted in compiled.metrics_of(i):
                weight = _weight_of(weights, i) if weighted else None
                metric.update_state(y[i], prediction, sample_weight=weight)


class training_is:
    """Calls inside know whether they are part of training."""

    def __init__(self, value: bool) -> None:
        self.value = value

    def __enter__(self) -> None:
        self.token = training_now.set(self.value)

    def __exit__(self, *error: Any) -> None:
        training_now.reset(self.token)


def _key_of(model: Any) -> tuple[Any, ...]:
    """What a model's programs depend on, besides the data's shapes and the variables' values."""
    compiled = model._compiled
    if compiled is None:
        return (model.state_key(),)
    parts = (compiled.optimizer, *compiled.losses, *compiled.all_metrics)
    return (model.state_key(), id(compiled), *(part.state_key() if part is not None else None for part in parts))


def _weight_of(weights: Sequence[Tensor], output: int) -> Tensor | None:
    """The sample weights of an output; where there are fewer than outputs, the first hold for all, as in Keras."""
    return None if not weights else weights[output] if output < len(weights) else weights[0]


def _aligned(loss: Any, y: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
    """Keras's rule for functions: ranks that differ by a last axis of 1 are made equal, so nothing broadcasts."""
    if not isinstance(loss, LossFunctionWrapper):
        return y, prediction
    target, aligned = same_rank(y, prediction)
    aligned.mask = prediction.mask
    return target, aligned


def _bound(spec: Spec, rows: int) -> Spec:
    extents = (extent.bind({"n": rows}) if isinstance(extent, Size) else extent for extent in spec.shape)
    return Spec(tuple(extents), spec.dtype)


def batched(shape: Sequence[Any], dtype: str) -> Spec:
    """The spec of data with these extents behind the batch ``n``."""
    return Spec((Size("n"), *shape), dtype)
