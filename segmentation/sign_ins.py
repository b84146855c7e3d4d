"""One's own sign-ins: which there are, ending them, and another password. These use cases commit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update

from segmentation import passwords
from segmentation.audit import record
from segmentation.auth import Caller, check_password
from segmentation.database import writing
from segmentation.errors import Invalid, NotFound, NotSignedIn, Problem
from segmentation.extensions import db
from segmentation.models import Session, User
from segmentation.models.types import utc_now


def find_sign_ins(caller: Caller) -> Sequence[Session]:
    """The caller's sign-ins that are alive: the current one, then the others, the last seen first."""
    rows = db.session.scalars(select(Session).where(*_alive(caller))).all()
    seen = sorted(rows, key=lambda row: row.last_seen_at or row.created_at, reverse=True)
    return sorted(seen, key=lambda row: row.id != caller.session_id)


def end_sign_in(caller: Caller, session_id: uuid.UUID) -> None:
    """End one of the caller's sign-ins. Raises NotFound unless it is alive."""
    if _end(caller, Session.id == session_id) == 0:
        raise NotFound()


def end_others(caller: Caller) -> int:
    """End all of the caller's sign-ins but the current one; how many these were."""
    return _end(caller, Session.id != caller.session_id)


def change_password(caller: Caller, current: str, new: str, address: str) -> int:
    """Give the caller another password and end all their other sign-ins; how many these were.

    Raises Invalid when the current one is wrong or the new one too weak; TooMany as signing in does.
    """
    try:
        check_password(caller.email, current, address)
    except NotSignedIn as error:
        message = "This is not your current password."
        raise Invalid(message, [Problem("/current_password", "wrong_password", message)],
                      code="wrong_password") from error
    hashed = passwords.hash_password(new, caller.email, "/new_password")
    with writing() as session:
        session.get_one(User, caller.user_id, with_for_update=True).password_hash = hashed
        ended = session.connection().execute(
            update(Session).where(*_alive(caller), Session.id != caller.session_id).values(revoked_at=utc_now()))
        record(session, "password_change", user_id=caller.user_id, sign_ins_ended=ended.rowcount)
    return ended.rowcount


def _end(caller: Caller, which: ColumnElement[bool]) -> int:
    with writing() as session:
        ended = session.connection().execute(update(Session).where(*_alive(caller), which).values(revoked_at=utc_now()))
        if ended.rowcount:
            record(session, "sign_ins_end", user_id=caller.user_id, sign_ins_ended=ended.rowcount)
    return ended.rowcount


def _alive(caller: Caller) -> tuple[ColumnElement[bool], ...]:
    return Session.user_id == caller.user_id, Session.revoked_at.is_(None), Session.expires_at > utc_now()
