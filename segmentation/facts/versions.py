"""Data versions: every change of a store's facts gets the next one."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from segmentation.errors import NotFound
from segmentation.models import Store


def lock_facts(session: Session, store_id: uuid.UUID) -> int:
    """Lock the store's row; its data version. Raises NotFound.

    Call it first in every transaction that may change facts; `next_version` once it is known that it does.
    """
    # As strong a lock as an update takes: rows that refer to the store can still be written meanwhile.
    statement = select(Store.data_version).where(Store.id == store_id).with_for_update(key_share=True)
    version: int | None = session.execute(statement).scalar_one_or_none()
    if version is None:
        raise NotFound()
    return version


def next_version(session: Session, store_id: uuid.UUID) -> int:
    """Lock the store's row and raise its data version by one; the new version. Raises NotFound.

    Stamp it on each customer touched.
    """
    statement = update(Store).where(Store.id == store_id).values(data_version=Store.data_version + 1)
    version: int | None = session.execute(statement.returning(Store.data_version)).scalar_one_or_none()
    if version is None:
        raise NotFound()
    return version
