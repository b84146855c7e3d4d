"""Changing who may do what in a store: one at a time, and only by somebody who is still an owner of it.

Two owners who take each other's role away at the same moment come one after the other: whoever is second is no owner
any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.errors import Conflict, NotFound
from segmentation.facts.versions import lock_facts
from segmentation.models import Membership, User


@contextmanager
def holding(scope: Scope, role: str = "owner") -> Iterator[Session]:
    """A write transaction in which nobody else changes who belongs to the store, and the caller has the role still.

    Raises NotFound for whoever belongs to it no longer, Forbidden for a lower role and for API tokens.
    """
    scope.require_person()
    with writing() as session:
        lock_facts(session, scope.store_id)
        if scope.user_id is not None:
            member = membership(session, scope.store_id, scope.user_id)
            scope.with_role(member.role).require(role)
        yield session


def membership(session: Session, store_id: uuid.UUID, user_id: uuid.UUID) -> Membership:
    """Somebody's membership, as it is now. Raises NotFound."""
    row = session.get(Membership, (store_id, user_id), populate_existing=True)
    if row is None:
        raise NotFound()
    return row


def check_an_owner_is_left(session: Session, store_id: uuid.UUID) -> None:
    """Raise Conflict when nobody who can sign in would own the store."""
    session.flush()
    owners = (select(func.count()).select_from(Membership).join(User, User.id == Membership.user_id)
              .where(Membership.store_id == store_id, Membership.role == "owner", User.is_active))
    if session.execute(owners).scalar_one() == 0:
        raise Conflict("A store needs an owner. Make somebody else one first.", code="last_owner")
