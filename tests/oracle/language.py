"""The words of the rule language as tables: fields, kinds, operators, choices. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What a store decides about the meaning of a rule."""

    timezone: str
    """IANA name, e.g. `Asia/Riyadh`."""
    week_start: int
    """0 = Monday … 6 = Sunday."""
    region: str | None
    """ISO country in which a phone number without a country code is dialled."""


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

# Only the negatives that are not "not_" + positive need a name of their own.
_WITH_NEGATIVE = (
    "equals", "in", "contains", "starts_with", "ends_with", "between",
    "on", "in_last", "in_next", "between_ago", "in_this", "in_previous",
)  # fmt: skip
NEGATIVE_OF: dict[str, str] = {name: f"not_{name}" for name in _WITH_NEGATIVE}
NEGATIVE_OF["is_empty"] = "is_not_empty"
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

# Every gender and label there is; of countries and languages a few that certainly exist.
CHOICES: dict[str, tuple[str, ...]] = {
    "gender": ("male", "female", "other"),
    "country": ("SA", "EG", "AE", "KW", "US", "GB", "TR", "DE", "FR", "IN", "CU", "WS", "PT"),
    "language": ("ar", "en", "tr", "de", "fr", "ur", "hi", "es", "pt"),
    "segment": (
        "Champions", "Loyal Customers", "Potential Loyalists", "New Customers", "Promising",
        "Need Attention", "About To Sleep", "At Risk", "Cannot Lose Them", "Hibernating", "Lost",
    ),
}  # fmt: skip
