"""A customer's order statistics over counted orders. Whatever writes orders calls this; nothing else sets them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, select, tuple_, update
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from segmentation.database import is_overflow
from segmentation.errors import Invalid
from segmentation.models import Customer, Order
from segmentation.models.functions import in_list


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
            raise Invalid("The orders of one customer add up to more than can be stored.") from error
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
