"""What is exported: a predict program with its constants, and rows of data with what the network gives for them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from flintglass.errors import ExportError
from flintglass.lazy import cached_property
from flintglass.program import Program, Size, Spec, Value
from flintglass.program.size import bind

Array = np.ndarray
TOLERANCES = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-10}
TEST_ROWS = 3


@dataclass(frozen=True)
class Exported:
    """A program, the arrays of its state (and of inputs that are constants) by name, and test vectors.

    given, expected: an array for each remaining input and for each output, with a row for each example.
    name: what the export is called; input_names: what its inputs are called, where not as in the program.
    nesting: the dicts, lists and tuples in which predict returns the outputs, with the positions of the outputs in the
    program; None for one output by itself, or several in the program's order.
    """

    program: Program
    constants: Mapping[str, Array]
    given: Sequence[Array]
    expected: Sequence[Array]
    name: str = "network"
    input_names: Sequence[str] = ()
    nesting: Any = None

    def __post_init__(self) -> None:
        if self.program.updates:
            changed = ", ".join(value.name for value, _ in self.program.updates)
            raise ExportError(
                f"predict changes {changed} at every run, and an exported function keeps nothing from one call to the "
                "next; leave out the layer that counts or draws random numbers when it predicts"
            )
        missing = [value.name for value in self.program.state if value.name not in self.constants]
        if missing:
            raise ExportError(f"no array was given for {', '.join(missing)}")

    @cached_property
    def inputs(self) -> list[Value]:
        """The inputs that a caller gives."""
        return [value for value in self.program.inputs if value.name not in self.constants]

    @cached_property
    def fixed(self) -> list[Value]:
        """The values that are written into the file: weights, and arrays that Python code captured."""
        return [*self.program.state, *(value for value in self.program.inputs if value.name in self.constants)]

    @property
    def parameters(self) -> int:
        """How many numbers the constants hold."""
        return sum(array.size for array in self.constants.values())

    @property
    def tolerance(self) -> float:
        """What a test vector may differ by, as a part of the largest number of the output."""
        dtypes = {spec.dtype for spec in self.program.output_specs} | {value.spec.dtype for value in self.inputs}
        return max((TOLERANCES[dtype] for dtype in dtypes if dtype in TOLERANCES), default=0.0)

    @property
    def test_rows(self) -> int:
        """How many test vectors there are: the rows of the first input that has rows; 1 where none does."""
        pairs = zip(self.inputs, self.given, strict=True)
        return next((len(array) for value, array in pairs if has_rows(value.spec)), 1)

    @property
    def called(self) -> list[str]:
        """What each input is called."""
        return list(self.input_names) or [value.name for value in self.inputs]

    def unbatched(self) -> Program:
        """The program with its constants as state, so that its inputs are what a caller gives."""
        return replace(self.program, inputs=tuple(self.inputs), state=tuple(self.fixed))


def has_rows(spec: Spec) -> bool:
    """Whether the first axis counts rows."""
    return bool(spec.shape) and isinstance(spec.shape[0], Size)


def drawn(program: Program, inputs: Sequence[Value], rows: int = TEST_ROWS) -> list[Array]:
    """Arrays for these inputs, the same each time: normal numbers; integers that every table of the program has."""
    generator = np.random.default_rng(0)
    tables = [_length(line.operands[0].spec.shape[line.attributes["axis"]]) for line in _lookups(program)]
    smallest = max(min(tables, default=2), 1)
    arrays = []
    for value in inputs:
        shape = tuple(bind(extent, dict.fromkeys(value.spec.names, rows)) for extent in value.spec.shape)
        if value.spec.is_float and not tables:
            arrays.append(generator.normal(size=shape).round(3).astype(value.spec.dtype))
        elif value.spec.is_float:
            # Where a float input may become an index, only numbers that are good for both will do.
            arrays.append(generator.integers(0, smallest, shape).astype(value.spec.dtype))
        else:
            arrays.append(generator.integers(0, smallest, shape).astype(value.spec.dtype))
    return arrays


def _length(extent: int | Size) -> int:
    return extent if isinstance(extent, int) else 1


def _lookups(program: Program) -> list:
    """The lines that look something up in a table."""
    return [
        line
        for part in (program, *program.blocks())
        for line in part.instructions
        if line.primitive in ("gather", "scatter_add")
    ]


def name_from(path: str | os.PathLike[str]) -> str:
    """A name for what is exported to this file: its own name as an identifier."""
    stem = re.sub(r"\W", "_", os.path.splitext(os.path.basename(path))[0], flags=re.ASCII)
    return f"network_{stem}" if not stem or stem[0].isdigit() else stem
