"""A customer with everything of theirs, as the API shows them. Amounts have four decimals, as they came in."""

from __future__ import annotations

from typing import Any

from segmentation.api.shapes import customer_shape, money
from segmentation.audience.people import Person, PlacedOrder
from segmentation.customers import Belonging
from segmentation.models import Attribute, Customer, OrderLine, Segment
from segmentation.models.types import from_units

PROFILE = ("gender", "city", "region", "country", "language", "source", "accepts_marketing", "created_at")


def person_shape(person: Person, belonging: Belonging) -> dict[str, Any]:
    """The customer as on a page, and all the rest."""
    customer = person.customer
    columns = {column.key: getattr(customer, column.key) for column in Customer.__table__.columns}
    return {
        **customer_shape(columns),
        **{name: columns[name] for name in PROFILE},
        "birthday": customer.birthday.isoformat() if customer.birthday else None,
        "average_order_amount": money(customer.average_order_amount),
        "first_order_at": customer.first_order_at,
        "last_order_at": customer.last_order_at,
        "tags": list(person.tags),
        "attributes": {attribute.key: _value(attribute, value) for attribute, value in person.held},
        "orders": [_order(placed) for placed in person.orders],
        "orders_in_all": person.orders_in_all,
        "segments": [_segment(row) for row in belonging.inside],
        "segments_untold": [{**_segment(row), "reason": reason} for row, reason in belonging.untold],
    }


def _value(attribute: Attribute, value: Any) -> Any:
    return from_units(value) if attribute.kind == "number" else value


def _order(placed: PlacedOrder) -> dict[str, Any]:
    order = placed.order
    return {
        "external_id": order.external_id,
        "ordered_at": order.ordered_at,
        "status": order.status,
        "is_counted": order.is_counted,
        "total": from_units(order.amount),
        "currency": order.currency,
        "channel": order.channel,
        "payment_method": order.payment_method,
        "coupon": order.coupon,
        "city": order.city,
        "lines": [_line(line) for line in placed.lines],
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "product": line.product,
        "category": line.category,
        "brand": line.brand,
        "quantity": line.quantity,
        "unit_price": None if line.unit_price is None else from_units(line.unit_price),
        "amount": None if line.amount is None else from_units(line.amount),
    }


def _segment(row: Segment) -> dict[str, str]:
    return {"id": str(row.id), "name": row.name}
