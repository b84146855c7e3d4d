"""Does a person match a rule tree? Decided one person at a time, straight from the written rules.

It reads the JSON shape of a tree that is already known to be legal, and refuses nothing.
A field is looked up in `value_of` and a kind of comparison in `_TESTS`: those two grow with the
language, the tree above them does not. Inside `where` the same is asked of an order or a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import eq, ge, gt, le, lt
from typing import Any

from . import text
from .language import AGGREGATES, POSITIVE_OF, StoreSettings, kind_of
from .rows import aggregate, rows_of
from .windows import in_window, store_day

__all__ = ["StoreSettings", "matches"]

Rule = dict[str, Any]
Person = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """When, in which store, and beside which other segments (id -> rules) a rule is read."""

    now: datetime
    store: StoreSettings
    segments: Mapping[str, Rule]


def matches(
    rules: Rule,
    person: Person,
    *,
    now: datetime,
    store: StoreSettings,
    segments: Mapping[str, Rule] | None = None,
) -> bool:
    """Return whether `person` (field -> stored value, or None) matches the tree `rules`.

    Texts and choices are str, counts and scores int, money Decimal, instants aware UTC datetimes.
    """
    return holds(rules, person, Setting(now, store, segments or {}))


def holds(node: Rule, subject: Person, setting: Setting) -> bool:
    """Return whether a group or a condition holds for a person, or for a row inside `where`."""
    return (_group_holds if "logic" in node else _condition_holds)(node, subject, setting)


def _group_holds(group: Rule, person: Person, setting: Setting) -> bool:
    answers = [_condition_holds(each, person, setting) for each in group["conditions"]]
    answers += [_group_holds(each, person, setting) for each in group["groups"]]
    # Nothing asked (only the root may do so) is everyone, whatever the logic.
    met = not answers or (all(answers) if group["logic"] == "AND" else any(answers))
    negated: bool = group.get("negate", False)
    return met is not negated


def _condition_holds(condition: Rule, person: Person, setting: Setting) -> bool:
    operator = condition["operator"]
    value = value_of(condition, person, setting)
    if operator not in POSITIVE_OF:
        return _positive_holds(operator, condition, value, setting)
    if value is None and not condition.get("include_empty", True):
        return False
    return not _positive_holds(POSITIVE_OF[operator], condition, value, setting)


def value_of(condition: Rule, subject: Person, setting: Setting) -> Any:
    """Return what the condition's field holds for this subject, None when there is no value."""
    field: str = condition["field"]
    if field.startswith("attributes."):
        return subject["attributes"].get(field.removeprefix("attributes."))
    if field in AGGREGATES:
        return aggregate(field, _counting(condition, subject, setting))
    if field == "in_segment":
        return tuple(key for key in condition["value"] if holds(setting.segments[key], subject, setting))
    if field == "tags":
        return subject["tags"] or None
    return subject[field]


def _counting(condition: Rule, person: Person, setting: Setting) -> list[Person]:
    """Return the person's orders or lines that the condition lets count."""
    rows = rows_of(person, condition["field"].split(".")[0])
    where = condition.get("where")
    return [row for row in rows if where is None or holds(where, row, setting)]


def _positive_holds(operator: str, condition: Rule, value: Any, setting: Setting) -> bool:
    if operator == "is_empty":
        return value is None
    if value is None:
        return False
    return _TESTS[kind_of(condition["field"], setting.store)](operator, condition, value, setting)


def _text_holds(operator: str, condition: Rule, value: str, setting: Setting) -> bool:
    def sought(wanted: str) -> str:
        if condition["field"] != "mobile":
            return text.fold(wanted)
        whole = operator in {"equals", "in"}
        return text.phone(wanted, setting.store.region) if whole else text.dialled(wanted)

    stored = value if condition["field"] == "mobile" else text.fold(value)
    if operator == "in":
        return stored in [sought(each) for each in condition["value"]]
    return _TEXT[operator](stored, sought(condition["value"]))


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "equals": eq,
    "contains": lambda stored, wanted: wanted in stored,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def _plain_holds(operator: str, condition: Rule, value: Any, _: Setting) -> bool:
    """Compare choices, booleans and numbers; int and Decimal compare exactly in Python."""
    wanted = condition["value"]
    if operator == "in":
        return value in wanted
    if operator == "between":
        return bool(wanted <= value <= condition["value2"])
    return bool(_ORDER[operator](value, wanted))


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "equals": eq,
    "greater_than": gt,
    "greater_than_or_equals": ge,
    "less_than": lt,
    "less_than_or_equals": le,
}


def _instant_holds(operator: str, condition: Rule, value: datetime, setting: Setting) -> bool:
    return in_window(operator, condition, value, setting.now, setting.store)


def _tags_hold(operator: str, condition: Rule, value: tuple[str, ...], _: Setting) -> bool:
    has = {text.fold(tag) for tag in value}
    if operator == "equals":
        return text.fold(condition["value"]) in has
    answers = [text.fold(tag) in has for tag in condition["value"]]
    return all(answers) if operator == "has_all" else any(answers)


def _segments_hold(_operator: str, _condition: Rule, value: tuple[str, ...], _: Setting) -> bool:
    return bool(value)


def _birthday_holds(operator: str, condition: Rule, value: date, setting: Setting) -> bool:
    if operator == "in_month":
        return bool(value.month == condition["value"])
    days = 1 if operator == "is_today" else min(condition["value"], 3 * 366)
    today = store_day(setting.now, setting.store.timezone)
    return any(_falls_on(value, today + timedelta(days=n)) for n in range(days))


def _falls_on(birthday: date, day: date) -> bool:
    """Return whether someone born then has their birthday on that day."""
    leapling_in_common_year = (birthday.month, birthday.day) == (2, 29) and day.year % 4 != 0
    celebrated = (2, 28) if leapling_in_common_year or _is_common_century(birthday, day) else None
    return (day.month, day.day) == (celebrated or (birthday.month, birthday.day))


def _is_common_century(birthday: date, day: date) -> bool:
    return (birthday.month, birthday.day) == (2, 29) and day.year % 100 == 0 and day.year % 400 != 0


_TESTS: dict[str, Callable[[str, Rule, Any, Setting], bool]] = {
    "text": _text_holds,
    "choice": _plain_holds,
    "integer": _plain_holds,
    "money": _plain_holds,
    "number": _plain_holds,
    "boolean": _plain_holds,
    "instant": _instant_holds,
    "tags": _tags_hold,
    "birthday": _birthday_holds,
    "segments": _segments_hold,
}
