"""Writes docs/keras.md: which names of TensorFlow and Keras are not offered, and the way out of each."""

from __future__ import annotations

from pathlib import Path

from flintglass.compat.names import MODULES
from flintglass.compat.notes import NOTES

PATH = Path("docs/keras.md")
HEAD = """# What `flintglass run` answers, and what it does not

This page is written from the tables in src/flintglass/compat (`make docs`). A script that imports TensorFlow or Keras
gets our objects under these modules, and under their older spellings (`tensorflow.keras`, `tf_keras`, `keras.api`):

"""
BELOW = """
A name that is not there ends the script with one sentence. For these names, or for all that lies below them, it says
the way out; for others it names the nearest name that there is.

| not offered | the way out |
| --- | --- |
"""


def document() -> str:
    """The whole page."""
    named: dict[str, list[str]] = {}
    for name, note in NOTES.items():
        named.setdefault(note, []).append(name)
    lines = [f"| {', '.join(f'`{name}`' for name in _short(names))} | {note} |" for note, names in named.items()]
    modules = ", ".join(f"`{name}`" for name in sorted(MODULES))
    return f"{HEAD}{modules}.\n{BELOW}" + "\n".join(lines) + "\n"


def _short(names: list[str]) -> list[str]:
    """The names, of which those of one module after another are told without it."""
    rooms = [name.rpartition(".")[0] for name in names]
    return [
        name.rpartition(".")[2] if position and rooms[position - 1] == rooms[position] else name
        for position, name in enumerate(names)
    ]


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
