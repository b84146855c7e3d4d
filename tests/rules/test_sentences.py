"""Rules in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.reading import read_rules
from segmentation.rules.sentences import sentence

CATALOGUE = catalogue(StoreSettings(ZoneInfo("Asia/Riyadh"), 6, "SAR", "SA"))


def said(*conditions: dict[str, Any], **group: Any) -> str:
    """The sentence of one group."""
    return sentence(read_rules({"logic": "AND", "conditions": list(conditions), **group}, CATALOGUE))


@pytest.mark.parametrize(("condition", "words"), [
    ({"field": "orders_count", "operator": "greater_than_or_equals", "value": 5}, "Number of orders is at least 5"),
    ({"field": "orders_amount", "operator": "between", "value": 1, "value2": Decimal("9.50")},
     "Total spent is between 1 and 9.50"),
    ({"field": "city", "operator": "not_in", "value": ["Riyadh", "جدة"], "include_empty": False},
     "City is none of Riyadh, جدة (and has a value)"),
    ({"field": "accepts_marketing", "operator": "equals", "value": True}, "Accepts marketing is yes"),
    ({"field": "email", "operator": "is_empty"}, "E-mail has no value"),
    ({"field": "last_order_at", "operator": "on", "value": "2024-01-20"}, "Last order is on 2024-01-20"),
    ({"field": "last_order_at", "operator": "not_in_last", "value": 60, "unit": "days"},
     "Last order is not in the last 60 days"),
    ({"field": "last_order_at", "operator": "more_than_ago", "value": 2, "unit": "months"},
     "Last order is more than 2 months ago"),
    ({"field": "last_order_at", "operator": "between_ago", "value": 1, "value2": 3, "unit": "weeks"},
     "Last order is between 1 and 3 weeks ago"),
    ({"field": "created_at", "operator": "in_this", "unit": "months"}, "Customer since is in this month"),
])
def test_each_form(condition: dict[str, Any], words: str) -> None:
    assert said(condition) == words


def test_groups() -> None:
    vip = {"field": "segment", "operator": "equals", "value": "Champions"}
    loyal = {**vip, "value": "Loyal Customers"}
    five = {"field": "orders_count", "operator": "greater_than_or_equals", "value": 5}
    inner = {"logic": "OR", "conditions": [vip, loyal]}
    assert said(five, groups=[inner]) == (
        "Number of orders is at least 5 and (RFM segment is Champions or RFM segment is Loyal Customers)")
    assert said(five, groups=[{**inner, "negate": True}]) == (
        "Number of orders is at least 5 and not (RFM segment is Champions or RFM segment is Loyal Customers)")
    assert said() == "Everyone"
    assert said(negate=True) == "No one"
