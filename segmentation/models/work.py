"""Long work and what was done: jobs and audit events.

The row is the truth about a job; a queue only carries its id. A job is held by a lease, never by a flag: whoever runs
it renews `lease_until` and carries the `attempt` it took; a checkpoint of an older attempt is refused. The checkpoint
commits with the data it speaks of.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from segmentation.extensions import Base
from segmentation.models.types import Identifier, Instant, new_id, utc_now

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


class Job(Base):
    """One piece of long work. `state` is queued, running, done, failed or cancelled; `key` says what it works on (a
    file's digest), `params` how.

    `deaths` counts the processes that died over it since its last checkpoint; `cancelling` asks whoever runs it to
    stop. `done` of `total`, at `rate` a second, is how far it is. `result` is what came out of it, `error` (code and
    message) why nothing did. `user_id` is who asked; None is the operator, or the service itself.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "store_id", "kind", "key"), Index(None, "store_id", "number"), Index(None, "state"))

    number: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier, unique=True, default=new_id)
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(Identifier)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(64), default="")
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    deaths: Mapped[int] = mapped_column(Integer, default=0)
    cancelling: Mapped[bool] = mapped_column(default=False)
    lease_until: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    holder: Mapped[str] = mapped_column(String(120), default="")
    checkpoint: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int | None] = mapped_column(BigInteger)
    rate: Mapped[float | None] = mapped_column(Double)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)


class AuditEvent(Base):
    """Who did what, when, to how many. Holds ids and figures, no personal data.

    What belongs to no store, such as a sign-in, has no `store_id`. `number` orders the events of all stores, and is
    never shown, because it would tell how busy the others are; `id` is.
    """

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "store_id", "number"), Index(None, "store_id", "action", "number"),
                      Index(None, "user_id", "number"))

    number: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier, index=True, unique=True, default=new_id)
    store_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(Identifier)
    action: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    happened_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
