"""Other order statuses that count: the orders are marked anew and the statistics of their customers computed again.

The statistics themselves are those of `facts.statistics`, as after any other change of orders.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from segmentation.facts.statistics import refresh_order_statistics
from segmentation.models import Order

CUSTOMERS_AT_ONCE = 5_000


class Recounted(NamedTuple):
    """How many orders count now and did not, or the other way round, and how many customers they belong to."""

    orders: int
    customers: int


def recount_orders(
    session: Session, store_id: uuid.UUID, counted: Sequence[str], version: int, progress: Callable[[int, int], None]
) -> Recounted:
    """Count the orders that have one of those statuses, and no others. Whoever has one that changes gets the version.

    The caller holds the store's facts (`versions.next_version`) and keeps the statuses in the same transaction.
    `progress` is told how many of those customers are dealt with. Raises errors.Invalid as `refresh_order_statistics`.
    """
    connection, counts = session.connection(), Order.status.in_(counted)
    differs = Order.store_id == store_id, Order.is_counted != counts
    owners = connection.scalars(
        select(Order.customer_number).where(*differs).distinct().order_by(Order.customer_number)).all()
    orders = connection.execute(update(Order).where(*differs).values(is_counted=counts)).rowcount
    for start in range(0, len(owners), CUSTOMERS_AT_ONCE):
        progress(start, len(owners))
        refresh_order_statistics(session, store_id, owners[start:start + CUSTOMERS_AT_ONCE], version)
    return Recounted(orders, len(owners))
