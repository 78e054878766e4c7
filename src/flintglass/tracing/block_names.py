"""Block names: different blocks of one program have different names, so that a listing says which is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from flintglass.program import Instruction, Program


def with_unique_blocks(program: Program) -> Program:
    """The program with the second of two different blocks called ``softmax`` renamed to ``softmax_2``.

    Blocks are taken in the order of the listing, so the names are the same every time; what is no name
    (``<lambda>``) becomes one.
    """
    blocks = list(program.blocks())
    names: dict[Program, str] = {}
    taken = {program.name}
    for block in blocks:
        names[block] = _unused(_as_name(block.name), taken)
        taken.add(names[block])
    if all(block.name == name for block, name in names.items()):
        return program
    renamed: dict[Program, Program] = {}

    def rename(block: Program) -> Program:
        if block not in renamed:
            renamed[block] = replace(with_blocks(block, rename), name=names[block])
        return renamed[block]

    return with_blocks(program, rename)


def with_blocks(program: Program, rename: Callable[[Program], Program]) -> Program:
    """The program with each block of its lines replaced."""
    lines = tuple(_line(line, rename) for line in program.instructions)
    return replace(program, instructions=lines)


def _line(line: Instruction, rename: Callable[[Program], Program]) -> Instruction:
    blocks = {key: rename(block) for key, block in line.blocks()}
    return replace(line, attributes={**line.attributes, **blocks}) if blocks else line


def _unused(name: str, taken: set[str]) -> str:
    base, number, wanted = re.sub(r"_\d+$", "", name), 2, name
    while wanted in taken:
        wanted, number = f"{base}_{number}", number + 1
    return wanted


def _as_name(text: str) -> str:
    name = re.sub(r"[^\w.]+", "_", text, flags=re.ASCII).strip("_") or "block"
    return name if name[0].isalpha() or name == text else f"_{name}"
