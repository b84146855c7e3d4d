"""Reading `where`: what may stand in it, and how it counts towards the limits."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentation import limits
from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.reading import RulesError, read_rules
from segmentation.rules.wire import to_wire

CATALOGUE = catalogue(StoreSettings(ZoneInfo("Asia/Riyadh"), 6, "SAR", "SA"))
CITY = {"field": "order.city", "operator": "equals", "value": "Riyadh"}
SHOES = {"field": "item.category", "operator": "equals", "value": "Shoes"}


def asking(field: str = "orders.count", **where: Any) -> dict[str, Any]:
    """A condition on an aggregate, with a `where`."""
    return {"field": field, "operator": "greater_than", "value": 1, "where": {"logic": "AND", **where}}


def problems(*conditions: Any, **more: Any) -> list[tuple[str, str]]:
    """Where, and which, are the problems of a root of these conditions."""
    try:
        read_rules({"logic": "AND", "conditions": list(conditions), **more}, CATALOGUE)
    except RulesError as error:
        return sorted((problem.path.removeprefix("/rules/conditions/0"), problem.code) for problem in error.problems)
    return []


@pytest.mark.parametrize(("condition", "expected"), [
    (asking(conditions=[CITY]), []),
    (asking("items.orders_count", conditions=[CITY, SHOES]), []),
    (asking("all_orders.count", conditions=[{"field": "order.status", "operator": "equals", "value": "refunded"}]), []),
    ({**asking(conditions=[CITY]), "where": None}, []),
    (asking(), [("/where", "empty_group")]),
    (asking(conditions=[CITY], groups=[{"logic": "OR"}]), [("/where/groups/0", "empty_group")]),
    (asking(conditions=[SHOES]), [("/where/conditions/0/field", "unknown_field")]),
    (asking("orders_count", conditions=[CITY]), [("/where", "not_expected")]),
    (asking("in_segment", conditions=[CITY]), [("/operator", "unknown_operator"), ("/where", "not_expected")]),
    (asking(conditions=[asking(conditions=[CITY])]), [("/where/conditions/0/field", "unknown_field")]),
    (asking(conditions=[{"field": "in_segment", "operator": "in", "value": ["x"]}]),
     [("/where/conditions/0/field", "unknown_field")]),
    (asking(conditions=[{"field": "orders_count", "operator": "equals", "value": 1}]),
     [("/where/conditions/0/field", "unknown_field")]),
    (asking(conditions=[{**CITY, "where": {"logic": "AND", "conditions": [CITY]}}]),
     [("/where/conditions/0/where", "not_expected")]),
    (asking(conditions=[{**CITY, "value": 5}]), [("/where/conditions/0/value", "not_a_text")]),
    (asking(conditions=[{"field": "order.status", "operator": "equals", "value": "lost"}]),
     [("/where/conditions/0/value", "unknown_choice")]),
    ({**asking(), "where": []}, [("/where", "not_an_object")]),
    ({**asking(), "where": {"conditions": [CITY]}}, [("/where/logic", "unknown_logic")]),
    (asking(conditions=[CITY], order_by="x"), [("/where/order_by", "unknown_key")]),
    ({"field": "order.city", "operator": "is_empty"}, [("/field", "unknown_field")]),
])
def test_what_may_stand_in_it(condition: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(condition) == expected


def test_ids_are_unique_in_the_whole_tree() -> None:
    twice = {**asking(conditions=[{**CITY, "id": "a"}]), "id": "a"}
    assert problems(twice) == [("/where/conditions/0/id", "duplicate_id")]


def test_it_is_read_back_as_it_was_written() -> None:
    tree = read_rules({"logic": "AND", "conditions": [asking(conditions=[CITY], groups=[
        {"logic": "OR", "negate": True, "conditions": [{**CITY, "operator": "not_equals", "include_empty": False}]}])]},
        CATALOGUE)
    assert read_rules(to_wire(tree), CATALOGUE) == tree


@pytest.mark.parametrize("beyond", [0, 1])
def test_its_depth_counts(beyond: int) -> None:
    where: dict[str, Any] = {"logic": "AND", "conditions": [CITY]}
    for _ in range(3):
        where = {"logic": "AND", "groups": [where]}
    rules: dict[str, Any] = {"logic": "AND", "conditions": [{**asking(), "where": where}]}
    for _ in range(limits.RULE_DEPTH - 5 + beyond):
        rules = {"logic": "AND", "groups": [rules]}
    assert {code for _, code in problems(groups=rules["groups"])} == ({"too_deep"} if beyond else set())


@pytest.mark.parametrize("beyond", [0, 1])
def test_its_conditions_and_groups_count(beyond: int) -> None:
    many = [CITY] * (limits.RULE_CONDITIONS - 1 + beyond)
    assert {code for _, code in problems(asking(conditions=many))} == ({"too_many_conditions"} if beyond else set())
    several = [asking(conditions=[CITY])] * (limits.RULE_GROUPS - 1 + beyond)
    assert {code for _, code in problems(*several)} == ({"too_many_groups"} if beyond else set())
