"""Numbers, texts and choices are what they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.faults.conftest import Shop, is_, where


def test_numbers_are_not_compared_as_texts(shop: Shop) -> None:
    """9 was more than 58,000, because the texts were compared."""
    shop.client.put("/api/attributes/points", {"label": "Points", "kind": "number"})
    for name, points in (("nine", 90_000), ("many", 580_000_000), ("cents", 95_000)):
        shop.person(name, attributes={"points": points})
    shop.order("nine", total="9")
    shop.order("many", total="58000.50")
    assert shop.who(is_("orders_amount", "greater_than", 9)) == {"many"}
    assert shop.who(is_("orders_amount", "equals", 58000.5)) == {"many"}
    assert shop.who(is_("attributes.points", "greater_than", 9)) == {"many", "cents"}
    assert shop.who(is_("attributes.points", "between", 9, value2=9.5)) == {"nine", "cents"}


@pytest.mark.parametrize("condition", [
    is_("orders_count", "contains", "5"), is_("orders_count", "starts_with", 5), is_("orders_count", "regexp", ".*"),
    is_("orders_count", "equals", "5"), is_("orders_count", "equals", True), is_("orders_count", "equals", 5.5),
    is_("city", "equals", 5), is_("city", "greater_than", "a"), is_("accepts_marketing", "equals", 1),
    is_("accepts_marketing", "equals", "true"), is_("segment", "contains", "Champ"), is_("segment", "equals", "VIP"),
    is_("created_at", "equals", "2026-01-01"), is_("created_at", "on", "2026-01-01T00:00:00Z"),
    is_("birthday", "on", "2026-01-01"), is_("birthday", "in_month", "1"), is_("tags", "equals", ["a"]),
    is_("orders.amount_sum", "equals", "100"), is_("in_segment", "equals", "x"),
])
def test_what_does_not_suit_the_field_is_refused_never_bent(shop: Shop, condition: dict[str, Any]) -> None:
    """A pattern asked of a number was read as 0, and every lead got in."""
    shop.person("anyone", city="Riyadh")
    assert shop.refused(condition)


def test_attributes_compare_with_their_own_kind_alone(shop: Shop) -> None:
    """Values of custom data were ranked by their JSON type and matched what they should not."""
    for kind in ("text", "number", "boolean", "instant"):
        shop.client.put(f"/api/attributes/a_{kind}", {"label": kind, "kind": kind})
    values = {"text": "5", "number": 5, "boolean": True, "instant": "2026-01-01"}
    for kind in values:
        operator = "on" if kind == "instant" else "equals"
        assert shop.who(is_(f"attributes.a_{kind}", operator, values[kind])) == set()
        for other, value in values.items():
            if {kind, other} != {"text", "instant"} and kind != other:
                assert shop.refused(is_(f"attributes.a_{kind}", operator, value))


def test_choices_keep_their_codes_when_rules_are_edited(shop: Shop) -> None:
    """The chosen values were replaced by their places in the list."""
    conditions = [is_("segment", "in", ["At Risk", "Lost"], id="a"), is_("country", "not_in", ["SA", "EG"], id="b")]
    rules = {"id": "r", "logic": "AND", "conditions": conditions, "groups": []}
    segment = shop.client.create(rules)
    assert segment["rules"] == rules
    assert shop.client.put(f"/{segment['id']}", {"rules": segment["rules"]}).json["rules"] == rules
    assert shop.client.get(f"/{segment['id']}/revisions").json["revisions"][0]["rules"] == rules


def test_whatever_is_legal_comes_back_as_it_was_sent(shop: Shop) -> None:
    """Rules came back changed: keys lost, numbers rounded, groups flattened."""
    rules = {
        "id": "r", "logic": "OR", "negate": True,
        "conditions": [
            is_("orders_amount", "not_between", Decimal("0.1"), value2=1000000000000000, id="a", include_empty=False),
            is_("orders.count", "equals", 0, id="b", where={
                "id": "w", "logic": "OR", "negate": True, "groups": [],
                "conditions": [is_("order.city", "not_in", ["Riyadh", "جدة"], id="x", include_empty=False)]})],
        "groups": [{"id": "g", "logic": "AND", "groups": [], "conditions": [
            is_("tags", "not_has_all", ["أ", "b"], id="c"), is_("birthday", "not_in_next", 7, id="d", unit="days")]}],
    }
    assert shop.client.create(rules)["rules"] == rules
    assert shop.preview(where("AND", is_("city", "is_empty")))["count"] == 0
