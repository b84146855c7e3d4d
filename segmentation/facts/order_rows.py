"""Orders as they come in, from a file or as JSON: their columns, and how what rows say of one order is put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from segmentation.facts import columns, readers
from segmentation.facts.columns import Column
from segmentation.facts.entries import RowFault
from segmentation.rules.kinds import Fault

REQUIRED = ("order_id", "customer_id", "ordered_at")
HEAD_TEXTS = ("channel", "payment_method", "coupon", "city")
LINE_TEXTS = ("sku", "product", "category", "brand")


class OrderHead(NamedTuple):
    """An order's own columns. `total` in units of 1/10000; None where nothing was given."""

    order_id: str
    customer_id: str
    ordered_at: datetime
    status: str | None = None
    total: int | None = None
    channel: str | None = None
    payment_method: str | None = None
    coupon: str | None = None
    city: str | None = None


class Line(NamedTuple):
    """One line of an order. `unit_price` in units of 1/10000."""

    sku: str | None = None
    product: str | None = None
    category: str | None = None
    brand: str | None = None
    quantity: int = 1
    unit_price: int | None = None

    @property
    def amount(self) -> int | None:
        """Quantity times unit price, in units of 1/10000; None without a price."""
        return None if self.unit_price is None else self.quantity * self.unit_price


class OrderRecord(NamedTuple):
    """An order to store."""

    head: OrderHead
    lines: Sequence[Line]

    @property
    def order_id(self) -> str:
        """The shop's own id of the order."""
        return self.head.order_id


COLUMNS = (*OrderHead._fields, "currency", *Line._fields)


def agreed(one: OrderHead, other: OrderHead) -> OrderHead:
    """What two rows say of one order; nothing agrees with anything. Raises RowFault naming a column in which they
    differ.
    """
    if one == other:
        return one
    values: list[Any] = []
    for column, first, second in zip(OrderHead._fields, one, other, strict=True):
        if first is not None and second is not None and first != second:
            raise RowFault(column, "contradiction", "Rows of the same order differ here.")
        values.append(second if first is None else first)
    return OrderHead(*values)


def head_columns(zone: ZoneInfo, currency: str) -> dict[str, Column]:
    """The columns of an order as a whole: those of OrderHead, and the currency, which must be the store's."""
    return {
        "order_id": columns.key().required(), "customer_id": columns.key().required(),
        "ordered_at": columns.instant(zone).required(),
        "status": columns.written(readers.status, maxLength=readers.STATUS_LENGTH),
        "total": columns.decimal(readers.LARGEST_MONEY), **dict.fromkeys(HEAD_TEXTS, columns.text()),
        "currency": columns.written(readers.currency(currency))}


def line_columns() -> dict[str, Column]:
    """The columns of a line, as in Line."""
    return {**dict.fromkeys(LINE_TEXTS, columns.text()), "quantity": columns.quantity(),
            "unit_price": columns.decimal(readers.LARGEST_MONEY)}


def made_line(
    sku: str | None, product: str | None, category: str | None, brand: str | None,
    quantity: int | None, unit_price: int | None,
) -> Line | None:
    """The line that such values are, if any of them is given. Raises Fault."""
    if not (sku or product or category or brand or unit_price is not None or quantity is not None):
        return None
    line = Line(sku, product, category, brand, 1 if quantity is None else quantity, unit_price)
    if abs(line.amount or 0) > readers.LARGEST_MONEY:
        raise Fault("out_of_range", "Quantity times unit price is too large.")
    return line
