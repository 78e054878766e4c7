"""What Python runs at its start on either side of ``flintglass compare``: it watches the script's ``Model.fit``.

The folder of this file stands on PYTHONPATH there, and the interpreter may be any that has Keras, without flintglass:
so this file needs nothing but the standard library. At the exit of the process one JSON file is written. Times are
those of ``time.monotonic``, which all processes of a machine share.
"""

from __future__ import annotations

import atexit
import functools
import importlib.machinery
import importlib.util
import os
import sys
import time
import weakref

TYPE_CHECKING = False  # importing typing would take longer than the rest
if TYPE_CHECKING:
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
SIDE, RECORD = "FLINTGLASS_COMPARE_SIDE", "FLINTGLASS_COMPARE_RECORD"
CALLBACKS = 5  # where fit takes them when they are given by position: x, y, batch_size, epochs, verbose, callbacks


def run_the_one_behind() -> None:
    """The sitecustomize that this one hides, if there is one, runs as it would have (as in compat/startup)."""
    path = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


class Recorder:
    """The fits of a process, each a dict of times, steps and losses."""

    def __init__(self, path: str) -> None:
        self.path, self.process = path, os.getpid()
        self.fits: list[dict[str, Any]] = []
        self.current: Any = None
        self.keras: Any = None
        self._models: list[Any] = []

    def begin(self, model: Any) -> dict[str, Any]:
        """A fit begins; a model that was fitted before has the same number again."""
        known = [seen() is model for seen in self._models]
        if True not in known:
            self._models.append(weakref.ref(model))
        number = known.index(True) if True in known else len(known)
        fit = {"model": number, "name": model.name, "began": time.monotonic(), "validated": False, "measure": "loss"}
        unknown = dict.fromkeys(("ended", "steps", "first_step", "first_epoch"))
        self.fits.append({**fit, **unknown, "losses": []})
        self.current = self.fits[-1]
        return self.current

    def end(self, fit: dict[str, Any], history: Any) -> None:
        """It ended; its losses are the History's (of a training step that logs none, the first curve's)."""
        fit["ended"] = time.monotonic()
        curves = getattr(history, "history", None) or {}
        names = [name for name in curves if not name.startswith("val_")]
        fit["validated"] = len(names) < len(curves)
        if names:
            fit["measure"] = "loss" if "loss" in names else names[0]
            fit["losses"] = [float(value) for value in curves[fit["measure"]]]

    def write(self) -> None:
        """Write the file; a process that the script has forked off writes none."""
        import json

        if os.getpid() != self.process:
            return
        found = {"fits": self.fits, "peak": peak_memory(), "version": None, "backend": None}
        if self.keras is not None:
            found["version"] = getattr(self.keras, "__version__", None)
            backend = getattr(getattr(self.keras, "backend", None), "backend", None)
            found["backend"] = backend() if callable(backend) else None
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(found, file)


def peak_memory() -> int | None:
    """The most memory that this process has held, in bytes; None where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            kibibytes = next(line.split()[1] for line in file if line.startswith("VmHWM"))
        return int(kibibytes) * 1024
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def watch_fit(model_class: Any, recorder: Recorder, callback: Any = None) -> None:
    """From here on ``fit`` is recorded; ``callback`` makes one for a fit, where times are told to one."""
    original = model_class.fit

    @functools.wraps(original)
    def fit(self: Any, *given: Any, **named: Any) -> Any:
        entry = recorder.begin(self)
        if callback is not None:
            given, named = with_callback(given, named, callback(entry))
        history = original(self, *given, **named)
        recorder.end(entry, history)
        return history

    model_class.fit = fit


def with_callback(given: tuple[Any, ...], named: dict[str, Any], callback: Any) -> Any:
    """The arguments of a fit, with one callback more."""
    by_position = len(given) > CALLBACKS
    wanted: Any = given[CALLBACKS] if by_position else named.get("callbacks")
    if hasattr(wanted, "callbacks"):  # a CallbackList of the script's own
        wanted.append(callback)
        return given, named
    several = isinstance(wanted, (list, tuple))
    together = [*wanted, callback] if several else [item for item in (wanted, callback) if item is not None]
    if by_position:
        return (*given[:CALLBACKS], together, *given[CALLBACKS + 1 :]), named
    return given, {**named, "callbacks": together}


def watch_keras(keras: Any, recorder: Recorder) -> None:
    """Keras tells a callback of the ends of steps and epochs."""

    callback: Any = keras.callbacks.Callback

    class Watch(callback):
        async_safe = True  # or Keras would wait for the numbers of every step

        def __init__(self, entry: dict[str, Any]) -> None:
            super().__init__()
            self._entry = entry

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self._entry["first_step"] is None:
                self._entry["first_step"] = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self._entry["first_epoch"] is None:
                self._entry["first_epoch"] = time.monotonic()
                self._entry["steps"] = self.params.get("steps")

    recorder.keras = keras
    watch_fit(keras.Model, recorder, Watch)


def watch_flintglass(module: Any, recorder: Recorder) -> None:
    """flintglass has no hook that costs nothing, so its own watch looks on from inside."""
    from flintglass.comparing.watching import watch

    watch(recorder)
    watch_fit(module.Model, recorder)


WATCHED: dict[str, dict[str, Any]] = {
    "keras": {"keras": watch_keras, "tf_keras": watch_keras},
    "flintglass": {"flintglass.models.model": watch_flintglass},
}


class Noticing:
    """Stands first in ``sys.meta_path`` and has a module watched as soon as it is imported."""

    def __init__(self, watched: dict[str, Any], recorder: Recorder) -> None:
        self._watched, self._recorder = dict(watched), recorder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders give, with a loader that calls the watch at its end."""
        if name not in self._watched:
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            watch = self._watched.pop(name, None)  # not before: who only asks whether there is one imports nothing
            if watch is not None and hasattr(module, "Model"):
                watch(module, self._recorder)

        setattr(spec.loader, "exec_module", exec_module)  # noqa: B010  # of this one loader alone
        return spec


def begin() -> None:
    """Answer imports on flintglass's side; record, except in the processes that the script starts."""
    side, path = os.environ[SIDE], os.environ.pop(RECORD, None)
    if side == "flintglass":
        from flintglass.compat import install

        install()
    if path is not None:
        recorder = Recorder(path)
        sys.meta_path.insert(0, Noticing(WATCHED[side], recorder))
        atexit.register(recorder.write)


run_the_one_behind()
if SIDE in os.environ:
    begin()
