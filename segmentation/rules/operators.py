"""Operators: how a field is compared. One entry each: what it is called, which kinds it suits, what it takes, its SQL
test.

Only positives have a test; a negative is a name, and its meaning (everyone else) is derived in `sql`. To add an
operator, add an entry to `OPERATORS`; validation, the form, OpenAPI and the docs follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, literal

from segmentation.models.functions import in_list, text_contains, text_ends_with, text_starts_with
from segmentation.rules import windows
from segmentation.rules.kinds import INT64, Bounds
from segmentation.rules.windows import Clock, Window

Column = ColumnElement[Any]
Test = Callable[[Column, Any], ColumnElement[bool]]


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
    """A comparison. `test` is None for the one that asks whether there is a value at all (`is_empty`).

    `window` turns what a date operator was given into the window that `test` looks in. `units` are the units a
    duration or period may have. `part`: the value is only a piece of what is stored.
    """

    key: str
    label: str
    kinds: frozenset[str]
    takes: Takes
    test: Test | None
    negative: str | None = None
    negative_label: str | None = None
    window: Callable[[Any, Clock], Window] | None = None
    units: tuple[str, ...] = ()
    least: int = 1
    part: bool = False


def _equals(column: Column, value: Any) -> ColumnElement[bool]:
    return column == literal(value, column.type)


def _number(value: int) -> ColumnElement[int]:
    # One type for all numbers: the SQL text must not depend on how large a value is.
    return literal(value, BigInteger())


def _equals_whole(column: Column, value: Bounds) -> ColumnElement[bool]:
    return column == _number(value.floor)


def _equals_exactly(column: Column, value: Bounds) -> ColumnElement[bool]:
    # An amount with more decimals than are stored equals nothing: its bounds are the wrong way round.
    return and_(column >= _number(value.ceiling), column <= _number(value.floor))


def _any_number(column: Column, values: tuple[Bounds, ...]) -> ColumnElement[bool]:
    storable = [low for low, high in values if low == high and abs(low) < INT64]
    return in_list(column, storable)


def _greater(column: Column, value: Bounds) -> ColumnElement[bool]:
    return column > _number(value.floor)


def _at_least(column: Column, value: Bounds) -> ColumnElement[bool]:
    return column >= _number(value.ceiling)


def _less(column: Column, value: Bounds) -> ColumnElement[bool]:
    return column < _number(value.ceiling)


def _at_most(column: Column, value: Bounds) -> ColumnElement[bool]:
    return column <= _number(value.floor)


def _between(column: Column, pair: tuple[Bounds, Bounds]) -> ColumnElement[bool]:
    return and_(_at_least(column, pair[0]), _at_most(column, pair[1]))


def _within(column: Column, window: Window) -> ColumnElement[bool]:
    start = [] if window.start is None else [column >= literal(window.start, column.type)]
    end = [] if window.end is None else [column < literal(window.end, column.type)]
    return and_(*start, *end)


TEXT, TEXTS = frozenset({"text"}), frozenset({"text", "choice"})
WHOLE, MONEY = frozenset({"integer"}), frozenset({"money"})
NUMBERS = WHOLE | MONEY
BOOLEAN, INSTANT = frozenset({"boolean"}), frozenset({"instant"})
EVERY_KIND = TEXTS | NUMBERS | BOOLEAN | INSTANT
DAYS_UP = windows.UNITS[1:]


def _day(key: str, label: str, window: Callable[[Any, Clock], Window], **more: Any) -> Operator:
    return Operator(key, label, INSTANT, more.pop("takes", Takes.ONE), _within, window=window, **more)


OPERATORS: tuple[Operator, ...] = (
    Operator("equals", "is", TEXTS | BOOLEAN, Takes.ONE, _equals, "not_equals", "is not"),
    Operator("equals", "is", WHOLE, Takes.ONE, _equals_whole, "not_equals", "is not"),
    Operator("equals", "is", MONEY, Takes.ONE, _equals_exactly, "not_equals", "is not"),
    Operator("in", "is any of", TEXTS, Takes.MANY, in_list, "not_in", "is none of"),
    Operator("in", "is any of", NUMBERS, Takes.MANY, _any_number, "not_in", "is none of"),
    Operator("contains", "contains", TEXT, Takes.ONE, text_contains, "not_contains", "does not contain", part=True),
    Operator("starts_with", "starts with", TEXT, Takes.ONE, text_starts_with, "not_starts_with",
             "does not start with", part=True),
    Operator("ends_with", "ends with", TEXT, Takes.ONE, text_ends_with, "not_ends_with", "does not end with",
             part=True),
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
    Operator("is_empty", "has no value", EVERY_KIND, Takes.NOTHING, None, "is_not_empty", "has a value"),
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
