"""The questions of the benchmark: each as rules, and as the SQL that somebody would write by hand for it.

In the SQL, `{store}` is the store, `{ago_N}` the start of the N-day window that ends today, as the engine stores it.
"""

from __future__ import annotations

from typing import Any


def _rules(logic: str, *conditions: tuple[Any, ...], groups: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    named = [dict(zip(("field", "operator", "value", "unit"), condition, strict=False)) for condition in conditions]
    return {"logic": logic, "conditions": named, "groups": list(groups)}


LOYAL = _rules("OR", ("segment", "equals", "Champions"), ("segment", "equals", "Loyal Customers"))
QUESTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "five orders or more": (
        _rules("AND", ("orders_count", "greater_than_or_equals", 5)),
        "orders_count >= 5"),
    "the VIPs of the contract": (
        _rules("AND", ("orders_count", "greater_than_or_equals", 5), groups=(LOYAL,)),
        "orders_count >= 5 AND segment IN ('Champions', 'Loyal Customers')"),
    "VIPs who bought nothing for 60 days": (
        _rules("AND", ("orders_count", "greater_than_or_equals", 5), ("last_order_at", "more_than_ago", 60, "days"),
               groups=(LOYAL,)),
        "orders_count >= 5 AND segment IN ('Champions', 'Loyal Customers') AND last_order_at < {ago_60}"),
    "spent 500 or more, not in Riyadh": (
        _rules("AND", ("orders_amount", "greater_than_or_equals", 500), ("city", "not_equals", "Riyadh")),
        "orders_amount >= 5000000 AND (city_folded <> 'riyadh' OR city_folded IS NULL)"),
    "name holds a piece": (
        _rules("AND", ("first_name", "contains", "أحم")),
        "{contains}"),
    "any of ten cities": (
        _rules("AND", ("city", "in", ["Riyadh", "Jeddah", "Dammam", "Makkah", "Abha"])),
        "city_folded IN ('riyadh', 'jeddah', 'dammam', 'makkah', 'abha')"),
    "six conditions, nested": (
        _rules("OR", ("cltv", "greater_than", 5000), groups=(
            _rules("AND", ("recency_score", "greater_than_or_equals", 4), ("frequency_score", "less_than", 3)),
            _rules("AND", ("accepts_marketing", "equals", True), ("orders_count", "equals", 1),
                   ("created_at", "in_last", 365, "days")))),
        "cltv > 50000000 OR (recency_score >= 4 AND frequency_score < 3)"
        " OR (accepts_marketing = {true} AND orders_count = 1 AND created_at >= {ago_365})"),
    "everyone": (_rules("AND"), "{true} = {true}"),
}
