"""Documents that are written from the code say what the code says."""

from __future__ import annotations

from pathlib import Path

from flintglass.compat import document as keras
from flintglass.compat.notes import NOTES
from flintglass.primitives import PRIMITIVES
from flintglass.primitives.document import PATH, document

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_document_of_the_primitives_is_current() -> None:
    written = (REPOSITORY / PATH).read_text(encoding="utf-8")
    assert written == document(), "write it again with `make docs`"


def test_the_document_has_an_entry_for_every_primitive() -> None:
    entries = [line[4:] for line in document().split("\n") if line.startswith("### ")]
    assert sorted(entries) == sorted(PRIMITIVES)


def test_the_document_of_what_is_not_offered_is_current() -> None:
    written = (REPOSITORY / keras.PATH).read_text(encoding="utf-8")
    assert written == keras.document(), "write it again with `make docs`"
    assert [note for note in NOTES.values() if written.count(f" | {note} |") != 1] == []
