"""JSON that somebody else wrote: read within bounds, without words that are no numbers, and without double keys."""

from __future__ import annotations

import json
import math
from typing import Any

from flintglass.errors import ModelFileError

# A configuration of 1000 dense layers takes 1 MB and 60,000 values.
LARGEST = 16 * 2**20
MOST_VALUES = 400_000
DEEPEST = 200
# Messages and places repeat a name many times over: one of 8 MB took 230 MB.
LONGEST_TEXT = 2**20


def read_document(text: bytes | str, file: str, item: str, longest: int = LONGEST_TEXT) -> dict[str, Any]:
    """The object that the JSON text describes. ModelFileError where it is none, too large or too deep.

    longest: the letters that one name or text in it may have.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text

    def refuse(reason: str, error: BaseException | None = None) -> ModelFileError:
        found = ModelFileError(file, item, reason)
        found.__cause__ = error
        return found

    if len(data) > LARGEST:
        raise refuse(f"the configuration takes {len(data)} bytes; {LARGEST} are read at most")
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES:
        raise refuse(f"the configuration holds more than {MOST_VALUES} values")
    try:
        found = json.loads(
            data.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError as error:
        raise refuse("the configuration is nested too deeply", error) from None
    except ValueError as error:
        raise refuse(f"the configuration is no JSON that can be used: {error}", error) from None
    if not isinstance(found, dict):
        raise refuse(f"the configuration is an object in JSON, with keys, not {type(found).__name__}")
    if len(data) > longest and _longest(found) > longest:
        raise refuse(f"one of its texts has more than {longest} letters")
    if _deeper(found, DEEPEST):
        raise refuse(f"the configuration is nested deeper than {DEEPEST} levels")
    return found


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} stands where a number is expected")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:60]!r} stands twice in one object")
    return found


def _deeper(value: Any, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit):
        inner: list[Any] = []
        for item in level:
            children = item.values() if isinstance(item, dict) else item
            inner.extend(child for child in children if isinstance(child, (dict, list)))
        if not inner:
            return False
        level = inner
    return True


def _longest(document: Any) -> int:
    """The letters of the longest text in it, keys among them."""
    most, waiting = 0, [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            most = max(most, len(item))
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return most
