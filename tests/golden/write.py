"""Write the golden listings again: ``python -m tests.golden.write``, then read what changed in them."""

from __future__ import annotations

from pathlib import Path

from tests.golden.networks import NETWORKS

FOLDER = Path(__file__).parent


def text_of(name: str) -> str:
    """What the file of a network holds: the listings of its programs, one below the other."""
    return "\n\n\n".join(str(program) for program in NETWORKS[name]()) + "\n"


def main() -> None:
    """Write every file; remove those of networks that are gone."""
    for path in FOLDER.glob("*.txt"):
        if path.stem not in NETWORKS:
            path.unlink()
    for name in NETWORKS:
        (FOLDER / f"{name}.txt").write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
