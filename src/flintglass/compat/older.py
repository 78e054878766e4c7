"""Spellings of earlier Keras: under ``flintglass run`` they do what today's do, with one warning that names these."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from flintglass.errors import nearest, warn
from flintglass.faces import load_named

# What an argument is called today: the first of these that the function has.
RENAMED = {
    older: today.split()
    for older, today in (
        ("W_constraint", "kernel_constraint embeddings_constraint"),
        ("W_regularizer", "kernel_regularizer embeddings_regularizer"),
        ("b_constraint", "bias_constraint"),
        ("b_regularizer", "bias_regularizer"),
        ("beta_init", "beta_initializer"),
        ("bias", "use_bias"),
        ("epsilon", "min_delta"),
        ("gamma_init", "gamma_initializer"),
        ("init", "kernel_initializer embeddings_initializer"),
        ("input", "inputs"),
        ("lr", "learning_rate"),
        ("nb_epoch", "epochs"),
        ("output", "outputs"),
        ("output_dim", "units"),
        ("p", "rate"),
        ("sigma", "stddev"),
    )
}
# What says nothing any more, and what to write instead.
DROPPED = {
    "class_mode": "the loss says what kind of classes there are",
    "show_accuracy": "metrics=['accuracy'] in compile() shows it",
    "mode": "batch normalization works on each feature by itself",
    "nb_worker": "data are read in this process",
    "max_q_size": "data are read in this process",
    "pickle_safe": "data are read in this process",
}
CONSTRAINTS = {"maxnorm": "max_norm", "nonneg": "non_neg", "unitnorm": "unit_norm"}
# Module -> what its functions and classes were called.
NAMES: Mapping[str, Mapping[str, str]] = {
    "keras.optimizers": {
        name.lower(): f"flintglass.optimizers:{name}"
        for name in ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam")
    },
    "keras.constraints": {older: f"flintglass.constraints:{today}" for older, today in CONSTRAINTS.items()},
}
Parameters = Mapping[str, inspect.Parameter]


def accept_older(value: Any) -> None:
    """Let a class of ours take the arguments, and a model the methods, of earlier Keras; once a class."""
    if not inspect.isclass(value) or "_accepts_older" in vars(value):
        return
    rooms = ("layers", "optimizers", "models", "callbacks")
    if not value.__module__.startswith(tuple(f"flintglass.{room}" for room in rooms)):
        return
    kind: Any = value
    kind._accepts_older = True
    if kind.__module__.startswith("flintglass.optimizers") and hasattr(kind, "learning_rate"):
        kind.lr = property(_rate_of, _set_rate_of)
    if "__init__" in vars(kind):
        kind.__init__ = _accepting(kind.__name__, kind.__init__)
    if kind.__module__.startswith("flintglass.models"):
        from flintglass.models.model import Model

        accept_older(Model)
        if kind is Model:
            accept_older(load_named("flintglass.optimizers:Optimizer"))
            load_named("flintglass.callbacks.history:Logged").__missing__ = _older_log
            for method in ("fit", "compile"):
                setattr(Model, method, _accepting(method, getattr(Model, method)))
            for added in (predict_classes, predict_proba, fit_generator, evaluate_generator, predict_generator):
                setattr(Model, added.__name__, added)


def _rate_of(optimizer: Any) -> Any:
    """``optimizer.lr``, as callbacks of that time read it."""
    return optimizer.learning_rate


def _set_rate_of(optimizer: Any, value: Any) -> None:
    optimizer.learning_rate = value


def _older_log(history: Any, name: Any) -> Any:
    """``history.history["lr"]``, and "acc", by their names of today."""
    today = {"lr": "learning_rate", "acc": "accuracy", "val_acc": "val_accuracy"}.get(name)
    if today in history:
        warn(f"the history has no {name!r}; it is called {today!r} now")
        return history[today]
    raise KeyError(
        f"the history has no {name!r}. {nearest(str(name), history)}" if history else f"{name!r}: no epoch yet"
    )


def _accepting(place: str, function: Callable[..., Any]) -> Callable[..., Any]:
    parameters = inspect.signature(function).parameters
    known = (*RENAMED, *DROPPED, "decay", "epsilon", "period")
    older = {name for name in known if name not in parameters or name == "epsilon"}
    constraints = [name for name in parameters if name.endswith("_constraint")]

    @functools.wraps(function)
    def accepting(*arguments: Any, **keywords: Any) -> Any:
        if not older.isdisjoint(keywords):
            keywords = _modern(place, parameters, arguments, keywords)
            arguments = arguments[:1]
        for name in constraints:
            if isinstance(keywords.get(name), str):
                keywords[name] = CONSTRAINTS.get(keywords[name], keywords[name])
        return function(*arguments, **keywords)

    return accepting


def _modern(place: str, parameters: Parameters, arguments: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments but the first, the object itself, by today's names."""
    found = {**dict(zip(list(parameters)[1:], arguments[1:], strict=False)), **given}
    for name in given:
        today = next((word for word in RENAMED.get(name, ()) if word in parameters), None)
        if name in parameters and name != "epsilon":
            continue
        if today is not None:
            warn(f"{place}: `{name}` is called {today} now")
            found[today] = found.pop(name)
        elif name == "period" and "save_freq" in parameters:
            now = "a file is written after every epoch, or after save_freq steps (epochs times the steps of each)"
            if given[name] != 1:
                raise TypeError(f"{place}: `period` is no argument any more: {now}, or by a Callback of your own")
            warn(f"{place}: `period` is no argument any more and changes nothing: {now}")
            del found[name]
        elif name in DROPPED:
            warn(f"{place}: `{name}` is no argument any more and changes nothing: {DROPPED[name]}")
            del found[name]
    if "learning_rate" in parameters:
        _of_optimizer(place, parameters, found)
    return found


