"""The words of the rule language as tables: fields, kinds, operators, choices. No behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# The custom attributes of every store here.
ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {"loyalty_tier": "text", "points": "number", "wholesale": "boolean", "renewed_at": "instant"}
)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What a store decides about the meaning of a rule."""

    timezone: str
    """IANA name, e.g. `Asia/Riyadh`."""
    week_start: int
    """0 = Monday … 6 = Sunday."""
    region: str | None
    """ISO country in which a phone number without a country code is dialled."""
    attributes: Mapping[str, str] = field(default_factory=lambda: ATTRIBUTES, hash=False)
    """Key and kind (text, number, boolean, instant) of each custom attribute."""


FIELDS: dict[str, str] = {
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "email_domain": "text",
    "mobile": "text",
    "city": "text",
    "region": "text",
    "source": "text",
    "external_id": "text",
    "gender": "choice",
    "country": "choice",
    "language": "choice",
    "accepts_marketing": "boolean",
    "created_at": "instant",
    "orders_count": "integer",
    "orders_amount": "money",
    "average_order_amount": "money",
    "first_order_at": "instant",
    "last_order_at": "instant",
    "segment": "choice",
    "recency_score": "integer",
    "frequency_score": "integer",
    "monetary_score": "integer",
    "cltv": "money",
}

# What a person has beside single values of their own.
OWN: dict[str, str] = {"birthday": "birthday", "tags": "tags"}
_MEASURES = {
    "count": "integer", "amount_sum": "money", "amount_average": "money", "amount_min": "money",
    "amount_max": "money", "first_at": "instant", "last_at": "instant",
}  # fmt: skip
_ITEM_MEASURES = {
    "quantity_sum": "integer", "orders_count": "integer", "products_count": "integer",
    "amount_sum": "money", "last_at": "instant",
}  # fmt: skip
AGGREGATES: dict[str, str] = {
    f"{source}.{measure}": kind for source in ("orders", "all_orders") for measure, kind in _MEASURES.items()
} | {f"items.{measure}": kind for measure, kind in _ITEM_MEASURES.items()}
NEVER_MISSING = {
    "external_id", "orders_count", "orders_amount", "in_segment", "order.status", "order.amount",
    "order.ordered_at", "item.quantity",
    *(key for key in AGGREGATES if key.endswith(("count", "_sum"))),
}  # fmt: skip
ORDER_FIELDS: dict[str, str] = {
    "order.status": "choice", "order.amount": "money", "order.ordered_at": "instant", "order.channel": "text",
    "order.payment_method": "text", "order.coupon": "text", "order.city": "text",
}  # fmt: skip
ITEM_FIELDS: dict[str, str] = {
    "item.product": "text", "item.sku": "text", "item.category": "text", "item.brand": "text",
    "item.quantity": "integer", "item.unit_price": "money", "item.amount": "money",
}  # fmt: skip
EVERY_FIELD: dict[str, str] = (
    FIELDS | OWN | AGGREGATES | ORDER_FIELDS | ITEM_FIELDS | {"in_segment": "segments"}
)

# Only the negatives that are not "not_" + positive need a name of their own.
_WITH_NEGATIVE = (
    "equals", "in", "contains", "starts_with", "ends_with", "between",
    "on", "in_last", "in_next", "between_ago", "in_this", "in_previous", "has_all", "in_month",
)  # fmt: skip
NEGATIVE_OF: dict[str, str] = {name: f"not_{name}" for name in _WITH_NEGATIVE}
NEGATIVE_OF |= {"is_empty": "is_not_empty", "is_today": "is_not_today"}
POSITIVE_OF: dict[str, str] = {negative: positive for positive, negative in NEGATIVE_OF.items()}


def _and_negatives(*positives: str) -> tuple[str, ...]:
    negatives = (NEGATIVE_OF[name] for name in positives if name in NEGATIVE_OF)
    return (*positives, *negatives)


_NUMBER = _and_negatives(
    "equals", "in", "greater_than", "greater_than_or_equals",
    "less_than", "less_than_or_equals", "between", "is_empty",
)  # fmt: skip
OPERATORS: dict[str, tuple[str, ...]] = {
    "text": _and_negatives("equals", "in", "contains", "starts_with", "ends_with", "is_empty"),
    "choice": _and_negatives("equals", "in", "is_empty"),
    "tags": _and_negatives("equals", "in", "has_all", "is_empty"),
    "birthday": _and_negatives("is_today", "in_next", "in_month", "is_empty"),
    "segments": _and_negatives("in"),
    "number": _NUMBER,
    "integer": _NUMBER,
    "money": _NUMBER,
    "boolean": _and_negatives("equals", "is_empty"),
    "instant": _and_negatives(
        "on", "before", "after", "on_or_before", "on_or_after", "between",
        "in_last", "more_than_ago", "in_next", "between_ago",
        "in_this", "in_previous", "is_empty",
    ),
}  # fmt: skip

PERIODS = ("days", "weeks", "months", "quarters", "years")
DURATIONS = ("hours", *PERIODS)

COUNTED = ("completed", "delivered", "fulfilled", "paid", "shipped")

# Every gender and label there is; of countries and languages a few that certainly exist.
CHOICES: dict[str, tuple[str, ...]] = {
    "gender": ("male", "female", "other"),
    "country": ("SA", "EG", "AE", "KW", "US", "GB", "TR", "DE", "FR", "IN", "CU", "WS", "PT"),
    "order.status": (*COUNTED, "pending", "processing", "cancelled", "refunded", "returned"),
    "language": ("ar", "en", "tr", "de", "fr", "ur", "hi", "es", "pt"),
    "segment": (
        "Champions", "Loyal Customers", "Potential Loyalists", "New Customers", "Promising",
        "Need Attention", "About To Sleep", "At Risk", "Cannot Lose Them", "Hibernating", "Lost",
    ),
}  # fmt: skip


def kind_of(key: str, store: StoreSettings) -> str:
    """Return the kind of a field of a person, an order or a line."""
    if key.startswith("attributes."):
        return store.attributes[key.removeprefix("attributes.")]
    return EVERY_FIELD[key]
