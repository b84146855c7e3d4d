"""A person's orders and order lines as rows that a `where` group can be asked about, and what they add up to.

A row has a value for each of its fields, None where there is none, just as a person does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from . import text
from .language import ITEM_FIELDS, ORDER_FIELDS

Row = dict[str, Any]
_FINEST = Decimal("0.0001")


def rows_of(person: dict[str, Any], source: str) -> list[Row]:
    """Return the orders (sources `orders`, `all_orders`) or the lines (`items`) of a person."""
    orders = [order for order in person["orders"] if order["counted"] or source == "all_orders"]
    if source != "items":
        return [_order_row(number, order) for number, order in enumerate(orders)]
    return [
        _order_row(number, order) | {key: line[key.removeprefix("item.")] for key in ITEM_FIELDS}
        for number, order in enumerate(orders)
        for line in order["lines"]
    ]


def _order_row(number: int, order: dict[str, Any]) -> Row:
    return {"number": number} | {key: order[key.removeprefix("order.")] for key in ORDER_FIELDS}


def aggregate(field: str, rows: Sequence[Row]) -> Any:
    """Return what the field is over the rows that count; None when it is missing."""
    source, measure = field.split(".")
    return (_OF_ITEMS if source == "items" else _OF_ORDERS)[measure](rows)


def _amounts(rows: Sequence[Row]) -> list[Decimal]:
    return [row["order.amount"] for row in rows]


def _average(rows: Sequence[Row]) -> Decimal | None:
    if not rows:
        return None
    return (sum(_amounts(rows)) / Decimal(len(rows))).quantize(_FINEST, ROUND_HALF_UP)


def _product(row: Row) -> tuple[str, str] | None:
    """Return what tells a product from others: its SKU, or its name where it has none."""
    for key in ("item.sku", "item.product"):
        if row[key] is not None:
            return key, text.fold(row[key])
    return None


_OF_ORDERS: dict[str, Callable[[Sequence[Row]], Any]] = {
    "count": len,
    "amount_sum": lambda rows: sum(_amounts(rows), Decimal(0)),
    "amount_average": _average,
    "amount_min": lambda rows: min(_amounts(rows), default=None),
    "amount_max": lambda rows: max(_amounts(rows), default=None),
    "first_at": lambda rows: min((row["order.ordered_at"] for row in rows), default=None),
    "last_at": lambda rows: max((row["order.ordered_at"] for row in rows), default=None),
}
_OF_ITEMS: dict[str, Callable[[Sequence[Row]], Any]] = {
    "quantity_sum": lambda rows: sum(row["item.quantity"] for row in rows),
    "orders_count": lambda rows: len({row["number"] for row in rows}),
    "products_count": lambda rows: len({_product(row) for row in rows} - {None}),
    "amount_sum": lambda rows: sum((row["item.amount"] or Decimal(0) for row in rows), Decimal(0)),
    "last_at": lambda rows: max((row["order.ordered_at"] for row in rows), default=None),
}
