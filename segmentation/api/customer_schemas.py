"""The bodies and queries of the routes of customers and orders, and their answers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import g

from segmentation import limits
from segmentation.api.parsing import Strict, Value, text
from segmentation.api.schemas import CustomerSchema, PageQuery
from segmentation.audience.scope import Scope
from segmentation.facts.customer_objects import customer_schema, read_customers
from segmentation.facts.order_objects import order_schema, read_orders
from segmentation.models.types import utc_now

EXACT = ("external_id", "email", "mobile")
A_CUSTOMER = {
    "external_id": "C-1001", "first_name": "سلمى", "email": "salma@example.com", "mobile": "0501234567",
    "birthday": "1990-02-03", "city": "Jeddah", "accepts_marketing": True, "tags": ["vip"],
    "created_at": "2024-05-01T12:00:00+03:00",
}
AN_ORDER = {
    "external_id": "O-2001", "customer_id": "C-1001", "ordered_at": "2024-05-01T12:30:00+03:00", "status": "paid",
    "channel": "app", "lines": [{"sku": "S-1", "product": "Shoe", "quantity": 2, "unit_price": 99.50}],
}


def batch_schemas() -> dict[str, dict[str, Any]]:
    """The components `CustomerRecord` and `OrderRecord`."""
    return {"CustomerRecord": customer_schema(), "OrderRecord": order_schema()}


def _customers(raw: Any) -> Any:
    scope: Scope = g.scope
    settings = scope.settings
    declared = {each.key: each.kind for each in settings.attributes}
    today = utc_now().astimezone(settings.zone).date()
    return read_customers(raw, "/customers", settings.zone, settings.country, declared, today)


def _orders(raw: Any) -> Any:
    scope: Scope = g.scope
    return read_orders(raw, "/orders", scope.settings.zone, scope.settings.currency)


def _list_of(component: str) -> dict[str, Any]:
    return {"type": "array", "maxItems": limits.RECORDS, "items": {"$ref": f"#/components/schemas/{component}"}}


class CustomerBatchSchema(Strict):
    """Customers to create or change."""

    customers = Value(_customers, _list_of("CustomerRecord"), required=True)


class OrderBatchSchema(Strict):
    """Orders to create or change."""

    orders = Value(_orders, _list_of("OrderRecord"), required=True)


class WrittenSchema(ma.Schema):
    """What a batch did; `written` are those created and those changed."""

    written = ma.fields.Integer(required=True)
    created = ma.fields.Integer(required=True)
    unchanged = ma.fields.Integer(required=True)
    data_version = ma.fields.Integer(required=True)


class CustomersQuery(PageQuery):
    """Whom to look for, and which page of them. Texts are compared as rules compare them."""

    search = text(limits.TEXT_LENGTH, metadata={
        "description": "words that are each part of a name, the e-mail, the mobile or the external id"})
    external_id = text(limits.KEY_LENGTH)
    email = text(limits.TEXT_LENGTH)
    mobile = text(limits.TEXT_LENGTH)


class LineSchema(ma.Schema):
    """A line of an order."""

    sku = ma.fields.String(required=True, allow_none=True)
    product = ma.fields.String(required=True, allow_none=True)
    category = ma.fields.String(required=True, allow_none=True)
    brand = ma.fields.String(required=True, allow_none=True)
    quantity = ma.fields.Integer(required=True)
    unit_price = ma.fields.Float(required=True, allow_none=True)
    amount = ma.fields.Float(required=True, allow_none=True)


class OrderSchema(ma.Schema):
    """An order. `is_counted`: it enters the customer's statistics."""

    external_id = ma.fields.String(required=True)
    ordered_at = ma.fields.AwareDateTime(required=True)
    status = ma.fields.String(required=True)
    is_counted = ma.fields.Boolean(required=True)
    total = ma.fields.Float(required=True)
    currency = ma.fields.String(required=True)
    channel = ma.fields.String(required=True, allow_none=True)
    payment_method = ma.fields.String(required=True, allow_none=True)
    coupon = ma.fields.String(required=True, allow_none=True)
    city = ma.fields.String(required=True, allow_none=True)
    lines = ma.fields.List(ma.fields.Nested(LineSchema), required=True)


class NamedSegmentSchema(ma.Schema):
    """A segment."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)


class UntoldSegmentSchema(NamedSegmentSchema):
    """A segment of which it cannot be told: its rules no longer fit (`invalid`), or there was no time (`too_slow`)."""

    reason = ma.fields.String(required=True)


class PersonSchema(CustomerSchema):
    """A customer with everything of theirs. `orders_in_all` also counts orders that are not shown."""

    gender = ma.fields.String(required=True, allow_none=True)
    birthday = ma.fields.Date(required=True, allow_none=True)
    city = ma.fields.String(required=True, allow_none=True)
    region = ma.fields.String(required=True, allow_none=True)
    country = ma.fields.String(required=True, allow_none=True)
    language = ma.fields.String(required=True, allow_none=True)
    source = ma.fields.String(required=True, allow_none=True)
    accepts_marketing = ma.fields.Boolean(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    average_order_amount = ma.fields.Float(required=True, allow_none=True)
    first_order_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    last_order_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    tags = ma.fields.List(ma.fields.String(), required=True)
    attributes = ma.fields.Dict(required=True, metadata={"description": "values of custom attributes, by key"})
    orders = ma.fields.List(ma.fields.Nested(OrderSchema), required=True)
    orders_in_all = ma.fields.Integer(required=True)
    segments = ma.fields.List(ma.fields.Nested(NamedSegmentSchema), required=True)
    segments_untold = ma.fields.List(ma.fields.Nested(UntoldSegmentSchema), required=True)
