"""Numbers that constructors are given: what stands in the place of one is told with its class and its argument.

The annotations of our classes say where a number is expected; a table says which numbers an argument of a name takes.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flintglass.suggestions import wrong_call


@dataclass(frozen=True)
class Range:
    """The numbers from ``low`` to ``high``; ``low`` itself is left out where it is ``open``."""

    said: str
    low: float
    high: float = math.inf
    open: bool = False

    def holds(self, value: Any) -> bool:
        """True where the number lies within."""
        return bool(self.low <= value <= self.high and not (self.open and value == self.low))


_SHARE = Range("from 0 to 1", 0, 1)
_FROM_ZERO = Range("from 0 up", 0)
_ABOVE_ZERO = Range("above 0", 0, open=True)
_FROM_ONE = Range("from 1 up", 1)

# Arguments that mean the same wherever they stand.
RANGES = {
    **dict.fromkeys(("label_smoothing", "beta_1", "beta_2", "rho", "rate"), _SHARE),
    **dict.fromkeys(("ema_momentum", "momentum", "renorm_momentum"), _SHARE),
    **dict.fromkeys(("stddev", "epsilon", "gamma", "max_value", "min_value", "factor"), _FROM_ZERO),
    **dict.fromkeys(("initial_accumulator_value", "patience", "cooldown", "start_from_epoch"), _FROM_ZERO),
    **dict.fromkeys(("l1", "l2", "epsilon_1", "epsilon_2", "beta"), _FROM_ZERO),
    **dict.fromkeys(("delta", "clip_threshold", "clipnorm", "clipvalue", "global_clipnorm"), _ABOVE_ZERO),
    **dict.fromkeys(("num_classes", "k"), _FROM_ONE),
}
# Where "without end" is an answer; anywhere else an infinite number would end as nan.
ENDLESS = frozenset(
    {"max_value", "threshold", "patience", "cooldown", "start_from_epoch", "baseline", "initial_value_threshold"}
)


@dataclass(frozen=True)
class Rule:
    """What an argument takes: a number (``single``), several in a list (``several``), or either."""

    name: str
    whole: bool
    optional: bool
    single: bool
    several: bool
    within: Range | None

    @property
    def said(self) -> str:
        """What is expected, in words."""
        word = "whole number" if self.whole else "number"
        kind = f"a {word}" + (f" {self.within.said}" if self.within else "") if self.single else f"a list of {word}s"
        if self.single and self.several:
            kind += ", or a list of them"
        return f"{kind}, or None" if self.optional else kind

    def allows(self, value: Any) -> bool:
        """True where the value can be meant. None, tensors and arrays are judged by whoever computes with them."""
        if not isinstance(value, numbers.Real):
            computed = value is None or hasattr(value, "ndim")
            return computed or (self.several and not isinstance(value, (str, bytes)))
        if not self.single:
            return False
        if math.isnan(value) or (math.isinf(value) and self.name not in ENDLESS):
            return False
        if self.whole and not (isinstance(value, numbers.Integral) or math.isinf(value) or float(value).is_integer()):
            return False
        return self.within is None or self.within.holds(value)


class CheckedNumbers:
    """The base of what is made with numbers: the constructors of our own classes check them.

    What a constructor says of an argument itself is more exact, and is what the user reads.
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls.__module__.startswith("flintglass.") and "__init__" in vars(cls):
            cls.__init__ = _checking(cls.__init__, cls.__name__)  # type: ignore[method-assign]


def _checking(construct: Callable[..., None], owner: str) -> Callable[..., None]:
    @functools.wraps(construct)
    def constructor(self: Any, *arguments: Any, **keywords: Any) -> None:
        wrong = _first_wrong(construct, arguments, keywords)
        if wrong is None:
            try:
                construct(self, *arguments, **keywords)
                return
            except TypeError:
                own = type(self).__module__.startswith("flintglass.")
                place = type(self).__name__ if own else owner
                sentence = wrong_call(construct, place, (self, *arguments), keywords)
                if not sentence:
                    raise
            raise TypeError(sentence)
        rule, value = wrong
        try:
            construct(self, *arguments, **keywords)
        except Exception as error:
            if rule.name in str(error) and type(self).__name__.lower() in str(error).lower():
                raise
        raise ValueError(f"{type(self).__name__}: {rule.name} is {rule.said}, not {_shown(value)}")

    return constructor


def _first_wrong(construct: Callable[..., None], arguments: Any, keywords: dict[str, Any]) -> tuple[Rule, Any] | None:
    names, rules = rules_of(construct)
    for name, value in (*zip(names, arguments, strict=False), *keywords.items()):
        rule = rules.get(name)
        if rule is not None and not rule.allows(value):
            return rule, value
    return None


@functools.cache
def rules_of(construct: Callable[..., None]) -> tuple[tuple[str, ...], dict[str, Rule]]:
    """The names of a constructor's parameters after the first, and the rules of those that are numbers."""
    parameters = list(inspect.signature(construct).parameters.values())[1:]
    found = {item.name: _rule(item) for item in parameters}
    return tuple(found), {name: rule for name, rule in found.items() if rule is not None}


def _rule(parameter: inspect.Parameter) -> Rule | None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return None
    kinds = set(str(parameter.annotation).split(" | "))
    default = parameter.default
    # A number, or what stands for many: an array, a list of axes, a schedule.
    open_kind = "Any" in kinds and isinstance(default, (int, float)) and not isinstance(default, bool)
    single, several = bool(kinds & {"int", "float"}), any(kind.startswith("Sequence[") for kind in kinds)
    if "str" in kinds or not (single or several or open_kind):
        return None
    return Rule(
        parameter.name,
        whole=not kinds & {"float", "Sequence[float]", "Any"},
        optional="None" in kinds,
        single=single or open_kind,
        several=several or open_kind,
        within=None if open_kind else RANGES.get(parameter.name),
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
