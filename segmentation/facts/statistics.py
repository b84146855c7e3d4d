"""A customer's order statistics over counted orders. Whatever writes orders calls this; nothing else sets them.

Two ways to the same figures: orders that are new are added to what is stored, which reads no other order; after any
other change they are counted again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, select, tuple_, update
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from segmentation.database import is_overflow
from segmentation.errors import Invalid
from segmentation.facts.writing import update_columns
from segmentation.models import Customer, Order
from segmentation.models.functions import in_list

LARGEST = 2**63 - 1
TOO_MUCH = "The orders of one customer add up to more than can be stored."


class Statistics(NamedTuple):
    """Of one customer, as in the columns of the same names; amounts in units of 1/10000."""

    orders_count: int = 0
    orders_amount: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None

    @property
    def average_order_amount(self) -> int | None:
        """The amount by the count to the nearest whole number, halves away from zero."""
        if not self.orders_count:
            return None
        quotient = (2 * abs(self.orders_amount) + self.orders_count) // (2 * self.orders_count)
        return -quotient if self.orders_amount < 0 else quotient

    def plus(self, orders: Sequence[tuple[datetime, int]]) -> Statistics:
        """The same after these counted orders, given as instant and amount. Raises errors.Invalid."""
        count, amount, first, last = self
        for at, value in orders:
            count += 1
            amount += value
            first = at if first is None or at < first else first
            last = at if last is None or at > last else last
        if abs(amount) > LARGEST:
            raise Invalid(TOO_MUCH)
        return Statistics(count, amount, first, last)


def columns_of(statistics: Collection[Statistics]) -> dict[str, Sequence[Any]]:
    """The columns of customers that hold them."""
    columns = dict(zip(Statistics._fields, zip(*statistics, strict=True), strict=True)) if statistics else {}
    return {**columns, "average_order_amount": [each.average_order_amount for each in statistics]}


def known_statistics(
    connection: Connection, store_id: uuid.UUID, numbers: Collection[int]
) -> dict[int, Statistics]:
    """What is stored for those customers, by number."""
    rows = connection.execute(
        select(Customer.number, *(getattr(Customer, name) for name in Statistics._fields))
        .where(Customer.store_id == store_id, in_list(Customer.number, list(numbers)))).all()
    return {number: Statistics(*values) for number, *values in rows}


def store_statistics(
    connection: Connection, store_id: uuid.UUID, statistics: Mapping[int, Statistics], version: int
) -> None:
    """Store them by the customers' numbers, and stamp the version on those."""
    numbers, size = sorted(statistics), len(statistics)  # in the order in which they lie
    update_columns(connection, Customer, {
        "store_id": [store_id] * size, "number": numbers, "version": [version] * size,
        **columns_of([statistics[number] for number in numbers])})


def refresh_order_statistics(
    session: Session, store_id: uuid.UUID, customer_numbers: Sequence[int], version: int
) -> None:
    """Recompute the statistics of those customers from their orders, and stamp the version on them.

    Raises errors.Invalid when the amounts of one customer add up to more than 64 bits hold.
    """
    statistics = tuple_(
        Customer.orders_count, Customer.orders_amount, Customer.average_order_amount,
        Customer.first_order_at, Customer.last_order_at)
    # One look-up per customer, not a join with a grouped subquery: PostgreSQL, as long as it knows little of a store,
    # takes it for small and would evaluate that subquery again for every customer.
    statement = (
        update(Customer)
        .where(Customer.store_id == store_id, in_list(Customer.number, customer_numbers))
        .values({statistics: _of_one_customer().scalar_subquery(), Customer.version: version}))
    try:
        session.connection().execute(statement)
    except (DataError, OperationalError) as error:
        if is_overflow(error):
            raise Invalid(TOO_MUCH) from error
        raise


def _of_one_customer() -> Select[int, int, int, object, object]:
    count = func.count()
    total = cast(func.coalesce(func.sum(Order.amount), 0), BigInteger)
    return (
        select(count, total, _rounded_quotient(total, count), func.min(Order.ordered_at), func.max(Order.ordered_at))
        .where(Order.store_id == Customer.store_id, Order.customer_number == Customer.number, Order.is_counted)
        .correlate(Customer))


def _rounded_quotient(total: ColumnElement[int], count: ColumnElement[int]) -> ColumnElement[int]:
    """`total / count` to the nearest whole number, halves away from zero; null for a count of 0. No floating point."""
    size = func.abs(total, type_=BigInteger)
    some = func.nullif(count, 0, type_=BigInteger)
    quotient = size // some + case((2 * (size % some) >= some, 1), else_=0)
    return case((total < 0, -quotient), else_=quotient)
