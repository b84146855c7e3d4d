"""The audit trail: who did what, when, to how many. An event commits with what it speaks of."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from segmentation.models import AuditEvent


def record(session: Session, action: str, *, user_id: uuid.UUID | None = None, store_id: uuid.UUID | None = None,
           **details: Any) -> None:
    """Add an event to the running transaction. `details` are ids and figures, never personal data.

    What an API token does is its maker's doing, with the token's id beside.
    """
    token_id = getattr(g.get("scope"), "token_id", None)
    if token_id is not None:
        details["token_id"] = str(token_id)
    session.add(AuditEvent(action=action, user_id=user_id, store_id=store_id, details=details))