def _of_optimizer(place: str, parameters: Parameters, found: dict[str, Any]) -> None:
    if found.get("epsilon", 0.0) is None:
        del found["epsilon"]
    if not found.get("decay", True):
        del found["decay"]
    if "decay" in found:
        from flintglass.optimizers.schedules import InverseTimeDecay

        rate, decay = found.get("learning_rate", parameters["learning_rate"].default), found.pop("decay")
        warn(f"{place}: `decay` is a schedule now: learning_rate=schedules.InverseTimeDecay({rate}, 1, {decay})")
        found["learning_rate"] = InverseTimeDecay(rate, 1, decay)


def _once(older: str, today: str) -> None:
    warn(f"model.{older} is gone from Keras; write {today}")


def predict_classes(self: Any, x: Any, batch_size: Any = None, verbose: Any = 0) -> Any:
    """The class of each row: the largest output, or of a single one whether it lies above 0.5."""
    _once("predict_classes(x)", "model.predict(x).argmax(-1), or (model.predict(x) > 0.5).astype('int32')")
    found = self.predict(x, batch_size=batch_size, verbose=verbose)
    return found.argmax(-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")


def predict_proba(self: Any, x: Any, batch_size: Any = None, verbose: Any = 0) -> Any:
    """The outputs."""
    _once("predict_proba(x)", "model.predict(x)")
    return np.asarray(self.predict(x, batch_size=batch_size, verbose=verbose))


def fit_generator(
    self: Any, generator: Any, steps_per_epoch: Any = None, epochs: int = 1, verbose: Any = 1, **more: Any
) -> Any:
    """fit with batches from a generator."""
    _once("fit_generator(generator)", "model.fit(generator)")
    if "samples_per_epoch" in more:
        raise TypeError(
            "fit_generator: samples_per_epoch counted rows; give steps_per_epoch, the number of batches of an epoch"
        )
    settings = {"epochs": epochs, **_known(more)}
    return self.fit(generator, steps_per_epoch=steps_per_epoch, verbose=verbose, **settings)


def evaluate_generator(self: Any, generator: Any, steps: Any = None, **more: Any) -> Any:
    """evaluate with batches from a generator."""
    _once("evaluate_generator(generator)", "model.evaluate(generator)")
    return self.evaluate(generator, steps=steps, **{"verbose": 0, **_known(more)})


def predict_generator(self: Any, generator: Any, steps: Any = None, **more: Any) -> Any:
    """predict with batches from a generator."""
    _once("predict_generator(generator)", "model.predict(generator)")
    return self.predict(generator, steps=steps, **{"verbose": 0, **_known(more)})


def _known(more: Mapping[str, Any]) -> dict[str, Any]:
    """What is left without how many processes were to read: this one does."""
    readers = ("workers", "use_multiprocessing", "max_queue_size", *DROPPED)
    found = {name: value for name, value in more.items() if name not in readers}
    return {"epochs": found.pop("nb_epoch"), **found} if "nb_epoch" in found else found
