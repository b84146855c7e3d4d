"""What is stored of orders, in the form in which records of them come in."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, select

from segmentation.facts.numbers import find_numbers
from segmentation.facts.order_drafts import Stored
from segmentation.facts.order_rows import HEAD_TEXTS, Line, OrderHead
from segmentation.models import Customer, Order, OrderLine
from segmentation.models.functions import in_list


def known_orders(connection: Connection, store_id: uuid.UUID, order_ids: Collection[str]) -> dict[str, Stored]:
    """Those of the orders that are stored, by external id."""
    numbers = list(find_numbers(connection, Order, store_id, order_ids).values())
    if not numbers:
        return {}
    lines = _lines(connection, store_id, numbers)
    statement = (
        select(Order, Customer.external_id.label("customer_id"))
        .join(Customer, and_(Customer.store_id == Order.store_id, Customer.number == Order.customer_number))
        .where(Order.store_id == store_id, in_list(Order.number, numbers)))
    return {row.external_id: _stored(row, lines.get(row.number, [])) for row in connection.execute(statement)}


def _stored(row: Any, lines: list[Line]) -> Stored:
    head = OrderHead(row.external_id, row.customer_id, row.ordered_at, row.status, row.amount,
                     *(getattr(row, name) for name in HEAD_TEXTS))
    return Stored(row.number, row.customer_number, row.written_by, row.is_counted, head, lines)


def _lines(connection: Connection, store_id: uuid.UUID, numbers: Collection[int]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for number, *values in connection.execute(
            select(OrderLine.order_number, *(getattr(OrderLine, name) for name in Line._fields))
            .where(OrderLine.store_id == store_id, in_list(OrderLine.order_number, list(numbers)))
            .order_by(OrderLine.order_number, OrderLine.line)):
        found.setdefault(number, []).append(Line(*values))
    return found
