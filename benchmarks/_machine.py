"""One line that says which machine and which versions a table was measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path


def describe(*packages: str) -> str:
    """Processor, cores, Python, and the versions of the named packages (each must be installed)."""
    versions = [f"{name} {metadata.version(name)}" for name in packages]
    cores = f"{os.cpu_count()} cores"
    return ", ".join([processor(), cores, f"Python {platform.python_version()}", *versions])


def processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
