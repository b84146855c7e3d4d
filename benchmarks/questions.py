"""The questions of the benchmark: each as rules, and as the SQL that somebody would write by hand for it.

The SQL is what follows SELECT; in it, `{store}` is the store, `{ago_N}` the start of the N-day window that ends today,
as the engine stores it.
"""

from __future__ import annotations

from typing import Any

CUSTOMERS = "count(*) FROM customers WHERE store_id = {store} AND "


def _rules(logic: str, *conditions: tuple[Any, ...], groups: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    keys = ("field", "operator", "value", "unit", "where")
    named = [{key: given for key, given in zip(keys, condition, strict=False) if given is not None}
             for condition in conditions]
    return {"logic": logic, "conditions": named, "groups": list(groups)}


LOYAL = _rules("OR", ("segment", "equals", "Champions"), ("segment", "equals", "Loyal Customers"))
QUESTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "five orders or more": (
        _rules("AND", ("orders_count", "greater_than_or_equals", 5)),
        CUSTOMERS + "orders_count >= 5"),
    "the VIPs of the contract": (
        _rules("AND", ("orders_count", "greater_than_or_equals", 5), groups=(LOYAL,)),
        CUSTOMERS + "orders_count >= 5 AND segment IN ('Champions', 'Loyal Customers')"),
    "VIPs who bought nothing for 60 days": (
        _rules("AND", ("orders_count", "greater_than_or_equals", 5), ("last_order_at", "more_than_ago", 60, "days"),
               groups=(LOYAL,)),
        CUSTOMERS + "orders_count >= 5 AND segment IN ('Champions', 'Loyal Customers') AND last_order_at < {ago_60}"),
    "spent 500 or more, not in Riyadh": (
        _rules("AND", ("orders_amount", "greater_than_or_equals", 500), ("city", "not_equals", "Riyadh")),
        CUSTOMERS + "orders_amount >= 5000000 AND (city_folded <> 'riyadh' OR city_folded IS NULL)"),
    "name holds a piece": (
        _rules("AND", ("first_name", "contains", "أحم")),
        CUSTOMERS + "{contains}"),
    "any of ten cities": (
        _rules("AND", ("city", "in", ["Riyadh", "Jeddah", "Dammam", "Makkah", "Abha"])),
        CUSTOMERS + "city_folded IN ('riyadh', 'jeddah', 'dammam', 'makkah', 'abha')"),
    "six conditions, nested": (
        _rules("OR", ("cltv", "greater_than", 5000), groups=(
            _rules("AND", ("recency_score", "greater_than_or_equals", 4), ("frequency_score", "less_than", 3)),
            _rules("AND", ("accepts_marketing", "equals", True), ("orders_count", "equals", 1),
                   ("created_at", "in_last", 365, "days")))),
        CUSTOMERS + "(cltv > 50000000 OR (recency_score >= 4 AND frequency_score < 3)"
        " OR (accepts_marketing = {true} AND orders_count = 1 AND created_at >= {ago_365}))"),
    "everyone": (_rules("AND"), CUSTOMERS + "{true} = {true}"),
    "three orders or more, from the orders": (
        _rules("AND", ("orders.count", "greater_than_or_equals", 3)),
        "count(*) FROM (SELECT customer_number FROM orders WHERE store_id = {store} AND is_counted"
        " GROUP BY customer_number HAVING count(*) >= 3) AS those"),
    "spent 500 in the last year": (
        _rules("AND", ("orders.amount_sum", "greater_than_or_equals", 500, None, _rules(
            "AND", ("order.ordered_at", "in_last", 365, "days")))),
        "count(*) FROM (SELECT customer_number FROM orders WHERE store_id = {store} AND is_counted"
        " AND ordered_at >= {ago_365} GROUP BY customer_number HAVING sum(amount) >= 5000000) AS those"),
    "two orders or more by the app": (
        _rules("AND", ("orders.count", "greater_than_or_equals", 2, None, _rules(
            "AND", ("order.channel", "equals", "App")))),
        "count(*) FROM (SELECT customer_number FROM orders WHERE store_id = {store} AND is_counted"
        " AND channel_folded = 'app' GROUP BY {plus}customer_number HAVING count(*) >= 2) AS those"),
    "three pairs of shoes or more": (
        _rules("AND", ("items.quantity_sum", "greater_than_or_equals", 3, None, _rules(
            "AND", ("item.category", "equals", "Shoes")))),
        "count(*) FROM (SELECT customer_number FROM order_lines JOIN orders ON orders.store_id = order_lines.store_id"
        " AND number = order_number WHERE order_lines.store_id = {store} AND is_counted AND category_folded = 'shoes'"
        " GROUP BY customer_number HAVING sum(quantity) >= 3) AS those"),
    "never bought shoes": (
        _rules("AND", ("items.orders_count", "equals", 0, None, _rules(
            "AND", ("item.category", "equals", "Shoes")))),
        CUSTOMERS + "{not_among}customer_number FROM order_lines JOIN orders"
        " ON orders.store_id = order_lines.store_id AND number = order_number WHERE order_lines.store_id = {store}"
        " AND is_counted AND category_folded = 'shoes'{those}"),
    "Champions with two orders by the app": (
        _rules("AND", ("segment", "equals", "Champions"), ("orders.count", "greater_than_or_equals", 2, None, _rules(
            "AND", ("order.channel", "equals", "App")))),
        CUSTOMERS + "segment = 'Champions' AND number IN (SELECT customer_number FROM orders WHERE store_id = {store}"
        " AND is_counted AND channel_folded = 'app' GROUP BY {plus}customer_number HAVING count(*) >= 2)"),
}
# Ten conditions each: on columns alone, and two of them on orders and lines. Every node of them is counted.
_TEN = _rules("AND", ("orders_count", "greater_than_or_equals", 2), ("city", "not_equals", "Jeddah"), groups=(
    _rules("OR", ("segment", "in", ["Champions", "Loyal Customers"]), ("orders_amount", "greater_than", 500),
           ("recency_score", "greater_than_or_equals", 4)),
    _rules("OR", ("accepts_marketing", "equals", True), ("first_name", "contains", "أحم"),
           ("last_order_at", "in_last", 90, "days"), groups=(
               _rules("AND", ("gender", "equals", "male"), ("cltv", "greater_than", 1000)),))))
_LAST_YEAR = _rules("AND", ("order.ordered_at", "in_last", 365, "days"))
_SHOES = _rules("AND", ("item.category", "equals", "Shoes"))
NODES: dict[str, dict[str, Any]] = {
    "ten conditions on columns": _TEN,
    "ten conditions, two on orders": {
        **_TEN, "conditions": _rules("AND", ("orders.count", "greater_than_or_equals", 2, None, _LAST_YEAR),
                                     ("items.quantity_sum", "greater_than", 3, None, _SHOES))["conditions"]},
}
