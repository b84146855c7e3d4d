"""Operators: how a field is compared. One entry each: what it is called, which kinds it suits, what it takes, and which
values it accepts.

Only positives are defined; a negative is a name, and its meaning (everyone else) is derived in `sql`. To add an
operator, write the function that turns what it is given into a `predicates.Predicate` and add an entry to `OPERATORS`;
the SQL, validation, the form, sentences, warnings, OpenAPI and the docs follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from segmentation.rules import windows
from segmentation.rules.kinds import Kind
from segmentation.rules.predicates import AllOf, Equal, OneOf, Piece, Predicate, Span
from segmentation.rules.windows import Clock

Meaning = Callable[[Any, Kind, Clock], Predicate]


class Takes(StrEnum):
    """What an operator is given beside the field."""

    NOTHING = "nothing"
    ONE = "one"
    PAIR = "pair"
    MANY = "many"
    DURATION = "duration"
    DURATION_PAIR = "duration_pair"
    PERIOD = "period"


@dataclass(frozen=True)
class Operator:
    """A comparison. `meaning` is None for the one that asks whether there is a value at all (`is_empty`).

    `units` are the units a duration or period may have, `least` the smallest duration.
    """

    key: str
    label: str
    kinds: frozenset[str]
    takes: Takes
    meaning: Meaning | None
    negative: str | None = None
    negative_label: str | None = None
    units: tuple[str, ...] = ()
    least: int = 1


def _equal(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Equal(kind.stored(value))


def _equal_number(value: Any, kind: Kind, _: Clock) -> Predicate:
    bounds = kind.stored(value)
    # What has more decimals than are stored equals nothing: then the span ends before it starts.
    return Equal(bounds.floor) if kind.name == "integer" else Span(bounds.ceiling, bounds.floor + 1)


def _any(values: tuple[Any, ...], kind: Kind, _: Clock) -> Predicate:
    return OneOf(tuple(dict.fromkeys(kind.each_stored(values))))


def _all(values: tuple[Any, ...], kind: Kind, _: Clock) -> Predicate:
    return AllOf(tuple(dict.fromkeys(kind.each_stored(values))))


def _any_number(values: tuple[Any, ...], kind: Kind, _: Clock) -> Predicate:
    return OneOf(tuple(dict.fromkeys(each.floor for each in kind.each_stored(values) if each.is_storable)))


def _contains(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Piece("anywhere", kind.stored(value, part=True))


def _starts_with(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Piece("at_start", kind.stored(value, part=True))


def _ends_with(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Piece("at_end", kind.stored(value, part=True))


def _greater(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Span(kind.stored(value).floor + 1, None)


def _at_least(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Span(kind.stored(value).ceiling, None)


def _less(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Span(None, kind.stored(value).ceiling)


def _at_most(value: Any, kind: Kind, _: Clock) -> Predicate:
    return Span(None, kind.stored(value).floor + 1)


def _between(pair: tuple[Any, Any], kind: Kind, _: Clock) -> Predicate:
    return Span(kind.stored(pair[0]).ceiling, kind.stored(pair[1]).floor + 1)


def _born_today(_value: None, _: Kind, clock: Clock) -> Predicate:
    return OneOf(tuple(sorted(windows.month_days(clock.today, 1))))


def _born_in_next(duration: windows.Duration, _: Kind, clock: Clock) -> Predicate:
    return OneOf(tuple(sorted(windows.month_days(clock.today, duration.amount))))


def _born_in_month(month: int, _: Kind, __: Clock) -> Predicate:
    return Span(month * 100, month * 100 + 100)


TEXT, TEXTS = frozenset({"text"}), frozenset({"text", "choice"})
NUMBERS = frozenset({"integer", "decimal", "money"})
BOOLEAN, INSTANT, BIRTHDAY = frozenset({"boolean"}), frozenset({"instant"}), frozenset({"birthday"})
TAGS, SEGMENTS = frozenset({"tags"}), frozenset({"segment_reference"})
CAN_BE_EMPTY = TEXTS | NUMBERS | BOOLEAN | INSTANT | BIRTHDAY | TAGS
DAYS_UP = windows.UNITS[1:]


def _day(key: str, label: str, window: Callable[[Any, Clock], Span], **more: Any) -> Operator:
    def meaning(value: Any, _: Kind, clock: Clock) -> Predicate:
        return window(value, clock)

    return Operator(key, label, INSTANT, more.pop("takes", Takes.ONE), meaning, **more)


OPERATORS: tuple[Operator, ...] = (
    Operator("equals", "is", TEXTS | BOOLEAN, Takes.ONE, _equal, "not_equals", "is not"),
    Operator("equals", "is", NUMBERS, Takes.ONE, _equal_number, "not_equals", "is not"),
    Operator("equals", "include", TAGS, Takes.ONE, _equal, "not_equals", "do not include"),
    Operator("in", "is any of", TEXTS, Takes.MANY, _any, "not_in", "is none of"),
    Operator("in", "is any of", NUMBERS, Takes.MANY, _any_number, "not_in", "is none of"),
    Operator("in", "include any of", TAGS, Takes.MANY, _any, "not_in", "include none of"),
    Operator("has_all", "include all of", TAGS, Takes.MANY, _all, "not_has_all", "do not include all of"),
    Operator("in", "is any of", SEGMENTS, Takes.MANY, _any, "not_in", "is none of"),
    Operator("contains", "contains", TEXT, Takes.ONE, _contains, "not_contains", "does not contain"),
    Operator("starts_with", "starts with", TEXT, Takes.ONE, _starts_with, "not_starts_with", "does not start with"),
    Operator("ends_with", "ends with", TEXT, Takes.ONE, _ends_with, "not_ends_with", "does not end with"),
    Operator("greater_than", "is more than", NUMBERS, Takes.ONE, _greater),
    Operator("greater_than_or_equals", "is at least", NUMBERS, Takes.ONE, _at_least),
    Operator("less_than", "is less than", NUMBERS, Takes.ONE, _less),
    Operator("less_than_or_equals", "is at most", NUMBERS, Takes.ONE, _at_most),
    Operator("between", "is between", NUMBERS, Takes.PAIR, _between, "not_between", "is not between"),
    _day("on", "is on", windows.on, negative="not_on", negative_label="is not on"),
    _day("before", "is before", windows.before),
    _day("after", "is after", windows.after),
    _day("on_or_before", "is on or before", windows.on_or_before),
    _day("on_or_after", "is on or after", windows.on_or_after),
    _day("between", "is between", windows.between, takes=Takes.PAIR, negative="not_between",
         negative_label="is not between"),
    _day("in_last", "is in the last", windows.in_last, takes=Takes.DURATION, units=windows.UNITS,
         negative="not_in_last", negative_label="is not in the last"),
    _day("more_than_ago", "is more than … ago", windows.more_than_ago, takes=Takes.DURATION, units=windows.UNITS),
    _day("in_next", "is in the next", windows.in_next, takes=Takes.DURATION, units=windows.UNITS,
         negative="not_in_next", negative_label="is not in the next"),
    _day("between_ago", "is between … and … ago", windows.between_ago, takes=Takes.DURATION_PAIR, units=DAYS_UP,
         least=0, negative="not_between_ago", negative_label="is not between … and … ago"),
    _day("in_this", "is in this", windows.in_this, takes=Takes.PERIOD, units=DAYS_UP, negative="not_in_this",
         negative_label="is not in this"),
    _day("in_previous", "is in the previous", windows.in_previous, takes=Takes.PERIOD, units=DAYS_UP,
         negative="not_in_previous", negative_label="is not in the previous"),
    Operator("is_today", "is today", BIRTHDAY, Takes.NOTHING, _born_today, "is_not_today", "is not today"),
    Operator("in_next", "is in the next", BIRTHDAY, Takes.DURATION, _born_in_next, "not_in_next", "is not in the next",
             units=("days",)),
    Operator("in_month", "is in month", BIRTHDAY, Takes.ONE, _born_in_month, "not_in_month", "is not in month"),
    Operator("is_empty", "has no value", CAN_BE_EMPTY, Takes.NOTHING, None, "is_not_empty", "has a value"),
)


def _named() -> Iterator[tuple[tuple[str, str], tuple[Operator, bool]]]:
    for operator in OPERATORS:
        for kind in operator.kinds:
            yield (kind, operator.key), (operator, False)
            if operator.negative:
                yield (kind, operator.negative), (operator, True)


_BY_NAME = dict(_named())


def find(kind: str, name: str) -> tuple[Operator, bool] | None:
    """The operator of that name for a kind, and whether the name is its negative; None when there is none."""
    return _BY_NAME.get((kind, name))


def of_kind(kind: str) -> Iterator[tuple[str, str, Operator, bool]]:
    """Each name a kind's operators go by: name, label, operator, whether it is the negative."""
    for operator in OPERATORS:
        if kind in operator.kinds:
            yield operator.key, operator.label, operator, False
            if operator.negative:
                yield operator.negative, operator.negative_label or operator.negative, operator, True
