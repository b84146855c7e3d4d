"""Erasing a customer: everything of theirs goes, a tombstone without anything personal stays."""

from __future__ import annotations

import uuid

from sqlalchemy import delete
from sqlalchemy.orm import Session

from segmentation.errors import NotFound
from segmentation.facts.versions import next_version
from segmentation.models import Customer, Tombstone


def erase_customer(session: Session, store_id: uuid.UUID, number: int) -> int:
    """Delete the customer with their tags, attributes, orders and lines; the data version that did it. Raises NotFound.
    """
    version = next_version(session, store_id)
    # The foreign keys take the rest along.
    deleted = session.execute(delete(Customer).where(Customer.store_id == store_id, Customer.number == number))
    if not deleted.rowcount:  # type: ignore[attr-defined]
        raise NotFound()
    session.add(Tombstone(store_id=store_id, customer_number=number, version=version))
    session.flush()
    return version
