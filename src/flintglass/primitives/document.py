"""The document of the language, docs/primitives.md, written from the registry.

``python -m flintglass.primitives.document`` writes it; with ``--check`` it only says whether it is current.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives import PRIMITIVES, Builder, Primitive, Sample
from flintglass.program import Instruction, Literal, Operand, Spec, Value
from flintglass.program.notation import expression
from flintglass.program.spec import spec

PATH = Path("docs") / "primitives.md"
HEAD = """# The primitives

Every program is a list of these. This file is written by `python -m flintglass.primitives.document` from the
classes that define them; `make docs` writes it again.

An operand is `x`, `y` or `z`, the output is `result`, `g` is the gradient of the loss along the output and
`d_x` along `x`. Operands of elementwise primitives are broadcast as NumPy does; what flows to a broadcast
operand is summed to its shape. A primitive of the tier *core* has a kernel in every engine; of the tier
*host*, an engine may call the reference kernel.
"""
KINDS = {"float32": "floats", "int32": "signed integers", "uint32": "unsigned integers", "bool": "booleans"}


def document() -> str:
    """The whole text."""
    parts, module = [HEAD], ""
    for primitive in PRIMITIVES.values():
        if type(primitive).__module__ != module:
            module = type(primitive).__module__
            parts.append(f"## {_first_line(sys.modules[module].__doc__)}\n")
        parts.append("\n".join(_entry(primitive)))
    return "\n".join(parts)


def _entry(primitive: Primitive) -> Iterator[str]:
    yield f"### {primitive.name}\n"
    yield f"{inspect.cleandoc(type(primitive).__doc__ or '')}\n"
    sample = _sample_to_show(primitive)
    if sample is None:
        yield f"- Tier: {primitive.tier}. Its attributes hold programs.\n"
        return
    b, line = _line(primitive, sample)
    yield f"- Written: `{_text(line)}`"
    yield f"- Takes: {_taken(primitive, sample)}"
    attributes = sorted({key for item in primitive.samples() for key in item.attributes})
    if attributes:
        yield f"- Attributes: {', '.join(f'`{key}`' for key in attributes)}"
    yield f"- Tier: {primitive.tier}{', elementwise' if primitive.elementwise else ''}"
    flows = list(_gradient(primitive, b, line))
    if flows:
        yield "- Gradient:\n"
        yield from (f"      {text}" for text in flows)
        yield ""
    else:
        yield "- Gradient: none\n"


def _sample_to_show(primitive: Primitive) -> Sample | None:
    """The first sample with a float, or the first."""
    samples = primitive.samples()
    floats = [item for item in samples if any(text.startswith("float") for text in item.specs)]
    return next(iter([*floats, *samples]), None)


def _specs(sample: Sample) -> list[Spec]:
    result = []
    for text in sample.specs:
        dtype, _, dimensions = text.rstrip("]").partition("[")
        result.append(spec([item.strip() for item in dimensions.split(",") if item.strip()], dtype))
    return result


def _line(primitive: Primitive, sample: Sample) -> tuple[Builder, Instruction]:
    """The primitive applied to inputs x, y, ...; a builder whose next lines are those of its gradient."""
    b = Builder(primitive.name)
    specs = _specs(sample)
    conditional = len(specs) == 3 and specs[0].dtype == "bool"
    wanted = ["condition", "x", "y"] if conditional else ["x", "y", "z", "u", "v", "w"]
    inputs = [b.input(name, item) for name, item in zip(wanted, specs, strict=False)]
    emitted = b.emit_all(primitive.name, inputs, sample.attributes)
    (line,) = b.instructions
    names = [b.unused_name("result") for _ in emitted]
    outputs = tuple(Value(name, value.spec) for name, value in zip(names, emitted, strict=True))
    b.instructions.clear()
    return b, replace(line, outputs=outputs)


def _text(line: Instruction) -> str:
    return f"{', '.join(value.name for value in line.outputs)} = {expression(line)}"


def _gradient(primitive: Primitive, b: Builder, line: Instruction) -> Iterator[str]:
    """The lines of the gradient rule; the last one of each operand is named after it."""
    cotangents = [b.input("g", value.spec) if value.spec.is_float else None for value in line.outputs]
    flows = primitive.gradient(b, line, cotangents)
    arriving = [
        (f"d_{operand.name}", flow)
        for operand, flow in zip(line.operands, flows, strict=True)
        if flow is not None and isinstance(operand, Value)
    ]
    table: dict[Operand, Operand] = {}
    number = 0
    for appended in _read(b.instructions, [flow for _, flow in arriving]):
        outputs = []
        for value in appended.outputs:
            name = next((name for name, flow in arriving if flow == value), None)
            number += name is None
            outputs.append(Value(name or f"v{number}", value.spec))
        table.update(zip(appended.outputs, outputs, strict=True))
        operands = tuple(table.get(operand, operand) for operand in appended.operands)
        yield _text(replace(appended, outputs=tuple(outputs), operands=operands))
    for name, flow in arriving:
        known = table.get(flow, flow)
        if isinstance(known, Literal) or known.name != name:
            yield f"{name} = {known}"


def _read(lines: Sequence[Instruction], wanted: Sequence[Operand]) -> list[Instruction]:
    """The lines that something wanted depends on."""
    needed, kept = set(wanted), []
    for line in reversed(lines):
        if needed & set(line.outputs):
            needed |= set(line.operands)
            kept.append(line)
    return kept[::-1]


def _taken(primitive: Primitive, sample: Sample) -> str:
    """The kinds of dtype that the shape rule accepts in place of the sample's own."""
    specs = _specs(sample)
    if not specs:
        return "no operands"
    own = next((item.dtype for item in specs if item.is_float), specs[-1].dtype)
    accepted = []
    for dtype, words in KINDS.items():
        trial = [Spec(item.shape, dtype) if item.dtype == own else item for item in specs]
        try:
            primitive.specs(trial, sample.attributes)
        except (ProgramError, ShapeError):
            continue
        accepted.append(words)
    others = sorted({item.dtype for item in specs} - {own})
    return ", ".join(accepted) + (f"; beside {', '.join(others)}" if others else "")


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0].rstrip(".")


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description="Write docs/primitives.md from the registry of primitives.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file is not current")
    text = document()
    if parser.parse_args().check:
        current = PATH.exists() and PATH.read_text(encoding="utf-8") == text
        print(f"{PATH} is {'current' if current else 'not current: write it with make docs'}")
        return 0 if current else 1
    PATH.write_text(text, encoding="utf-8")
    print(f"wrote {PATH}: {len(PRIMITIVES)} primitives")
    return 0


if __name__ == "__main__":
    sys.exit(main())
