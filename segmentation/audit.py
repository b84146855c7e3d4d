"""The audit trail: who did what, when, to how many. An event commits with what it speaks of."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from segmentation.models import AuditEvent


def record(session: Session, action: str, *, user_id: uuid.UUID | None = None, store_id: uuid.UUID | None = None,
           **details: Any) -> None:
    """Add an event to the running transaction. `details` are ids and figures, never personal data."""
    session.add(AuditEvent(action=action, user_id=user_id, store_id=store_id, details=details))
