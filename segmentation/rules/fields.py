"""The catalogue: what one can ask about a customer. To add a field of a customer's own column, add one entry.

A field knows its kind and its place: how a test reaches its values. The catalogue belongs to a store, because its
currency, its phone numbers and (later) its attributes do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.rules.kinds import Boolean, Choice, Instant, Integer, Kind, Money, Text
from segmentation.rules.operators import of_kind
from segmentation.rules.places import CustomerColumn, Place
from segmentation.values import codes, phones


@dataclass(frozen=True)
class StoreSettings:
    """What of a store bears on the meaning of its rules. `week_start`: Monday = 0."""

    zone: ZoneInfo
    week_start: int
    currency: str
    country: str | None


@dataclass(frozen=True)
class Field:
    """One thing that can be asked about a customer."""

    key: str
    label: str
    group: str
    kind: Kind
    place: Place


@dataclass(frozen=True)
class Catalogue:
    """The fields of one store, in the order they are shown."""

    fields: Mapping[str, Field]

    def get(self, key: str) -> Field | None:
        """The field of exactly that key."""
        return self.fields.get(key)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())

    def describe(self) -> list[dict[str, Any]]:
        """The fields by group, with operators, what each takes, and choices: enough to build a form from."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for field in self:
            groups.setdefault(field.group, []).append(_described(field))
        return [{"group": group, "fields": fields} for group, fields in groups.items()]


@lru_cache(maxsize=256)
def catalogue(settings: StoreSettings) -> Catalogue:
    """The catalogue of a store with these settings."""
    return Catalogue({field.key: field for field in (*_profile(settings), *_order_stats(), *_rfm())})


def _profile(settings: StoreSettings) -> Iterator[Field]:
    for key, label in (("first_name", "First name"), ("last_name", "Last name"), ("email", "E-mail")):
        yield _field(key, label, "Profile", Text(), f"{key}_folded")
    yield _field("email_domain", "E-mail domain", "Profile", Text())
    yield _field("mobile", "Mobile", "Profile", _phone(settings.country))
    for key, label in (("city", "City"), ("region", "Region"), ("source", "Source")):
        yield _field(key, label, "Profile", Text(), f"{key}_folded")
    yield _field("external_id", "Customer number in the shop", "Profile", Text(), "external_id_folded", False)
    yield _field("gender", "Gender", "Profile", Choice(choices={key: key.capitalize() for key in codes.GENDERS}))
    yield _field("country", "Country", "Profile", Choice(choices=codes.countries()))
    yield _field("language", "Language", "Profile", Choice(choices=codes.languages()))
    yield _field("accepts_marketing", "Accepts marketing", "Profile", Boolean())
    yield _field("created_at", "Customer since", "Profile", Instant())


def _order_stats() -> Iterator[Field]:
    group = "Order stats"
    yield _field("orders_count", "Number of orders", group, Integer(), nullable=False)
    yield _field("orders_amount", "Total spent", group, Money(), nullable=False)
    yield _field("average_order_amount", "Average order amount", group, Money())
    yield _field("first_order_at", "First order", group, Instant())
    yield _field("last_order_at", "Last order", group, Instant())


def _rfm() -> Iterator[Field]:
    labels = {label: label for label in codes.RFM_LABELS}
    yield _field("segment", "RFM segment", "RFM", Choice(choices=labels))
    for key in ("recency", "frequency", "monetary"):
        yield _field(f"{key}_score", f"{key.capitalize()} score", "RFM", Integer())
    yield _field("cltv", "Customer lifetime value", "RFM", Money())


def _field(key: str, label: str, group: str, kind: Kind, column: str | None = None, nullable: bool = True) -> Field:
    return Field(key, label, group, kind, CustomerColumn(column or key, nullable))


def _phone(country: str | None) -> Text:
    return Text(widget="tel", whole=partial(_whole_phone, country=country), part=phones.digits)


def _whole_phone(text: str, country: str | None) -> str:
    return phones.normalise(text, country) or phones.digits(text)


def _described(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {
        "key": field.key, "label": field.label, "kind": field.kind.name, "widget": field.kind.widget,
        "can_be_empty": field.place.nullable,
        "operators": [
            {"key": name, "label": label, "takes": operator.takes.value, "units": list(operator.units),
             "negative_of": operator.key if negative else None}
            for name, label, operator, negative in of_kind(field.kind.name)],
    }
    if isinstance(field.kind, Choice):
        described["choices"] = [{"value": value, "label": label} for value, label in field.kind.choices.items()]
    return described
