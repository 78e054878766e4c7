"""What a function of the user's own returned: numbers, or an error that names the function and where it stands."""

from __future__ import annotations

from typing import Any


def require_numbers(function: Any, found: Any, place: str, expected: str) -> Any:
    """What was returned; TypeError where it is nothing or a text. place: where the function stands."""
    if found is not None and not isinstance(found, (str, bytes)):
        return found
    name = getattr(function, "__name__", type(function).__name__)
    raise TypeError(
        f"{place}, {'a lambda' if name == '<lambda>' else name}, returned {found!r} where {expected} is expected"
        + ("; does it end without `return`?" if found is None else "")
    )
