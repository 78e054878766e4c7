"""Exposing: the same program with every value returned, and nothing updated; glass reads runs with it."""

from __future__ import annotations

from dataclasses import replace

from flintglass.program import Program


def exposed(program: Program) -> Program:
    """A program that computes what ``program`` computes, line for line, and returns every value."""
    values = tuple(value for line in program.instructions for value in line.outputs)
    return replace(
        program,
        name=f"{program.name}_exposed",
        outputs=values,
        output_names=tuple(value.name for value in values),
        updates=(),
    )
