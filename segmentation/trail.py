"""Reading the audit trail of a store: its own events, and the sign-ins of its members since they belong to it.

Events hold ids; the e-mail addresses beside them are looked up when they are read, so that an account that is gone
leaves no name behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from segmentation.audience.scope import Scope
from segmentation.errors import Malformed, Problem
from segmentation.extensions import db
from segmentation.models import AuditEvent, Membership, User

NOISE = ("token_refresh",)  # several an hour of whoever is signed in, and nothing that anybody did


@dataclass(frozen=True)
class Happened:
    """An event. `email`: of who did it; None for the operator, the service itself and accounts that are gone.

    `member_email` is of the member whom it was done to, if there is one.
    """

    id: uuid.UUID
    at: datetime
    action: str
    user_id: uuid.UUID | None
    email: str | None
    details: dict[str, Any]
    member_email: str | None


def find_events(scope: Scope, *, limit: int, action: str | None = None, user_id: uuid.UUID | None = None,
                before: uuid.UUID | None = None) -> tuple[Sequence[Happened], uuid.UUID | None]:
    """The newest events, those older than `before` if it is given, and what to give for the next ones.

    Raises Malformed for a `before` that is no event of this store.
    """
    narrowed = [AuditEvent.action == action] if action else [AuditEvent.action.not_in(NOISE)]
    narrowed += [AuditEvent.user_id == user_id] if user_id else []
    narrowed += [AuditEvent.number < _number(scope, before)] if before else []
    # Two queries along an index each, not one with OR, which would sort all that ever happened.
    found = [row for query in (_of_store(scope), _of_members(scope)) for row in db.session.scalars(
        query.where(*narrowed).order_by(AuditEvent.number.desc()).limit(limit + 1))]
    rows = sorted(found, key=lambda row: -row.number)
    return _told(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def _of_store(scope: Scope) -> Select[AuditEvent]:
    return select(AuditEvent).where(AuditEvent.store_id == scope.store_id)


def _of_members(scope: Scope) -> Select[AuditEvent]:
    belongs = and_(Membership.user_id == AuditEvent.user_id, Membership.store_id == scope.store_id)
    return select(AuditEvent).join(Membership, belongs).where(
        AuditEvent.store_id.is_(None), AuditEvent.happened_at >= Membership.created_at)


def _number(scope: Scope, event_id: uuid.UUID) -> int:
    for query in (_of_store(scope), _of_members(scope)):
        row = db.session.scalar(query.where(AuditEvent.id == event_id))
        if row is not None:
            return row.number
    message = "This is not a cursor of this list."
    raise Malformed(message, [Problem("/cursor", "not_a_cursor", message)])


def _told(rows: Sequence[AuditEvent]) -> list[Happened]:
    members = {row.number: _member(row) for row in rows}
    wanted = {each for each in (*members.values(), *(row.user_id for row in rows)) if each}
    emails = {row.id: row.email for row in db.session.execute(select(User.id, User.email).where(User.id.in_(wanted)))}
    return [Happened(row.id, row.happened_at, row.action, row.user_id, _of(emails, row.user_id), row.details,
                     _of(emails, members[row.number])) for row in rows]


def _of(emails: dict[uuid.UUID, str], user_id: uuid.UUID | None) -> str | None:
    return emails.get(user_id) if user_id else None


def _member(row: AuditEvent) -> uuid.UUID | None:
    said = row.details.get("member_id")
    return uuid.UUID(said) if said else None
