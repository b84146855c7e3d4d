"""The part of the catalogue that speaks of orders and order lines: aggregates of a customer's orders, and the fields
that their `where` may use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from segmentation.rules.field import Field
from segmentation.rules.kinds import Choice, Instant, Integer, Kind, Money, Text
from segmentation.rules.places import Aggregate, Column, Source

# The columns of orders that the index by customer holds.
INDEXED = frozenset({"ordered_at", "amount"})
_OF_THE_ORDER = "order_lines.store_id = orders.store_id AND order_lines.order_number = orders.number"
_LINES = f"order_lines JOIN orders ON {_OF_THE_ORDER}"
SOURCES: Mapping[str, Source] = {
    "orders": Source("orders", "orders.store_id = {store} AND orders.is_counted", INDEXED),
    "all_orders": Source("orders", "orders.store_id = {store}", INDEXED),
    "items": Source(_LINES, "order_lines.store_id = {store} AND orders.is_counted",
                    further=f" CROSS JOIN order_lines ON {_OF_THE_ORDER}"),
}
_TOTAL = "CAST(SUM(orders.amount) AS BIGINT)"
# Rounded to the nearest unit, halves away from zero, in whole numbers: no engine's rounding is trusted.
_AVERAGE = (f"(CASE WHEN {_TOTAL} < 0 THEN -1 ELSE 1 END) * (abs({_TOTAL}) / count(*)"
            f" + CASE WHEN 2 * (abs({_TOTAL}) % count(*)) >= count(*) THEN 1 ELSE 0 END)")
# A product is told by its SKU, or by its name where it has none; the first letter keeps the two apart.
_PRODUCT = ("CASE WHEN order_lines.sku_folded IS NOT NULL THEN 's' || order_lines.sku_folded"
            " ELSE 'p' || order_lines.product_folded END")


def aggregates() -> Iterator[Field]:
    """Aggregates over counted orders, over all orders, and over the lines of counted orders."""
    for source, which in (("orders", ""), ("all_orders", " of any status")):
        yield _aggregate(source, "count", f"Number of orders{which}", Integer(), "count(*)", lowest=0)
        yield _aggregate(source, "amount_sum", f"Sum of orders{which}", Money(), "SUM(orders.amount)", nullable=False)
        yield _aggregate(source, "amount_average", f"Average order{which}", Money(), _AVERAGE)
        yield _aggregate(source, "amount_min", f"Smallest order{which}", Money(), "MIN(orders.amount)")
        yield _aggregate(source, "amount_max", f"Largest order{which}", Money(), "MAX(orders.amount)")
        yield _aggregate(source, "first_at", f"First order{which}", Instant(), "MIN(orders.ordered_at)")
        yield _aggregate(source, "last_at", f"Last order{which}", Instant(), "MAX(orders.ordered_at)")
    yield _count("quantity_sum", "Number of pieces bought", "SUM(order_lines.quantity)")
    yield _count("orders_count", "Number of orders with such items", "count(DISTINCT orders.number)")
    yield _count("products_count", "Number of different products bought", f"count(DISTINCT {_PRODUCT})")
    yield _aggregate("items", "amount_sum", "Sum spent on items", Money(), "COALESCE(SUM(order_lines.amount), 0)",
                     nullable=False)
    yield _aggregate("items", "last_at", "Last order of such items", Instant(), "MAX(orders.ordered_at)")


def rows(statuses: Sequence[str]) -> dict[str, dict[str, Field]]:
    """The fields of a row, by source. `statuses`: those that orders of the store may have."""
    orders = {field.key: field for field in _order(statuses)}
    return {"orders": orders, "all_orders": orders, "items": orders | {field.key: field for field in _item()}}


def _order(statuses: Sequence[str]) -> Iterator[Field]:
    status = Choice(choices={key: key.capitalize() for key in statuses})
    yield _row("order.status", "Order status", status, "orders", "status", nullable=False)
    yield _row("order.amount", "Order amount", Money(), "orders", "amount", nullable=False)
    yield _row("order.ordered_at", "Order date", Instant(), "orders", "ordered_at", nullable=False)
    for key, label in (("channel", "Channel"), ("payment_method", "Payment method"), ("coupon", "Coupon"),
                       ("city", "Order city")):
        yield _row(f"order.{key}", label, Text(), "orders", f"{key}_folded")


def _item() -> Iterator[Field]:
    for key, label in (("product", "Product"), ("sku", "SKU"), ("category", "Category"), ("brand", "Brand")):
        yield _row(f"item.{key}", label, Text(), "order_lines", f"{key}_folded")
    yield _row("item.quantity", "Quantity", Integer(), "order_lines", "quantity", nullable=False, lowest=0)
    yield _row("item.unit_price", "Unit price", Money(), "order_lines", "unit_price")
    yield _row("item.amount", "Line amount", Money(), "order_lines", "amount")


def _aggregate(source: str, measure: str, label: str, kind: Kind, expression: str, *, nullable: bool = True,
               lowest: int | None = None) -> Field:
    group = "Order lines" if source == "items" else "Orders"
    # What cannot fall below 0 is a count: it is 0 where nothing counts.
    place = Aggregate(SOURCES[source], expression, nullable and lowest is None)
    return Field(f"{source}.{measure}", label, group, kind, place, lowest=lowest, source=source)


def _count(measure: str, label: str, expression: str) -> Field:
    return _aggregate("items", measure, label, Integer(), expression, lowest=0)


def _row(key: str, label: str, kind: Kind, table: str, column: str, *, nullable: bool = True,
         lowest: int | None = None) -> Field:
    group = "Order line" if table == "order_lines" else "Order"
    return Field(key, label, group, kind, Column(table, column, nullable), lowest=lowest)
