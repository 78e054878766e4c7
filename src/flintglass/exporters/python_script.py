"""A network as a Python script that needs NumPy alone: predict, its blocks, its numbers, and a test of itself."""

from __future__ import annotations

import builtins
import inspect
import keyword
from collections.abc import Sequence

from flintglass.exporters import numpy_helpers
from flintglass.exporters.exported import Array, Exported, has_rows
from flintglass.exporters.nesting import flat_texts, has_keys
from flintglass.exporters.numpy_rows import shape_text
from flintglass.exporters.python_lines import Body, Script, sizes_needed
from flintglass.exporters.python_numbers import array_text
from flintglass.exporters.words import Words, readable
from flintglass.program import Program, Size, Value

HELPERS = {
    name: function
    for name, function in vars(numpy_helpers).items()
    if inspect.isfunction(function) and function.__module__ == numpy_helpers.__name__
}
NEEDS = dict.fromkeys(("lookup", "lookup_in_each", "scatter_add"), ("checked",))
TAKEN = {
    *keyword.kwlist,
    *keyword.softkwlist,
    *dir(builtins),
    *HELPERS,
    "np",
    "math",
    "sys",
    "base64",
    "predict",
    "GIVEN",
    "EXPECTED",
    "TOLERANCE",
}


def python_script(exported: Exported) -> str:
    """The text of the script; ExportError where the program has a line that NumPy alone cannot do."""
    program = exported.unbatched()
    words = Words(TAKEN | set(program.sizes))
    fixed = {value: words.new(value.name) for value in program.state}
    script = Script(words, fixed)
    for block in program.blocks():
        script.function_of(block)  # before any local name: a value called like a function would hide it
    predict = _predict(exported, program, script)
    blocks = [_block(block, script) for block in program.blocks()]
    used = {value for line in program.instructions for value in line.values()} | set(program.outputs)
    numbers = [
        f"{name} = {_array(exported.constants[value.name], script)}" for value, name in fixed.items() if value in used
    ]
    tests = _tests(exported, script)
    helpers = [_source(name) for name in HELPERS if name in _with_needs(script.helpers)]
    parts = [predict, *blocks, *helpers]
    if numbers:
        parts.append("# What was learned.\n" + "\n".join(numbers))
    text = "\n\n\n".join([*parts, tests])
    return f"{_head(exported)}\n\n{_imports(text)}\n\n\n{text}\n"


def _head(exported: Exported) -> str:
    called = [readable(name) for name in exported.called]
    takes = [
        f"# {name}: {value.spec}, a row for each example" for name, value in zip(called, exported.inputs, strict=True)
    ]
    names = zip(exported.program.output_names, exported.program.output_specs, strict=True)
    gives = ", ".join(f"{readable(name)} {spec}" for name, spec in names)
    gives = f"a dict: {gives}" if isinstance(exported.nesting, dict) else gives
    return "\n".join(
        [
            f'"""The network {exported.name}: predict() in NumPy alone. Run as a script, this file tests itself."""',
            "",
            f"# Written by flintglass. {exported.parameters:,} numbers, {exported.test_rows} test vectors.",
            *takes,
            f"# Returns {gives}",
        ]
    )


def _imports(text: str) -> str:
    standard = [name for name in ("base64", "math", "sys") if f"{name}." in text]
    return "\n".join([*(f"import {name}" for name in standard), "", "import numpy as np"])


def _with_needs(helpers: set[str]) -> set[str]:
    return helpers.union(*(NEEDS.get(name, ()) for name in helpers))


def _source(name: str) -> str:
    """The source of a helper, without what the linter is told."""
    lines = inspect.getsource(HELPERS[name]).rstrip().split("\n")
    return "\n".join(line.partition("  # noqa")[0] for line in lines)


def _predict(exported: Exported, program: Program, script: Script) -> str:
    words = script.words.inside()
    names = {value: words.new(called) for value, called in zip(program.inputs, exported.called, strict=True)}
    lines = []
    for value, name in names.items():
        shape = shape_text([None if isinstance(extent, Size) else extent for extent in value.spec.shape])
        lines.append(f'{name} = {script.use("array_of")}({name}, "{name}", "{value.spec.dtype}", {shape})')
    batched = [name for value, name in names.items() if has_rows(value.spec)]
    if len(batched) > 1:
        lines.append(f"{script.use('same_rows')}({', '.join(f'{name}={name}' for name in batched)})")
    for size in sizes_needed(program):
        lines.append(f"{size} = {_found(size, names)}")
    body = Body(script, words, names)
    lines += ["", *body.write(program, exported.nesting)]
    documented = f'"""{_returns(exported)}, one row for each row of {", ".join(names.values())}."""'
    return "\n".join(
        [
            '@np.errstate(all="ignore")',
            f"def predict({', '.join(names.values())}):",
            _indented([documented, *lines]),
        ]
    )


def _returns(exported: Exported) -> str:
    """What predict returns, for its docstring."""
    if isinstance(exported.nesting, dict):
        return f"A dict with the keys {' and '.join(readable(str(key)) for key in exported.nesting)}"
    names = " and ".join(readable(name) for name in exported.program.output_names)
    return f"A tuple of {names}, in this order" if len(exported.expected) > 1 else names


def _found(size: str, names: dict[Value, str]) -> str:
    """Where a named size is to be seen."""
    for value, name in names.items():
        for axis, extent in enumerate(value.spec.shape):
            if extent == Size(size):
                return f"len({name})" if axis == 0 else f"{name}.shape[{axis}]"
    raise AssertionError(f"no input has the size {size}")


def _block(block: Program, script: Script) -> str:
    words = script.words.inside()
    names = {value: words.new(value.name) for value in block.inputs}
    scalar = all(value.spec.shape == () for value in block.inputs)
    body = Body(script, words, names, scalar)
    head = f"def {script.function_of(block)}({', '.join([*names.values(), *sizes_needed(block)])}):"
    return f"{head}\n{_indented(body.write(block))}"


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" if line else "" for line in lines)


def _array(array: Array, script: Script) -> str:
    text, packed = array_text(array)
    if packed:
        script.use("numbers")
    return text


def _tests(exported: Exported, script: Script) -> str:
    compare = script.use("difference")
    given, expected = (
        ", ".join(_array(array, script) for array in arrays) for arrays in (exported.given, exported.expected)
    )
    returned, found = "", "predict(*GIVEN)" if len(exported.expected) > 1 else "[predict(*GIVEN)]"
    if has_keys(exported.nesting):
        returned = "    returned = predict(*GIVEN)\n"
        found = f"[{', '.join(flat_texts(exported.nesting, 'returned'))}]"
    return f"""# Rows, and what the network gave for them when it was exported.
GIVEN = [{given}]
EXPECTED = [{expected}]
TOLERANCE = {exported.tolerance}  # of the largest number

if __name__ == "__main__":
{returned}    largest = np.max([{compare}(*pair) for pair in zip({found}, EXPECTED)])
    print(f"{exported.test_rows} test vectors: the largest difference is {{largest:.1e}}, {{TOLERANCE}} is allowed")
    sys.exit(0 if largest <= TOLERANCE else 1)"""
