"""Long work and what was done: jobs and audit events.

A job is held by a lease, never by a flag: whoever runs it renews `lease_until` with every checkpoint and carries the
`attempt` it took; a checkpoint of an older attempt is refused. The checkpoint commits with the data it speaks of.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from segmentation.extensions import Base
from segmentation.models.types import Identifier, Instant, new_id, utc_now

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


class Job(Base):
    """One piece of long work. `state` is running, done or failed; `key` says what it works on (a file's digest)."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "store_id", "kind", "key"),)

    number: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier, unique=True, default=new_id)
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    lease_until: Mapped[datetime] = mapped_column(Instant)
    holder: Mapped[str] = mapped_column(String(120))
    checkpoint: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)


class AuditEvent(Base):
    """Who did what, when, to how many. Holds ids and figures, no personal data."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "store_id", "number"),)

    number: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    store_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(Identifier)
    action: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    happened_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
