"""What a new batch size costs: milliseconds to plan the training step of a network of ten layers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _machine import describe

from flintglass import Input, Sequential, config, layers
from flintglass.engines.engine import engine

SIZES = range(50, 70)


def milliseconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def planning(name: str) -> tuple[float, int]:
    """The best of some sizes, each planned for the first time, without the step itself; the lines of the program."""
    config.set_engine(name)
    hidden = [layers.Dense(64, activation="relu") for _ in range(9)]
    model = Sequential([Input((64,)), *hidden, layers.Dense(1)])
    model.compile("adam", "mse")
    traced = model.traced("train")
    running, best = engine(), float("inf")
    for rows in SIZES:
        shapes = [[rows, *value.spec.shape[1:]] for value in traced.program.inputs]
        arrays = [np.zeros(s, v.spec.dtype) for s, v in zip(shapes, traced.program.inputs, strict=True)]

        def step(rows: int = rows, arrays: Any = arrays) -> None:
            running.run(running.load(traced.program, {"n": rows}), traced.state, arrays)

        best = min(best, milliseconds(step) - milliseconds(step))
    return best, len(traced.program.instructions)


def main() -> None:
    print("# Planning a training step for a new batch size\n")
    print("The first step of a size, less the second; 64 columns, nine layers of 64, one of 1, Adam; ", end="")
    print(f"best of {len(SIZES)} sizes. {describe('numpy', 'flintglass')}.\n")
    print("| engine | lines of the program | milliseconds |\n| --- | ---: | ---: |")
    for name in ("native", "numpy"):
        best, lines = planning(name)
        print(f"| {name} | {lines} | {best:.2f} |")


if __name__ == "__main__":
    main()
