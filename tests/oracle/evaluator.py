"""Does a person match a rule tree? Decided one person at a time, straight from the written rules.

It reads the JSON shape of a tree that is already known to be legal, and refuses nothing.
A field is looked up in `_value` and a kind of comparison in `_TESTS`: those two grow with the
language, the tree above them does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, gt, le, lt
from typing import Any

from . import text
from .language import FIELDS, POSITIVE_OF, StoreSettings
from .windows import in_window

__all__ = ["StoreSettings", "matches"]

Rule = dict[str, Any]
Person = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Setting:
    now: datetime
    store: StoreSettings


def matches(rules: Rule, person: Person, *, now: datetime, store: StoreSettings) -> bool:
    """Return whether `person` (field -> stored value, or None) matches the tree `rules`.

    Texts and choices are str, counts and scores int, money Decimal, instants aware UTC datetimes.
    """
    return _group_holds(rules, person, _Setting(now, store))


def _group_holds(group: Rule, person: Person, setting: _Setting) -> bool:
    answers = [_condition_holds(each, person, setting) for each in group["conditions"]]
    answers += [_group_holds(each, person, setting) for each in group["groups"]]
    # Nothing asked (only the root may do so) is everyone, whatever the logic.
    met = not answers or (all(answers) if group["logic"] == "AND" else any(answers))
    negated: bool = group.get("negate", False)
    return met is not negated


def _condition_holds(condition: Rule, person: Person, setting: _Setting) -> bool:
    operator = condition["operator"]
    value = _value(condition, person)
    if operator not in POSITIVE_OF:
        return _positive_holds(operator, condition, value, setting)
    if value is None and not condition.get("include_empty", True):
        return False
    return not _positive_holds(POSITIVE_OF[operator], condition, value, setting)


def _value(condition: Rule, person: Person) -> Any:
    """Return what the condition's field holds for this person, None when there is no value."""
    return person[condition["field"]]


def _positive_holds(operator: str, condition: Rule, value: Any, setting: _Setting) -> bool:
    if operator == "is_empty":
        return value is None
    if value is None:
        return False
    return _TESTS[FIELDS[condition["field"]]](operator, condition, value, setting)


def _text_holds(operator: str, condition: Rule, value: str, setting: _Setting) -> bool:
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


def _plain_holds(operator: str, condition: Rule, value: Any, _: _Setting) -> bool:
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


def _instant_holds(operator: str, condition: Rule, value: datetime, setting: _Setting) -> bool:
    return in_window(operator, condition, value, setting.now, setting.store)


_TESTS: dict[str, Callable[[str, Rule, Any, _Setting], bool]] = {
    "text": _text_holds,
    "choice": _plain_holds,
    "integer": _plain_holds,
    "money": _plain_holds,
    "boolean": _plain_holds,
    "instant": _instant_holds,
}
