"""Who belongs to a store, and as what. These use cases commit.

A role that is taken away takes along what it had given: see `end_rights`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.errors import NotFound
from segmentation.extensions import db
from segmentation.models import ApiToken, Invite, Membership, User
from segmentation.models.accounts import ROLES
from segmentation.models.types import utc_now
from segmentation.owning import check_an_owner_is_left, holding, membership


@dataclass(frozen=True)
class Member:
    """Somebody who belongs to a store. Whoever is not `is_active` cannot sign in."""

    user_id: uuid.UUID
    email: str
    role: str
    since: datetime
    is_active: bool


def find_members(scope: Scope) -> Sequence[Member]:
    """Everybody, owners first."""
    rank = case({role: place for place, role in enumerate(ROLES)}, value=Membership.role)
    rows = db.session.execute(
        select(User.id, User.email, Membership.role, Membership.created_at, User.is_active)
        .join(Membership, Membership.user_id == User.id).where(Membership.store_id == scope.store_id)
        .order_by(rank.desc(), User.email))
    return [Member(*row) for row in rows]


def get_member(scope: Scope, user_id: uuid.UUID) -> Member:
    """One of them. Raises NotFound."""
    found = next((each for each in find_members(scope) if each.user_id == user_id), None)
    if found is None:
        raise NotFound()
    return found


def change_role(scope: Scope, user_id: uuid.UUID, role: str) -> Member:
    """Give a member another role. Raises NotFound, Conflict for the last owner."""
    with holding(scope) as session:
        row = membership(session, scope.store_id, user_id)
        if row.role != role:
            row.role = role
            check_an_owner_is_left(session, scope.store_id)
            ended = end_rights(session, scope.store_id, user_id, role)
            record(session, "role_set", user_id=scope.user_id, store_id=scope.store_id, member_id=str(user_id),
                   role=role, **ended)
    return get_member(scope, user_id)


def remove_member(scope: Scope, user_id: uuid.UUID) -> None:
    """Have somebody belong to the store no longer; everybody may go themselves. Raises NotFound, Forbidden, Conflict
    for the last owner.
    """
    leaves = user_id == scope.user_id
    with holding(scope, "viewer" if leaves else "owner") as session:
        session.delete(membership(session, scope.store_id, user_id))
        check_an_owner_is_left(session, scope.store_id)
        ended = end_rights(session, scope.store_id, user_id, None)
        record(session, "member_leave" if leaves else "member_remove", user_id=scope.user_id,
               store_id=scope.store_id, member_id=str(user_id), **ended)


def end_rights(session: Session, store_id: uuid.UUID, user_id: uuid.UUID, role: str | None) -> dict[str, Any]:
    """End what somebody handed out in a store and may not with the role they have now (None: they are gone): the
    invites that nobody has used, and the tokens of a higher role. How many these were.
    """
    above = ROLES[ROLES.index(role) + 1:] if role else ROLES
    if not above:
        return {}
    connection, now = session.connection(), {"revoked_at": utc_now()}
    invites = connection.execute(update(Invite).values(now).where(
        Invite.store_id == store_id, Invite.user_id == user_id, Invite.used_at.is_(None), Invite.revoked_at.is_(None)))
    tokens = connection.execute(update(ApiToken).values(now).where(
        ApiToken.store_id == store_id, ApiToken.user_id == user_id, ApiToken.role.in_(above),
        ApiToken.revoked_at.is_(None)))
    return {"invites_ended": invites.rowcount, "tokens_ended": tokens.rowcount}
