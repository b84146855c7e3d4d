"""The catalogue: what one can ask about a customer. To add a field of a customer's own column, add one entry.

A field knows its kind and its place: how a test reaches its values. The catalogue belongs to a store, because its
currency, its phone numbers, its order statuses and its attributes do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.rules import order_fields
from segmentation.rules.field import Field, described
from segmentation.rules.kinds import (
    Birthday,
    Boolean,
    Choice,
    Instant,
    Integer,
    Kind,
    Money,
    Number,
    SegmentReference,
    Tags,
    Text,
)
from segmentation.rules.places import AttributeValue, Column, Membership, TagSet
from segmentation.values import codes, phones

IN_SEGMENT = "in_segment"
ATTRIBUTE = "attributes."
ATTRIBUTE_KINDS: Mapping[str, tuple[Kind, str, str]] = {
    "text": (Text(), "text_folded", "text"),
    "number": (Number(), "number", "number"),
    "boolean": (Boolean(), "boolean", "boolean"),
    "instant": (Instant(), "instant", "instant"),
}


@dataclass(frozen=True)
class DeclaredAttribute:
    """A custom attribute as a store declared it; `kind` is a key of ATTRIBUTE_KINDS."""

    key: str
    label: str
    kind: str


@dataclass(frozen=True)
class StoreSettings:
    """What of a store bears on the meaning of its rules. `week_start`: Monday = 0."""

    zone: ZoneInfo
    week_start: int
    currency: str
    country: str | None
    statuses: tuple[str, ...] = codes.ORDER_STATUSES
    attributes: tuple[DeclaredAttribute, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The fields of one store, in the order they are shown.

    `fields` speak of customers; `rows` of orders and lines, by the source of the aggregate whose `where` may use them.
    """

    fields: Mapping[str, Field]
    rows: Mapping[str, Mapping[str, Field]]

    def get(self, key: str) -> Field | None:
        """The field of exactly that key."""
        return self.fields.get(key)

    def inside(self, field: Field) -> Mapping[str, Field]:
        """The fields that the `where` of `field` may use; none when it takes no `where`."""
        return self.rows[field.source] if field.source else {}

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields.values())

    def describe(self) -> list[dict[str, Any]]:
        """The fields by group, with operators, what each takes, and choices: enough to build a form from."""
        return _by_group(self, lambda field: list(self.inside(field)))

    def describe_rows(self) -> list[dict[str, Any]]:
        """The fields of orders and lines, which only `where` may use, likewise."""
        every = {key: field for fields in self.rows.values() for key, field in fields.items()}
        return _by_group(every.values(), lambda _field: [])


@lru_cache(maxsize=256)
def catalogue(settings: StoreSettings) -> Catalogue:
    """The catalogue of a store with these settings."""
    fields = (*_profile(settings), *_order_stats(), *_rfm(), *order_fields.aggregates(), _in_segment(),
              *_attributes(settings))
    return Catalogue({field.key: field for field in fields}, order_fields.rows(settings.statuses))


def _profile(settings: StoreSettings) -> Iterator[Field]:
    for key, label in (("first_name", "First name"), ("last_name", "Last name"), ("email", "E-mail")):
        yield _text(key, label)
    yield _field("email_domain", "E-mail domain", "Profile", Text())
    yield _field("mobile", "Mobile", "Profile", _phone(settings.country))
    for key, label in (("city", "City"), ("region", "Region"), ("source", "Source")):
        yield _text(key, label)
    yield _text("external_id", "Customer number in the shop", nullable=False)
    yield _field("gender", "Gender", "Profile", Choice(choices={key: key.capitalize() for key in codes.GENDERS}))
    yield _field("country", "Country", "Profile", Choice(choices=codes.countries(), named=codes.countries))
    yield _field("language", "Language", "Profile", Choice(choices=codes.languages(), named=codes.languages))
    birthday = Column("customers", "birthday_month_day", True, "birthday")
    yield Field("birthday", "Birthday", "Profile", Birthday(), birthday)
    yield _field("accepts_marketing", "Accepts marketing", "Profile", Boolean())
    yield Field("tags", "Tags", "Profile", Tags(), TagSet())
    yield _field("created_at", "Customer since", "Profile", Instant())


def _order_stats() -> Iterator[Field]:
    group = "Order stats"
    yield _field("orders_count", "Number of orders", group, Integer(), nullable=False, lowest=0)
    yield _field("orders_amount", "Total spent", group, Money(), nullable=False)
    yield _field("average_order_amount", "Average order amount", group, Money())
    yield _field("first_order_at", "First order", group, Instant())
    yield _field("last_order_at", "Last order", group, Instant())


def _rfm() -> Iterator[Field]:
    labels = {label: label for label in codes.RFM_LABELS}
    yield _field("segment", "RFM segment", "RFM", Choice(choices=labels))
    for key in ("recency", "frequency", "monetary"):
        yield _field(f"{key}_score", f"{key.capitalize()} score", "RFM", Integer(), lowest=1, highest=5)
    yield _field("cltv", "Customer lifetime value", "RFM", Money())


def _in_segment() -> Field:
    return Field(IN_SEGMENT, "Segment", "Segments", SegmentReference(), Membership())


def _attributes(settings: StoreSettings) -> Iterator[Field]:
    for declared in settings.attributes:
        kind, column, shown = ATTRIBUTE_KINDS[declared.kind]
        place = AttributeValue(declared.key, column, shown)
        yield Field(f"{ATTRIBUTE}{declared.key}", declared.label, "Custom", kind, place)


def _text(key: str, label: str, nullable: bool = True) -> Field:
    return Field(key, label, "Profile", Text(), Column("customers", f"{key}_folded", nullable, key))


def _field(key: str, label: str, group: str, kind: Kind, nullable: bool = True, lowest: int | None = None,
           highest: int | None = None) -> Field:
    return Field(key, label, group, kind, Column("customers", key, nullable), lowest, highest)


def _phone(country: str | None) -> Text:
    return Text(widget="tel", whole=partial(_whole_phone, country=country), part=phones.digits)


def _whole_phone(text: str, country: str | None) -> str:
    return phones.normalise(text, country) or phones.digits(text)


def _by_group(fields: Iterable[Field], inside: Any) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for field in fields:
        groups.setdefault(field.group, []).append(described(field, inside(field)))
    return [{"group": group, "fields": found} for group, found in groups.items()]
