"""Rules to start from: what most shops ask first. Texts are English here and translated where they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segmentation.values.codes import RFM_LABELS

Rules = dict[str, Any]


@dataclass(frozen=True)
class Starter:
    """Rules with a name. A value that only the shop knows is left out, for whoever starts from them to fill in."""

    name: str
    description: str
    icon: str
    rules: Rules


def _all(*conditions: Rules, groups: tuple[Rules, ...] = ()) -> Rules:
    numbered = [{"id": f"c{place}", **condition} for place, condition in enumerate(conditions, 1)]
    return {"id": "root", "logic": "AND", "conditions": numbered, "groups": list(groups)}


STARTERS: Mapping[str, Starter] = {
    "vip": Starter(
        "VIP customers", "Five orders or more, and among the best by recency, frequency and spending.", "sparkles",
        _all({"field": "orders_count", "operator": "greater_than_or_equals", "value": 5}, groups=(
            {"id": "g1", "logic": "OR", "conditions": [
                {"id": "c2", "field": "segment", "operator": "equals", "value": "Champions"},
                {"id": "c3", "field": "segment", "operator": "equals", "value": "Loyal Customers"}], "groups": []},))),
    "at-risk": Starter(
        "Good customers at risk", "They used to buy often and have not come back.", "user-minus",
        _all({"field": "segment", "operator": "in", "value": ["At Risk", "Cannot Lose Them"]})),
    "one-time": Starter(
        "One-time buyers", "Bought once, more than a month ago.", "shopping-bag",
        _all({"field": "orders_count", "operator": "equals", "value": 1},
             {"field": "last_order_at", "operator": "more_than_ago", "value": 30, "unit": "days"})),
    "birthday": Starter(
        "Birthdays to come", "Birthday in the next 30 days, and happy to hear from you.", "cake",
        _all({"field": "birthday", "operator": "in_next", "value": 30, "unit": "days"},
             {"field": "accepts_marketing", "operator": "equals", "value": True})),
    "never-bought": Starter(
        "Never bought a category", "Customers with orders, none of them with the category you choose.", "ban",
        _all({"field": "orders_count", "operator": "greater_than", "value": 0},
             {"field": "items.orders_count", "operator": "equals", "value": 0, "where": {
                 "id": "w1", "logic": "AND", "groups": [], "conditions": [
                     {"id": "w2", "field": "item.category", "operator": "in", "value": []}]}})),
    "lapsed": Starter(
        "Regulars who stopped", "Three orders or more, but none for 60 days.", "clock",
        _all({"field": "orders_count", "operator": "greater_than_or_equals", "value": 3},
             {"field": "last_order_at", "operator": "more_than_ago", "value": 60, "unit": "days"})),
    "new": Starter(
        "New this month", "First order in the last 30 days.", "users",
        _all({"field": "first_order_at", "operator": "in_last", "value": 30, "unit": "days"})),
    "big-spenders": Starter(
        "Spent much this year", "You say how much; counted over the orders of the last 365 days.", "hand-coins",
        _all({"field": "orders.amount_sum", "operator": "greater_than_or_equals", "where": {
            "id": "w1", "logic": "AND", "groups": [], "conditions": [
                {"id": "w2", "field": "order.ordered_at", "operator": "in_last", "value": 365, "unit": "days"}]}})),
}


def of_cell(recency: int, frequency: int) -> Rules:
    """The customers of one cell of the RFM grid."""
    return _all({"field": "recency_score", "operator": "equals", "value": recency},
                {"field": "frequency_score", "operator": "equals", "value": frequency})


def of_label(label: str) -> Rules | None:
    """The customers with one RFM label; None for what is no label."""
    return _all({"field": "segment", "operator": "equals", "value": label}) if label in RFM_LABELS else None
