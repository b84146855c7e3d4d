"""The oracle on what people have: tags, birthdays, attributes, orders and lines, other segments. Worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from .asking import NOON, RIYADH, group, holds, person, rule
from .evaluator import StoreSettings, matches
from .nodes import actual_value, can_be_missing, has_no_value, node_truths, without

SETTING: dict[str, Any] = {"now": NOON, "store": RIYADH}


def line(category: str | None = None, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("product", "sku", "brand", "unit_price", "amount"))
    return empty | {"category": category, "quantity": 1} | more


def order(*lines: dict[str, Any], status: str = "completed", amount: str = "100", **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("channel", "payment_method", "coupon", "city"))
    return empty | {
        "status": status, "counted": status == "completed", "amount": Decimal(amount),
        "ordered_at": datetime(2024, 5, 1, 12, tzinfo=UTC), "lines": list(lines),
    } | more


def where(*nodes: dict[str, Any], logic: str = "AND", negate: bool = False) -> dict[str, Any]:
    return group(logic, *nodes, negate=negate)


SHOES = where(rule("item.category", "equals", "Shoes"))


@pytest.mark.parametrize(("operator", "value", "expected"), [
    ("equals", "vip", [0, 1, 1, 0]), ("not_equals", "vip", [1, 0, 0, 1]), ("in", ["vip", "new"], [0, 1, 1, 1]),
    ("has_all", ["VIP", "new"], [0, 0, 1, 0]), ("not_has_all", ["vip", "new"], [1, 1, 0, 1]),
    ("is_empty", None, [1, 0, 0, 0]),
])  # fmt: skip
def test_tags(operator: str, value: Any, expected: list[int]) -> None:
    people: tuple[tuple[str, ...], ...] = ((), ("VIP",), ("Vip", "NEW"), ("new", "أحمد"))
    assert [holds(rule("tags", operator, value), tags=tags) for tags in people] == expected
    assert holds(rule("tags", "equals", "احمد"), tags=people[3])
    assert not holds(rule("tags", "not_equals", "x", include_empty=False), tags=())


@pytest.mark.parametrize(("now", "days", "expected"), [
    ("2023-02-28", 1, [1, 1, 0, 0]), ("2024-02-28", 1, [1, 0, 0, 0]), ("2024-02-29", 1, [0, 1, 0, 0]),
    ("2023-02-27", 3, [1, 1, 1, 0]), ("2024-02-28", 3, [1, 1, 1, 0]), ("2023-12-31", 2, [0, 0, 0, 1]),
    ("2024-03-01", 365, [1, 1, 1, 1]), ("2024-03-02", 364, [1, 1, 0, 1]),
])  # fmt: skip
def test_birthdays_in_the_days_to_come(now: str, days: int, expected: list[int]) -> None:
    at_noon = datetime.fromisoformat(f"{now}T09:00:00Z")
    born = (date(1990, 2, 28), date(1992, 2, 29), date(1990, 3, 1), date(1990, 1, 1))
    condition = rule("birthday", "in_next", days, unit="days")
    assert [holds(condition, now=at_noon, birthday=day) for day in born] == expected
    assert not holds(condition, now=at_noon)
    if days == 1:
        today = [holds(rule("birthday", "is_today"), now=at_noon, birthday=day) for day in born]
        assert today == expected


def test_birthdays_by_the_day_of_the_store_and_by_month() -> None:
    late = datetime(2024, 5, 15, 21, tzinfo=UTC)  # the 16th in Riyadh
    assert holds(rule("birthday", "is_today"), now=late, birthday=date(2000, 5, 16))
    assert not holds(rule("birthday", "is_today"), now=late, birthday=date(2000, 5, 15))
    assert holds(rule("birthday", "in_month", 2), birthday=date(1992, 2, 29))
    assert holds(rule("birthday", "not_in_month", 2))
    assert not holds(rule("birthday", "not_in_month", 2, include_empty=False))


def test_attributes_are_of_their_kind() -> None:
    has = {"attributes": {"loyalty_tier": "Gold", "points": Decimal("2.5"), "wholesale": False}}
    assert holds(rule("attributes.loyalty_tier", "starts_with", "go"), **has)
    assert holds(rule("attributes.points", "between", 2, value2=Decimal("2.5")), **has)
    assert not holds(rule("attributes.points", "equals", Decimal("2.50001")), **has)
    assert holds(rule("attributes.wholesale", "not_equals", True), **has)
    assert holds(rule("attributes.renewed_at", "is_empty"), **has)
    assert holds(rule("attributes.renewed_at", "not_in_last", 3, unit="days"), **has)


ORDERS = [
    order(line("Shoes", quantity=2, sku="S-1", unit_price=Decimal("10.5"), amount=Decimal(21)),
          line("Bags", sku="s-1"), amount="50.01", city="Riyadh", channel="App"),
    order(line("shoes", quantity=3, product="S-1"), amount="25.01", city="Jeddah", coupon="EID",
          ordered_at=datetime(2024, 5, 10, 12, tzinfo=UTC)),
    order(line("Gold", quantity=9, amount=Decimal(900)), status="cancelled", amount="-900",
          ordered_at=datetime(2024, 5, 14, 12, tzinfo=UTC)),
]


@pytest.mark.parametrize(("field", "inner", "expected"), [
    ("orders.count", None, 2), ("all_orders.count", None, 3), ("orders.amount_sum", None, Decimal("75.02")),
    ("all_orders.amount_sum", None, Decimal("-824.98")), ("orders.amount_average", None, Decimal("37.51")),
    ("all_orders.amount_average", None, Decimal("-274.9933")), ("all_orders.amount_min", None, Decimal(-900)),
    ("orders.amount_max", None, Decimal("50.01")), ("orders.first_at", None, datetime(2024, 5, 1, 12, tzinfo=UTC)),
    ("all_orders.last_at", None, datetime(2024, 5, 14, 12, tzinfo=UTC)),
    ("items.quantity_sum", None, 6), ("items.orders_count", None, 2), ("items.products_count", None, 2),
    ("items.amount_sum", None, Decimal(21)), ("items.last_at", SHOES, datetime(2024, 5, 10, 12, tzinfo=UTC)),
    ("items.quantity_sum", SHOES, 5), ("items.products_count", where(rule("item.category", "equals", "gold")), 0),
    ("orders.count", where(rule("order.coupon", "not_equals", "eid")), 1),
    ("orders.count", where(rule("order.coupon", "not_equals", "x")), 2),
    ("orders.count", where(rule("order.coupon", "not_equals", "x", include_empty=False)), 1),
    ("orders.amount_max", where(rule("order.city", "equals", "Abha")), None),
    ("orders.amount_sum", where(rule("order.city", "equals", "Abha")), 0),
    ("items.orders_count", where(rule("order.channel", "equals", "app"), rule("item.category", "equals", "bags")), 1),
    ("orders.count", where(rule("order.city", "equals", "Riyadh"), rule("order.coupon", "is_not_empty")), 0),
    ("orders.count", where(rule("order.city", "equals", "Jeddah"), rule("order.channel", "equals", "App"), logic="OR"),
     2),
    ("orders.count", where(rule("order.city", "equals", "Riyadh"), negate=True), 1),
    ("all_orders.count", where(rule("order.status", "equals", "cancelled")), 1),
    ("orders.count", where(rule("order.ordered_at", "in_last", 6, unit="days")), 1),
    ("items.quantity_sum", where(rule("item.unit_price", "is_empty"), rule("item.quantity", "greater_than", 1)), 3),
])  # fmt: skip
def test_what_orders_add_up_to(field: str, inner: dict[str, Any] | None, expected: Any) -> None:
    condition = {"field": field, "operator": "is_empty"} | ({"where": inner} if inner else {})
    assert actual_value(condition, person(orders=ORDERS), **SETTING) == expected
    assert has_no_value(condition, person(orders=ORDERS), **SETTING) is (expected is None)


def test_an_average_rounds_halves_away_from_zero() -> None:
    for amounts, expected in ((("0.0001", "0.0002"), "0.0002"), (("-0.0001", "-0.0002"), "-0.0002"),
                              (("0.0001", "0", "0"), "0")):
        orders = [order(amount=amount) for amount in amounts]
        assert holds(rule("orders.amount_average", "equals", Decimal(expected)), orders=orders)


def test_two_conditions_may_be_met_by_different_orders_and_one_where_may_not() -> None:
    riyadh, eid = rule("order.city", "equals", "Riyadh"), rule("order.coupon", "equals", "EID")
    some = {"field": "orders.count", "operator": "greater_than", "value": 0}
    assert holds(group("AND", some | {"where": where(riyadh)}, some | {"where": where(eid)}), orders=ORDERS)
    assert not holds(some | {"where": where(riyadh, eid)}, orders=ORDERS)


def test_never_bought_shoes_includes_those_who_never_bought() -> None:
    never = rule("items.orders_count", "equals", 0) | {"where": SHOES}
    assert holds(never)
    assert holds(never, orders=[order(line("Bags"))])
    assert holds(never, orders=[order(line("Shoes"), status="cancelled")])
    assert not holds(never, orders=ORDERS)


def test_segments_of_segments() -> None:
    base, left, right = "a", "b", "c"
    segments = {
        base: group("AND", rule("orders_count", "greater_than", 3)),
        left: group("AND", rule("in_segment", "in", [base])),
        right: group("OR", rule("in_segment", "not_in", [base]), negate=True),
    }
    for count, inside in ((3, False), (4, True)):
        for key in segments:
            rules = group("AND", rule("in_segment", "in", [key, base]))
            assert matches(rules, person(orders_count=count), **SETTING, segments=segments) is inside
        asked = rule("in_segment", "in", [left, right])
        found = actual_value(asked, person(orders_count=count), **SETTING, segments=segments)
        assert found == ((left, right) if inside else ())


def test_leaving_out_a_condition_takes_along_what_is_empty_then() -> None:
    inner = {"id": "g", **group("OR", {"id": "b", **rule("cltv", "equals", 1)})}
    rules = {"id": "r", **group("AND", {"id": "a", **rule("orders_count", "equals", 1)}, inner)}
    assert [node["id"] for node in without(rules, "b")["conditions"]] == ["a"]
    assert without(rules, "b")["groups"] == []
    assert without(rules, "a")["groups"] == [inner]
    alone = {"id": "r", "negate": True, **{key: inner[key] for key in ("logic", "conditions", "groups")}}
    assert matches(without(alone, "b"), person(), **SETTING)
    assert node_truths(rules, person(orders_count=1), **SETTING) == {"r": False, "a": True, "g": False, "b": False}


def test_what_can_be_missing() -> None:
    never = {"orders_count", "external_id", "items.amount_sum", "all_orders.count", "in_segment", "order.status"}
    assert not any(can_be_missing(field) for field in never)
    assert all(can_be_missing(field) for field in ("tags", "birthday", "orders.amount_average", "attributes.points"))


def test_a_store_declares_its_attributes() -> None:
    store = StoreSettings("UTC", 0, None, {"size": "number"})
    assert holds(rule("attributes.size", "greater_than", 3), store, attributes={"size": Decimal(4)})
