"""Warnings about rules: each kind of folly is named at its node, and ordinary rules are left in peace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.lint import lint
from segmentation.rules.reading import read_rules
from segmentation.rules.windows import Clock

RIYADH = ZoneInfo("Asia/Riyadh")
CATALOGUE = catalogue(StoreSettings(RIYADH, 6, "SAR", "SA"))
CLOCK = Clock(datetime(2026, 11, 23, 9, tzinfo=UTC), RIYADH, 6)
Found = set[tuple[str, ...]]


def c(key: str, field: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """A condition."""
    return {"id": key, "field": field, "operator": operator, **({} if value is None else {"value": value}), **more}


def g(key: str, logic: str, *members: dict[str, Any], negate: bool = False) -> dict[str, Any]:
    """A group of conditions and groups."""
    return {"id": key, "logic": logic, "negate": negate, "conditions": [each for each in members if "field" in each],
            "groups": [each for each in members if "logic" in each]}


def warned(rules: dict[str, Any]) -> Found:
    """Every warning: node, code, and the nodes it is odd together with."""
    return {(each.id, each.code, *each.related) for each in lint(read_rules(rules, CATALOGUE), CLOCK)}


def both(logic: str, *members: dict[str, Any], **more: Any) -> Found:
    """The warnings about a root of these members."""
    return warned(g("root", logic, *members, **more))


NONE = ("root", "matches_no_one")
ALL = ("root", "matches_everyone")
FOLLIES: list[tuple[str, dict[str, Any], Found]] = [
    ("everyone", g("root", "AND"), {ALL}),
    ("no one", g("root", "AND", negate=True), {NONE}),
    ("counts are never negative", g("root", "AND", c("a", "orders_count", "greater_than_or_equals", 0)),
     {("a", "always_true"), ALL}),
    ("scores end at five", g("root", "AND", c("a", "recency_score", "greater_than", 5)), {("a", "always_false"), NONE}),
    ("every score or none", g("root", "OR", c("a", "recency_score", "between", 1, value2=5),
                              c("b", "recency_score", "is_empty")), {ALL}),
    ("5 or more and 3 or less", g("root", "AND", c("a", "orders_count", "greater_than_or_equals", 5),
                                  c("b", "orders_count", "less_than_or_equals", 3)), {("b", "contradicts", "a"), NONE}),
    ("more than 4 and less than 5", g("root", "AND", c("a", "orders_count", "greater_than", 4),
                                      c("b", "orders_count", "less_than", 5)), {("b", "contradicts", "a"), NONE}),
    ("money has cents between", g("root", "AND", c("a", "cltv", "greater_than", 4), c("b", "cltv", "less_than", 5)),
     set()),
    ("5 or more and 3 or more", g("root", "AND", c("a", "orders_count", "greater_than_or_equals", 5),
                                  c("b", "orders_count", "greater_than_or_equals", 3)), {("b", "implied", "a")}),
    ("5 or more or 3 or more", g("root", "OR", c("a", "orders_count", "greater_than_or_equals", 5),
                                 c("b", "orders_count", "greater_than_or_equals", 3)), {("a", "implied", "b")}),
    ("the same twice", g("root", "AND", c("a", "city", "equals", "Riyadh"), c("b", "city", "equals", " RIYADH ")),
     {("b", "implied", "a")}),
    ("two cities at once", g("root", "AND", c("a", "city", "equals", "Riyadh"), c("b", "city", "equals", "Jeddah")),
     {("b", "contradicts", "a"), NONE}),
    ("not this or not that", g("root", "OR", c("a", "city", "not_equals", "Riyadh"),
                               c("b", "city", "not_equals", "Jeddah")), {("root", "or_of_negatives", "a", "b"), ALL}),
    ("not this or not that, of pieces", g(
        "root", "OR", c("a", "city", "not_contains", "a"), c("b", "city", "not_contains", "b")),
     {("root", "or_of_negatives", "a", "b")}),
    ("not this or not that, of tags", g("root", "OR", c("a", "tags", "not_equals", "vip"),
                                        c("b", "tags", "not_equals", "new")), {("root", "or_of_negatives", "a", "b")}),
    ("equal and yet a piece", g("root", "AND", c("a", "city", "equals", "Riyadh"), c("b", "city", "contains", "yad")),
     {("b", "implied", "a")}),
    ("two beginnings", g("root", "AND", c("a", "city", "starts_with", "Ri"), c("b", "city", "starts_with", "Je")),
     {("b", "contradicts", "a"), NONE}),
    ("a longer beginning", g("root", "AND", c("a", "city", "starts_with", "Ri"), c("b", "city", "starts_with", "Riy")),
     {("a", "implied", "b")}),
    ("empty and not", g("root", "AND", c("a", "city", "is_empty"), c("b", "city", "contains", "x")),
     {("b", "contradicts", "a"), NONE}),
    ("yes, no or nothing", g("root", "OR", c("a", "accepts_marketing", "equals", True),
                             c("b", "accepts_marketing", "not_equals", True)), {ALL}),
    ("last 30 days and more than 60 days ago", g(
        "root", "AND", c("a", "last_order_at", "in_last", 30, unit="days"),
        c("b", "last_order_at", "more_than_ago", 60, unit="days")), {("b", "contradicts", "a"), NONE}),
    ("last 30 days and last 60 days", g(
        "root", "AND", c("a", "last_order_at", "in_last", 30, unit="days"),
        c("b", "last_order_at", "in_last", 60, unit="days")), {("b", "implied", "a")}),
    ("born in a month and another", g(
        "root", "AND", c("a", "birthday", "in_month", 2), c("b", "birthday", "in_month", 3)),
     {("b", "contradicts", "a"), NONE}),
    ("all of and one of them", g("root", "AND", c("a", "tags", "has_all", ["x", "y"]), c("b", "tags", "equals", "y")),
     {("b", "implied", "a")}),
    ("through groups", g("root", "AND", c("a", "orders_count", "greater_than", 9),
                         g("g", "OR", c("b", "orders_count", "less_than", 3), c("d", "orders_count", "equals", 5))),
     {("g", "contradicts", "a"), NONE}),
    ("a tautology below", g("root", "AND", c("a", "city", "equals", "x"),
                            g("g", "OR", c("b", "orders_count", "less_than", 3),
                              c("d", "orders_count", "greater_than_or_equals", 3))), {("g", "always_true")}),
    ("negated", g("root", "AND", c("a", "cltv", "less_than", 3), c("b", "cltv", "greater_than", 3), negate=True),
     {("b", "contradicts", "a"), ALL}),
    ("inside where", g("root", "AND", c("a", "orders.count", "greater_than", 1, where=g(
        "w", "AND", c("x", "order.amount", "greater_than", 5), c("y", "order.amount", "less_than", 5)))),
     {("y", "contradicts", "x"), ("w", "always_false")}),
    ("one where and the same where", g(
        "root", "AND",
        c("a", "orders.count", "greater_than", 4, where=g("w", "AND", c("x", "order.city", "equals", "R"))),
        c("b", "orders.count", "less_than", 3, where=g("v", "AND", c("y", "order.city", "equals", "R")))),
     {("b", "contradicts", "a"), NONE}),
    ("one where and another", g(
        "root", "AND",
        c("a", "orders.count", "greater_than", 4, where=g("w", "AND", c("x", "order.city", "equals", "R"))),
        c("b", "orders.count", "less_than", 3, where=g("v", "AND", c("y", "order.city", "equals", "J")))), set()),
]


@pytest.mark.parametrize(("rules", "expected"), [each[1:] for each in FOLLIES], ids=[each[0] for each in FOLLIES])
def test_each_folly(rules: dict[str, Any], expected: Found) -> None:
    assert warned(rules) == expected


def test_much_that_is_said_of_many_things_is_still_looked_at_piece_by_piece() -> None:
    things = [c(f"n{n}", field, "greater_than", 5) for n, field in enumerate(
        ("orders_count", "orders_amount", "cltv", "average_order_amount", "orders.amount_sum", "orders.amount_min",
         "orders.amount_max", "all_orders.amount_min", "all_orders.amount_max", "items.amount_sum", "all_orders.count",
         "orders.count", "items.quantity_sum", "items.products_count"))]
    rules = g("root", "AND", *things, c("x", "cltv", "less_than", 3), g("g", "OR", c("y", "city", "is_empty"),
                                                                    c("z", "city", "is_not_empty")))
    assert both("AND", *things) == set()
    assert warned(rules) == {("x", "contradicts", "n2"), ("g", "always_true")}


def test_more_than_can_be_tried_is_passed_over() -> None:
    tags = [c(f"t{n}", "tags", "has_all", [f"{n}", f"{n + 1}"]) for n in range(30)]
    texts = [c(f"p{n}", "city", "contains", chr(97 + n)) for n in range(20)]
    assert both("AND", *tags, *texts) == set()
    assert len(both("AND", *[c(f"k{n}", "city", "equals", "x") for n in range(200)])) > 100


def test_every_warning_is_worded() -> None:
    notices = lint(read_rules(g("root", "AND"), CATALOGUE), CLOCK)
    assert [notice.text for notice in notices] == [
        {"en": "These rules match everyone.", "ar": "هذه القواعد تطابق الجميع."}]
