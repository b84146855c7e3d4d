"""The random people and trees: legal, repeatable, and awkward enough to tell rules apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import phonenumbers
import pytest

from .asking import group
from .evaluator import StoreSettings, matches
from .language import CHOICES, FIELDS, NEGATIVE_OF, OPERATORS, POSITIVE_OF
from .people import AWKWARD_MOMENTS, EARLIEST, LATEST, awkward_people
from .text import dialled, fold
from .trees import every_field_operator, random_tree
from .windows import TICK, first_instant


@pytest.mark.parametrize(("store", "now"), AWKWARD_MOMENTS)
def test_negatives_are_complements(store: StoreSettings, now: datetime) -> None:
    people = awkward_people(Random(1), now=now, store=store)
    for tree in every_field_operator():
        (condition,) = tree["conditions"]
        negative = condition | {"operator": NEGATIVE_OF.get(condition["operator"])}
        complement = group("AND", negative)
        for person in people[::12] if negative["operator"] else ():
            answers = [matches(t, person, now=now, store=store) for t in (tree, complement)]
            assert sorted(answers) == [False, True]


@pytest.mark.parametrize(("store", "now"), AWKWARD_MOMENTS)
def test_people_are_as_a_store_keeps_them(store: StoreSettings, now: datetime) -> None:
    people = awkward_people(Random(2), now=now, store=store)
    assert people == awkward_people(Random(2), now=now, store=store)
    for field in FIELDS:
        values = [person[field] for person in people]
        known = [value for value in values if value is not None]
        assert [value for value in known if not _is_kept(field, value)] == []
        assert len(set(known)) > 1
        assert None in values or field in {"orders_count", "orders_amount"}
        if field in {"email", "mobile", "external_id"}:
            assert len(set(known)) == len(known)


def _is_kept(field: str, value: Any) -> bool:
    if field == "mobile":
        return phonenumbers.is_valid_number(phonenumbers.parse(value))
    if field in CHOICES:
        return value in CHOICES[field]
    if field == "email" and value != value.lower():
        return False
    checks: dict[str, Callable[[], bool]] = {
        "text": lambda: value == value.strip() != "",
        "boolean": lambda: isinstance(value, bool),
        "integer": lambda: type(value) is int and 0 <= value <= 2**31 - 1,
        "money": lambda: value == round(value, 4) and abs(value) < 10**15,
        "instant": lambda: value.tzinfo is UTC and EARLIEST <= value <= LATEST,
    }
    return checks[FIELDS[field]]()


def test_the_edges_of_windows_are_among_the_instants() -> None:
    store, now = AWKWARD_MOMENTS[0]
    people = awkward_people(Random(2), now=now, store=store)
    known = {person[field] for person in people for field in FIELDS if FIELDS[field] == "instant"}
    for edge in (now, first_instant(now.date(), store.timezone)):
        assert {edge - TICK, edge, edge + TICK} <= known


def test_random_trees_are_legal_and_ask_everything() -> None:
    asked, rng = set(), Random(4)
    for store, now in AWKWARD_MOMENTS:
        people = awkward_people(Random(3), now=now, store=store)
        for _ in range(250):
            for condition in _conditions_of_legal(random_tree(rng, people, now, store)):
                asked.add((condition["field"], condition["operator"]))
    assert asked == {(field, name) for field, kind in FIELDS.items() for name in OPERATORS[kind]}


def test_random_trees_are_repeatable_and_most_divide_the_people() -> None:
    store, now = AWKWARD_MOMENTS[0]
    people = awkward_people(Random(3), now=now, store=store)
    rng, again = Random(4), Random(4)
    trees = [random_tree(rng, people, now, store) for _ in range(100)]
    assert trees == [random_tree(again, people, now, store) for _ in range(100)]
    answers = [{matches(tree, each, now=now, store=store) for each in people} for tree in trees]
    assert answers.count({True, False}) > 50


def test_every_field_operator_is_legal() -> None:
    for tree in every_field_operator():
        assert len(_conditions_of_legal(tree)) == 1


def _conditions_of_legal(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Assert that a tree is legal; return its conditions."""
    groups, level, depth = [tree], tree["groups"], 1
    while level:
        groups, depth = groups + level, depth + 1
        level = [below for each in level for below in each["groups"]]
    conditions = [condition for each in groups for condition in each["conditions"]]
    ids = [node["id"] for node in (*groups, *conditions)]
    assert len(set(ids)) == len(ids)
    assert max(depth / 8, len(groups) / 64, len(conditions) / 12) <= 1
    assert all(each["conditions"] or each["groups"] for each in groups[1:])
    for condition in conditions:
        _assert_legal(condition)
    return conditions


_RELATIVE = {"in_last", "in_next", "more_than_ago", "between_ago"}
_PERIODIC = {"in_this", "in_previous"}


def _assert_legal(condition: dict[str, Any]) -> None:
    field, operator = condition["field"], condition["operator"]
    positive = POSITIVE_OF.get(operator, operator)
    takes = {
        "value": positive not in _PERIODIC | {"is_empty"},
        "value2": positive in {"between", "between_ago"},
        "unit": positive in _RELATIVE | _PERIODIC,
    }
    optional = {"include_empty"} if operator in POSITIVE_OF and positive != "is_empty" else set()
    operands = set(condition) - {"id", "field", "operator"} - optional
    assert operands == {key for key, taken in takes.items() if taken}
    assert condition.get("unit") != "hours" or positive in _RELATIVE - {"between_ago"}
    assert "value2" not in condition or condition["value"] <= condition["value2"]
    value: Any = condition.get("value")
    values: list[Any] = value if positive == "in" else [value] * takes["value"]
    assert values or not takes["value"]
    for each in values:
        if positive in _RELATIVE:
            assert (0 if positive == "between_ago" else 1) <= each <= 10**6
        else:
            assert _is_legal(field, each), condition


def _is_legal(field: str, value: Any) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "text": lambda: _is_legal_text(value, dialled if field == "mobile" else fold),
        "choice": lambda: value in CHOICES[field],
        "boolean": lambda: isinstance(value, bool),
        "integer": lambda: type(value) is int and abs(value) <= 10**15,
        "money": lambda: type(value) in {int, Decimal} and abs(value) <= 10**15,
        "instant": lambda: "1900-01-01" <= date.fromisoformat(value).isoformat() <= "2199-12-31",
    }
    return checks[FIELDS[field]]()


def _is_legal_text(value: str, compared: Callable[[str], str]) -> bool:
    unprintable = {"Cc", "Cs"} & {unicodedata.category(character) for character in value}
    return compared(value) != "" and len(value) <= 1000 and not unprintable
