"""Model: a layer that can be compiled, trained, evaluated and asked for predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flintglass.errors import NotCompiled, nearest
from flintglass.faces import load_named
from flintglass.metrics.base import Metric
from flintglass.models import fitting, training
from flintglass.models.compiled import Compiled, require_way
from flintglass.models.configuration import graph_from, of_graph
from flintglass.models.copies import copied_state, restore
from flintglass.models.files import Files
from flintglass.models.finite import forget_told
from flintglass.models.graph import Graph
from flintglass.models.own_steps import OwnSteps
from flintglass.models.programs import Programs, Signature
from flintglass.models.quick import Quick, compiled_predict
from flintglass.models.structure import Structured
from flintglass.models.summary import summary
from flintglass.models.turns import Resting, Turns
from flintglass.names import automatic_name, depth
from flintglass.program import Program
from flintglass.suggestions import telling
from flintglass.tracing import context
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor

# Glass stands right of models, and is loaded where a model is asked to explain itself.
EXPLAIN = "flintglass.glass.explanation:explain"
EXPLAIN_STEP = "flintglass.glass.explanation:explain_step"


class Model(Resting, Files, OwnSteps, Structured):
    """A network.

    ``Model(inputs, outputs)`` makes one from placeholders (a functional model); a subclass defines
    ``call``. ``compile`` says how it is trained, ``fit`` trains it, ``evaluate`` measures it,
    ``predict`` uses it; ``program(kind)`` shows what runs.
    """

    untracked = Structured.untracked | {"_programs", "_compiled", "_lock", "_graph", "_quick"}

    passing = Structured.passing | {"history", "stop_training"}

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **keywords: Any) -> None:
        if name is None and inputs is not None and type(self) is Model:
            name = automatic_name("functional")
        super().__init__(name=name, **keywords)
        self._compiled: Compiled | None = None
        self._programs = Programs(self)
        self._quick = Quick(self)
        self._lock = Turns()
        self._graph: Graph | None = None
        self._signature: Signature | None = None
        self.stop_training = False
        self.history: Any = None
        if (inputs is None) != (outputs is None):
            raise TypeError("a functional model needs both inputs and outputs")
        if inputs is not None:
            self._set_graph(Graph(inputs, outputs))

    def __getstate__(self) -> dict[str, Any]:
        return copied_state(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore(self, state, Programs(self), Quick(self))

    # -- calling

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if len(arguments) == 1 and not keywords and self._graph is not None and not depth() and not context.active():
            found = self._lock.steady(self._quick.call, arguments[0])
            if found is not None:
                return Tensor(found)
        if self._runs_as_program(arguments, keywords):
            with self._lock.at_rest():
                found = training.predict_on_batch(self, arguments[0], "calling the model")
            return map_leaves(Tensor, found)
        return super().__call__(*arguments, **keywords)

    def _runs_as_program(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
        """True for numbers given to a graph of layers: its program runs, instead of operation by operation.

        Not under a tape, not while tracing, not in training, and not where a call leaves losses behind.
        """
        if self._graph is None or len(arguments) != 1 or keywords.get("training") or context.active() is not None:
            return False
        if depth() or any(layer.activity_regularizer is not None for layer in self.layers):
            return False
        return all(
            isinstance(leaf, (np.ndarray, Tensor)) and getattr(leaf, "is_concrete", True)
            for leaf in flatten(arguments[0])
        )

    def build_for(self, arrays: Sequence[np.ndarray]) -> None:
        """Make the weights for data of these shapes."""
        if not self.is_callable or (self.built and (self._graph is not None or self.weights)):
            return
        training.build(self, arrays)

    # -- compile, fit, evaluate, predict

    @telling
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        optimizer, loss, metrics: names, objects, or (for several outputs) lists and dicts of them.
        steps_per_execution, jit_compile and auto_scale_loss are accepted for Keras's sake: programs run
        whole, without compiling.
        """
        require_way(run_eagerly, steps_per_execution, jit_compile)
        compiled = Compiled(optimizer, loss, loss_weights, metrics, weighted_metrics)
        if self._graph is not None:
            compiled.require_fit(self.names_of_outputs(self._graph.outputs))
        if self.built and self.weights:
            compiled.trained(self.trainable_variables)
        self._compiled = compiled
        forget_told(self)
        self.run_eagerly = bool(run_eagerly)
        self.stop_training = False

    run_eagerly = False

    def require_compiled(self, wanted: str) -> Compiled:
        """The training settings; NotCompiled where there are none."""
        if self._compiled is None:
            raise NotCompiled(
                f"model {self.name!r} must be compiled before {wanted}: call "
                "model.compile(optimizer='adam', loss='mse'), or with the loss that fits your labels"
            )
        return self._compiled

    @property
    def compiled(self) -> bool:
        return self._compiled is not None

    @property
    def optimizer(self) -> Any:
        return self._compiled.optimizer if self._compiled is not None else None

    @property
    def loss(self) -> Any:
        return self._compiled.loss if self._compiled is not None else None

    @property
    def metrics(self) -> list[Any]:
        """The metrics that fit and evaluate report, the loss first; then those among the model's attributes."""
        compiled = self._compiled.all_metrics if self._compiled is not None else []
        known = {id(metric) for metric in compiled}
        return [*compiled, *(m for m in self.children() if isinstance(m, Metric) and id(m) not in known)]

    @property
    def metrics_names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Start all metrics again."""
        for metric in self.metrics:
            metric.reset_state()

    @telling
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> Any:
        """Train for ``epochs`` passes over the data; returns a History.

        x, y: arrays (or lists, frames, dicts by input name) with a row for each example. batch_size: rows
        a step, 32 unless set.

        Ctrl-C and SIGTERM end training after a finished step. Called again, fit goes on with the weights, the
        optimizer and the random streams as they are then, from the start of epoch ``initial_epoch``, in an order
        of the rows that is drawn anew. The callback BackupAndRestore goes on in the middle of the epoch instead,
        also in a new process, and ends with the bits of a run that was never stopped: docs/nothing-lost.md.
        """
        with self._lock:
            return fitting.fit(
                self,
                x,
                y,
                batch_size=batch_size,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_split=validation_split,
                validation_data=validation_data,
                shuffle=shuffle,
                class_weight=class_weight,
                sample_weight=sample_weight,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_batch_size=validation_batch_size,
                validation_freq=validation_freq,
            )

    @telling
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics over the data: a number, a list, or with ``return_dict`` a dict."""
        with self._lock:
            logs = training.evaluate(self, x, y, batch_size, verbose, sample_weight, steps, callbacks)
        if return_dict:
            return logs
        return training.as_list(self, logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for the data, as NumPy arrays."""
        if batch_size is None and steps is None and callbacks is None and verbose in ("auto", 0):
            found = self._lock.steady(self._quick.predict, x)
            if found is not None:
                return found
        with self._lock.at_rest():
            return training.predict(self, x, batch_size, verbose, steps, callbacks)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step on these rows; the loss, and the metrics since the last reset."""
        with self._lock:
            logs = training.on_batch(self, "train", x, y, sample_weight, class_weight)
        return logs if return_dict else training.as_list(self, logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics of these rows, without training."""
        with self._lock:
            logs = training.on_batch(self, "test", x, y, sample_weight, None)
        return logs if return_dict else training.as_list(self, logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for these rows, as NumPy arrays."""
        with self._lock.at_rest():
            return training.predict_on_batch(self, x)

    def compiled_predict(self, x: Any) -> Callable[[np.ndarray], np.ndarray]:
        """A function of rows like ``x`` that gives the model's output, with nothing around it that could be slow.

        x: an array with the shape and the dtype of those to come, any number of rows. The function takes one
        array and returns a new one; it follows the weights as they change, but not settings or layers; it does not
        look for nan, and many threads may call it at once (one that calls it while fit runs may meet a step in its
        middle). Not in Keras.
        """
        return compiled_predict(self, x)

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        """What makes the same model again, without its weights: of a functional model, its layers and their calls."""
        return of_graph(self) if self._graph is not None else super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A new model from ``get_config()``'s result; ``custom_objects`` holds classes of the user's own by name."""
        if "input_layers" not in config:
            return super().from_config(config)
        model = cls(*graph_from(config, custom_objects), name=config.get("name"))
        if config.get("trainable") is False:
            model.trainable = False
        return model

    # -- seeing inside

    def program(self, kind: str = "train") -> Program:
        """The program that runs: ``"train"``, ``"test"`` or ``"predict"``; printed, it is the listing."""
        kinds = ("train", "test", "predict")
        if kind not in kinds:
            raise ValueError(f"there is no program {kind!r} of a model. {nearest(kind, kinds)}")
        return self.traced(kind).program

    def traced(self, kind: str) -> Any:
        """The program with the variables that are its state."""
        if kind != "predict":
            self.require_compiled(f"its {kind} program can be shown")
        return self._programs.get(kind, training.signature_to_show(self, kind))

    def explain(self, x: Any, rows: int = 1, units: int = 16, terms: int = 6, digits: int = 4) -> Any:
        """What the network computes for the first ``rows`` rows of ``x``, unit by unit, with the numbers filled in.

        units: how many units of a layer are shown at most. terms: how many terms of a long sum are shown, the
        largest first. digits: significant digits of what is printed. Returns a glass.Explanation: print it.
        """
        return load_named(EXPLAIN)(self, x, rows, units, terms, digits)

    def explain_step(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        rows: int = 2,
        units: int = 4,
        terms: int = 6,
        digits: int = 4,
    ) -> Any:
        """One training step on (x, y) with its numbers: loss, gradients, update; the model stays as it is.

        rows: how many rows of the batch are shown; sums run over all. units: how many elements of a row, or of a
        weight, are shown at most. terms, digits: as for ``explain``. Returns a glass.Explanation: print it.
        """
        return load_named(EXPLAIN_STEP)(self, x, y, sample_weight, rows, units, terms, digits)

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print the layers with their output shapes and how many numbers they hold."""
        summary(self, line_length, print_fn, expand_nested, show_trainable)
