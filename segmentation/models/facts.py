"""The facts of a store: customers with their tags and attributes, orders and order lines.

Every key leads with the store. `number` is dense within the store and is what other facts refer to; a customer's `id`
is what the outside sees. A column `x_folded` holds `values.text.fold(x)`, on which text is compared. Money is in units
of 1/10000. `customers.version` is the store's data version at which the customer, or anything of theirs, last
changed.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from segmentation.extensions import Base
from segmentation.models.types import FOLDED_TEXT, Identifier, Instant

ORDERS_BY_CUSTOMER = "ix_orders_store_id_customer_number_is_counted_ordered_at_amount"
CLUSTERED = {"sqlite_with_rowid": False}  # rows lie in key order, so one store's rows lie together
# What most rules and orders ask of a customer, a quarter as wide as the row: who asks all customers reads this alone.
NARROW = ("number", "id", "orders_count", "orders_amount", "average_order_amount", "first_order_at", "last_order_at",
          "segment", "recency_score", "frequency_score", "monetary_score", "cltv", "accepts_marketing", "created_at",
          "birthday_month_day", "gender", "country", "language")


def _customer_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["store_id", "customer_number"], ["customers.store_id", "customers.number"], ondelete="CASCADE"
    )


class Customer(Base):
    """A person who bought, or might: profile, order statistics over counted orders, and scores."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "external_id"),
        Index(None, "store_id", "version"),
        Index("ix_customers_narrow", "store_id", *NARROW),
        CLUSTERED,
    )

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier)
    version: Mapped[int] = mapped_column(BigInteger)
    orders_count: Mapped[int] = mapped_column(Integer, default=0)
    orders_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    average_order_amount: Mapped[int | None] = mapped_column(BigInteger)
    first_order_at: Mapped[datetime | None] = mapped_column(Instant)
    last_order_at: Mapped[datetime | None] = mapped_column(Instant)
    segment: Mapped[str | None] = mapped_column(String(30))
    recency_score: Mapped[int | None] = mapped_column(SmallInteger)
    frequency_score: Mapped[int | None] = mapped_column(SmallInteger)
    monetary_score: Mapped[int | None] = mapped_column(SmallInteger)
    cltv: Mapped[int | None] = mapped_column(BigInteger)
    accepts_marketing: Mapped[bool | None]
    created_at: Mapped[datetime | None] = mapped_column(Instant)
    birthday: Mapped[date | None]
    birthday_month_day: Mapped[int | None] = mapped_column(SmallInteger)
    gender: Mapped[str | None] = mapped_column(String(10))
    country: Mapped[str | None] = mapped_column(String(2))
    language: Mapped[str | None] = mapped_column(String(3))
    mobile: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    external_id: Mapped[str] = mapped_column(FOLDED_TEXT)
    external_id_folded: Mapped[str] = mapped_column(FOLDED_TEXT)
    first_name: Mapped[str | None] = mapped_column(Text)
    first_name_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    last_name: Mapped[str | None] = mapped_column(Text)
    last_name_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    email: Mapped[str | None] = mapped_column(Text)
    email_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    email_domain: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    city: Mapped[str | None] = mapped_column(Text)
    city_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    region: Mapped[str | None] = mapped_column(Text)
    region_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    source: Mapped[str | None] = mapped_column(Text)
    source_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)


class CustomerTag(Base):
    """A tag of a customer; two tags that fold alike are one tag."""

    __tablename__ = "customer_tags"
    __table_args__ = (_customer_key(), Index(None, "store_id", "tag_folded"), CLUSTERED)

    store_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    customer_number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tag_folded: Mapped[str] = mapped_column(FOLDED_TEXT, primary_key=True)
    tag: Mapped[str] = mapped_column(Text)


class Attribute(Base):
    """A custom attribute that a store declared. `kind` is text, number, boolean or instant."""

    __tablename__ = "attributes"

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10))


class CustomerAttribute(Base):
    """One customer's value of one custom attribute, in the column of its kind (numbers in units of 1/10000)."""

    __tablename__ = "customer_attributes"
    __table_args__ = (
        _customer_key(),
        ForeignKeyConstraint(["store_id", "key"], ["attributes.store_id", "attributes.key"], ondelete="CASCADE"),
        Index(None, "store_id", "key"),
        CLUSTERED,
    )

    store_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    customer_number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)
    text_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    number: Mapped[int | None] = mapped_column(BigInteger)
    boolean: Mapped[bool | None]
    instant: Mapped[datetime | None] = mapped_column(Instant)


class Order(Base):
    """An order. `is_counted`: its status is one that the store counts.

    `written_by`: the number of the import that last wrote it, negative while no row gave a total, so that `amount` is
    the sum of the lines so far.
    """

    __tablename__ = "orders"
    __table_args__ = (
        _customer_key(),
        UniqueConstraint("store_id", "external_id"),
        Index(ORDERS_BY_CUSTOMER, "store_id", "customer_number", "is_counted", "ordered_at", "amount"),
        CLUSTERED,
    )

    store_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    external_id: Mapped[str] = mapped_column(FOLDED_TEXT)
    customer_number: Mapped[int] = mapped_column(BigInteger)
    ordered_at: Mapped[datetime] = mapped_column(Instant)
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(40))
    is_counted: Mapped[bool]
    currency: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str | None] = mapped_column(Text)
    channel_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    payment_method: Mapped[str | None] = mapped_column(Text)
    payment_method_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    coupon: Mapped[str | None] = mapped_column(Text)
    coupon_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    city: Mapped[str | None] = mapped_column(Text)
    city_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    written_by: Mapped[int | None] = mapped_column(BigInteger)


class OrderLine(Base):
    """One line of an order. `amount` is quantity × unit price; missing when the price is."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_number"], ["orders.store_id", "orders.number"], ondelete="CASCADE"),
        CLUSTERED,
    )

    store_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    order_number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    sku: Mapped[str | None] = mapped_column(Text)
    sku_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    product: Mapped[str | None] = mapped_column(Text)
    product_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    category: Mapped[str | None] = mapped_column(Text)
    category_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    brand: Mapped[str | None] = mapped_column(Text)
    brand_folded: Mapped[str | None] = mapped_column(FOLDED_TEXT)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[int | None] = mapped_column(BigInteger)
    amount: Mapped[int | None] = mapped_column(BigInteger)


class Tombstone(Base):
    """A customer who was erased, at which data version; holds nothing personal."""

    __tablename__ = "tombstones"
    __table_args__ = (Index(None, "store_id", "version"), CLUSTERED)

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    customer_number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
