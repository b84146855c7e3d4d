"""Who may do what: users, stores, memberships and sign-ins."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from segmentation.extensions import Base
from segmentation.models.facts import Attribute
from segmentation.models.types import Identifier, Instant, new_id, utc_now

ROLES = ("viewer", "editor", "owner")
DEFAULT_COUNTED_STATUSES = ("completed", "delivered", "fulfilled", "paid", "shipped")


class User(Base):
    """A person who can sign in."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)


class Store(Base):
    """A tenant. `week_start` counts from Monday = 0; `country` is the region in which phone numbers are read.

    `data_version` grows by one with every committed change of the store's facts. The `last_*_number` columns hand out
    the dense internal numbers. `rfm` keeps what the last scoring found (see `facts.rfm`), `seen_statuses` the statuses
    that its orders have had. `settings_version` grows by one with every change of the settings; it is their entity tag.
    """

    __tablename__ = "stores"

    id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    week_start: Mapped[int] = mapped_column(SmallInteger)
    country: Mapped[str | None] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(2))
    counted_statuses: Mapped[list[str]] = mapped_column(JSON)
    seen_statuses: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    settings_version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    data_version: Mapped[int] = mapped_column(BigInteger, default=0)
    last_customer_number: Mapped[int] = mapped_column(BigInteger, default=0)
    last_order_number: Mapped[int] = mapped_column(BigInteger, default=0)
    rfm: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    attributes: Mapped[list[Attribute]] = relationship(order_by="Attribute.key", viewonly=True)


class Membership(Base):
    """A user's role in a store."""

    __tablename__ = "memberships"

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)


class Session(Base):
    """One sign-in: alive until it expires or is revoked. `refresh_id` is the only refresh token that is still good.

    The one before it gets the same successor again for a moment after `refreshed_at`: its answer may have been lost.
    `last_seen_at` is noted about once a minute; `device` is a coarse word for what it was made with.
    """

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    refresh_id: Mapped[uuid.UUID] = mapped_column(Identifier)
    previous_refresh_id: Mapped[uuid.UUID | None] = mapped_column(Identifier)
    refreshed_at: Mapped[datetime | None] = mapped_column(Instant)
    device: Mapped[str] = mapped_column(String(40), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    last_seen_at: Mapped[datetime | None] = mapped_column(Instant, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class Invite(Base):
    """A one-time link into a store, for whoever has that e-mail address. The link itself is kept only as a digest.

    It is open until it is used, revoked or expired. `user_id` is the owner who made it.
    """

    __tablename__ = "invites"

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64), index=True, unique=True)  # found before its store is known
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ApiToken(Base):
    """A program's way into one store with one role, kept as a digest; `hint` is how its secret begins.

    `user_id` is the owner who made it, and who answers for it: the token is good only while they have its role.
    """

    __tablename__ = "api_tokens"

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64), index=True, unique=True)  # found before its store is known
    hint: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInFailures(Base):
    """Failed sign-ins of one account from one address since `since`; `key` is a digest of both."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    since: Mapped[datetime] = mapped_column(Instant)
