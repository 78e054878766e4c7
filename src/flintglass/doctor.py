"""The doctor: which engine runs here, on which instruction set, with how many threads, and why."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Iterator
from typing import Any

import numpy as np

from flintglass import __version__, config
from flintglass.engines.engine import engine, missing

BUILT_FOR = ("avx512", "avx2", "baseline")


def report() -> str:
    """What there is to know, a line for each thing."""
    return "\n".join(f"{name + ':':<17}{text}" for name, text in _findings())


def _findings() -> Iterator[tuple[str, str]]:
    yield "flintglass", f"{__version__}, Python {platform.python_version()}, NumPy {np.__version__}"
    yield "machine", f"{platform.system()} {platform.machine()}"
    running = engine()
    yield "engine", f"{running.name}{_why(running.name)}"
    machine = getattr(running, "machine", None)
    if machine is None:
        yield "why not native", missing.get("native", "another engine was asked for")
        yield "products", f"NumPy's BLAS ({_blas()})"
        yield "threads", "as many as NumPy's BLAS takes"
    else:
        yield "instructions", f"{machine.isa}{_sets(machine)}"
        yield "products", "kernels of the engine's own; no BLAS"
        yield "threads", f"{machine.thread_count()} of {machine.usable_processors()} processors{_asked_threads()}"
    yield "graphics cards", "not used: programs run on processors; an extra that runs them through JAX is planned"


def _why(name: str) -> str:
    if "FLINTGLASS_ENGINE" in os.environ:
        return f" (FLINTGLASS_ENGINE={os.environ['FLINTGLASS_ENGINE']})"
    return " (chosen by itself)" if config.engine() == "auto" else " (config.set_engine)"


def _sets(machine: Any) -> str:
    package = "flintglass.engines.native_engine"
    built = [name for name in BUILT_FOR if importlib.util.find_spec(f"{package}.machine_{name}")]
    return f" (built for {', '.join(built)}; the best of this processor: {machine.best_set()})"


def _asked_threads() -> str:
    if config.threads() == 0:
        return ""
    return " (asked for by FLINTGLASS_THREADS or config.set_threads)"


def _blas() -> str:
    described: Any = np.show_config(mode="dicts")
    found = described.get("Build Dependencies", {}).get("blas", {})
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()
