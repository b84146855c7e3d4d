"""Segments that the demo store starts with, in English and Arabic, as a client would send them."""

from __future__ import annotations

from typing import Any, TypedDict


class ReadySegment(TypedDict):
    """The body of a request that creates one segment."""

    name: str
    description: str
    rules: dict[str, Any]


SEGMENTS: tuple[ReadySegment, ...] = (
    {
        "name": "VIP Customers",
        "description": "High-value loyal customers",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "orders_count",
                 "operator": "greater_than_or_equals", "value": 5},
            ],
            "groups": [
                {
                    "id": "g1",
                    "logic": "OR",
                    "conditions": [
                        {"id": "c2", "field": "segment",
                         "operator": "equals", "value": "Champions"},
                        {"id": "c3", "field": "segment",
                         "operator": "equals", "value": "Loyal Customers"},
                    ],
                    "groups": [],
                },
            ],
        },
    },
    {
        "name": "عملاء معرضون للفقدان",
        "description": "كانوا يشترون كثيرًا ثم انقطعوا، ولدينا جوالهم أو بريدهم لنراسلهم",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "segment",
                 "operator": "in", "value": ["At Risk", "Cannot Lose Them"]},
            ],
            "groups": [
                {
                    "id": "g1",
                    "logic": "OR",
                    "conditions": [
                        {"id": "c2", "field": "mobile", "operator": "is_not_empty"},
                        {"id": "c3", "field": "email", "operator": "is_not_empty"},
                    ],
                    "groups": [],
                },
            ],
        },
    },
    {
        "name": "One-time Buyers",
        "description": "Bought exactly once, long enough ago that a second order was due",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "orders_count", "operator": "equals", "value": 1},
                {"id": "c2", "field": "last_order_at",
                 "operator": "more_than_ago", "value": 30, "unit": "days"},
            ],
            "groups": [],
        },
    },
    {
        "name": "Lapsed Loyal Customers",
        "description": "Regulars with 5 orders or more who have not ordered for 60 days",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "last_order_at",
                 "operator": "more_than_ago", "value": 60, "unit": "days"},
                {"id": "c2", "field": "orders_count",
                 "operator": "greater_than_or_equals", "value": 5},
            ],
            "groups": [
                {
                    "id": "g1",
                    "logic": "OR",
                    "conditions": [
                        {"id": "c3", "field": "segment",
                         "operator": "equals", "value": "Champions"},
                        {"id": "c4", "field": "segment",
                         "operator": "equals", "value": "Loyal Customers"},
                    ],
                    "groups": [],
                },
            ],
        },
    },
    {
        "name": "عملاء جدد",
        "description": "انضموا خلال آخر 30 يومًا",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "created_at",
                 "operator": "in_last", "value": 30, "unit": "days"},
            ],
            "groups": [],
        },
    },
    {
        "name": "مشتركو الرياض · Riyadh Subscribers",
        "description": "Live in Riyadh, in either spelling, and accept marketing",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "accepts_marketing", "operator": "equals", "value": True},
                {"id": "c2", "field": "city", "operator": "in", "value": ["Riyadh", "الرياض"]},
            ],
            "groups": [],
        },
    },
    {
        "name": "Never Bought Perfumes",
        "description": "Customers with orders, none of them with a perfume",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "orders_count", "operator": "greater_than", "value": 0},
                {"id": "c2", "field": "items.orders_count", "operator": "equals", "value": 0,
                 "where": {"id": "w1", "logic": "AND", "conditions": [
                     {"id": "w2", "field": "item.category", "operator": "equals", "value": "Perfumes"}]}},
            ],
            "groups": [],
        },
    },
    {
        "name": "أعياد ميلاد قريبة",
        "description": "عملاء يحل عيد ميلادهم خلال 30 يومًا ويقبلون التسويق",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "birthday", "operator": "in_next", "value": 30, "unit": "days"},
                {"id": "c2", "field": "accepts_marketing", "operator": "equals", "value": True},
            ],
            "groups": [],
        },
    },
    {
        "name": "Spent 500 or More This Year",
        "description": "At least two orders in the last 365 days that add up to 500 or more",
        "rules": {
            "id": "root",
            "logic": "AND",
            "conditions": [
                {"id": "c1", "field": "orders.count", "operator": "greater_than_or_equals", "value": 2,
                 "where": {"id": "w1", "logic": "AND", "conditions": [
                     {"id": "w2", "field": "order.ordered_at", "operator": "in_last", "value": 365, "unit": "days"}]}},
                {"id": "c2", "field": "orders.amount_sum", "operator": "greater_than_or_equals", "value": 500,
                 "where": {"id": "w3", "logic": "AND", "conditions": [
                     {"id": "w4", "field": "order.ordered_at", "operator": "in_last", "value": 365, "unit": "days"}]}},
            ],
            "groups": [],
        },
    },
)
