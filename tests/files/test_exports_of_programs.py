"""Exports of programs that few networks hold: blocks in blocks, several results of a block, values handed through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from tests.contracts.random_programs import Drawn, programs
from tests.files.exported import check_script, each_compiler, self_tests

from flintglass.engines.engine import engine
from flintglass.errors import ExportError
from flintglass.exporters import c_header
from flintglass.exporters.binding import bound
from flintglass.exporters.exported import Exported, drawn, name_from
from flintglass.primitives import types_of
from flintglass.program import parse, verify

PROGRAMS = {
    "two_results": """
program predict
  input x                                      : float32[n, 3]
    a, b = each both(x, 0.5)                   : float32[n, 3], float32[n, 3]
    c = a * b                                  : float32[n, 3]
  return c = c
  return b = b

block both
  input x                                      : float32[]
  input y                                      : float32[]
    v1 = x * y                                 : float32[]
    v2 = each half(v1)                         : float32[]
  return result = v2
  return result1 = y

block half
  input x                                      : float32[]
    v1 = x * 0.5                               : float32[]
  return result = v1
""",
    "handed_through": """
program predict
  state w                                      : float32[2, 3]
  input x                                      : float32[n, 2]
  input unused                                 : int32[n]
    v1 = x @ w                                 : float32[n, 3]
    double = v1 + v1                           : float32[n, 3]
    log, exp = top_k(double, k=2)              : float32[n, 2], int32[n, 2]
    int = reshape(double, shape=(n, 3, 1))     : float32[n, 3, 1]
  return x = x
  return y = double
  return same = double
  return w = w
  return number = 0.5:float32
  return shaped = int
""",
    "calls_in_calls": """
program predict
  state w                                      : float32[4, 2]
  input x                                      : int32[n, 3]
    v1 = call outer(w, x)                      : float32[n, 3, 2]
    v2 = call outer(w, x)                      : float32[n, 3, 2]
    predict = v1 * v2                          : float32[n, 3, 2]
  return predict = predict

block outer
  input table                                  : float32[4, 2]
  input x                                      : int32[n, 3]
    v1 = call inner(table, x)                  : float32[n, 3, 2]
    i = broadcast(1.5:float32, shape=(n, 3, 2)) : float32[n, 3, 2]
    total = v1 + i                             : float32[n, 3, 2]
  return result = total

block inner
  input table                                  : float32[4, 2]
  input x                                      : int32[n, 3]
    v1 = gather(table, x, axis=0)              : float32[n, 3, 2]
  return result = v1
""",
    "sums_of_one_row": """
program predict
  input x                                      : float64[n, 5]
    v1 = sum(x, axis=(1,))                     : float64[n]
    v2 = max(x, axis=(1,), keepdims=True)      : float64[n, 1]
    v3 = reshape(v1, shape=(n, 1))             : float64[n, 1]
    v4 = v3 - v2                               : float64[n, 1]
    v5 = pad(v4, high=(0, 1), low=(0, 2), value=-inf) : float64[n, 4]
    v6 = reverse(v5, axis=(1,))                : float64[n, 4]
    v7 = slice(v6, start=(None, 1), stop=(None, 4), step=(1, 2)) : float64[n, 2]
    v8 = argmax(x, axis=1)                     : int32[n]
  return parts = v7
  return where = v8
""",
    "nothing_at_all": """
program predict
  input x                                      : float32[n, 0]
    v1 = x + 1.0                               : float32[n, 0]
    v2 = sum(v1, axis=(1,), keepdims=True)     : float32[n, 1]
  return empty = v1
  return sum = v2
""",
}


def exported(name: str) -> Exported:
    program = parse(PROGRAMS[name].strip())
    verify(program, types_of)
    generator = np.random.default_rng(5)
    weights = {v.name: generator.normal(size=v.spec.bind({}).shape).astype(v.spec.dtype) for v in program.state}
    given = drawn(program, program.inputs)
    expected = engine("numpy").execute(program, [array.copy() for array in weights.values()], given)
    return Exported(program, weights, given, [np.array(array) for array in expected], name)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_is_written_in_numpy_alone(name: str) -> None:
    check_script(exported(name), 1e-6)


@each_compiler
def test_programs_are_written_in_c(tmp_path: Path, compiler: str) -> None:
    found = self_tests([exported(name) for name in PROGRAMS], tmp_path, compiler)
    assert max(found.values()) < 1e-6


def test_a_program_that_changes_its_state_is_refused() -> None:
    text = """
program predict
  state w                                      : float32[]
  input x                                      : float32[n]
    v1 = w + 1.0                               : float32[]
  update w <- v1
  return x = x
"""
    with pytest.raises(ExportError, match="predict changes w at every run"):
        Exported(parse(text.strip()), {"w": np.zeros((), "float32")}, [], [])


def test_a_constant_without_an_array_is_named() -> None:
    with pytest.raises(ExportError, match="no array was given for w"):
        Exported(parse(PROGRAMS["handed_through"].strip()), {}, [], [])


def test_a_function_in_c_says_how_much_stack_it_needs() -> None:
    text = c_header(exported("calls_in_calls"))
    # v1 and v2 of predict; outer's own i, v1 and what it calls, which has no array of its own.
    assert "needs 96 bytes of stack" in text


@pytest.mark.parametrize(
    ("path", "name"), [("a/my net.v2.py", "my_net_v2"), ("3d.h", "network_3d"), ("größe.h", "gr__e"), (".h", "_h")]
)
def test_the_name_of_the_file_becomes_an_identifier(path: str, name: str) -> None:
    assert name_from(path) == name


def is_certain(drawn: Drawn) -> bool:
    """Whether all engines give the same numbers: which zero is the larger, and what 0 times infinity adds, differ."""
    text = str(drawn.program)
    finite = all(np.isfinite(array).all() for array in (*drawn.inputs, *drawn.state))
    return not any(sign in text for sign in (" / ", "**")) and (" @ " not in text or finite)


def of_drawn(drawn: Drawn, name: str) -> Exported:
    """A random program with its sizes bound, without what it would change, and what the reference kernels give."""
    program = replace(bound(drawn.program, drawn.sizes), updates=())
    constants = {value.name: array for value, array in zip(program.state, drawn.state, strict=True)}
    arrays = [array.copy() for array in drawn.inputs]
    expected = engine("numpy").execute(program, [array.copy() for array in drawn.state], arrays)
    return Exported(program, constants, drawn.inputs, [np.array(array) for array in expected], name)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(programs())
def test_random_programs_are_written_in_numpy_alone(drawn: Drawn) -> None:
    assume(is_certain(drawn))
    check_script(of_drawn(drawn, "drawn"), 1e-5)


@each_compiler
def test_random_programs_are_written_in_c(tmp_path: Path, compiler: str) -> None:
    items: list[Exported] = []

    @settings(max_examples=80, deadline=None, database=None, derandomize=True)
    @given(programs())
    def collect(drawn: Drawn) -> None:
        assume(is_certain(drawn))
        items.append(of_drawn(drawn, f"drawn_{len(items)}"))

    collect()
    largest = self_tests(items, tmp_path, compiler)
    far = [str(item.program) for item in items if not largest[item.name] <= 1e-5]
    assert far == []
