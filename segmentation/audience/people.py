"""One customer with all that is known of them: profile, tags, attributes, orders with their lines."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from segmentation.audience.scope import Scope
from segmentation.extensions import db
from segmentation.models import Attribute, Customer, CustomerAttribute, CustomerTag, Order, OrderLine

ORDERS = 50


@dataclass(frozen=True)
class PlacedOrder:
    """An order with its lines."""

    order: Order
    lines: Sequence[OrderLine]


@dataclass(frozen=True)
class Person:
    """A customer with everything of theirs; of the orders the newest ORDERS, and how many there are in all."""

    customer: Customer
    tags: Sequence[str]
    held: Sequence[tuple[Attribute, Any]]
    orders: Sequence[PlacedOrder]
    orders_in_all: int

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The values of their attributes, by label."""
        return {attribute.label: value for attribute, value in self.held}


def find_person(scope: Scope, customer_id: uuid.UUID) -> Customer | None:
    """The customer of the store, if there is one."""
    return db.session.scalar(
        select(Customer).where(Customer.store_id == scope.store_id, Customer.id == customer_id))


def everything_of(scope: Scope, customer: Customer) -> Person:
    """All that is known of a customer."""
    own = (scope.store_id, customer.number)
    tags = db.session.scalars(
        select(CustomerTag.tag).where(CustomerTag.store_id == own[0], CustomerTag.customer_number == own[1])
        .order_by(CustomerTag.tag_folded)).all()
    orders = select(Order).where(Order.store_id == own[0], Order.customer_number == own[1])
    in_all = db.session.execute(select(func.count()).select_from(orders.subquery())).scalar_one()
    newest = db.session.scalars(orders.order_by(Order.ordered_at.desc(), Order.number.desc()).limit(ORDERS)).all()
    return Person(customer, tags, _attributes(own), _with_lines(own[0], newest), in_all)


def _attributes(own: tuple[uuid.UUID, int]) -> list[tuple[Attribute, Any]]:
    found = db.session.execute(
        select(Attribute, CustomerAttribute)
        .join(CustomerAttribute, (CustomerAttribute.store_id == Attribute.store_id)
              & (CustomerAttribute.key == Attribute.key))
        .where(CustomerAttribute.store_id == own[0], CustomerAttribute.customer_number == own[1])
        .order_by(Attribute.label))
    return [(attribute, getattr(value, attribute.kind)) for attribute, value in found]


def _with_lines(store_id: uuid.UUID, orders: Sequence[Order]) -> list[PlacedOrder]:
    lines: dict[int, list[OrderLine]] = {}
    numbers = [order.number for order in orders]
    for line in db.session.scalars(
            select(OrderLine).where(OrderLine.store_id == store_id, OrderLine.order_number.in_(numbers))
            .order_by(OrderLine.order_number, OrderLine.line)):
        lines.setdefault(line.order_number, []).append(line)
    return [PlacedOrder(order, lines.get(order.number, [])) for order in orders]
