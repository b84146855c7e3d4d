"""Saved segments and their revisions.

`rules` is the wire form of the tree; it is read again through `rules.reading` before every use. `cached_count`
belongs to `counted_version` of the store's data at `count_cached_at`.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from segmentation.extensions import Base
from segmentation.models.types import Identifier, Instant


class Segment(Base):
    """A named rule tree of a store. `version` grows with every change and is the entity tag."""

    __tablename__ = "segments"
    __table_args__ = (Index(None, "store_id", "created_at"),)

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_active: Mapped[bool]
    version: Mapped[int] = mapped_column(Integer)
    cached_count: Mapped[int] = mapped_column(BigInteger)
    count_cached_at: Mapped[datetime | None] = mapped_column(Instant)
    counted_version: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class SegmentRevision(Base):
    """What a segment was at one of its versions, and who made it so."""

    __tablename__ = "segment_revisions"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "segment_id"], ["segments.store_id", "segments.id"], ondelete="CASCADE"),
    )

    store_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    segment_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_active: Mapped[bool]
    changed_by: Mapped[uuid.UUID | None] = mapped_column(Identifier)
    changed_at: Mapped[datetime] = mapped_column(Instant)
