"""GradientTape: records what happens inside it, and differentiates it."""

from __future__ import annotations

from functools import reduce
from typing import Any

from flintglass.program import Literal, Operand
from flintglass.tracing import context
from flintglass.tracing.gradient import reverse
from flintglass.tracing.recording import Recording
from flintglass.tracing.structure import flatten, pack
from flintglass.tracing.tensor import Tensor, convert


class GradientTape:
    """Records operations, so that ``gradient(target, sources)`` can differentiate what was computed.

    Operations inside are pending: they run, in one program, when a number is read, and the same
    recording made again reuses its program. Tapes nest (gradients of gradients). Trainable variables
    that are read are watched; other tensors after ``watch``.
    persistent: allow more than one call of ``gradient``.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._watched: list[Any] = []
        self._trace: Any = None
        self._used = False
        self._answering: Any = None

    def __enter__(self) -> GradientTape:
        active = context.active()
        # Inside another tape, or a program that is being traced, the lines go there.
        if self._trace is None or self._trace is not active:
            self._trace = active if active is not None else Recording()
        self._answering = context.answering(self._trace)
        self._answering.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._answering.__exit__(*error)

    def watch(self, tensor: Any) -> None:
        """Make gradients with respect to ``tensor`` (or each of a nested list) available."""
        for leaf in flatten(tensor):
            if not isinstance(leaf, Tensor):
                raise TypeError(f"watch() takes tensors, not {type(leaf).__name__}; convert_to_tensor makes one")
            self._require_trace()
            self._watched.append(leaf)
            self._trace.operand(leaf)

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that are watched."""
        return tuple(leaf for leaf in self._watched if hasattr(leaf, "storage"))

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """d(sum of target)/d(source) for each source, in the nesting of ``sources``.

        None (or zeros, with ``unconnected_gradients="zero"``) where the target does not depend on a
        source, or the source is not watched. Raises RuntimeError on a second call of a tape that is not
        persistent.
        """
        self._require_trace()
        if self._used and not self.persistent:
            raise RuntimeError(
                "GradientTape.gradient() was called a second time; make the tape with persistent=True to do that"
            )
        self._used = True
        targets = [leaf for leaf in flatten(target) if leaf is not None]
        given = flatten(output_gradients) if output_gradients is not None else [None] * len(targets)
        leaves = flatten(sources)
        known = [self._operands(leaf) for leaf in leaves]
        with context.answering(self._trace):
            b = self._trace.builder
            outputs = [self._trace.operand(item) for item in targets]
            cotangents = [
                b.full(output.spec.shape, 1.0, output.spec.dtype) if g is None else self._trace.operand(convert(g))
                for output, g in zip(outputs, given, strict=True)
            ]
            found = self._reverse(outputs, cotangents, known)
        results = [
            self._result(gradient, leaf, unconnected_gradients) for gradient, leaf in zip(found, leaves, strict=True)
        ]
        return pack(sources, results) if isinstance(sources, (list, tuple, dict)) else results[0]

    def jacobian(self, target: Any, sources: Any) -> Any:
        """The Jacobian of ``target`` with respect to each source: shape of target + shape of source."""
        self._require_trace()
        flat = self._row_gradients(convert(target), flatten(sources))
        results = [
            None if rows[0] is None else _stack(rows, target.spec.shape + leaf.spec.shape)
            for leaf, rows in zip(flatten(sources), flat, strict=True)
        ]
        return pack(sources, results) if isinstance(sources, (list, tuple, dict)) else results[0]

    def _row_gradients(self, target: Tensor, leaves: list[Any]) -> list[list[Any]]:
        """For each source the gradients of every element of the target."""
        self._used = True
        known = [self._operands(leaf) for leaf in leaves]
        rows: list[list[Any]] = [[] for _ in leaves]
        with context.answering(self._trace):
            b = self._trace.builder
            vector = b.reshape(self._trace.operand(target), (target.spec.size,))
            for element in range(int(target.spec.size)):
                one = b.slice(vector, start=(element,), stop=(element + 1,), step=(1,))
                found = self._reverse([one], [b.full((1,), 1.0, target.dtype)], known)
                for row, gradient, leaf in zip(rows, found, leaves, strict=True):
                    row.append(self._result(gradient, leaf, "none"))
        return rows

    def _reverse(
        self, outputs: list[Operand], cotangents: list[Operand], known: list[list[Operand]]
    ) -> list[Operand | None]:
        """The gradient along each source: the sum of those along the values that it has had."""
        b = self._trace.builder
        wrt = [item for group in known for item in group]
        names = getattr(self._trace, "names", None)
        found = dict(zip(wrt, reverse(b, outputs, cotangents, wrt, names), strict=True))
        flows = [[found[item] for item in group if found[item] is not None] for group in known]
        return [reduce(b.add, group) if group else None for group in flows]

    def stop_recording(self) -> Any:
        """A context in which operations run at once and are not recorded."""
        return context.answering(None)

    def reset(self) -> None:
        """Forget what was recorded."""
        self._watched, self._used = [], False
        active = context.active()
        self._trace = active if isinstance(active, Recording) and active is not self._trace else Recording()

    def _require_trace(self) -> None:
        if self._trace is None:
            self._trace = Recording()

    def _operands(self, leaf: Any) -> list[Operand]:
        """The operands of a source, where it is watched; a variable that was assigned has several."""
        watched = any(leaf is item for item in self._watched)
        is_variable = hasattr(leaf, "storage")
        if is_variable and not watched:
            watched = self.watch_accessed_variables and leaf.trainable
        if not isinstance(leaf, Tensor):
            raise TypeError(f"gradient() takes tensors and variables as sources, not {type(leaf).__name__}")
        if not watched and not (leaf.trace is self._trace and not isinstance(leaf.operand, Literal)):
            return []
        if isinstance(self._trace, Recording):
            return self._trace.known(leaf)
        return [self._trace.operand(leaf)]

    def _result(self, operand: Operand | None, leaf: Any, unconnected: str) -> Any:
        if operand is not None:
            return self._trace.wrap(operand)
        if str(unconnected).lower().endswith("zero"):
            b = self._trace.builder
            return self._trace.wrap(b.zeros(leaf.spec))
        return None


def _stack(rows: list[Any], shape: tuple[Any, ...]) -> Tensor:
    """Rows laid one after the other, with this shape."""
    from flintglass.tracing.tensor import apply

    flat = [apply("reshape", row, shape=(1, row.spec.size)) for row in rows]
    joined = apply("concatenate", *flat, axis=0) if len(flat) > 1 else flat[0]
    return apply("reshape", joined, shape=tuple(shape))
