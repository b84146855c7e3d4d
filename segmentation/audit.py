"""The audit trail: who did what, when, to how many. An event commits with what it speaks of."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from segmentation.models import AuditEvent

# What events say, by action. A test reads every `record` of the code and holds that its action is here.
ACTIONS = {
    "attribute_declare": "Declared an attribute", "attribute_remove": "Removed an attribute",
    "customer_erase": "Erased a customer", "customers_write": "Wrote customers", "import": "Imported a file",
    "invite_accept": "Joined by an invite", "invite_create": "Invited somebody", "invite_revoke": "Revoked an invite",
    "job_cancel": "Stopped a job", "member_leave": "Left the store", "member_remove": "Removed a member",
    "orders_write": "Wrote orders", "password_change": "Changed their password",
    "password_set": "Got a password from the operator", "role_set": "Gave a role",
    "segment_change": "Changed a segment", "segment_create": "Created a segment",
    "segment_delete": "Archived a segment", "segment_export": "Exported a segment",
    "segment_restore": "Restored a segment", "sign_in": "Signed in", "sign_in_failed": "Failed to sign in",
    "sign_ins_end": "Ended sign-ins", "sign_out": "Signed out", "store_change": "Changed the settings",
    "store_create": "Created the store", "token_create": "Made an API token", "token_refresh": "Renewed a sign-in",
    "token_reuse": "A used refresh token came again", "token_revoke": "Revoked an API token",
    "user_create": "Made an account",
}


def record(session: Session, action: str, *, user_id: uuid.UUID | None = None, store_id: uuid.UUID | None = None,
           **details: Any) -> None:
    """Add an event to the running transaction. `details` are ids and figures, never personal data.

    What an API token does is its maker's doing, with the token's id beside.
    """
    token_id = getattr(g.get("scope"), "token_id", None)
    if token_id is not None:
        details["token_id"] = str(token_id)
    session.add(AuditEvent(action=action, user_id=user_id, store_id=store_id, details=details))
