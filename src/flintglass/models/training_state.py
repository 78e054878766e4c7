"""The state of a run: all that decides how training goes on, taken between two steps, and put back."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from flintglass import __version__
from flintglass.callbacks import CallbackList
from flintglass.engines.engine import engine
from flintglass.errors import ModelFileError, warn
from flintglass.models.state_document import require_alike, require_document
from flintglass.models.streaming import Streamed
from flintglass.program import Program
from flintglass.random import seed_generator
from flintglass.tracing.variable import Variable

_WAY_OUT = "Give fit what the run was begun with, or delete the file (or choose another backup_dir) to begin anew"


@dataclass(frozen=True)
class Position:
    """Where a run stands: ``step`` steps of the epoch are made; begun: callbacks were told that it begins."""

    epoch: int
    step: int = 0
    begun: bool = False


class TrainingState:
    """The state of one call of fit, for files."""

    def __init__(self, run: Any, callbacks: CallbackList, validation: Any) -> None:
        self._run, self._callbacks = run, callbacks
        feeds = {"training": run.feed, "validation": validation}
        self._iterators = {
            name: feed.stream for name, feed in feeds.items() if isinstance(feed, Streamed) and feed.stream.goes_on
        }
        self._digested: tuple[Program, str] | None = None
        self._read: tuple[str, dict[str, Any], list[np.ndarray]] | None = None

    # -- to a file

    def write(self, path: str, position: Position, logs: dict[str, Any]) -> None:
        """Replace the file by the present state, which is that of a finished step."""
        from flintglass.saving.state_file import write_state  # here: files of HDF5 are 7 ms of a fit that writes none

        model = self._run.model
        about = {
            "run": self._identity(),
            "made_by": _maker(),
            "position": {"epoch": position.epoch, "step": position.step, "begun": position.begun},
            "seed": self._run.source.seed,
            "given": {name: stream.given_so_far for name, stream in self._iterators.items()},
            "stop_training": bool(model.stop_training),
            "logs": logs,
            "callbacks": [[name, state] for name, state in self._states_of_callbacks()],
            "random": {
                "python": _of_python(),
                "numpy": np.random.get_state(legacy=False),
                "global_seed": _global_seed(),
            },
        }
        write_state(path, about, [(variable.path, variable.storage) for variable in self._variables()])

    def _variables(self) -> list[Variable]:
        """Everything that a step reads or changes, in an order that is the same for the same model."""
        model = self._run.model
        found = [*model.variables, *(model.optimizer.variables if model.optimizer is not None else [])]
        found += [variable for metric in model.metrics for variable in metric.variables]
        found += self._run.steps.variables
        return list({id(variable): variable for variable in found}.values())

    def _states_of_callbacks(self) -> list[tuple[str, dict[str, Any]]]:
        found = [(type(callback).__name__, callback.get_state()) for callback in self._callbacks.callbacks]
        return [(name, state) for name, state in found if state]

    def _identity(self) -> dict[str, Any]:
        """What has to be the same for a state to be that of this run, in words, with its values."""
        run = self._run
        traced = run.steps.traced
        arrays = run.feed.arrays
        return {
            "the program of a training step": "eager" if traced is None else self._digest(traced.program),
            "the number of rows": run.feed.rows if run.feed.repeats else None,
            "the shapes of a row": [list(array.shape[1:]) for array in arrays],
            "the dtypes of the data": [array.dtype.name for array in arrays],
            "the batch size": getattr(run.source, "batch_size", None),
            "the steps of an epoch": len(run) or None,
            "shuffling": run.source.seed is not None,
        }

    def _digest(self, program: Program) -> str:
        if self._digested is None or self._digested[0] is not program:
            from flintglass.program.digest import digest  # here, with hashlib: a fit that keeps no state needs neither

            self._digested = program, digest(program)
        return self._digested[1]

    # -- from a file

    def read(self, path: str) -> str:
        """Read the file; ModelFileError where it is damaged. Nothing is changed yet."""
        from flintglass.saving.state_file import read_state  # here, as in write

        about, arrays = read_state(path)
        require_document(path, about)
        self._read = path, about, arrays
        return path

    def restore(self) -> tuple[Position, dict[str, Any]]:
        """Stand where the file says; ModelFileError, with nothing changed, where it is of another run."""
        assert self._read is not None
        path, about, arrays = self._read
        self._require_same_run(path, about)
        self._run.rehearse()
        self._require_same_variables(path, about, arrays)
        if about["made_by"] != (here := _maker()):
            warn(
                f"{path} was written by {_told(about['made_by'])}, and training goes on with {_told(here)}: it comes "
                "to the same result within rounding, not to the same bits"
            )
        self._run.source.seed = about["seed"]
        for name, stream in self._iterators.items():
            self._skip(path, name, stream, about["given"][name])
        self.put_back()
        given = about["position"]
        return Position(given["epoch"], given["step"], given["begun"]), about["logs"]

    def put_back(self) -> None:
        """Give the variables, the generators and the callbacks what the file holds (again)."""
        assert self._read is not None
        path, about, arrays = self._read
        variables = self._variables()
        before = [variable.storage.copy() for variable in variables]
        for variable, array in zip(variables, arrays, strict=True):
            variable.overwrite(array)
        try:
            self._tell_callbacks(path, about["callbacks"])
        except BaseException:
            for variable, array in zip(variables, before, strict=True):
                variable.overwrite(array)
            raise
        self._run.model.stop_training = about["stop_training"]
        given = about["random"]
        if given["global_seed"] is not None:
            seed_generator.global_seed_generator().state.overwrite(given["global_seed"])
        version, words, rest = given["python"]
        random.setstate((version, tuple(words.tolist()), rest))
        np.random.set_state(given["numpy"])

    def _tell_callbacks(self, path: str, kept: list[Any]) -> None:
        states = iter(kept)
        for callback in self._callbacks.callbacks:
            if not callback.get_state():
                continue
            name, state = next(states)
            try:
                callback.set_state(state)
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
                raise ModelFileError(path, name, f"the callback cannot take its state: {error}") from error

    def forget(self) -> None:
        """Let go of what was read."""
        self._read = None

    def _require_same_run(self, path: str, about: dict[str, Any]) -> None:
        for what, mine in self._identity().items():
            kept = about["run"].get(what)
            if kept != mine:
                shown = "" if "program" in what else f" ({kept} in the file, {mine} now)"
                hint = " (the layers, the loss, the optimizer or their settings)" if "program" in what else ""
                raise ModelFileError(
                    path, "", f"it is the state of another run: {what}{hint} differs{shown}. {_WAY_OUT}"
                )

    def _require_same_variables(self, path: str, about: dict[str, Any], arrays: list[np.ndarray]) -> None:
        variables = self._variables()
        mine = [(v.storage.shape, v.storage.dtype) for v in variables]
        if mine != [(array.shape, array.dtype) for array in arrays]:
            wrong = next((v.path for v, a in zip(variables, arrays, strict=False) if v.storage.shape != a.shape), None)
            told = f"the shape of {wrong} differs" if wrong else "the number or the dtypes of the variables differ"
            raise ModelFileError(path, "", f"it is the state of another model: {told}. {_WAY_OUT}")
        kept, now = [name for name, _ in about["callbacks"]], [name for name, _ in self._states_of_callbacks()]
        if kept != now:
            raise ModelFileError(
                path, "", f"it holds the states of the callbacks {kept}, and fit was given {now}. {_WAY_OUT}"
            )
        for (name, state), (_, own) in zip(about["callbacks"], self._states_of_callbacks(), strict=True):
            require_alike(path, name, state, own)
        steps, position = len(self._run), about["position"]
        if steps and position["step"] > steps:
            raise ModelFileError(path, "position", f"it stands at step {position['step']} of {steps}. {_WAY_OUT}")
        seed = about["random"]["global_seed"]
        if seed is not None and seed.shape != seed_generator.global_seed_generator().state.storage.shape:
            raise ModelFileError(path, "random", "the state of the global generator has another shape")
        if set(about["given"]) != set(self._iterators):
            raise ModelFileError(path, "", f"it is of a run on another kind of data. {_WAY_OUT}")

    def _skip(self, path: str, name: str, stream: Any, given: int) -> None:
        """Have an iterator stand where it stood: a new one gives once more what had been used."""
        if not stream.is_known:
            warn(
                f"{path}: the {name} data is a {type(stream.given).__name__}, which is taken to stand at its "
                f"beginning, so {given} batches of it are skipped; of a generator it is known where it stands"
            )
        reached = stream.skip(given)
        if reached != given:
            raise ModelFileError(
                path,
                "",
                f"{given} batches of the {name} data had been used, and the {type(stream.given).__name__} given now "
                f"{'has ended after' if reached < given else 'stands at'} {reached}. {_WAY_OUT}",
            )


def _of_python() -> tuple[int, np.ndarray, float | None]:
    """The state of Python's generator, its words as an array."""
    version, words, rest = random.getstate()
    return version, np.array(words, "uint32"), rest


def _global_seed() -> np.ndarray | None:
    """The state of the generator that operations without a seed draw from; None where nobody has."""
    return seed_generator._global[0][1].state.numpy() if seed_generator._global else None


def _maker() -> dict[str, Any]:
    """What the bits of a run depend on, besides the run."""
    used = engine()
    machine = getattr(used, "machine", None)
    kind = machine.__name__.rpartition("machine_")[2] if machine is not None else None
    return {"version": __version__, "engine": used.name, "instruction_set": kind}


def _told(maker: dict[str, Any]) -> str:
    kind = f", {maker['instruction_set']}" if maker["instruction_set"] else ""
    return f"flintglass {maker['version']} ({maker['engine']} engine{kind})"
