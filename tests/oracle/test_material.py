"""The random people and trees: legal, repeatable, and awkward enough to tell rules apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import phonenumbers
import pytest

from .asking import group, rule
from .evaluator import StoreSettings, matches
from .language import ATTRIBUTES, CHOICES, EVERY_FIELD, FIELDS, NEGATIVE_OF, OPERATORS, POSITIVE_OF, kind_of
from .people import AWKWARD_MOMENTS, EARLIEST, LATEST, awkward_people
from .text import dialled, fold
from .trees import every_field_operator, random_segments, random_tree
from .windows import TICK, first_instant

SEGMENTS: dict[str, Any] = {str(UUID(int=number, version=4)): {} for number in (1, 2)}


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
            for condition in _conditions_of_legal(random_tree(rng, people, now, store, SEGMENTS)):
                asked.add((condition["field"], condition["operator"]))
    own = {f"attributes.{key}": kind for key, kind in ATTRIBUTES.items()}
    every = {(field, name) for field, kind in (EVERY_FIELD | own).items() for name in OPERATORS[kind]}
    # Some of the many comparisons of aggregates and rows may not have been drawn.
    assert asked <= every
    assert {field for field, _ in asked} == {field for field, _ in every}
    assert len(asked) > 0.97 * len(every)


def test_random_trees_are_repeatable_and_most_divide_the_people() -> None:
    store, now = AWKWARD_MOMENTS[0]
    people = awkward_people(Random(3), now=now, store=store)
    rng, again = Random(4), Random(4)
    trees = [random_tree(rng, people, now, store) for _ in range(100)]
    assert trees == [random_tree(again, people, now, store) for _ in range(100)]
    answers = [{matches(tree, each, now=now, store=store) for each in people} for tree in trees]
    assert answers.count({True, False}) > 50


def test_segments_refer_to_one_another_without_a_circle() -> None:
    store, now = AWKWARD_MOMENTS[0]
    people = awkward_people(Random(3), now=now, store=store)
    segments = random_segments(Random(5), people, now, store)
    before: list[str] = []
    referred = 0
    for key, rules in segments.items():
        for condition in _conditions_of_legal(rules):
            if condition["field"] == "in_segment":
                assert set(condition["value"]) <= set(before)
                referred += 1
        before.append(key)
    assert referred > 0
    assert len({matches(group("AND", rule("in_segment", "in", [key])), each, now=now, store=store, segments=segments)
                for key in segments for each in people}) == 2


def test_every_field_operator_is_legal_and_asks_every_field() -> None:
    asked = {each["field"] for tree in every_field_operator() for each in _conditions_of_legal(tree)}
    assert asked == {*EVERY_FIELD, *(f"attributes.{key}" for key in ATTRIBUTES)} - {"in_segment"}


def _conditions_of_legal(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Assert that a tree is legal; return its conditions."""
    groups, level, depth = [tree], _below(tree), 1
    while level:
        groups, depth = groups + level, depth + 1
        level = [below for each in level for below in _below(each)]
    conditions = [condition for each in groups for condition in each["conditions"]]
    ids = [node["id"] for node in (*groups, *conditions)]
    assert len(set(ids)) == len(ids)
    assert max(depth / 8, len(groups) / 64, len(conditions) / 200) <= 1
    assert all(each["conditions"] or each["groups"] for each in groups[1:])
    for condition in conditions:
        _assert_legal(condition)
    return conditions


def _below(group: dict[str, Any]) -> list[dict[str, Any]]:
    return group["groups"] + [each["where"] for each in group["conditions"] if "where" in each]


_RELATIVE = {"in_last", "in_next", "more_than_ago", "between_ago"}
_PERIODIC = {"in_this", "in_previous"}


def _assert_legal(condition: dict[str, Any]) -> None:
    field, operator = condition["field"], condition["operator"]
    positive = POSITIVE_OF.get(operator, operator)
    takes = {
        "value": positive not in _PERIODIC | {"is_empty", "is_today"},
        "value2": positive in {"between", "between_ago"},
        "unit": positive in _RELATIVE | _PERIODIC,
    }
    optional = {"include_empty"} if operator in POSITIVE_OF and positive != "is_empty" else set()
    operands = set(condition) - {"id", "field", "operator", "where"} - optional
    assert operands == {key for key, taken in takes.items() if taken}
    assert condition.get("unit") != "hours" or positive in _RELATIVE - {"between_ago"}
    assert "value2" not in condition or condition["value"] <= condition["value2"]
    value: Any = condition.get("value")
    values: list[Any] = value if positive in {"in", "has_all"} else [value] * takes["value"]
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
    checks |= {
        "tags": checks["text"], "number": checks["money"],
        "birthday": lambda: value in range(1, 13), "segments": lambda: str(UUID(value)) == value,
    }
    return checks[kind_of(field, AWKWARD_MOMENTS[0][0])]()


def _is_legal_text(value: str, compared: Callable[[str], str]) -> bool:
    unprintable = {"Cc", "Cs"} & {unicodedata.category(character) for character in value}
    return compared(value) != "" and len(value) <= 1000 and not unprintable
