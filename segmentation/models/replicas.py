"""Which columnar copy of a store is the one to read (see `audience.replicas`)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from segmentation.extensions import Base
from segmentation.models.types import Instant, utc_now


class Replica(Base):
    """The newest replica of a store: what it holds, as of which data version, and the token in its file's name.

    The row changes in the transaction that announces the file, so whoever sees the row sees facts at least as new; and
    when a backup of the database is restored, files of a future that never was are not taken for its replicas.
    `layout` says which columns the file has; `renewed` counts the customers replaced in it since it was last made anew.
    """

    __tablename__ = "replicas"

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    token: Mapped[str] = mapped_column(String(32))
    layout: Mapped[str] = mapped_column(String(32))
    customers: Mapped[int] = mapped_column(BigInteger)
    renewed: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
    built_at: Mapped[datetime] = mapped_column(Instant, default=utc_now)
