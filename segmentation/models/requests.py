"""Requests that may be repeated: what was answered to those that came with an idempotency key."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from segmentation.extensions import Base
from segmentation.models.facts import CLUSTERED
from segmentation.models.types import Instant, utc_now


class AnsweredRequest(Base):
    """An answer, by the route and the key of its request. Of the body only a digest is kept."""

    __tablename__ = "answered_requests"
    __table_args__ = (Index(None, "store_id", "created_at"), CLUSTERED)

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    route: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any]] = mapped_column(JSON)
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
